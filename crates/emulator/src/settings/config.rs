//! The configuration, as plain JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::limits::{Discipline, Limits};
use crate::model::protocol::PictureAs;
use crate::model::{catalogue, picture};
use crate::settings::batch::BatchConfig;
use crate::settings::choices::{DailyHint, QuotaBody, UnknownKeys};
use crate::settings::error::ConfigError;
use crate::settings::fault::Fault;
use crate::settings::files::FilesConfig;
use crate::settings::latency::Latency;
use crate::settings::transit::Transit;

/// The configuration; each value has a default. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// The seed of every random draw (1).
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
    /// The wait that the 429 of a spent day tells (`true`).
    pub daily_hint: DailyHint,
    /// USD that each account may spend in any 600 s; no limit by default.
    pub spend_limit: Option<f64>,
    /// USD that each account has paid in advance; 402 when spent. No balance by default.
    pub prepaid: Option<f64>,
    /// The project of each key. Keys are compared, never stored elsewhere or shown.
    pub keys: BTreeMap<String, String>,
    /// The treatment of other keys (`accept`).
    pub unknown_keys: UnknownKeys,
    /// Bearer tokens of Vertex AI, and when each ends (`null` for never). If there are none, any
    /// is taken.
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
    /// The tier at which every request is served and billed: `flex`, `standard`, `priority`; by
    /// default the one that it asks for.
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
        picture::check_bytes(self.image_bytes).map_err(ConfigError)?;
        for (name, like) in &self.models {
            if catalogue::find(like).is_none() {
                let known: Vec<&str> = catalogue::MODELS.iter().map(|model| model.name).collect();
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
