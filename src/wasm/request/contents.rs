//! The contents of a request: texts, parts, and contents of several turns.

use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;

use crate::wasm::errors::type_error::type_error;
use crate::wasm::values::access::{get, get_text, keys, list};
use crate::wasm::values::check::{as_array, is_plain};
use crate::wasm::values::name::name;
use crate::wasm::values::object::Fields;

/// Keys by which an object is a part or a content, and no request.
const OF_CONTENTS: [&str; 4] = ["parts", "text", "inlineData", "fileData"];

pub(super) fn is_contents(value: &JsValue) -> bool {
    let has = |key: &&'static str| !get(value, key).is_undefined();
    let of_requests = ["model", "contents", "config"];
    is_plain(value) && OF_CONTENTS.iter().any(has) && !of_requests.iter().any(has)
}

/// A text or part, as a content of the user's.
pub(super) fn content(part: &JsValue) -> JsValue {
    contents_of(&Array::of1(&as_part(part)))
}

fn contents_of(parts: &Array) -> JsValue {
    Fields::new().set("role", name("user")).set("parts", parts).done()
}

fn as_part(part: &JsValue) -> JsValue {
    if part.is_string() { Fields::new().set("text", part).done() } else { part.clone() }
}

/// The `contents` of the SDK as a list of contents: texts and parts become one of the user's.
pub(super) fn normalize(contents: &JsValue) -> Result<JsValue, JsValue> {
    let is_content = |item: &JsValue| item.is_object() && !get(item, "parts").is_undefined();
    let list = match as_array(contents) {
        Some(list) => list.clone(),
        None if contents.is_undefined() || contents.is_null() => Array::new(),
        None => Array::of1(contents),
    };
    if list.iter().any(|item| !item.is_string() && !item.is_object()) {
        return Err(type_error(
            "`contents` must be a string, a part, a content, or a list of these",
        ));
    }
    if list.length() == 0 {
        // The SDK refuses an empty list too, while it sends an empty text.
        return Err(type_error("the prompt is empty: `contents` must hold a text or a picture"));
    }
    let of_contents = list.iter().filter(is_content).count();
    if of_contents == 0 {
        let parts: Array = list.iter().map(|part| as_part(&part)).collect();
        return Ok(Array::of1(&contents_of(&parts)).into());
    }
    if of_contents < list.length() as usize {
        return Err(type_error("`contents` must be contents or parts, not both in one list"));
    }
    Ok(list.into())
}

pub(super) fn system(value: &JsValue) -> JsValue {
    if let Some(parts) = as_array(value) {
        return contents_of(&parts.iter().map(|part| as_part(&part)).collect());
    }
    let is_content = value.is_object() && !get(value, "parts").is_undefined();
    if is_content { value.clone() } else { content(value) }
}

pub(super) fn is_blank_list(contents: &JsValue) -> bool {
    list(contents).iter().all(is_blank)
}

/// Whether it holds nothing: no text, no picture, nothing else.
pub(super) fn is_blank(item: &JsValue) -> bool {
    if let Some(text) = item.dyn_ref::<JsString>() {
        return text.trim().length() == 0;
    }
    if let Some(parts) = as_array(&get(item, "parts")) {
        return parts.iter().all(|part| is_blank(&part));
    }
    keys(item).iter().all(|key| *key == "text" && is_blank(&get(item, "text")))
}

/// The number of pictures that are shown to the model, without those that it made before.
pub(super) fn references(contents: &JsValue) -> usize {
    let has_picture = |part: &JsValue| {
        let data = get(part, "inlineData");
        let file = if data.is_object() { data } else { get(part, "fileData") };
        get_text(&file, "mimeType").is_some_and(|mime| mime.starts_with("image/"))
    };
    let mut count = 0_usize;
    for content in as_array(contents).map(Array::to_vec).unwrap_or_default() {
        let parts = get(&content, "parts");
        let shown = as_array(&parts).map_or(0, |parts| parts.iter().filter(has_picture).count());
        if shown > 0 && get(&content, "role") != "model" {
            count = count.saturating_add(shown);
        }
    }
    count
}
