//! `config` of a target.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::request::checked::Request;
use crate::wasm::request::config::apply_config;
use crate::wasm::values::access::get;
use crate::wasm::values::object::copy_of;

/// The `config` of a target as what it changes in the body of a request.
///
/// # Errors
/// A `TypeError` that names what is wrong.
pub(crate) fn target_config(config: &Object, host: &Host) -> Result<Object, JsValue> {
    for key in ["httpOptions", "abortSignal"] {
        if !get(config, key).is_undefined() {
            return Err(type_error(
                &["`", key, "` is not for the `config` of a target, which has `baseUrl`, `apiVersion` and `headers` of its own"]
                    .concat(),
            ));
        }
    }
    let body = Object::new();
    apply_config(&body, config, host)?;
    Request::of_body(copy_of(&body))?;
    Ok(body)
}
