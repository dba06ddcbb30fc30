//! A fault with its options.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::base::delay::Delay;
use crate::model::limits::Dimension;
use crate::model::{picture, protocol};
use crate::settings::fault_kind::FaultKind;

/// The calls that a fault can be meant for.
const CALLS: &[&str] = &[
    "generateContent",
    "predict",
    "images",
    "chat",
    "createBatch",
    "getBatch",
    "listBatches",
    "cancelBatch",
    "deleteBatch",
    "startUpload",
    "upload",
    "getFile",
    "listFiles",
    "deleteFile",
    "downloadFile",
];

/// One fault with its options. As JSON also a plain string, the name alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, remote = "Self")]
pub struct Fault {
    /// The kind of fault.
    pub fault: FaultKind,
    /// Only for this model; else for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only for this call, by its name in the ledger; else for any that asks for a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Script only: for so many requests in a row (1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Rules only: how likely, from 0 to 1 (1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Rules only: from so many milliseconds after the start (0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Rules only: until so many milliseconds after the start (for ever).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Milliseconds from arrival to the answer (0; for 504 60,000; for 200 the usual latency).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The delay in RetryInfo (cut to seconds) and in the sentence (with its fraction).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_delay: Option<Delay>,
    /// A Retry-After header on whatever is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
    /// The limit that a 429 names (`rpm`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<Dimension>,
    /// The limit's value in a 429 (that of the configuration, else a plausible one).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The HTTP status, of `status` and instead of another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// More headers, or other values of the usual ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: text as it stands, or any JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// `promptFeedback.blockReason` of `blocked`, or the finishReason of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Bytes of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_bytes: Option<u64>,
    /// Of `cut`: how much of the body comes, from 0 to 1 (0.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    /// Whether it counts against the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<bool>,
    /// Whether it is billed like a picture that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<bool>,
    /// Calls of files and jobs only: whether the service does what was asked for, though its
    /// answer is this fault (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<bool>,
}

impl Fault {
    /// A fault without options.
    #[must_use]
    pub fn new(fault: FaultKind) -> Self {
        Self { fault, ..Self::default() }
    }

    /// Reads one fault or a list of them from JSON.
    ///
    /// # Errors
    /// A sentence that names what is wrong and what is known.
    pub fn list_from_json(json: &str) -> Result<Vec<Self>, String> {
        let value: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let list = match value {
            Value::Array(list) => list,
            single => vec![single],
        };
        let faults: Result<Vec<Self>, _> = list.into_iter().map(serde_json::from_value).collect();
        faults.map_err(|error| error.to_string())
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let share = |name: &str, value: Option<f64>| match value {
            Some(value) if !(0.0..=1.0).contains(&value) => {
                Err(format!("{name} is from 0 to 1, not {value}"))
            }
            _ => Ok(()),
        };
        share("probability", self.probability)?;
        share("fraction", self.fraction)?;
        if self.fault == FaultKind::Status && self.status.is_none() {
            return Err("the fault \"status\" needs a `status`".into());
        }
        if let Some(call) = self.call.as_deref().filter(|call| !CALLS.contains(call)) {
            return Err(format!("there is no call {call}; known: {}", CALLS.join(", ")));
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("status is from 200 to 599".into());
        }
        picture::check_bytes(self.image_bytes)
    }

    pub(crate) fn check_scripted(&self) -> Result<(), String> {
        if self.probability.is_some() || self.from.is_some() || self.to.is_some() {
            return Err("probability, from and to belong into `faults`, not into a script".into());
        }
        self.check()
    }

    pub(crate) fn is_for(&self, call: &str, model: &str) -> bool {
        match self.call.as_deref() {
            Some(mine) if mine != call => return false,
            None if !protocol::is_generate(call) => return false,
            _ => {}
        }
        self.model.as_deref().is_none_or(|mine| {
            mine == model || mine.strip_prefix("models/").is_some_and(|mine| mine == model)
        })
    }
}

impl From<FaultKind> for Fault {
    fn from(fault: FaultKind) -> Self {
        Self::new(fault)
    }
}

// Serde's `remote = "Self"` makes the derived code plain functions, which leaves the traits free
// for a type that is also a plain string.
impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::String(name) => serde_json::json!({ "fault": name }),
            fields @ Value::Object(_) => fields,
            _ => return Err(D::Error::custom("a fault is a name or an object with a `fault`")),
        };
        Self::deserialize(value).map_err(D::Error::custom)
    }
}
