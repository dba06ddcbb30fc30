//! An item of a batch: what is known of it, and what is to be done with it.

use serde::Serialize;

use crate::journal::{Failure, File};

/// The pictures that were made of an item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Made {
    /// The model.
    pub model: String,
    /// The cost in USD; `None` where no price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// The files of the pictures.
    pub files: Vec<File>,
}

/// The decision on an item of the source: made before, failed for good, to be made, or in a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Taken {
    /// An earlier run made it.
    Made {
        /// The key that it has.
        key: String,
        /// The pictures.
        made: Made,
        /// The possible cost in USD of lost answers to it.
        lost: f64,
        /// Whether a run was killed while it was asked for.
        twice: bool,
    },
    /// It failed for good.
    Failed {
        /// The key that it has.
        key: String,
        /// Why.
        failure: Failure,
        /// The possible cost in USD of lost answers to it.
        lost: f64,
        /// Whether a run was killed while it was asked for.
        twice: bool,
    },
    /// It is to be made.
    Make {
        /// The key that it has.
        key: String,
        /// Whether a run was killed while it was asked for.
        twice: bool,
    },
    /// It is in a job that was created, or may have been.
    InJob {
        /// The key that it has.
        key: String,
        /// The job.
        display_name: String,
    },
}

/// The pictures of an item, in few bytes: a journal may tell of a million.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    /// Its place in the batch's list of models.
    pub(crate) model: usize,
    pub(crate) usd: Option<f64>,
    pub(crate) files: Box<str>,
}

/// Names of pictures hold no control characters, which part them here.
pub(crate) fn pack(files: &[File]) -> Box<str> {
    let line = |file: &File| format!("{}\t{}\t{}\n", file.name, file.temp, file.size);
    files.iter().map(line).collect::<String>().into()
}

pub(crate) fn unpack(files: &str) -> Vec<File> {
    let file = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        let (name, temp) = (parts.next()?, parts.next()?);
        Some(File { name, temp, size: parts.next()?.parse().ok()? })
    };
    files.lines().filter_map(file).collect()
}

#[derive(Clone, Debug, Default)]
pub(crate) enum State {
    #[default]
    Fresh,
    Made(Box<Packed>),
    Failed(Box<Failure>),
    InJob(Box<str>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) state: State,
    /// The fingerprint of the request that was sent under this key, where the key is not that.
    pub(crate) print: Option<Box<str>>,
    /// The possible cost of each request of which it is not known how it ended.
    pub(crate) open: Vec<f64>,
    pub(crate) lost: f64,
    /// Whether a run was killed while it was asked for.
    pub(crate) twice: bool,
    /// How often this run has seen its key.
    pub(crate) copies: u32,
    /// Whether this run has given the key to an item.
    pub(crate) is_taken: bool,
}
