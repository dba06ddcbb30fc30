//! `GenerateError`s of calls that were never sent.

use wasm_bindgen::prelude::*;

use crate::errors::kind::Kind;
use crate::wasm::host::Host;
use crate::wasm::values::name::name;

/// Makes the `GenerateError` of a client that has ended.
pub(crate) fn closed_error(host: &Host) -> JsValue {
    let advice = "Make a new client with createClient().";
    generate_error(host, Kind::Closed, "the client was closed", advice)
}

/// Makes a `GenerateError` of a call that was never sent, or that its client ended.
pub(crate) fn generate_error(host: &Host, kind: Kind, message: &str, advice: &str) -> JsValue {
    let none = JsValue::UNDEFINED;
    host.error(&name(kind.as_str()), message, advice, &none, &none, None, 0.0, &none)
}
