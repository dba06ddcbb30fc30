//! An answer of the Gemini API as some relays write it.

use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

use crate::wasm::answer::reading::Reading;
use crate::wasm::values::access::{get, list, set};
use crate::wasm::values::check::as_array;
use crate::wasm::values::name::name;
use crate::wasm::values::object::object;

/// Fields that are copied from the chunks of an answer; a later chunk overwrites an earlier one.
const FIELDS: [&str; 6] =
    ["usageMetadata", "modelVersion", "responseId", "promptFeedback", "modelStatus", "error"];

/// An answer of the Gemini API as some relays write it: a list of chunks, snake case, data URLs,
/// links to files. An answer with a picture in its thoughts alone gives that one, which is billed.
pub(crate) fn read_gemini(answer: &JsValue) -> Reading {
    let mut reading = Reading::new();
    let mut thoughts = Vec::new();
    let candidate = object(&[]);
    let chunks = as_array(answer).cloned().unwrap_or_else(|| Array::of1(answer));
    for chunk in list(&chunks) {
        for key in FIELDS {
            copy_field(&chunk, &reading.body, key);
        }
        for given in list(&get(&chunk, "candidates")) {
            for key in ["finishReason", "finishMessage"] {
                copy_field(&given, candidate.unchecked_ref(), key);
            }
            for part in list(&get(&get(&given, "content"), "parts")) {
                let (data, file) = (either(&part, INLINE), either(&part, FILE));
                if file.is_object() {
                    reading.url(&either(&file, URI));
                } else if !data.is_object() {
                    reading.parts.push(&part);
                } else if get(&part, "thought") == JsValue::TRUE {
                    thoughts.push(data);
                } else {
                    reading.base64(&get(&data, "data"), either(&data, MIME).as_string());
                }
            }
        }
    }
    if !reading.has_some() {
        for data in thoughts {
            reading.base64(&get(&data, "data"), either(&data, MIME).as_string());
        }
    }
    let content = object(&[("role", &name("model")), ("parts", &reading.parts)]);
    set(candidate.unchecked_ref(), "content", &content);
    set(&reading.body, "candidates", &Array::of1(&candidate));
    reading
}

const INLINE: [&str; 2] = ["inlineData", "inline_data"];

const FILE: [&str; 2] = ["fileData", "file_data"];

const URI: [&str; 2] = ["fileUri", "file_uri"];

const MIME: [&str; 2] = ["mimeType", "mime_type"];

/// A value under either of its names.
fn either(object: &JsValue, names: [&'static str; 2]) -> JsValue {
    let value = get(object, names[0]);
    if value.is_undefined() { get(object, names[1]) } else { value }
}

pub(super) fn copy_field(from: &JsValue, to: &Object, key: &'static str) {
    let value = get(from, key);
    if !value.is_undefined() && !value.is_null() {
        set(to, key, &value);
    }
}
