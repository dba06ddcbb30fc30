//! Objects of our own making.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::wasm::values::access::{get_dynamic, keys, put, set};
use crate::wasm::values::check::is_plain;

/// An object under construction.
pub(crate) struct Fields(Object);

impl Fields {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    /// Sets a key; on a fresh plain object that cannot fail.
    pub(crate) fn set(self, key: &'static str, value: impl Into<JsValue>) -> Self {
        set(&self.0, key, &value.into());
        self
    }

    /// Sets a key where there is a value.
    pub(crate) fn set_some(self, key: &'static str, value: Option<impl Into<JsValue>>) -> Self {
        match value {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    pub(crate) fn done(self) -> JsValue {
        self.0.into()
    }
}

/// An object of these keys; one without a value is left out.
#[inline(never)]
pub(crate) fn object(rows: &[(&'static str, &JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in rows {
        if !value.is_undefined() {
            set(&object, key, value);
        }
    }
    object.into()
}

/// A copy of an object, one level deep; getters that throw are left out.
pub(crate) fn copy_of(object: &JsValue) -> Object {
    let copy = Object::new();
    for key in keys(object) {
        put(&copy, &key, &get_dynamic(object, &key));
    }
    copy
}

/// Merges `extraBody` deeply into the body, as the SDK does; what is not an object replaces.
pub(crate) fn merge(into: &Object, extra: &JsValue, depth: u32) {
    for key in keys(extra) {
        let value = get_dynamic(extra, &key);
        let own = get_dynamic(into, &key);
        let merged = if is_plain(&value) && is_plain(&own) && depth < 8 {
            let copy = copy_of(&own);
            merge(&copy, &value, depth.saturating_add(1));
            copy.into()
        } else {
            value
        };
        put(into, &key, &merged);
    }
}
