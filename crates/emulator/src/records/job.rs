//! One job of the Batch API and its rows, as they really were.

use serde::Serialize;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// It waits for its turn.
    Pending,
    /// Its rows end one by one.
    Running,
    /// All rows have ended, failed ones too.
    Succeeded,
    /// It failed as a whole.
    Failed,
    /// It was cancelled, or deleted before its end.
    Cancelled,
    /// It did not end in time.
    Expired,
}

impl JobState {
    /// The name on the wire, without its prefix.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    pub(crate) fn ended(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// How a row of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RowOutcome {
    /// Its turn has not come.
    Pending,
    /// It has an answer, whatever is in it.
    Served,
    /// It has an error.
    Failed,
    /// The job ended before its turn came.
    Dropped,
}

/// One row of a job, as it really was.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RowRecord {
    /// The key that the caller gave it.
    pub key: Option<String>,
    /// How it ended.
    pub outcome: RowOutcome,
    /// Pictures made.
    pub images: u64,
    #[serde(skip)]
    pub(crate) nano: u64,
    /// The price, in USD.
    pub billed: f64,
}

/// One job, as it really was; jobs that were deleted are kept here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// The name, as `batches/abc`.
    pub name: String,
    /// The name that the caller gave it.
    pub display_name: String,
    /// The project that the key belongs to.
    pub project: String,
    /// Without `models/`.
    pub model: String,
    /// How far it is.
    pub state: JobState,
    /// Whether it was deleted.
    pub deleted: bool,
    /// When it was made, in milliseconds of the service's time.
    pub created: u64,
    /// When it began to run.
    pub started: Option<u64>,
    /// When it ended.
    pub ended: Option<u64>,
    /// Input tokens of all rows, by the service's count.
    pub prompt_tokens: u64,
    /// Pictures made.
    pub images: u64,
    /// Rows that were billed.
    pub billed_rows: usize,
    /// The price, in USD.
    pub billed: f64,
    /// Its rows, in their order.
    pub rows: Vec<RowRecord>,
}
