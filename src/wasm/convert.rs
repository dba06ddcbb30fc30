//! Foreign values in, plain data out.

use std::cell::RefCell;

use js_sys::{Array, Function, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::protocol::address::origin;
use crate::value::Value;

/// An answer in a thrown error of an SDK in a relay's envelope names its model at this depth.
const DEPTH_MAX: u32 = 10;
/// Parts, candidates and pictures that are looked at.
const LIST_MAX: u32 = 64;
const KEYS_MAX: usize = 64;
/// In UTF-16 units. Of a longer text the head and the tail are kept: an error is named at either.
const TEXT_MAX: u32 = 64 * 1024;
const TEXT_HEAD: u32 = 48 * 1024;
const NODES_MAX: u32 = 4_096;

/// Keys that an error may have from its prototype.
const INHERITED: [&str; 8] =
    ["name", "message", "status", "statusCode", "code", "cause", "headers", "reason"];
const HEADERS: [&str; 4] = ["retry-after", "retry-after-ms", "content-type", LOCATION];
/// Of which the origin is enough: the rest may hold secrets.
const LOCATION: &str = "location";

/// Copies a foreign value: at most 10 levels, 64 keys a level, 64 KB a text, 4,096 values in all.
/// Getters that throw, proxies and cycles do no harm.
pub(crate) fn copy(value: &JsValue) -> Value {
    let mut nodes = NODES_MAX;
    copy_at(value, 0, &mut nodes)
}

fn copy_at(value: &JsValue, depth: u32, nodes: &mut u32) -> Value {
    let Some(left) = nodes.checked_sub(1) else { return Value::Null };
    *nodes = left;
    if let Some(text) = value.dyn_ref::<JsString>() {
        return Value::String(bounded(text));
    }
    if let Some(number) = value.as_f64() {
        return Value::Number(number);
    }
    if let Some(flag) = value.as_bool() {
        return Value::Bool(flag);
    }
    if !value.is_object() || value.is_function() || depth >= DEPTH_MAX || is_bytes(value) {
        return Value::Null;
    }
    if is_array(value) {
        let items = (0..KEYS_MAX as u32).map_while(|index| {
            let length = get(value, "length").as_f64()?;
            (f64::from(index) < length).then(|| {
                let item = Reflect::get_u32(value, index).unwrap_or(JsValue::UNDEFINED);
                copy_at(&item, depth.saturating_add(1), nodes)
            })
        });
        return Value::Array(items.collect());
    }
    copy_object(value, depth, nodes)
}

fn copy_object(value: &JsValue, depth: u32, nodes: &mut u32) -> Value {
    let mut entries = Vec::new();
    let mut add = |key: String, item: &JsValue| {
        if !item.is_undefined() && !item.is_function() {
            let headers = if key == "headers" { headers(item) } else { None };
            let item = headers.unwrap_or_else(|| copy_at(item, depth.saturating_add(1), nodes));
            entries.push((key, item));
        }
    };
    let keys = Reflect::own_keys(value).unwrap_or_default();
    let mut own = Vec::new();
    for key in keys.iter().filter_map(|key| key.as_string()).take(KEYS_MAX) {
        if key != "stack" {
            let item = get_dynamic(value, &key.as_str().into());
            add(key.clone(), &item);
            own.push(key);
        }
    }
    for key in INHERITED {
        if !own.iter().any(|had| had == key) {
            add(key.to_owned(), &get(value, key));
        }
    }
    Value::Object(entries)
}

/// What is read of a `Headers` object, which has no keys of its own; `None` for anything else.
pub(crate) fn headers(item: &JsValue) -> Option<Value> {
    let read: Function = get(item, "get").dyn_into().ok()?;
    let entry = |name: &&'static str| {
        let value = read.call1(item, &self::name(name)).ok()?.as_string()?;
        let value = if *name == LOCATION { origin(&value)?.to_owned() } else { value };
        Some(((*name).to_owned(), Value::String(value)))
    };
    Some(Value::Object(HEADERS.iter().filter_map(entry).collect()))
}

/// The text, or its head and its tail where it is long.
pub(crate) fn bounded(text: &JsString) -> String {
    let length = text.length();
    if length <= TEXT_MAX {
        return String::from(text);
    }
    let tail = length.saturating_sub(TEXT_MAX.saturating_sub(TEXT_HEAD));
    let head = String::from(text.slice(0, TEXT_HEAD));
    [head.as_str(), "\n", &String::from(text.slice(tail, length))].concat()
}

/// Whether this is a buffer, which has a key for each byte and says nothing.
fn is_bytes(value: &JsValue) -> bool {
    js_sys::ArrayBuffer::is_view(value)
}

/// Whether this is an object that is neither a list nor a function.
pub(crate) fn is_plain(value: &JsValue) -> bool {
    value.is_object() && !value.is_function() && !is_array(value)
}

/// Whether this is a list, also of another realm.
pub(crate) fn is_array(value: &JsValue) -> bool {
    is_array_js(value).unwrap_or(false)
}

/// The list, where this is one.
pub(crate) fn as_array(value: &JsValue) -> Option<&Array> {
    is_array(value).then(|| value.unchecked_ref())
}

/// The value under `key`; `undefined` where there is none or it cannot be read.
pub(crate) fn get(object: &JsValue, key: &'static str) -> JsValue {
    get_dynamic(object, &name(key))
}

/// The value under a key that is not ours.
pub(crate) fn get_dynamic(object: &JsValue, key: &JsValue) -> JsValue {
    object.unchecked_ref::<Keyed>().at(key).unwrap_or(JsValue::UNDEFINED)
}

/// Sets a key of a plain object, which cannot fail.
pub(crate) fn set(object: &Object, key: &'static str, value: &JsValue) {
    put(object, &name(key), value);
}

#[wasm_bindgen]
extern "C" {
    /// Anything that is asked for a key. `Reflect.get` does the same at ten times the price. The
    /// build makes `at` give `undefined` for `undefined` and `null`, since an error with its stack
    /// takes longer than a call.
    type Keyed;

    #[wasm_bindgen(method, structural, indexing_getter, catch)]
    fn at(this: &Keyed, key: &JsValue) -> Result<JsValue, JsValue>;

    // `Array.isArray` throws for a revoked proxy, and `instanceof` is wrong between realms.
    #[wasm_bindgen(js_namespace = Array, js_name = isArray, catch)]
    fn is_array_js(value: &JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, structural, indexing_setter, catch)]
    fn put(this: &Keyed, key: &JsValue, value: &JsValue) -> Result<(), JsValue>;
}

/// Sets a key that is not ours of a plain object.
pub(crate) fn put(object: &Object, key: &JsValue, value: &JsValue) {
    let _ = object.unchecked_ref::<Keyed>().put(key, value);
}

const NAMES: usize = 512;

thread_local! {
    static CACHE: RefCell<Vec<Option<(&'static str, JsValue)>>> =
        RefCell::new(vec![None; NAMES]);
}

/// The JavaScript string of a name of ours. Making one costs ten times what finding it here does,
/// and a call needs a hundred.
pub(crate) fn name(key: &'static str) -> JsValue {
    // Names lie side by side; a multiplication by the golden ratio spreads them over the slots.
    let address = (key.as_ptr() as u32).wrapping_mul(0x9e37_79b1);
    let index = (address >> 23) as usize % NAMES;
    CACHE.with_borrow_mut(|cache| {
        let Some(slot) = cache.get_mut(index) else { return key.into() };
        match slot {
            Some((known, value)) if core::ptr::eq(*known, key) => value.clone(),
            _ => {
                let value = JsValue::from(key);
                *slot = Some((key, value.clone()));
                value
            }
        }
    })
}

/// The text under `key`.
pub(crate) fn get_text(object: &JsValue, key: &'static str) -> Option<String> {
    get(object, key).dyn_ref::<JsString>().map(bounded)
}

/// The keys of an object; none where it cannot be asked for them.
pub(crate) fn keys(object: &JsValue) -> Vec<JsValue> {
    let keys = Reflect::own_keys(object).unwrap_or_default();
    keys.iter().filter(JsValue::is_string).collect()
}

/// A copy of an object, one level deep; getters that throw are left out.
pub(crate) fn copy_of(object: &JsValue) -> Object {
    let copy = Object::new();
    for key in keys(object) {
        put(&copy, &key, &get_dynamic(object, &key));
    }
    copy
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
