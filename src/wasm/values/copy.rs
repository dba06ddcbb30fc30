//! A foreign value as plain data, within bounds: `js/boundary/copy.js` copies it.

use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::errors::copied::read;
use crate::errors::printed::is_client;

#[wasm_bindgen(module = "/js/boundary/copy.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    fn copied(value: &JsValue, is_client: &dyn Fn(String) -> bool) -> Result<String, JsValue>;

    #[wasm_bindgen(js_name = headersOf)]
    fn headers_of(item: &JsValue) -> Option<String>;
}

/// Copies a foreign value within bounds, whatever it is.
pub(crate) fn copy(value: &JsValue) -> Value {
    // A text may be longer than the engine allows.
    copied(value, &|key| is_client(&key)).map_or(Value::Null, |text| read(&text))
}

/// The headers of a `Headers` object, which has no keys of its own; `None` for anything else.
pub(crate) fn response_headers(item: &JsValue) -> Option<Value> {
    headers_of(item).map(|text| read(&text))
}
