//! The settings of the Batch API.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::settings::fault::Fault;

const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The end that a job comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// It is done.
    #[default]
    Succeeds,
    /// It ends as failed when it would have been done; nothing is billed.
    Fails,
    /// It never starts, and expires.
    StuckPending,
    /// It starts, gets nowhere, and expires.
    StuckRunning,
}

/// One job's own course. As JSON also a plain string, the fate alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default, remote = "Self")]
pub struct Course {
    /// The end that it comes to (`succeeds`).
    pub fate: Fate,
    /// Milliseconds before it starts, instead of the common one.
    pub pending: Option<u64>,
    /// Milliseconds from its start to its end, instead of the common one.
    pub running: Option<u64>,
    /// Of `fails`: the sentence of the error.
    pub message: Option<String>,
}

// The traits are written by hand since a course is also a plain string, as `Fault` is.
impl Serialize for Course {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Course {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::String(fate) => serde_json::json!({ "fate": fate }),
            fields @ Value::Object(_) => fields,
            _ => return Err(D::Error::custom("a course is a fate or an object")),
        };
        Self::deserialize(value).map_err(D::Error::custom)
    }
}

/// The prefix of the names of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatePrefix {
    /// The prefix on the wire.
    #[default]
    #[serde(rename = "BATCH_STATE")]
    Batch,
    /// The prefix of the SDKs and of some samples.
    #[serde(rename = "JOB_STATE")]
    Job,
}

/// The Batch API. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BatchConfig {
    /// How long a job is pending (60,000).
    pub pending: u64,
    /// How long it then runs (600,000); its rows end one by one.
    pub running: u64,
    /// After how long a job that has not ended expires (48 hours).
    pub expiry: u64,
    /// How long an ended job and its results are kept (six weeks).
    pub kept: u64,
    /// Jobs of a project that may be pending or running at once (100).
    pub max_jobs: usize,
    /// Input tokens of a project that may be in jobs which have not ended, by model, `*` for all
    /// others; no limit by default.
    pub enqueued_tokens: BTreeMap<String, u64>,
    /// Inline results of more bytes than this cannot be read: 503, from then on 504
    /// (1,100,000,000).
    pub unreadable_bytes: u64,
    /// The prefix of states (`BATCH_STATE`).
    pub state_prefix: StatePrefix,
    /// Faults of rows by probability; the first that hits decides.
    pub row_faults: Vec<Fault>,
    /// Faults of rows by their key; these go first.
    pub key_faults: BTreeMap<String, Fault>,
    /// The courses of the next jobs, in the order in which they are created.
    pub jobs: Vec<Course>,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            pending: MINUTE,
            running: 10 * MINUTE,
            expiry: 48 * HOUR,
            kept: 42 * DAY,
            max_jobs: 100,
            enqueued_tokens: BTreeMap::new(),
            unreadable_bytes: 1_100_000_000,
            state_prefix: StatePrefix::Batch,
            row_faults: Vec::new(),
            key_faults: BTreeMap::new(),
            jobs: Vec::new(),
        }
    }
}

impl BatchConfig {
    pub(crate) fn check(&self) -> Result<(), String> {
        for fault in self.row_faults.iter().chain(self.key_faults.values()) {
            if fault.times.is_some() || fault.from.is_some() || fault.to.is_some() {
                return Err("times, from and to do not belong into a row's fault".into());
            }
            if fault.call.is_some() {
                return Err("a row's fault has no `call`".into());
            }
            fault.check()?;
        }
        Ok(())
    }

    /// The limit of enqueued tokens.
    pub(crate) fn tokens_of(&self, model: &str) -> Option<u64> {
        self.enqueued_tokens.get(model).or_else(|| self.enqueued_tokens.get("*")).copied()
    }
}
