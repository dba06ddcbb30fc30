//! The journal of a batch, one record a line of JSON, so that it goes on after a crash.
//!
//! A record is on disk before the next step that relies on it: `Try` before its request is sent,
//! `Made` before a picture gets its final name, and that before anybody is told of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::file_name;
use crate::jobs::job;

/// The version of journals that this writes. A newer one is refused, an older one is read.
pub const VERSION: u32 = 1;

/// No record tells of more USD: sums of what somebody else wrote must stay numbers.
const USD_MAX: f64 = 1e9;

/// One line of a journal. Money is in USD, times are in ms since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "record", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Record {
    /// A run begins. A request that is open at this point was left so by a run that was killed.
    Run {
        /// The version of the journal.
        version: u32,
        /// The moment.
        at: u64,
    },
    /// A request is about to be sent.
    Try {
        /// The item.
        key: String,
        /// The fingerprint of its request, where the key is not that already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        print: Option<String>,
        /// The moment.
        at: u64,
        /// The model that is asked.
        model: String,
        /// The possible cost.
        usd: f64,
    },
    /// A request of the item has failed without cost.
    Back {
        /// The item.
        key: String,
    },
    /// The pictures are on disk, complete; they get their final names next.
    Made {
        /// The item.
        key: String,
        /// The moment.
        at: u64,
        /// The model that made it.
        model: String,
        /// The cost; absent where no price is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usd: Option<f64>,
        /// The possible cost of answers that were lost.
        #[serde(default, skip_serializing_if = "is_zero")]
        lost: f64,
        /// The files of its pictures.
        files: Vec<File>,
    },
    /// A picture got another final name, since the first was taken.
    Named {
        /// The item.
        key: String,
        /// The files of its pictures.
        files: Vec<File>,
    },
    /// The item failed.
    Failed {
        /// The item.
        key: String,
        /// The fingerprint of its request, where the key is not that already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        print: Option<String>,
        /// The moment.
        at: u64,
        /// The failure.
        failure: Failure,
        /// The possible cost of answers that were lost.
        #[serde(default, skip_serializing_if = "is_zero")]
        lost: f64,
    },
    /// A job of the Batch API is about to be created with these items.
    JobCreating {
        /// The name by which the job is found again.
        display_name: String,
        /// The moment.
        at: u64,
        /// The model of the job.
        model: String,
        /// The items.
        keys: Vec<String>,
        /// The fingerprints of their requests, by key, where that is not it already.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        prints: BTreeMap<String, String>,
        /// The possible cost of each.
        usd: f64,
    },
    /// The job is there.
    JobCreated {
        /// The name by which the job is found again.
        display_name: String,
        /// As `batches/abc`.
        name: String,
    },
    /// The job has ended, and what came of its items stands in records of their own.
    JobEnded {
        /// The name by which the job is found again.
        display_name: String,
    },
}

impl Record {
    /// Whether a batch can have written this: money is an amount, and names are of our own form. A
    /// journal may come from anywhere, and what it names is moved, deleted and told.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Try { usd, .. } | Self::JobCreating { usd, .. } => is_money(*usd),
            Self::Made { usd, lost, files, .. } => {
                is_money(usd.unwrap_or_default()) && is_money(*lost) && are_ours(files)
            }
            Self::Named { files, .. } => are_ours(files),
            Self::Failed { lost, .. } => is_money(*lost),
            Self::JobCreated { name, .. } => job::is_name(name, "batches"),
            Self::Run { .. } | Self::Back { .. } | Self::JobEnded { .. } => true,
        }
    }
}

fn is_money(usd: f64) -> bool {
    (0.0..=USD_MAX).contains(&usd)
}

fn are_ours(files: &[File]) -> bool {
    let is_ours =
        |file: &File| file_name::is_own(&file.name) && file_name::is_temporary(&file.temp);
    !files.is_empty() && files.iter().all(is_ours)
}

/// A picture on disk.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct File {
    /// Its name below the folder of the pictures.
    pub name: String,
    /// The name that it has until then, in the same folder.
    pub temp: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Why an item failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Failure {
    /// The kind of the error.
    pub kind: String,
    /// A description of what happened.
    pub message: String,
    /// Advice on the way out.
    #[serde(default)]
    pub advice: String,
    /// Whether a resume tries again.
    pub again: bool,
}

// serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(usd: &f64) -> bool {
    *usd == 0.0
}
