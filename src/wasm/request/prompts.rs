//! The words of a request: all of it is the caller's, and none of it may show in errors.

use js_sys::{JsString, Object};
use wasm_bindgen::prelude::*;

use crate::wasm::values::access::{get_dynamic, keys};
use crate::wasm::values::check::{as_array, is_plain};
use crate::wasm::values::text::bounded;

const DEPTH_MAX: u32 = 10;

const TEXTS_MAX: usize = 512;

/// Keys of the API whose values are not the caller's words (its reference, 2026-11): pictures, and
/// names of models, types, sizes and settings, by which an error is understood.
const SETTINGS: [&str; 14] = [
    "aspectRatio",
    "category",
    "data",
    "fileUri",
    "finishReason",
    "imageSize",
    "mimeType",
    "mode",
    "name",
    "personGeneration",
    "responseMimeType",
    "role",
    "threshold",
    "type",
];

/// Keys whose values are settings all the way down.
const BRANCHES: [&str; 3] = ["responseModalities", "imageConfig", "safetySettings"];

/// The texts of a body, at most 512 of them.
pub(super) fn prompts_of(body: &Object) -> Vec<String> {
    let mut texts = Vec::new();
    gather(body, 0, &mut texts);
    texts
}

fn gather(value: &JsValue, depth: u32, texts: &mut Vec<String>) {
    if texts.len() >= TEXTS_MAX || depth > DEPTH_MAX {
        return;
    }
    let below = depth.saturating_add(1);
    if let Some(text) = value.dyn_ref::<JsString>() {
        texts.push(bounded(text));
    } else if let Some(list) = as_array(value) {
        list.iter().for_each(|item| gather(&item, below, texts));
    } else if is_plain(value) {
        for key in keys(value) {
            let name = key.as_string().unwrap_or_default();
            let item = get_dynamic(value, &key);
            let is_setting = SETTINGS.contains(&name.as_str()) && item.is_string();
            if !is_setting && !BRANCHES.contains(&name.as_str()) {
                gather(&item, below, texts);
            }
        }
    }
}
