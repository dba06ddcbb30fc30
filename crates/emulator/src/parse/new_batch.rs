//! Reads the body of `batchGenerateContent`, and files of rows.

use serde_json::Value;

use crate::parse::call::{Call, NewBatch, RowRequest, RowSource};
use crate::parse::request::Request;
use crate::parse::review::{self, camel};
use crate::wire::refusal::{Refusal, refuse};

/// Inline requests have to be smaller than this, in bytes.
const INLINE_BYTES: u64 = 20_000_000;

/// A field by its name in camelCase, or in snake_case.
pub(crate) fn field<'v>(message: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = message.as_object()?;
    fields.iter().find(|(known, value)| camel(known) == name && !value.is_null()).map(|(_, v)| v)
}

/// Reads the body of `batchGenerateContent`.
pub(crate) fn create(request: &Request, version: &str) -> Result<Call, Refusal> {
    if request.size.unwrap_or(request.body.len() as u64) >= INLINE_BYTES {
        return refuse(
            400,
            &format!("Request payload size exceeds the limit: {INLINE_BYTES} bytes."),
        );
    }
    let root = Value::Object(review::read_json(request)?);
    let Some(batch) = field(&root, "batch") else {
        return refuse(400, "* BatchGenerateContentRequest.batch: batch is not specified\n");
    };
    let known = ["displayName", "inputConfig", "priority", "webhookConfig", "model", "name"];
    let unknown = batch
        .as_object()
        .and_then(|fields| fields.keys().find(|name| !known.contains(&camel(name).as_str())));
    if let Some(name) = unknown {
        return refuse(
            400,
            &format!(
                "Invalid JSON payload received. Unknown name \"{name}\" at 'batch': Cannot find \
                 field."
            ),
        );
    }
    let input = field(batch, "inputConfig").cloned().unwrap_or_default();
    let file = field(&input, "fileName").and_then(Value::as_str);
    let listed = field(&input, "requests").and_then(|requests| field(requests, "requests"));
    let source = match (file, listed.and_then(Value::as_array)) {
        (Some(file), None) => {
            RowSource::File(file.strip_prefix("files/").unwrap_or(file).to_owned())
        }
        (None, Some(list)) if !list.is_empty() => {
            RowSource::Inline(list.iter().map(inline).collect::<Result<_, _>>()?)
        }
        _ => return refuse(400, "* batch.input_config: one of file_name and requests is needed\n"),
    };
    let name = field(batch, "displayName").and_then(Value::as_str).unwrap_or_default();
    Ok(Call::Create(Box::new(NewBatch {
        version: version.to_owned(),
        display_name: name.to_owned(),
        source,
    })))
}

fn inline(row: &Value) -> Result<RowRequest, Refusal> {
    let Some(request) = field(row, "request").filter(|request| request.is_object()) else {
        return refuse(400, "* batch.input_config.requests.requests: request is not specified\n");
    };
    let metadata = field(row, "metadata").cloned();
    let key = metadata.as_ref().and_then(|metadata| metadata.get("key")?.as_str());
    Ok(RowRequest { key: key.map(str::to_owned), request: request.clone(), metadata })
}

/// Reads a JSONL file; the number of the first line that is none, counted from 1.
pub(crate) fn lines(content: &[u8]) -> Result<Vec<RowRequest>, usize> {
    let mut rows = Vec::new();
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read: Option<Value> = serde_json::from_slice(line).ok();
        let row = read.and_then(|row| {
            let request = field(&row, "request")?.clone();
            let key = field(&row, "key").and_then(Value::as_str).map(str::to_owned);
            request.is_object().then_some(RowRequest { key, metadata: None, request })
        });
        rows.push(row.ok_or(index.saturating_add(1))?);
    }
    Ok(rows)
}
