//! The rows of a job: what each asked for, what became of it, and how that reads.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{self, Body, Generated};
use crate::arrival::without_fault;
use crate::batch_config::BatchConfig;
use crate::fault::{Fault, FaultKind};
use crate::fields;
use crate::picture::Picture;
use crate::plan::{self, Action, FaultContext};
use crate::quota::Dimension;
use crate::random::{Purpose, Random, hash};
use crate::request::{Generation, Refusal, refuse};
use crate::route::{Call, RowSource};

/// Hundredths of the standard price that a row costs.
const PRICE_PERCENT: u64 = 50;

/// About how many bytes a small picture and the text around it take.
const USUAL_BYTES: u64 = 2_000;

/// What a 400 says of JSON that is not of the message's form.
const NO_MESSAGE: &[&str] = &["Cannot find field.", "Invalid value at '"];

/// A row as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct RowRequest {
    pub(crate) key: Option<String>,
    /// Of an inline row, as it was given.
    pub(crate) metadata: Option<Value>,
    pub(crate) request: Value,
}

#[derive(Clone, Debug)]
enum RowResult {
    Answer {
        generation: Generation,
        generated: Generated,
        bytes: Option<u64>,
    },
    /// A `google.rpc.Status` in JSON.
    Error(String),
}

/// A row with its end, which is known from the start but told only when its time has come.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: Option<String>,
    metadata: Option<String>,
    end: RowResult,
    pub(crate) images: u64,
    pub(crate) prompt_tokens: u64,
    pub(crate) billed_nano: u64,
}

impl Row {
    pub(crate) fn failed(&self) -> bool {
        matches!(self.end, RowResult::Error(_))
    }

    /// About how many bytes its result has.
    fn bytes(&self) -> u64 {
        match &self.end {
            RowResult::Answer { bytes: Some(bytes), .. } => {
                bytes.saturating_mul(4).saturating_add(USUAL_BYTES) / 3
            }
            _ => USUAL_BYTES,
        }
    }
}

/// What all rows of a job have in common.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) seed: u64,
    /// Of the request that made the job.
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
    /// Adds a row; `blank` is a generation for the job's model.
    pub(crate) fn add(
        &mut self,
        config: &BatchConfig,
        blank: Generation,
        api_version: &str,
        asked: RowRequest,
    ) {
        let sequence = self.sequence_of(self.rows.len());
        let read = wrong_model(&blank, &self.version, &asked.request)
            .and_then(|()| fields::message(blank, &asked.request, api_version));
        let mut row = Row {
            key: asked.key,
            metadata: asked.metadata.map(|metadata| metadata.to_string()),
            end: RowResult::Error(String::new()),
            images: 0,
            prompt_tokens: 0,
            billed_nano: 0,
        };
        match read {
            Err(Refusal { status, body }) => row.end = RowResult::Error(rpc_status(status, &body)),
            Ok(mut generation) => {
                generation.price_percent = PRICE_PERCENT;
                row.prompt_tokens = generation.prompt_tokens;
                self.decide(config, sequence, generation, &mut row);
            }
        }
        self.rows.push(row);
    }

    fn decide(&self, config: &BatchConfig, sequence: u64, generation: Generation, row: &mut Row) {
        let fault = self.fault(config, sequence, row.key.as_deref());
        let image = fault.as_ref().and_then(|fault| fault.image_bytes);
        let bytes = image.or(generation.image_bytes);
        let billed = fault.as_ref().and_then(|fault| fault.billed);
        let action = fault.filter(|fault| fault.fault != FaultKind::Ok).map(|fault| {
            let limit = |_: Dimension| None;
            let random = Random::keyed(self.seed, sequence, Purpose::Hint);
            let at = FaultContext { model: &self.version, limit: &limit, random };
            plan::of_fault(&fault, at).action
        });
        let without_fault = without_fault(&generation);
        let (generated, error) = match action {
            None => (without_fault, None),
            Some(Action::Answer(generated)) => (generated, None),
            Some(Action::Reply(reply)) => {
                (without_fault, Some(rpc_status(reply.status, &reply.body)))
            }
            Some(Action::Send(..) | Action::Cut(_) | Action::Reset | Action::Hang) => {
                (without_fault, Some(rpc_status(500, "")))
            }
        };
        let usage = answer::usage(self.seed, sequence, &generation, &generated);
        let price = answer::price(&generation, &generated, &usage);
        row.billed_nano = if billed.unwrap_or(error.is_none()) { price } else { 0 };
        row.images = if error.is_none() { usage.images } else { 0 };
        row.end = match error {
            Some(status) => RowResult::Error(status),
            None => RowResult::Answer { generation, generated, bytes },
        };
    }

    fn fault(&self, config: &BatchConfig, sequence: u64, key: Option<&str>) -> Option<Fault> {
        if let Some(fault) = key.and_then(|key| config.key_faults.get(key)) {
            return Some(fault.clone());
        }
        let mut random = Random::keyed(self.seed, sequence, Purpose::Fault);
        let hits = |fault: &&Fault| {
            let drawn = random.unit();
            fault.is_for("generateContent", &self.version)
                && drawn < fault.probability.unwrap_or(1.0)
        };
        config.row_faults.iter().find(hits).cloned()
    }

    /// What the random draws of a row derive from.
    fn sequence_of(&self, index: usize) -> u64 {
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
        let result = match &row.end {
            RowResult::Error(status) => format!("\"error\":{status}"),
            RowResult::Answer { generation, generated, bytes } => {
                picture.hash = generation.prompt_hash;
                picture.bytes = *bytes;
                let sequence = self.sequence_of(index);
                let line = answer::line(self.seed, sequence, generation, &self.version, generated);
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

/// What is wrong with the model of a row: all have to be for the job's.
fn wrong_model(blank: &Generation, asked: &str, request: &Value) -> Result<(), Refusal> {
    let own = request.get("model").and_then(Value::as_str).unwrap_or(asked);
    let own = own.strip_prefix("models/").unwrap_or(own);
    if own == asked || own == blank.model.name {
        return Ok(());
    }
    let sentence = format!("A request asks for models/{own}, the batch for models/{asked}.");
    refuse(400, &sentence)
}

/// What is wrong with a row inside the request of a job, where that is wrong with the whole: another
/// model, and what is no message at all. The rest is told in the row's result.
pub(crate) fn check_inline(
    blank: &Generation,
    asked: &str,
    api_version: &str,
    call: &Call,
) -> Result<(), Refusal> {
    let Call::Create(create) = call else { return Ok(()) };
    let RowSource::Inline(rows) = &create.source else { return Ok(()) };
    for row in rows {
        wrong_model(blank, asked, &row.request)?;
        match fields::message(blank.clone(), &row.request, api_version) {
            Err(refusal) if NO_MESSAGE.iter().any(|sign| refusal.body.contains(sign)) => {
                return Err(refusal);
            }
            _ => {}
        }
    }
    Ok(())
}

/// A row of a body.
#[derive(Clone)]
pub(crate) struct RowRef {
    pub(crate) rows: Arc<Rows>,
    pub(crate) index: usize,
}

impl RowRef {
    pub(crate) fn body(&self) -> Body {
        match self.rows.text(self.index) {
            Some((text, picture)) => Body::drawn(&text, picture),
            None => Body::default(),
        }
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

/// The numbers of `google.rpc.Code`.
pub(crate) fn rpc_code(http: u16) -> u8 {
    match http {
        400 | 413 => 3,
        401 => 16,
        402 | 429 => 8,
        403 => 7,
        404 => 5,
        409 => 10,
        408 | 504 => 4,
        499 => 1,
        500 => 13,
        501 => 12,
        502 | 503 => 14,
        _ => 2,
    }
}

/// The error of a row, which has the number of a gRPC code and no name.
fn rpc_status(http: u16, body: &str) -> String {
    let read: Value = serde_json::from_str(body).unwrap_or_default();
    let error = read.get("error").or_else(|| read.pointer("/0/error"));
    let message = error.and_then(|error| error.get("message")).and_then(Value::as_str);
    let mut status = json!({
        "code": rpc_code(http),
        "message": message.unwrap_or("An internal error has occurred."),
    });
    let details = error.and_then(|error| error.get("details"));
    if let (Some(details), Some(fields)) = (details, status.as_object_mut()) {
        fields.insert("details".into(), details.clone());
    }
    status.to_string()
}
