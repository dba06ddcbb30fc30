//! A copy of the whole ledger.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::limits::{Discipline, Limits};
use crate::records::job::JobRecord;
use crate::records::peaks::WindowPeaks;
use crate::records::record::Record;
use crate::records::totals::Totals;

/// One project's use of one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The project.
    pub project: String,
    /// The model.
    pub model: String,
    /// The limits in force.
    pub limits: Limits,
    /// How its minutes are counted.
    pub discipline: Discipline,
    /// Of the requests that took of the limits.
    pub counted: WindowPeaks,
    /// Of all that reached the limits, rejected ones included.
    pub attempted: WindowPeaks,
    /// Requests that a limit rejected.
    pub over_limit: u64,
}

/// A copy of the whole ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Sums over all requests for a picture.
    pub totals: Totals,
    /// By project and model.
    pub usage: Vec<Usage>,
    /// The most that an account spent in any 600 s, in USD.
    pub spend_peaks: BTreeMap<String, f64>,
    /// Faults of the script that are not used up.
    pub script_left: usize,
    /// How far the service's clock is ahead, in milliseconds.
    pub clock_offset: i64,
    /// The service's time.
    pub now: u64,
    /// The last requests, oldest first.
    pub requests: Vec<Record>,
    /// The jobs of the Batch API, oldest first; what they cost is not in `totals`.
    pub jobs: Vec<JobRecord>,
    /// The uploads that are kept.
    pub files: FileSums,
}

/// Uploads that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSums {
    /// Files.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}
