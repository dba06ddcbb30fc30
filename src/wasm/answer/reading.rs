//! An answer that is being normalized; the pictures in it stay JavaScript strings.

use js_sys::{Array, JsString, Object, RegExp};
use wasm_bindgen::prelude::*;

use crate::protocol::media::{self, HEAD};
use crate::wasm::values::access::get;
use crate::wasm::values::object::object;
use crate::wasm::values::text::bounded;

/// An answer of the Gemini API that is being made from another one.
pub(crate) struct Reading {
    pub(super) body: Object,
    pub(super) parts: Array,
    pub(super) links: Vec<String>,
    /// Whether there are pictures that need not be fetched.
    pub(super) has_pictures: bool,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self { body: Object::new(), parts: Array::new(), links: Vec::new(), has_pictures: false }
    }

    /// A picture in base64; some servers write a data URL where it should be.
    pub(super) fn base64(&mut self, data: &JsValue, mime: Option<String>) {
        let Some(data) = data.dyn_ref::<JsString>().filter(|data| data.length() > 0) else {
            return;
        };
        let head = head_of(data);
        let Some((said, at)) = media::data_url(&head) else {
            if let Some(mime) = media::picture(&head, mime.as_deref()) {
                self.add(mime, data);
            }
            return;
        };
        let at = u32::try_from(at).unwrap_or_default();
        let data = data.slice(at, data.length());
        if let Some(mime) = media::picture(&head_of(&data), Some(said)) {
            self.add(mime, &data);
        }
    }

    /// A data URL, or a link.
    pub(super) fn url(&mut self, url: &JsValue) {
        let Some(url) = url.dyn_ref::<JsString>().filter(|url| url.length() > 0) else { return };
        if media::data_url(&head_of(url)).is_some() {
            self.base64(url, None);
        } else {
            self.links.push(bounded(url));
        }
    }

    fn add(&mut self, mime: &str, data: &JsString) {
        self.parts.push(&picture_part(mime, data));
        self.has_pictures = true;
    }

    /// Whether there are pictures, or may be.
    pub(crate) fn has_some(&self) -> bool {
        self.has_pictures || !self.links.is_empty()
    }

    /// A part such as `{ image_url: { url } }`, `{ url }` or `{ b64_json }`.
    pub(super) fn part(&mut self, part: &JsValue) {
        let before = (self.parts.length(), self.links.len());
        for place in [get(part, "image_url"), get(part, "image"), part.clone()] {
            self.url(&place);
            self.url(&get(&place, "url"));
            for key in ["b64_json", "base64", "data"] {
                self.base64(&get(&place, key), None);
            }
            if before != (self.parts.length(), self.links.len()) {
                return;
            }
        }
    }

    /// A text, and the pictures in it.
    pub(super) fn text(&mut self, text: &JsString) {
        let mut left = text.clone();
        let seeks = !self.has_some();
        let mut plain = JsString::from("");
        while let Some(at) = found(left.index_of("data:image/", 0)) {
            let url = left.slice(at, left.length());
            let head = head_of(&url);
            let begin = media::data_url(&head).map_or(5, |(_, at)| at as u32);
            let data = url.slice(begin, url.length());
            let length = found(data.search(&RegExp::new("[^A-Za-z0-9+/=_-]", "")))
                .unwrap_or_else(|| data.length());
            if seeks && media::data_url(&head).is_some() {
                self.url(&url.slice(0, begin.saturating_add(length)));
            }
            plain = plain.concat(&left.slice(0, at));
            left = data.slice(length, data.length());
        }
        plain = plain.concat(&left);
        if seeks && !self.has_pictures {
            let said = bounded(&plain);
            self.links.extend(media::links(&said).into_iter().map(str::to_owned));
        }
        if plain.trim().length() > 0 {
            self.parts.push(&object(&[("text", &plain)]));
        }
    }
}

/// The first letters of a data URL or of base64.
pub(super) fn head_of(data: &JsString) -> String {
    String::from(data.slice(0, HEAD as u32))
}

pub(super) fn picture_part(mime: &str, data: &JsString) -> JsValue {
    let data = object(&[("mimeType", &mime.into()), ("data", data)]);
    object(&[("inlineData", &data)])
}

fn found(index: i32) -> Option<u32> {
    u32::try_from(index).ok()
}
