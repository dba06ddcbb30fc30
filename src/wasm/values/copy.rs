//! A foreign value as plain data, within bounds.

use js_sys::{Function, JsString, Reflect};
use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::errors::printed::is_client;
use crate::protocol::address::origin;
use crate::wasm::values::access::{get, get_dynamic};
use crate::wasm::values::check::{is_array, is_bytes};
use crate::wasm::values::name::name;
use crate::wasm::values::object::object;
use crate::wasm::values::text::{TEXT_MAX, bounded};

/// An answer in a thrown error of an SDK in a relay's envelope names its model at this depth.
const DEPTH_MAX: u32 = 10;

/// Parts, candidates and pictures that are looked at.
const LIST_MAX: u32 = 64;

const KEYS_MAX: usize = 64;

const NODES_MAX: usize = 4_096;

/// The UTF-16 units of all texts together.
const TEXTS_MAX: u32 = 512 * 1024;

/// Keys that an error may have from its prototype.
const INHERITED: [&str; 9] =
    ["name", "message", "status", "statusCode", "code", "cause", "headers", "reason", "response"];

const HEADERS: [&str; 6] =
    ["retry-after", "retry-after-ms", "x-ratelimit-reset", "date", "content-type", LOCATION];

/// The header of which the origin alone is kept: the rest may hold secrets.
const LOCATION: &str = "location";

/// Copies a foreign value: at most 10 levels, 64 keys an object, 256 Ki UTF-16 units a text and
/// 4,096 values in all. It goes level by level, so that a socket beside the answer uses up nothing
/// of the answer's share, and leaves out the client that a socket shows. Getters that throw,
/// proxies and cycles do no harm.
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
    /// The values still to be copied from, one for each node, each with its depth.
    open: Vec<(Option<JsValue>, u32)>,
    /// The UTF-16 units of text that are still copied.
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
            && let Some(headers) = response_headers(item)
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

    /// Puts each value into its parent. Children come after their parents, so that each value is
    /// whole when it is reached from the end.
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

/// The headers of a `Headers` object, which has no keys of its own; `None` for anything else.
pub(crate) fn response_headers(item: &JsValue) -> Option<Value> {
    let read: Function = get(item, "get").dyn_into().ok()?;
    let entry = |name: &&'static str| {
        let value = read.call1(item, &self::name(name)).ok()?.as_string()?;
        let value = if *name == LOCATION { origin(&value)?.to_owned() } else { value };
        Some(((*name).to_owned(), Value::String(value)))
    };
    Some(Value::Object(HEADERS.iter().filter_map(entry).collect()))
}
