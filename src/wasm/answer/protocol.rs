//! An answer in another protocol, turned into one of the Gemini API.

use js_sys::{Array, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::protocol::{Protocol, openai_chat};
use crate::wasm::answer::reading::Reading;
use crate::wasm::answer::relay::copy_field;
use crate::wasm::answer::usage::copy_usage;
use crate::wasm::values::access::{get, get_text, keys, list, set};
use crate::wasm::values::check::{as_array, is_plain};
use crate::wasm::values::name::name;
use crate::wasm::values::object::object;

/// Reads the body of a 200; `None` for one that is not of the protocol.
pub(crate) fn read_protocol(protocol: Protocol, answer: &JsValue) -> Option<Reading> {
    let own = match protocol {
        Protocol::Imagen => "predictions",
        Protocol::OpenaiImages => "data",
        _ => "choices",
    };
    let rows = list(&get(answer, own));
    let has_error = !matches!(get(answer, "error"), none if none.is_undefined() || none.is_null());
    // A server of Imagen leaves out empty fields, which are all where each picture was filtered.
    let is_bare = protocol == Protocol::Imagen && is_plain(answer) && keys(answer).is_empty();
    if as_array(&get(answer, own)).is_none() && !has_error && !is_bare {
        return None;
    }
    let mut reading = Reading::new();
    let mut reason = None;
    let mut message = JsValue::UNDEFINED;
    for row in rows {
        match protocol {
            Protocol::Imagen => {
                reading.base64(&get(&row, "bytesBase64Encoded"), get_text(&row, "mimeType"));
                let filtered = get(&row, "raiFilteredReason");
                if filtered.is_string() {
                    (reason, message) = (Some("IMAGE_SAFETY".to_owned()), filtered);
                }
            }
            Protocol::OpenaiImages => {
                reading.base64(&get(&row, "b64_json"), None);
                reading.url(&get(&row, "url"));
            }
            _ => {
                reading.choice(&get(&row, "message"));
                if let Some(said) = get_text(&row, "finish_reason") {
                    reason = Some(openai_chat::finish_reason(&said).to_owned());
                }
                message = get(&get(&row, "message"), "refusal");
                if message.is_null() {
                    message = JsValue::UNDEFINED;
                }
                copy_error(&row, &reading.body);
            }
        }
    }
    copy_error(answer, &reading.body);
    let content = object(&[("role", &name("model")), ("parts", &reading.parts)]);
    let reason = reason.map_or_else(|| name("STOP"), JsValue::from);
    let candidate = object(&[
        ("content", &content),
        ("finishReason", &reason),
        ("index", &0.into()),
        ("finishMessage", &message),
    ]);
    set(&reading.body, "candidates", &Array::of1(&candidate));
    copy_usage(&get(answer, "usage"), &reading.body);
    for (from, to) in [("model", "modelVersion"), ("id", "responseId")] {
        let value = get(answer, from);
        if value.is_string() {
            set(&reading.body, to, &value);
        }
    }
    Some(reading)
}

impl Reading {
    /// A message of the chat API. Parts that are pictures are read before the text, which repeats
    /// them in some relays.
    fn choice(&mut self, message: &JsValue) {
        for image in list(&get(message, "images")) {
            self.part(&image);
        }
        let content = get(message, "content");
        if let Some(text) = content.dyn_ref::<JsString>() {
            self.text(text);
        }
        for part in list(&content) {
            match get(&part, "text").dyn_ref::<JsString>() {
                Some(text) => self.text(text),
                None => self.part(&part),
            }
        }
    }
}

/// Copies an error, which may hide in a 200.
fn copy_error(from: &JsValue, to: &Object) {
    copy_field(from, to, "error");
}
