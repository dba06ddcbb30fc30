//! Counts and times that are passed as arguments of their own, such as `maxRetries`.

use wasm_bindgen::prelude::*;

use crate::options::fits::fits;
use crate::options::given::Given;
use crate::request::shape::Shape;
use crate::wasm::errors::type_error::type_error;

/// Reads an argument that is a number of this shape.
///
/// # Errors
/// A `TypeError` that names the argument.
pub(crate) fn argument(name: &str, value: &JsValue, shape: Shape) -> Result<f64, JsValue> {
    let number = value.as_f64().unwrap_or(f64::NAN);
    if fits(Given::Number(number), shape) {
        return Ok(number);
    }
    Err(type_error(&["`", name, "` must be ", shape.as_str()].concat()))
}
