//! Keys of objects and items of lists, read and written without an exception.

use js_sys::{Array, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::wasm::values::check::as_array;
use crate::wasm::values::name::name;
use crate::wasm::values::text::bounded;

/// The value under `key`; `undefined` where there is none or it cannot be read.
pub(crate) fn get(object: &JsValue, key: &'static str) -> JsValue {
    get_dynamic(object, &name(key))
}

/// The value under a key that is not ours.
pub(crate) fn get_dynamic(object: &JsValue, key: &JsValue) -> JsValue {
    object.unchecked_ref::<Keyed>().at(key).unwrap_or(JsValue::UNDEFINED)
}

/// The text under `key`.
pub(crate) fn get_text(object: &JsValue, key: &'static str) -> Option<String> {
    get(object, key).dyn_ref::<JsString>().map(bounded)
}

/// Sets a key of a plain object, which cannot fail.
pub(crate) fn set(object: &Object, key: &'static str, value: &JsValue) {
    put(object, &name(key), value);
}

/// Sets a key that is not ours of a plain object.
pub(crate) fn put(object: &Object, key: &JsValue, value: &JsValue) {
    let _ = object.unchecked_ref::<Keyed>().put(key, value);
}

#[wasm_bindgen]
extern "C" {
    /// Anything that is asked for a key. `Reflect.get` does the same at ten times the price. The
    /// build makes `at` give `undefined` for `undefined` and `null`, since an error with its stack
    /// takes longer than a call.
    type Keyed;

    #[wasm_bindgen(method, structural, indexing_getter, catch)]
    fn at(this: &Keyed, key: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, structural, indexing_setter, catch)]
    fn put(this: &Keyed, key: &JsValue, value: &JsValue) -> Result<(), JsValue>;
}

/// Takes a key out of an object, and tells whether it was there.
pub(crate) fn take(object: &Object, key: &'static str) -> bool {
    let is_there = !get(object, key).is_undefined();
    if is_there {
        let _ = Reflect::delete_property(object, &name(key));
    }
    is_there
}

/// The keys of an object; none where it cannot be asked for them.
pub(crate) fn keys(object: &JsValue) -> Vec<JsValue> {
    let keys = Reflect::own_keys(object).unwrap_or_default();
    keys.iter().filter(JsValue::is_string).collect()
}

/// Parts, candidates and pictures that are looked at.
const LIST_MAX: u32 = 64;

/// The items of a list, 64 at most; none where this is no list.
#[inline(never)]
pub(crate) fn list(value: &JsValue) -> Vec<JsValue> {
    let length = as_array(value).map_or(0, Array::length).min(LIST_MAX);
    let mut items = Vec::new();
    for index in 0..length {
        items.push(get_dynamic(value, &index.into()));
    }
    items
}
