//! Each option that an object holds, checked against the table.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::request::options::{self, Shape};
use crate::wasm::errors::type_error::type_error;
use crate::wasm::options::shape::fits;
use crate::wasm::values::check::is_plain;

/// Gives each option that is set, once its name is known and its value has the right shape.
pub(super) fn for_each(
    value: &JsValue,
    scope: u32,
    mut take: impl FnMut(&str, JsValue) -> Result<(), JsValue>,
) -> Result<(), JsValue> {
    if value.is_undefined() {
        return Ok(());
    }
    if !is_plain(value) {
        return Err(type_error("options must be an object"));
    }
    for key in Reflect::own_keys(value)?.iter() {
        let Some(name) = key.as_string() else { continue };
        let option = options::find(scope, &name).map_err(|message| type_error(&message))?;
        // An error of a getter is passed on to the caller: an option that is lost might be a
        // deadline.
        let item = Reflect::get(value, &key)?;
        if item.is_undefined() {
            continue;
        }
        if !fits(&item, option.shape) {
            let message = ["option `", option.name, "` must be ", option.shape.as_str()].concat();
            return Err(type_error(&message));
        }
        take(option.name, item)?;
    }
    Ok(())
}

/// A count that is passed as an argument of its own, such as `maxRetries`.
///
/// # Errors
/// A `TypeError` that names the argument.
pub(crate) fn check_argument(name: &str, value: &JsValue, shape: Shape) -> Result<(), JsValue> {
    if fits(value, shape) {
        return Ok(());
    }
    Err(type_error(&["`", name, "` must be ", shape.as_str()].concat()))
}
