//! Kinds of values: lists, plain objects, buffers.

use js_sys::Array;
use wasm_bindgen::prelude::*;

/// Whether this is an object that is neither a list nor a function.
pub(crate) fn is_plain(value: &JsValue) -> bool {
    value.is_object() && !value.is_function() && !is_array(value)
}

/// Whether this is a list, also of another realm.
pub(super) fn is_array(value: &JsValue) -> bool {
    is_array_js(value).unwrap_or(false)
}

/// The list, where this is one.
pub(crate) fn as_array(value: &JsValue) -> Option<&Array> {
    is_array(value).then(|| value.unchecked_ref())
}

#[wasm_bindgen]
extern "C" {
    // `Array.isArray` throws for a revoked proxy, and `instanceof` is wrong between realms.
    #[wasm_bindgen(js_namespace = Array, js_name = isArray, catch)]
    fn is_array_js(value: &JsValue) -> Result<bool, JsValue>;
}
