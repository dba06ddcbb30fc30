//! A failed attempt.

use crate::base::value::Value;
use crate::errors::classify::classify;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::errors::local;
use crate::protocol::Protocol;
use crate::wasm::host;

/// A failed attempt: the answer as the classifier reads it, and its description where that is known
/// already.
pub(crate) struct Failed {
    pub(crate) value: Value,
    pub(crate) info: Option<ErrorInfo>,
    /// The cost of an answer without a picture by its tokens, in billionths of a USD.
    pub(crate) spent: Option<u64>,
}

impl Failed {
    /// A connection that was cut during the answer: the picture has been made, and may be billed.
    pub(crate) fn cut(value: Value) -> Self {
        let info = classify(&value, host::now().wall);
        let lost = info.kind == Kind::Network;
        Self { value, info: Some(ErrorInfo { lost, ..info }), spent: None }
    }

    pub(crate) fn foreign(protocol: Protocol, status: u16) -> Self {
        local::foreign(protocol, status).into()
    }
}

impl From<ErrorInfo> for Failed {
    fn from(info: ErrorInfo) -> Self {
        Self { value: Value::Null, info: Some(info), spent: None }
    }
}

impl From<Value> for Failed {
    fn from(value: Value) -> Self {
        Self { value, info: None, spent: None }
    }
}
