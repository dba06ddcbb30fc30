//! A target as its caller finds it in `models`.

use wasm_bindgen::prelude::*;

use crate::base::slice::decimal;
use crate::wasm::errors::type_error::{is_named, type_error};
use crate::wasm::values::access::get_text;

/// A target as its caller finds it: `target 3`.
fn target_at(position: u64) -> String {
    let mut text = "target ".to_owned();
    decimal(position, &mut text);
    text
}

/// The same with its model: `target 3, gemini-3-pro-image, `.
pub(super) fn with_model(position: u64, model: &str) -> String {
    [&target_at(position), ", ", model, ", "].concat()
}

/// The caller's mistake in one target of several, with its position; any other error as it is.
pub(super) fn with_position(fault: &JsValue, position: u64) -> JsValue {
    if !is_named(fault, "TypeError") {
        return fault.clone();
    }
    let message = get_text(fault, "message").unwrap_or_default();
    let message = message.trim_start_matches("unexhausted: ");
    type_error(&[&target_at(position), " of `models`: ", message].concat())
}
