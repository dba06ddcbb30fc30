//! What a client has seen, as JavaScript gets it.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::convert::{Fields, name};
use super::host;
use crate::engine::history::History;

/// `{ outcomes, failingSince, at }`; moments are in ms since 1970.
pub(crate) fn to_js(history: &History) -> JsValue {
    let now = host::now().wall;
    let outcomes = Array::new();
    history.tell(now, |outcome| {
        let fields = Fields::new()
            .set("at", outcome.at.0 as f64)
            .set("count", outcome.count)
            .set_some("model", outcome.model)
            .set_some("kind", outcome.kind.map(|kind| name(kind.as_str())))
            .set_some("dimension", outcome.dimension.map(|dimension| name(dimension.as_str())))
            .set_some("limit", outcome.limit.map(|limit| limit as f64));
        outcomes.push(&fields.done());
    });
    let since = history.failing_since().map(|since| since.0 as f64);
    Fields::new()
        .set("outcomes", outcomes)
        .set("at", now.0 as f64)
        .set_some("failingSince", since)
        .done()
}
