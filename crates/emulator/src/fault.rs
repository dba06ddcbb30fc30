//! The faults that a test can ask for, by name.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::quota::Dimension;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Nothing: the request is served, past its limits, with the options of the entry.
    #[default]
    Ok,
    /// 429 with QuotaFailure, Help and RetryInfo.
    #[serde(rename = "429-detailed")]
    QuotaDetailed,
    /// 429 with a sentence and nothing else.
    #[serde(rename = "429-bare")]
    QuotaBare,
    /// 429 without a body.
    #[serde(rename = "429-empty")]
    QuotaEmpty,
    /// 429 of a gateway in front: plain text and a Retry-After header.
    #[serde(rename = "429-gateway")]
    QuotaGateway,
    /// 429 of a spent day with a short delay that misleads; `retryDelay` may say the truth.
    #[serde(rename = "429-day")]
    QuotaDay,
    /// 429 of a model that is not on the tier: `limit: 0`, and a delay that means nothing.
    #[serde(rename = "429-limit-zero")]
    QuotaLimitZero,
    /// 429 of money: so many USD in ten minutes.
    #[serde(rename = "429-spend")]
    QuotaSpend,
    /// 429 of the monthly spending cap.
    #[serde(rename = "429-monthly-cap")]
    QuotaMonthlyCap,
    /// 429 that breaks requests a minute, tokens a minute and requests a day at once.
    #[serde(rename = "429-several")]
    QuotaSeveral,
    /// 429 of an empty prepaid balance, as sent until September 2026.
    #[serde(rename = "429-prepaid")]
    QuotaPrepaid,
    /// 402 of an empty prepaid balance.
    #[serde(rename = "402")]
    PaymentRequired,
    /// 503, the model is overloaded.
    #[serde(rename = "503")]
    Overloaded,
    /// 503, high demand.
    #[serde(rename = "503-high-demand")]
    HighDemand,
    /// 503 whose sentence is a deadline.
    #[serde(rename = "503-deadline")]
    UnavailableDeadline,
    /// 503 in a one-element array.
    #[serde(rename = "503-array")]
    OverloadedArray,
    /// 500 INTERNAL.
    #[serde(rename = "500")]
    Internal,
    /// 502 in HTML, with a wait in words.
    #[serde(rename = "502")]
    BadGateway,
    /// 504 after a long time, 60 s unless `after` says otherwise.
    #[serde(rename = "504")]
    Deadline,
    /// 408 without a body.
    #[serde(rename = "408")]
    RequestTimeout,
    /// 499, the service cancelled.
    #[serde(rename = "499")]
    Cancelled,
    /// The connection is reset.
    Reset,
    /// No answer at all.
    Hang,
    /// A good answer, cut in the middle.
    Cut,
    /// 200 with HTML where JSON should be.
    Html,
    /// 200 with `promptFeedback.blockReason`.
    Blocked,
    /// 200 with finishReason IMAGE_SAFETY.
    ImageSafety,
    /// 200 with finishReason NO_IMAGE.
    NoImage,
    /// 200 with a text in the place of the picture.
    TextOnly,
    /// 200 with an empty list of candidates.
    Empty,
    /// 200 with a link that answers 404, in OpenAI's protocols.
    DeadLink,
    /// 200 with a link that leads to a page, in OpenAI's protocols.
    HtmlLink,
    /// 200 with an interim picture marked as a thought before the real one.
    Thoughts,
    /// 404 of a model that is closed to new users.
    Retired,
    /// 404 of a model that is not known.
    ModelNotFound,
    /// 400 API_KEY_INVALID.
    BadKey,
    /// 403 without a key.
    NoKey,
    /// 403 of a key that was reported as leaked.
    LeakedKey,
    /// 403 SERVICE_DISABLED.
    ServiceDisabled,
    /// 400 FAILED_PRECONDITION of the caller's region.
    Region,
    /// 400 INVALID_ARGUMENT.
    #[serde(rename = "400")]
    InvalidArgument,
    /// 413 in HTML, of a gateway.
    #[serde(rename = "413")]
    TooLarge,
    /// Whatever `status`, `headers` and `body` say.
    Status,
}

impl FaultKind {
    /// The name in a script.
    #[must_use]
    pub fn name(self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.as_str().unwrap_or_default().to_owned()
    }
}

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
    /// What goes wrong.
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
    /// Which limit a 429 names (`rpm`).
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
        crate::picture::check_bytes(self.image_bytes)
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
            None if !crate::dress::is_generate(call) => return false,
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

/// Faults that are used up one request each, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    queue: VecDeque<Fault>,
}

impl Script {
    pub(crate) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.queue.extend(faults.into_iter().filter(|fault| fault.times != Some(0)));
    }

    /// The first fault that is meant for this call and model.
    pub(crate) fn next(&mut self, call: &str, model: &str) -> Option<Fault> {
        let at = self.queue.iter().position(|fault| fault.is_for(call, model))?;
        let fault = self.queue.get_mut(at)?;
        match fault.times {
            Some(times) if times > 1 => {
                fault.times = Some(times.saturating_sub(1));
                Some(fault.clone())
            }
            _ => self.queue.remove(at),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}
