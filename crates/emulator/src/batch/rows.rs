//! The rows of a job: each one's result, decided when the job is made.

use crate::base::random::{Purpose, Random};
use crate::model::billing;
use crate::model::generated::without_fault;
use crate::model::generation::Generation;
use crate::model::limits::Dimension;
use crate::parse::batch_rows::wrong_model;
use crate::parse::call::RowRequest;
use crate::parse::generate_content;
use crate::plan::action::Action;
use crate::plan::fault::of_fault;
use crate::plan::fault_context::FaultContext;
use crate::settings::batch::BatchConfig;
use crate::settings::fault::Fault;
use crate::settings::fault_kind::FaultKind;
use crate::wire::refusal::Refusal;
use crate::wire::results::{Row, RowResult, Rows};
use crate::wire::rpc_status::rpc_status;

/// Hundredths of the standard price that a row costs.
const PRICE_PERCENT: u64 = 50;

/// Adds a row with its result; `blank` is a generation for the job's model.
pub(crate) fn add(
    rows: &mut Rows,
    config: &BatchConfig,
    blank: Generation,
    api_version: &str,
    asked: RowRequest,
) {
    let sequence = rows.sequence_of(rows.rows.len());
    let read = wrong_model(&blank, &rows.version, &asked.request)
        .and_then(|()| generate_content::message(blank, &asked.request, api_version));
    let mut row = Row {
        key: asked.key,
        metadata: asked.metadata.map(|metadata| metadata.to_string()),
        result: RowResult::Error(String::new()),
        images: 0,
        prompt_tokens: 0,
        billed_nano: 0,
    };
    match read {
        Err(Refusal { status, body }) => row.result = RowResult::Error(rpc_status(status, &body)),
        Ok(mut generation) => {
            generation.price_percent = PRICE_PERCENT;
            row.prompt_tokens = generation.prompt_tokens;
            decide(rows, config, sequence, generation, &mut row);
        }
    }
    rows.rows.push(row);
}

fn decide(rows: &Rows, config: &BatchConfig, sequence: u64, generation: Generation, row: &mut Row) {
    let fault = fault_of(rows, config, sequence, row.key.as_deref());
    let image_bytes = fault.as_ref().and_then(|fault| fault.image_bytes);
    let bytes = image_bytes.or(generation.image_bytes);
    let billed = fault.as_ref().and_then(|fault| fault.billed);
    let action = fault.filter(|fault| fault.fault != FaultKind::Ok).map(|fault| {
        let limit = |_: Dimension| None;
        let random = Random::keyed(rows.seed, sequence, Purpose::Hint);
        let context = FaultContext { model: &rows.version, limit: &limit, random };
        of_fault(&fault, context).action
    });
    let without_fault = without_fault(&generation);
    let (generated, error) = match action {
        None => (without_fault, None),
        Some(Action::Answer(generated)) => (generated, None),
        Some(Action::Reply(reply)) => (without_fault, Some(rpc_status(reply.status, &reply.body))),
        Some(Action::Send(..) | Action::Cut(_) | Action::Reset | Action::Hang) => {
            (without_fault, Some(rpc_status(500, "")))
        }
    };
    let usage = billing::usage(rows.seed, sequence, &generation, &generated);
    let price = billing::price(&generation, &generated, &usage);
    row.billed_nano = if billed.unwrap_or(error.is_none()) { price } else { 0 };
    row.images = if error.is_none() { usage.images } else { 0 };
    row.result = match error {
        Some(status) => RowResult::Error(status),
        None => RowResult::Answer { generation, generated, bytes },
    };
}

/// The fault of a row: that of its key, else the first that hits by chance.
fn fault_of(rows: &Rows, config: &BatchConfig, sequence: u64, key: Option<&str>) -> Option<Fault> {
    if let Some(fault) = key.and_then(|key| config.key_faults.get(key)) {
        return Some(fault.clone());
    }
    let mut random = Random::keyed(rows.seed, sequence, Purpose::Fault);
    let hits = |fault: &&Fault| {
        let drawn = random.unit();
        fault.is_for("generateContent", &rows.version) && drawn < fault.probability.unwrap_or(1.0)
    };
    config.row_faults.iter().find(hits).cloned()
}
