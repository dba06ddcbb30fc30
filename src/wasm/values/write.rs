//! Plain data as JavaScript sees it.

use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::wasm::values::access::put;

/// Plain data as JavaScript sees it, each text passed through `clean`.
pub(crate) fn to_js(value: &Value, clean: &dyn Fn(&str) -> String) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => (*number).into(),
        Value::String(text) => clean(text).into(),
        Value::Array(items) => {
            items.iter().map(|item| to_js(item, clean)).collect::<Array>().into()
        }
        Value::Object(entries) => {
            let object = Object::new();
            for (key, item) in entries {
                put(&object, &clean(key).into(), &to_js(item, clean));
            }
            object.into()
        }
    }
}
