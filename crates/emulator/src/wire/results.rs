//! The results of a job's rows, and how each is written.

use std::fmt;
use std::sync::Arc;

use serde_json::json;

use crate::base::random::hash;
use crate::model::generated::Generated;
use crate::model::generation::Generation;
use crate::model::picture::Picture;
use crate::wire::gemini;

/// About how many bytes a small picture and the text around it take.
const USUAL_BYTES: u64 = 2_000;

#[derive(Clone, Debug)]
pub(crate) enum RowResult {
    Answer {
        generation: Generation,
        generated: Generated,
        bytes: Option<u64>,
    },
    /// A `google.rpc.Status` in JSON.
    Error(String),
}

/// A row with its result, which is known from the start but told only when its time has come.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) result: RowResult,
    pub(crate) images: u64,
    pub(crate) prompt_tokens: u64,
    pub(crate) billed_nano: u64,
}

impl Row {
    pub(crate) fn failed(&self) -> bool {
        matches!(self.result, RowResult::Error(_))
    }

    /// About how many bytes its result has.
    fn bytes(&self) -> u64 {
        match &self.result {
            RowResult::Answer { bytes: Some(bytes), .. } => {
                bytes.saturating_mul(4).saturating_add(USUAL_BYTES) / 3
            }
            _ => USUAL_BYTES,
        }
    }
}

/// The rows of a job, and what they have in common.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) seed: u64,
    /// The sequence number of the request that made the job.
    pub(crate) sequence: u64,
    /// The name of the model in answers.
    pub(crate) version: String,
    /// Pixels of a picture's side.
    pub(crate) side: u32,
    /// Whether they came inside the request.
    pub(crate) inline: bool,
    pub(crate) rows: Vec<Row>,
}

impl Rows {
    /// The number that the random draws of a row derive from.
    pub(crate) fn sequence_of(&self, index: usize) -> u64 {
        hash(self.sequence.wrapping_add(0x5EED), &(index as u64).to_le_bytes())
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.prompt_tokens))
    }

    /// About how many bytes the results have inside an answer, where they stand twice.
    pub(crate) fn inline_bytes(&self) -> u64 {
        let once = self.rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.bytes()));
        once.saturating_mul(2)
    }

    fn text(&self, index: usize) -> Option<(String, Picture)> {
        let row = self.rows.get(index)?;
        let mut picture = Picture { hash: 0, side: self.side, bytes: None };
        let result = match &row.result {
            RowResult::Error(status) => format!("\"error\":{status}"),
            RowResult::Answer { generation, generated, bytes } => {
                picture.hash = generation.prompt_hash;
                picture.bytes = *bytes;
                let sequence = self.sequence_of(index);
                let line = gemini::line(self.seed, sequence, generation, &self.version, generated);
                format!("\"response\":{line}")
            }
        };
        let text = if self.inline {
            match &row.metadata {
                Some(metadata) => format!("{{{result},\"metadata\":{metadata}}}"),
                None => format!("{{{result}}}"),
            }
        } else {
            match &row.key {
                Some(key) => format!("{{\"key\":{},{result}}}\n", json!(key)),
                None => format!("{{{result}}}\n"),
            }
        };
        Some((text, picture))
    }
}

/// A row in a body.
#[derive(Clone)]
pub(crate) struct RowRef {
    pub(crate) rows: Arc<Rows>,
    pub(crate) index: usize,
}

impl RowRef {
    /// The row's line with a placeholder for each picture, and the picture.
    pub(crate) fn text(&self) -> Option<(String, Picture)> {
        self.rows.text(self.index)
    }
}

impl fmt::Debug for RowRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowRef({})", self.index)
    }
}

impl PartialEq for RowRef {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && Arc::ptr_eq(&self.rows, &other.rows)
    }
}

impl Eq for RowRef {}
