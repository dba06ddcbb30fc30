//! The configuration, as plain JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeSeq};
use serde_json::Value;

use crate::batch_config::{BatchConfig, FilesConfig};
use crate::dress::PictureAs;
use crate::fault::Fault;
use crate::quota::{Discipline, Limits};

/// A configuration, script or patch that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "emulator: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}

/// How the body of a 429 is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QuotaBody {
    /// With QuotaFailure, Help and RetryInfo.
    #[default]
    Detailed,
    /// A sentence, no details.
    Bare,
    /// The same with a gateway's Retry-After header.
    Gateway,
    /// No body at all.
    Empty,
}

/// What a 429 of a spent day says about the wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DailyHint {
    /// The hours until midnight Pacific.
    #[default]
    True,
    /// Some seconds, which mislead.
    Short,
    /// One or the other, by the seed.
    Mixed,
}

/// What becomes of a key that `keys` does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownKeys {
    /// It belongs to the project `default`.
    #[default]
    Accept,
    /// It is answered with 400 API_KEY_INVALID.
    Reject,
}

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
    /// What a size multiplies the median by (512: 0.7, 1K: 1, 2K: 1.4, 4K: 2.2).
    pub sizes: BTreeMap<String, f64>,
    /// How likely a request is in the long tail (0).
    pub tail: f64,
    /// What the tail multiplies the time by (6).
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
        let ms = median * factor * tail * crate::random::exp(self.sigma * normal);
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

/// Everything that can be set; all of it has a default. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// What every random draw derives from (1).
    pub seed: u64,
    /// How far the service's clock is ahead; by default from -1,500 to 1,500 by the seed.
    pub clock_offset: Option<i64>,
    /// How long a request takes to arrive ([20, 420]).
    pub transit: Transit,
    /// How long a picture takes.
    pub latency: Latency,
    /// How much faster than the caller's clock the service's runs (1).
    pub time_scale: f64,
    /// How per-minute limits are counted (`fixed`).
    pub discipline: Discipline,
    /// Whether a rejected call counts against the limits (false).
    pub rejected_count: bool,
    /// Whether a call that fails with 5xx counts against the limits (true).
    pub failures_count: bool,
    /// Limits by model, `*` for all others; none by default.
    pub limits: BTreeMap<String, Limits>,
    /// Limits by project and model, instead of `limits`.
    pub project_limits: BTreeMap<String, BTreeMap<String, Limits>>,
    /// How the body of a 429 is written (`detailed`).
    pub quota_body: QuotaBody,
    /// What the 429 of a spent day says about the wait (`true`).
    pub daily_hint: DailyHint,
    /// USD that each account may spend in any 600 s; no limit by default.
    pub spend_limit: Option<f64>,
    /// USD that each account has paid in advance; 402 when spent. No balance by default.
    pub prepaid: Option<f64>,
    /// The project of each key. Keys are compared, never stored elsewhere or shown.
    pub keys: BTreeMap<String, String>,
    /// What becomes of other keys (`accept`).
    pub unknown_keys: UnknownKeys,
    /// Bearer tokens of Vertex AI, and when each ends (`null` for never). Where there are none, any is
    /// taken.
    pub tokens: BTreeMap<String, Option<u64>>,
    /// How a picture stands in an answer of OpenAI's protocols (`base64`).
    pub picture_as: PictureAs,
    /// The billing account of each project; by default the project has its own.
    pub accounts: BTreeMap<String, String>,
    /// Faults by schedule and probability; the first that hits decides.
    pub faults: Vec<Fault>,
    /// Faults that are used up one request each, in the order in which requests are sent.
    pub script: Vec<Fault>,
    /// More model ids, each with the known model that it behaves like.
    pub models: BTreeMap<String, String>,
    /// The tier at which every request is served and billed: `flex`, `standard`, `priority`; by default
    /// the one that it asks for.
    pub served_tier: Option<String>,
    /// Known models that answer 404 "no longer available to new users".
    pub retired: Vec<String>,
    /// Pixels of a picture's side (64; at most 1024).
    pub picture_size: u32,
    /// Bytes of each picture, filled up with noise (at most 25,165,824).
    pub image_bytes: Option<u64>,
    /// How many requests the ledger remembers singly (100,000).
    pub max_records: usize,
    /// The Batch API.
    pub batch: BatchConfig,
    /// The Files API.
    pub files: FilesConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            clock_offset: None,
            transit: Transit { low: 20, high: 420 },
            latency: Latency::default(),
            time_scale: 1.0,
            discipline: Discipline::Fixed,
            rejected_count: false,
            failures_count: true,
            limits: BTreeMap::new(),
            project_limits: BTreeMap::new(),
            quota_body: QuotaBody::Detailed,
            daily_hint: DailyHint::True,
            spend_limit: None,
            prepaid: None,
            keys: BTreeMap::new(),
            unknown_keys: UnknownKeys::Accept,
            tokens: BTreeMap::new(),
            picture_as: PictureAs::Base64,
            accounts: BTreeMap::new(),
            faults: Vec::new(),
            script: Vec::new(),
            models: BTreeMap::new(),
            served_tier: None,
            retired: Vec::new(),
            picture_size: 64,
            image_bytes: None,
            max_records: 100_000,
            batch: BatchConfig::default(),
            files: FilesConfig::default(),
        }
    }
}

impl Config {
    /// Reads a configuration; absent keys have their defaults.
    ///
    /// # Errors
    /// An unknown key (the message lists the known ones), a wrong type, a value out of range.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        let value: Value =
            serde_json::from_str(json).map_err(|error| ConfigError(error.to_string()))?;
        Self::from_value(value)
    }

    fn from_value(mut value: Value) -> Result<Self, ConfigError> {
        let wrong = |error: serde_json::Error| ConfigError(error.to_string());
        // `null` is the same as nothing, for known keys; an unknown one is refused whatever it is.
        let known = serde_json::to_value(Self::default()).map_err(wrong)?;
        let Value::Object(fields) = &mut value else {
            return Err(ConfigError("the configuration is an object".into()));
        };
        fields.retain(|key, value| !value.is_null() || known.get(key).is_none());
        let config: Self = serde_json::from_value(value).map_err(wrong)?;
        config.check()?;
        Ok(config)
    }

    /// This configuration with the top-level keys of `patch` in the place of its own; `null`
    /// brings the default back. A `script` in the patch is not merged: the caller appends it.
    ///
    /// # Errors
    /// As [`Config::from_json`].
    pub fn patched(&self, patch: &str) -> Result<Self, ConfigError> {
        let wrong = |error: serde_json::Error| ConfigError(error.to_string());
        let patch: BTreeMap<String, Value> = serde_json::from_str(patch).map_err(wrong)?;
        let Value::Object(mut merged) = serde_json::to_value(self).map_err(wrong)? else {
            return Err(ConfigError("the configuration is an object".into()));
        };
        merged.extend(patch);
        Self::from_value(Value::Object(merged))
    }

    /// Whether every value is in its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |sentence: String| Err(ConfigError(sentence));
        if !(self.time_scale.is_finite() && self.time_scale > 0.0) {
            return wrong("timeScale is a number above 0".into());
        }
        if !(1..=1024).contains(&self.picture_size) {
            return wrong("pictureSize is from 1 to 1024 pixels".into());
        }
        let amounts = [("spendLimit", self.spend_limit), ("prepaid", self.prepaid)];
        for (name, amount) in amounts {
            if amount.is_some_and(|usd| !(0.0..=1e9).contains(&usd)) {
                return wrong(format!("{name} is an amount in USD from 0 to 1e9"));
            }
        }
        let tiers = ["flex", "standard", "priority"];
        if self.served_tier.as_deref().is_some_and(|tier| !tiers.contains(&tier)) {
            return wrong("servedTier is 'flex', 'standard' or 'priority'".into());
        }
        let latency = &self.latency;
        let mut spans = vec![latency.median, latency.sigma, latency.tail, latency.tail_factor];
        spans.extend(latency.models.values().chain(latency.sizes.values()));
        if spans.iter().any(|span| !(0.0..=1e12).contains(span)) {
            return wrong("latency has a value below 0 or beyond all bounds".into());
        }
        if self.clock_offset.is_some_and(|ms| ms.unsigned_abs() > 86_400_000) {
            return wrong("clockOffset is at most a day, in milliseconds".into());
        }
        crate::picture::check_bytes(self.image_bytes).map_err(ConfigError)?;
        for (name, like) in &self.models {
            if crate::models::find(like).is_none() {
                let known: Vec<&str> =
                    crate::models::MODELS.iter().map(|model| model.name).collect();
                return wrong(format!(
                    "models.{name}: {like} is not a known model; known: {}",
                    known.join(", ")
                ));
            }
        }
        self.batch.check().map_err(|sentence| ConfigError(format!("batch: {sentence}")))?;
        for fault in &self.faults {
            if fault.times.is_some() {
                return wrong("times belongs into a script, not into `faults`".into());
            }
            fault.check().map_err(ConfigError)?;
        }
        for fault in &self.script {
            fault.check_scripted().map_err(ConfigError)?;
        }
        Ok(())
    }

    /// The limits of a project's model.
    pub(crate) fn limits_of(&self, project: &str, model: &str) -> Limits {
        let own = self.project_limits.get(project);
        let found = own
            .and_then(|limits| limits.get(model).or_else(|| limits.get("*")))
            .or_else(|| self.limits.get(model))
            .or_else(|| self.limits.get("*"));
        found.cloned().unwrap_or_default()
    }

    /// The billing account of a project.
    pub(crate) fn account_of<'a>(&'a self, project: &'a str) -> &'a str {
        self.accounts.get(project).map_or(project, String::as_str)
    }

    /// USD as billionths, so that sums are exact.
    pub(crate) fn nano_usd(usd: f64) -> u64 {
        (usd * 1e9).round() as u64
    }
}
