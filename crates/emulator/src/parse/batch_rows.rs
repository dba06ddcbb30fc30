//! Checks of the rows inside the request of a job.

use serde_json::Value;

use crate::model::generation::Generation;
use crate::parse::call::{Call, RowSource};
use crate::parse::generate_content;
use crate::wire::refusal::{Refusal, refuse};

/// Parts of the sentences of a 400 about JSON that is not of the message's form.
const NO_MESSAGE: &[&str] = &["Cannot find field.", "Invalid value at '"];

/// Checks the model of a row: all have to be for the job's.
pub(crate) fn wrong_model(blank: &Generation, asked: &str, request: &Value) -> Result<(), Refusal> {
    let own = request.get("model").and_then(Value::as_str).unwrap_or(asked);
    let own = own.strip_prefix("models/").unwrap_or(own);
    if own == asked || own == blank.model.name {
        return Ok(());
    }
    let sentence = format!("A request asks for models/{own}, the batch for models/{asked}.");
    refuse(400, &sentence)
}

/// Checks the rows inside the request of a job. Another model, and JSON that is no message at all,
/// are a fault of the whole request; any other is told in the row's result.
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
        match generate_content::message(blank.clone(), &row.request, api_version) {
            Err(refusal) if NO_MESSAGE.iter().any(|sign| refusal.body.contains(sign)) => {
                return Err(refusal);
            }
            _ => {}
        }
    }
    Ok(())
}
