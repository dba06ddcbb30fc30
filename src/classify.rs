//! Outcome in, [`ErrorInfo`] out.

use crate::info::ErrorInfo;
use crate::kind::Kind;
use crate::time::WallTime;
use crate::value::Value;

/// Says what an error is, what limit it is about, and what to do.
#[must_use]
pub fn classify(_input: &Value, _now: WallTime) -> ErrorInfo {
    ErrorInfo::new(Kind::Unknown)
}
