//! An answer as the classifier reads it.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::wasm::answer::summary::{is_picture, items};
use crate::wasm::values::access::{get, get_text, keys};
use crate::wasm::values::check::is_plain;
use crate::wasm::values::copy::copy;

/// The UTF-16 units that are kept of a text, to be quoted where a picture was wanted.
const TEXT_MAX: u32 = 1_000;

/// The answer as the classifier reads it: its reasons and the kinds of its parts, no picture data.
pub(crate) fn outline(body: &JsValue) -> Value {
    let text = |object: &JsValue, key: &'static str| {
        let value = get(object, key);
        let value = value.dyn_ref::<JsString>()?;
        Some((key.to_owned(), Value::String(String::from(value.slice(0, TEXT_MAX)))))
    };
    let part = |part: &JsValue| {
        let mut entries: Vec<(String, Value)> = text(part, "text").into_iter().collect();
        let data = get(part, "inlineData");
        if data.is_object() && is_picture(part) {
            let mime = get_text(&data, "mimeType").map_or(Value::Null, Value::String);
            let data = Value::Object(vec![("mimeType".to_owned(), mime)]);
            entries.push(("inlineData".to_owned(), data));
        }
        if get(part, "thought") == JsValue::TRUE {
            entries.push(("thought".to_owned(), Value::Bool(true)));
        }
        Value::Object(entries)
    };
    let candidate = |candidate: &JsValue| {
        let parts =
            items(&get(&get(candidate, "content"), "parts")).map(|item| part(&item)).collect();
        let content = Value::Object(vec![("parts".to_owned(), Value::Array(parts))]);
        let mut entries = vec![("content".to_owned(), content)];
        entries.extend(
            ["finishReason", "finishMessage"].into_iter().filter_map(|key| text(candidate, key)),
        );
        Value::Object(entries)
    };
    let candidates = items(&get(body, "candidates")).map(|item| candidate(&item)).collect();
    let mut entries = vec![("candidates".to_owned(), Value::Array(candidates))];
    let feedback = get(body, "promptFeedback");
    if feedback.is_object() {
        let reasons = ["blockReason", "blockReasonMessage"];
        let reasons = reasons.into_iter().filter_map(|key| text(&feedback, key)).collect();
        entries.push(("promptFeedback".to_owned(), Value::Object(reasons)));
    }
    entries.extend(text(body, "modelVersion"));
    // An error may hide in a 200: a relay's, or one chunk of a stream.
    let error = get(body, "error");
    if !error.is_undefined() {
        entries.push(("error".to_owned(), copy(&error)));
    }
    Value::Object(vec![
        ("status".to_owned(), Value::Number(200.0)),
        ("body".to_owned(), Value::Object(entries)),
    ])
}

/// Whether a body without a picture is the service's: it is empty, or has a key of the API.
pub(crate) fn is_gemini_answer(body: &JsValue) -> bool {
    const OURS: [&str; 6] =
        ["candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId", "error"];
    is_plain(body)
        && (OURS.iter().any(|key| !get(body, key).is_undefined()) || keys(body).is_empty())
}

/// Whether this is a list with a chunk that is the service's.
pub(crate) fn has_chunk(body: &JsValue) -> bool {
    items(body).any(|chunk| !keys(&chunk).is_empty() && is_gemini_answer(&chunk))
}
