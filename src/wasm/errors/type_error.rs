//! Mistakes of the caller, and errors told apart by their names.

use wasm_bindgen::prelude::*;

use crate::wasm::values::access::get;

/// A `TypeError`: the caller's mistake, named before any request.
pub(crate) fn type_error(message: &str) -> JsValue {
    js_sys::TypeError::new(&["unexhausted: ", message].concat()).into()
}

/// Whether a thrown value has this `name`.
pub(crate) fn is_named(error: &JsValue, name: &str) -> bool {
    error.is_object() && get(error, "name").as_string().is_some_and(|own| own == name)
}
