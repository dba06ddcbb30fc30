//! The headers of a request to a target.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::options::headers::Headers;
use crate::wasm::values::access::put;
use crate::wasm::values::object::Fields;

/// An object with the caller's headers on top of ours.
pub(super) fn request_headers(
    credential: Option<(&'static str, String)>,
    timeout_secs: Option<u64>,
    extra: &[&Headers],
) -> Object {
    let mut fields = Fields::new().set("content-type", "application/json");
    if let Some((name, value)) = credential {
        fields = fields.set(name, value);
    }
    let fields = fields.set_some("x-server-timeout", timeout_secs.map(|secs| secs.to_string()));
    let headers: Object = fields.done().unchecked_into();
    for more in extra {
        for (name, value) in more.iter() {
            if let Some(value) = value {
                // Lower case, so that a header given twice is sent once.
                put(&headers, &name.to_ascii_lowercase().into(), &value.as_str().into());
            }
        }
    }
    headers
}
