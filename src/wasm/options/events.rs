//! The names of events that callers listen to.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::base::text::join;
use crate::request::options;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::values::access::get_dynamic;

/// The listeners are the JavaScript side's; their names are checked here.
pub(crate) fn check_events(value: &JsValue) -> Result<(), JsValue> {
    for key in Reflect::own_keys(value)?.iter() {
        let name = key.as_string().unwrap_or_default();
        if !options::EVENTS.contains(&name.as_str()) {
            let known = join(options::EVENTS.iter().copied(), ", ");
            return Err(type_error(
                &["unknown event `", &name, "`; the events are ", &known].concat(),
            ));
        }
        let listener = get_dynamic(value, &key);
        if !listener.is_undefined() && !listener.is_function() {
            return Err(type_error(&["the listener of `", &name, "` must be a function"].concat()));
        }
    }
    Ok(())
}
