//! The time that a request takes to arrive.

use serde::de::Error as _;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// How long a request takes to arrive: uniform between two numbers of milliseconds. As JSON
/// `[low, high]` or one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transit {
    /// The shortest.
    pub low: u64,
    /// The longest.
    pub high: u64,
}

impl Serialize for Transit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_seq(Some(2))?;
        pair.serialize_element(&self.low)?;
        pair.serialize_element(&self.high)?;
        pair.end()
    }
}

impl<'de> Deserialize<'de> for Transit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let bounds = match &value {
            Value::Array(pair) => match pair.as_slice() {
                [low, high] => low.as_u64().zip(high.as_u64()),
                _ => None,
            },
            single => single.as_u64().map(|ms| (ms, ms)),
        };
        match bounds {
            Some((low, high)) if low <= high => Ok(Self { low, high }),
            _ => Err(D::Error::custom("transit is a number of milliseconds or [low, high]")),
        }
    }
}
