//! A wait as an error body writes it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::base::random::Random;

/// A span of time in a body: `"31s"`, `"31.772104956s"`, or a number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// Whole nanoseconds.
    pub nanos: u64,
}

impl Delay {
    /// Milliseconds.
    #[must_use]
    pub fn from_ms(ms: u64) -> Self {
        Self { nanos: ms.saturating_mul(1_000_000) }
    }

    /// Some seconds with a fraction, to the nanosecond.
    pub(crate) fn random(random: &mut Random, low: u64, high: u64) -> Self {
        let ms = random.between(low.saturating_mul(1000), high.saturating_mul(1000));
        let nanos = Self::from_ms(ms).nanos.saturating_add(random.between(1, 999_999));
        Self { nanos }
    }

    fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('s')?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let nanos: u64 = format!("{fraction:0<9}").parse().ok()?;
        Some(Self { nanos: whole.checked_mul(1_000_000_000)?.checked_add(nanos)? })
    }
}

impl Serialize for Delay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (seconds, nanos) = (self.nanos / 1_000_000_000, self.nanos % 1_000_000_000);
        serializer.serialize_str(&format!("{seconds}.{nanos:09}s"))
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::String(text) => Self::parse(&text),
            Value::Number(ms) => ms
                .as_f64()
                .filter(|ms| (0.0..1e13).contains(ms))
                .map(|ms| Self { nanos: (ms * 1e6) as u64 }),
            _ => None,
        };
        read.ok_or_else(|| {
            D::Error::custom("a delay is a string like \"31s\" or a number of milliseconds")
        })
    }
}
