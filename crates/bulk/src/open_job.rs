//! A job that may still make items of a batch.

use serde::{Deserialize, Serialize};

/// Jobs that an item is given to, where one after the other makes nothing of it: a job takes hours,
/// and an item that failed twice is more likely at fault than the service.
const JOBS_MAX: u32 = 2;

/// A job that has not ended as far as the journal tells.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenJob {
    /// The name by which it is found.
    pub display_name: String,
    /// Its name, where the answer to its creation was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its model.
    pub model: String,
    /// Its items.
    pub keys: Vec<String>,
    /// The possible cost of each, in USD.
    pub usd: f64,
}

/// Whether an item that so many jobs made nothing of goes into another one.
#[must_use]
pub const fn takes_another_job(jobs: u32) -> bool {
    jobs < JOBS_MAX
}
