//! Foreign values in, plain data out.

use std::cell::RefCell;

use js_sys::{Array, Function, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::errors::printed::is_client;
use crate::protocol::address::origin;

/// An answer in a thrown error of an SDK in a relay's envelope names its model at this depth.
const DEPTH_MAX: u32 = 10;
/// Parts, candidates and pictures that are looked at.
const LIST_MAX: u32 = 64;
const KEYS_MAX: usize = 64;
/// In UTF-16 units. Of a longer text the head and the tail are kept: an error is named at either.
const TEXT_MAX: u32 = 256 * 1024;
const TEXT_HEAD: u32 = 192 * 1024;
const NODES_MAX: usize = 4_096;
/// All texts together.
const TEXTS_MAX: u32 = 512 * 1024;

/// Keys that an error may have from its prototype.
const INHERITED: [&str; 9] =
    ["name", "message", "status", "statusCode", "code", "cause", "headers", "reason", "response"];
const HEADERS: [&str; 6] =
    ["retry-after", "retry-after-ms", "x-ratelimit-reset", "date", "content-type", LOCATION];
/// Of which the origin is enough: the rest may hold secrets.
const LOCATION: &str = "location";

/// Copies a foreign value: at most 10 levels, 64 keys a level, 64 KB a text, 4,096 values in all.
/// Level by level, so that a socket beside the answer uses up nothing of what is read of the
/// answer, and without what it shows of its client. Getters that throw, proxies and cycles do no
/// harm.
pub(crate) fn copy(value: &JsValue) -> Value {
    let mut copying = Copying { nodes: Vec::new(), open: Vec::new(), texts: TEXTS_MAX };
    copying.add(value, String::new(), 0, 0);
    let mut next = 0_usize;
    while let Some((value, depth)) = copying.open.get(next).cloned() {
        if let Some(value) = value {
            copying.open_at(&value, next, depth);
        }
        next = next.saturating_add(1);
    }
    copying.close()
}

/// A value that is copied, with its key and where it belongs.
struct Node {
    parent: usize,
    key: String,
    value: Value,
}

struct Copying {
    nodes: Vec<Node>,
    /// What is still to be gone into, one for each node, and how deep it is.
    open: Vec<(Option<JsValue>, u32)>,
    /// How much more text is copied.
    texts: u32,
}

impl Copying {
    fn add(&mut self, value: &JsValue, key: String, parent: usize, depth: u32) {
        if self.nodes.len() >= NODES_MAX {
            return;
        }
        let mut open = None;
        let copied = if let Some(text) = value.dyn_ref::<JsString>() {
            self.text(text)
        } else if let Some(number) = value.as_f64() {
            Value::Number(number)
        } else if let Some(flag) = value.as_bool() {
            Value::Bool(flag)
        } else if !value.is_object() || value.is_function() || depth >= DEPTH_MAX {
            Value::Null
        } else if is_bytes(value) {
            bytes(value).map_or(Value::Null, |text| self.text(&text))
        } else {
            open = Some(value.clone());
            if is_array(value) { Value::Array(Vec::new()) } else { Value::Object(Vec::new()) }
        };
        self.nodes.push(Node { parent, key, value: copied });
        self.open.push((open, depth));
    }

    fn text(&mut self, text: &JsString) -> Value {
        let left = self.texts.checked_sub(text.length().min(TEXT_MAX));
        self.texts = left.unwrap_or(0);
        left.map_or(Value::Null, |_| Value::String(bounded(text)))
    }

    fn open_at(&mut self, value: &JsValue, at: usize, depth: u32) {
        let below = depth.saturating_add(1);
        if is_array(value) {
            // A proxy's own `length` may throw.
            let length = get(value, "length").as_f64().unwrap_or(0.0) as u32;
            for index in 0..length.min(LIST_MAX) {
                let item = Reflect::get_u32(value, index).unwrap_or(JsValue::UNDEFINED);
                self.add(&item, String::new(), at, below);
            }
            return;
        }
        let keys = Reflect::own_keys(value).unwrap_or_default();
        let own: Vec<String> =
            keys.iter().filter_map(|key| key.as_string()).take(KEYS_MAX).collect();
        for key in &own {
            if key != "stack" {
                self.entry(&get_dynamic(value, &key.as_str().into()), key, at, below);
            }
        }
        for key in INHERITED.into_iter().filter(|key| !own.iter().any(|had| had == key)) {
            self.entry(&get(value, key), key, at, below);
        }
    }

    fn entry(&mut self, item: &JsValue, key: &str, at: usize, depth: u32) {
        if item.is_undefined() || item.is_function() {
            return;
        }
        if key == "headers"
            && let Some(headers) = headers(item)
        {
            self.nodes.push(Node { parent: at, key: key.to_owned(), value: headers });
            self.open.push((None, depth));
        } else if item.is_object() && is_client(key) {
            // Its address may name the model.
            let url = object(&[("url", &get(item, "url"))]);
            self.add(&url, key.to_owned(), at, depth);
        } else {
            self.add(item, key.to_owned(), at, depth);
        }
    }

    /// Puts every value where it belongs. What belongs to one comes after it, so that it is whole
    /// when it is reached from the end.
    fn close(mut self) -> Value {
        while let Some(Node { parent, key, mut value }) = self.nodes.pop() {
            match &mut value {
                Value::Array(items) => items.reverse(),
                Value::Object(entries) => entries.reverse(),
                _ => {}
            }
            match self.nodes.get_mut(parent).map(|node| &mut node.value) {
                Some(Value::Array(items)) => items.push(value),
                Some(Value::Object(entries)) => entries.push((key, value)),
                _ => return value,
            }
        }
        Value::Null
    }
}

/// The text of a body that was kept as bytes; a picture is none.
fn bytes(value: &JsValue) -> Option<JsString> {
    let view = value.dyn_ref::<js_sys::Uint8Array>()?;
    let first = view.length().min(TEXT_MAX).checked_sub(1).map(|_| view.get_index(0))?;
    let is_text = matches!(first, b'{' | b'[' | b'<' | b'\n') && view.length() <= TEXT_MAX;
    is_text.then(|| String::from_utf8_lossy(&view.to_vec()).as_ref().into())
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
