//! One request and how it ended.

use serde::Serialize;

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// On its way or being worked on.
    #[default]
    Pending,
    /// Answered with 200, whatever was in it.
    Served,
    /// 429 or 402.
    Rejected,
    /// Any other 4xx but 499: the request's own fault.
    Refused,
    /// 5xx, 499, a reset connection or a cut body.
    Failed,
    /// Never answered; the caller went away.
    Hung,
    /// The caller went away before it arrived.
    Lost,
}

impl Outcome {
    /// The outcome of an answer of that HTTP status.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            402 | 429 => Self::Rejected,
            499 | 408 | 500..=599 => Self::Failed,
            400..=498 => Self::Refused,
            _ => Self::Served,
        }
    }
}

/// One request. Keys and prompts are never kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Counts up from 1 over the life of the service.
    pub sequence: u64,
    /// The caller's id.
    pub id: u64,
    /// `generateContent`, `countTokens`, `models`, `createBatch`, `upload`, … or `unknown`.
    pub call: String,
    /// Without `models/`.
    pub model: String,
    /// The project that the key belongs to.
    pub project: String,
    /// When it was sent, in milliseconds of the service's time (not of its clock, which is off).
    pub sent: u64,
    /// When it arrived.
    pub arrived: Option<u64>,
    /// When it was answered or given up.
    pub finished: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status sent.
    pub status: Option<u16>,
    /// The fault's name, or `limit:rpm`, `limit:rpd`, `limit:spend`, `limit:prepaid` …
    pub fault: Option<String>,
    /// Whether it took of the limits.
    pub counted: bool,
    /// Whether the caller went away before the end.
    pub disconnected: bool,
    /// Input tokens by the service's count.
    pub prompt_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Pictures made.
    pub images: u64,
    /// The price, in USD.
    pub billed: f64,
}
