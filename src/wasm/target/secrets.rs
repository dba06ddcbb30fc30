//! Headers that are secrets, and headers that authenticate.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::wasm::values::access::{get_dynamic, keys};

/// The values of all headers but those that are never secret.
pub(super) fn header_secrets(headers: &Object) -> Vec<String> {
    const PUBLIC: [&str; 5] =
        ["accept", "content-type", "user-agent", "x-goog-api-client", "x-server-timeout"];
    let secret = |key: &JsValue| {
        let name = key.as_string()?.to_ascii_lowercase();
        if PUBLIC.contains(&name.as_str()) {
            return None;
        }
        get_dynamic(headers, key).as_string()
    };
    keys(headers).iter().filter_map(secret).collect()
}

/// Whether these headers authenticate the request.
pub(super) fn has_key(headers: &Object) -> bool {
    let says = |key: JsValue| {
        let name = key.as_string().map(|name| name.to_ascii_lowercase());
        name.is_some_and(|name| {
            ["authorization", "x-goog-api-key", "cookie"].contains(&name.as_str())
        })
    };
    keys(headers).into_iter().any(says)
}
