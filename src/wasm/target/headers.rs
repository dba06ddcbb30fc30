//! The headers of a request to a target.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::wasm::values::access::{get_dynamic, keys, put};
use crate::wasm::values::object::Fields;

/// An object with the caller's headers on top of ours.
pub(super) fn request_headers(
    credential: Option<(&'static str, String)>,
    timeout_secs: Option<u64>,
    extra: &[&Object],
) -> Object {
    let mut fields = Fields::new().set("content-type", "application/json");
    if let Some((name, value)) = credential {
        fields = fields.set(name, value);
    }
    let fields = fields.set_some("x-server-timeout", timeout_secs.map(|secs| secs.to_string()));
    let headers: Object = fields.done().unchecked_into();
    for more in extra {
        for key in keys(more) {
            let value = get_dynamic(more, &key);
            if let Some(name) = key.as_string().filter(|_| !value.is_undefined()) {
                // Lower case, so that a header given twice is sent once.
                put(&headers, &name.to_ascii_lowercase().into(), &value);
            }
        }
    }
    headers
}
