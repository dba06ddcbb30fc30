//! The attempts of a call as its caller sees them.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::engine::output::Record;
use crate::errors::kind::Kind;
use crate::wasm::host::Host;
use crate::wasm::values::name::name;

/// The attempts of a record as the caller sees them.
pub(crate) fn attempt_list<'a>(
    host: &Host,
    record: &Record,
    model: impl Fn(usize) -> Option<&'a str>,
) -> JsValue {
    let list = Array::new();
    for attempt in &record.attempts {
        let info = attempt.info.as_deref();
        let kind = match info {
            Some(info) => Some(info.kind),
            None => attempt.abandoned.then_some(Kind::Cancelled),
        };
        host.add_attempt(
            &list,
            attempt.number,
            model(attempt.target),
            attempt.took.as_f64(),
            attempt.waited.as_f64(),
            &kind.map_or(JsValue::UNDEFINED, |kind| name(kind.as_str())),
            info.and_then(|info| info.status),
        );
    }
    list.into()
}
