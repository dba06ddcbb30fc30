//! How far a batch is, and what it tells beside its items.

use serde::Serialize;

/// Something to tell beside the items.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Notice {
    /// The event, in a word.
    pub kind: &'static str,
    /// The same in a sentence.
    pub message: String,
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Items that this run has seen.
    pub taken: u64,
    /// Of them, those with a picture.
    pub done: u64,
    /// Of them, those that failed.
    pub failed: u64,
    /// Of `failed`, those that a resume tries again.
    pub again: u64,
    /// Of `done`, those that an earlier run made.
    pub restored: u64,
    /// USD for pictures, over all runs.
    pub cost: f64,
    /// USD that lost answers may have cost, over all runs.
    pub possible_cost: f64,
    /// Pictures a minute.
    pub per_minute: f64,
}
