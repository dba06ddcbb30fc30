//! The time that a picture takes.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::base::random;

/// How long a picture takes: log-normal around a median. As JSON also a number, the same for
/// every request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default, remote = "Self")]
pub struct Latency {
    /// The median of a 1K picture, in milliseconds (12,000).
    pub median: f64,
    /// The deviation of the logarithm (0.3); 0 makes every request take its median.
    pub sigma: f64,
    /// Medians of single models, instead of `median`.
    pub models: BTreeMap<String, f64>,
    /// Factors of the median by size (512: 0.7, 1K: 1, 2K: 1.4, 4K: 2.2).
    pub sizes: BTreeMap<String, f64>,
    /// How likely a request is in the long tail (0).
    pub tail: f64,
    /// The factor of the time in the tail (6).
    pub tail_factor: f64,
}

impl Default for Latency {
    fn default() -> Self {
        let sizes = [("512", 0.7), ("1K", 1.0), ("2K", 1.4), ("4K", 2.2)];
        Self {
            median: 12_000.0,
            sigma: 0.3,
            models: BTreeMap::new(),
            sizes: sizes.map(|(size, factor)| (size.to_owned(), factor)).into(),
            tail: 0.0,
            tail_factor: 6.0,
        }
    }
}

impl Latency {
    /// The same for every request.
    #[must_use]
    pub fn fixed(ms: u64) -> Self {
        Self {
            median: ms as f64,
            sigma: 0.0,
            models: BTreeMap::new(),
            sizes: BTreeMap::new(),
            tail: 0.0,
            tail_factor: 1.0,
        }
    }

    /// The milliseconds of one request; `normal` and `unit` are its random draws.
    pub(crate) fn draw(&self, model: &str, size: &str, normal: f64, unit: f64) -> u64 {
        let median = self.models.get(model).copied().unwrap_or(self.median);
        let factor = self.sizes.get(size).copied().unwrap_or(1.0);
        let tail = if unit < self.tail { self.tail_factor } else { 1.0 };
        let ms = median * factor * tail * random::exp(self.sigma * normal);
        // A float that is too large or no number becomes a bound, not a panic.
        ms.max(0.0).round() as u64
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(ms) => ms
                .as_u64()
                .map(Self::fixed)
                .ok_or_else(|| D::Error::custom("latency is a whole number of milliseconds")),
            fields @ Value::Object(_) => Self::deserialize(fields).map_err(D::Error::custom),
            _ => Err(D::Error::custom("latency is a number of milliseconds or an object")),
        }
    }
}
