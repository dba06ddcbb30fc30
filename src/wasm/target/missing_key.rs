//! The errors of a target that has no key.

use wasm_bindgen::prelude::*;

use crate::errors::kind::Kind;
use crate::wasm::errors::generate_error::generate_error;
use crate::wasm::host::Host;

pub(super) fn keyless(host: &Host, target: &str) -> JsValue {
    generate_error(
        host,
        Kind::Unauthenticated,
        &[target, "has an address of its own and no `apiKey`"].concat(),
        "Give that target its `apiKey`: the client's key goes to the client's own address alone.",
    )
}

pub(super) fn missing_key(host: &Host) -> JsValue {
    generate_error(
        host,
        Kind::Unauthenticated,
        "no API key: pass `apiKey` to createClient() or configure(), or set GEMINI_API_KEY or GOOGLE_API_KEY in the environment",
        "Make a key at https://aistudio.google.com/apikey . In a page, do not: pass the `baseUrl` of a proxy of yours that adds the key.",
    )
}
