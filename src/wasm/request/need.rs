//! The needs of a request: of a model, of a protocol, and of a budget.

use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;

use crate::protocol::{Protocol, Saying, vertex};
use crate::wasm::request::body::Body;
use crate::wasm::request::checked::Request;
use crate::wasm::values::access::{get, get_dynamic, keys, list};
use crate::wasm::values::check::{as_array, is_plain};

impl Request {
    /// The keys of its body and one level below, by which a 400 may name them.
    pub(crate) fn keys(&self) -> Vec<String> {
        let body = self.body.object();
        let generation = get(&body, "generationConfig");
        let inner = keys(&generation).into_iter().flat_map(|key| {
            let below = get_dynamic(&generation, &key);
            let below = if is_plain(&below) { keys(&below) } else { Vec::new() };
            core::iter::once(key).chain(below)
        });
        let tools = list(&get(&body, "tools"));
        let tools = tools.iter().flat_map(|tool| if is_plain(tool) { keys(tool) } else { vec![] });
        let all = keys(&body).into_iter().chain(inner).chain(tools);
        all.filter_map(|key| key.as_string()).collect()
    }

    /// The first key that a protocol of Gemini's cannot carry, where that would change the picture.
    pub(crate) fn lacks(&self, protocol: Protocol) -> Option<&'static str> {
        if self.is_prompt() || protocol == Protocol::Vertex {
            return None;
        }
        let body = self.body.object();
        let image = get(&get(&body, "generationConfig"), "imageConfig");
        let first = |object: &JsValue, rows: &[(&'static str, bool)]| {
            let row = rows.iter().find(|row| row.1 && !get(object, row.0).is_undefined());
            row.map(|row| row.0)
        };
        first(&body, &vertex::ONLY).or_else(|| first(&image, &vertex::ONLY_IMAGE))
    }

    /// The features of a request that not every protocol has.
    pub(crate) fn saying(&self) -> Saying {
        if self.is_prompt() {
            return Saying { turns: 1, ..Saying::default() };
        }
        let body = self.body();
        let has = |key: &'static str| !get(&body, key).is_undefined();
        let contents = as_array(&get(&body, "contents")).map(Array::to_vec).unwrap_or_default();
        let mut saying = Saying {
            turns: contents.len(),
            has_tools: has("tools"),
            has_cached: has("cachedContent"),
            ..Saying::default()
        };
        for content in contents {
            let is_own = get(&content, "role") == "model";
            for part in as_array(&get(&content, "parts")).map(Array::to_vec).unwrap_or_default() {
                saying.has_files |= get(&part, "fileData").is_object();
                saying.has_own_pictures |= is_own && get(&part, "inlineData").is_object();
            }
        }
        saying
    }

    fn texts(&self) -> Vec<JsString> {
        if let Body::Prompt(text) = &self.body {
            return vec![text.clone()];
        }
        let body = self.body();
        let parts = |content: &JsValue| as_array(&get(content, "parts")).map(Array::to_vec);
        let contents = as_array(&get(&body, "contents")).map(Array::to_vec);
        let contents = contents.unwrap_or_default().into_iter();
        contents
            .chain([get(&body, "systemInstruction")])
            .flat_map(|content| parts(&content).unwrap_or_default())
            .filter_map(|part| get(&part, "text").dyn_into().ok())
            .collect()
    }

    /// The input tokens that the request is expected to take: a letter is a quarter of one, and a
    /// picture takes up to 1,120 (the price lists of 2026-11).
    pub(crate) fn tokens(&self) -> u64 {
        let letters =
            self.texts().iter().fold(0_u64, |sum, text| sum.saturating_add(text.length().into()));
        let references = u64::try_from(self.need.references).unwrap_or(u64::MAX);
        letters.div_ceil(4).saturating_add(references.saturating_mul(1_120))
    }
}
