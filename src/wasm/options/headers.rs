//! Headers that callers pass.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::wasm::errors::type_error::type_error;
use crate::wasm::values::access::{get, get_dynamic, keys};

/// Headers as a plain object, from one, from `Headers` or from a `Map`.
pub(super) fn read_headers(value: &JsValue) -> Result<Object, JsValue> {
    let plain = if get(value, "entries").is_function() {
        Object::from_entries(value)?
    } else {
        value.clone().unchecked_into()
    };
    for key in keys(&plain) {
        let value = get_dynamic(&plain, &key);
        let name = key.as_string().unwrap_or_default();
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        let is_value =
            value.is_undefined() || value.as_string().is_some_and(|text| is_header(&text));
        if !is_name || !is_value {
            return Err(type_error(
                &["the header `", &name, "` must have a value of one line of Latin letters"]
                    .concat(),
            ));
        }
    }
    Ok(plain)
}

/// Whether a text can be the value of a header.
pub(crate) fn is_header(text: &str) -> bool {
    text.chars().all(|char| matches!(char, '\t' | ' '..='~' | '\u{a0}'..='\u{ff}'))
}
