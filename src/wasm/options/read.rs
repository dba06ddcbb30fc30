//! Reads the options of a call, client, target or tracker.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::options::given::{is_object, properties};
use crate::options::source::Fault;
use crate::options::{events, read, settings};
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::options::caller::Caller;

/// The options that were given, with what JavaScript keeps of them.
pub(crate) type Settings = settings::Settings<JsValue>;

/// Reads an options object.
///
/// # Errors
/// A `TypeError` that names the option, the mistake and the options that are known.
pub(crate) fn read_options(value: &JsValue, scope: u32, host: &Host) -> Result<Settings, JsValue> {
    let mut settings = Settings::default();
    if value.is_undefined() {
        return Ok(settings);
    }
    let kept = Array::new();
    let text = host.flat(value, &kept, false)?;
    if !is_object(&text) {
        return Err(type_error("options must be an object"));
    }
    match read::read(&mut Caller { host, kept }, &text, scope, &mut settings) {
        Ok(()) => Ok(settings),
        Err(Fault::Wrong(message)) => Err(type_error(&message)),
        Err(Fault::Thrown(error)) => Err(error),
    }
}

/// Refuses an event that does not exist.
///
/// # Errors
/// A `TypeError` that names the events.
pub(crate) fn check_listeners(listeners: &JsValue, host: &Host) -> Result<(), JsValue> {
    let listeners = host.flat(listeners, &Array::new(), false)?;
    events::check_events(properties(&listeners)).map_err(|message| type_error(&message))
}
