//! The tokens that an answer of OpenAI reports.

use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

use crate::protocol::usage::{COUNTS, Count, IMAGE};
use crate::wasm::values::access::{get, keys, set};
use crate::wasm::values::name::name;
use crate::wasm::values::object::object;

/// Copies the tokens that an answer of OpenAI's reports into one of the Gemini API.
pub(super) fn copy_usage(usage: &JsValue, answer: &Object) {
    let metadata = Object::new();
    for row in COUNTS {
        set_count(&metadata, row.name, count(usage, row));
    }
    // A relay that does not count writes zeros.
    if keys(&metadata).is_empty() {
        return;
    }
    if let Some(tokens) = count(usage, &IMAGE) {
        let row = object(&[("modality", &name(IMAGE.name)), ("tokenCount", &tokens.into())]);
        set(&metadata, "candidatesTokensDetails", &Array::of1(&row));
    }
    set(answer, "usageMetadata", &metadata);
}

fn set_count(metadata: &Object, name: &'static str, tokens: Option<f64>) {
    if let Some(tokens) = tokens {
        set(metadata, name, &tokens.into());
    }
}

fn count(usage: &JsValue, row: &Count) -> Option<f64> {
    for &place in row.under {
        let place = if place.is_empty() { usage.clone() } else { get(usage, place) };
        for &key in row.keys {
            if let Some(tokens) = get(&place, key).as_f64().filter(|tokens| *tokens > 0.0) {
                return Some(tokens);
            }
        }
    }
    None
}
