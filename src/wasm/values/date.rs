//! Moments as JavaScript sees them.

use wasm_bindgen::prelude::*;

use crate::base::time::WallTime;

/// A moment as a `Date`, which is always a valid one.
pub(crate) fn date(ms: u64) -> JsValue {
    js_sys::Date::new(&WallTime(ms).as_f64().into()).into()
}
