//! An answer in another protocol, turned into one of the Gemini API. The pictures in it stay
//! JavaScript strings; where they lie elsewhere, they are fetched.

use js_sys::{Array, JsString, Object, RegExp};
use wasm_bindgen::prelude::*;

use super::convert::{Fields, as_array, bounded, get, get_dynamic, get_text, is_plain, name, set};
use super::host::Host;
use super::send::{self, Letter};
use crate::failure::broken_link;
use crate::info::ErrorInfo;
use crate::protocol::media::{self, HEAD};
use crate::protocol::usage::{COUNTS, Count, IMAGE};
use crate::protocol::{Protocol, openai_chat};

/// The most choices, parts and pictures that are looked at.
const LIST_MAX: u32 = 64;

/// What was read of an answer.
pub(crate) struct Reading {
    body: Object,
    parts: Array,
    links: Vec<String>,
    /// Whether there are pictures that need not be fetched.
    has_pictures: bool,
}

/// Reads the body of a 200; `None` for one that is not of the protocol.
pub(crate) fn read(protocol: Protocol, answer: &JsValue) -> Option<Reading> {
    let own = match protocol {
        Protocol::Imagen => "predictions",
        Protocol::OpenaiImages => "data",
        _ => "choices",
    };
    let rows = list(&get(answer, own));
    let has_error = !matches!(get(answer, "error"), none if none.is_undefined() || none.is_null());
    // A server of Imagen leaves out what is empty: everything, where all pictures were filtered.
    let is_bare = protocol == Protocol::Imagen && is_plain(answer);
    if as_array(&get(answer, own)).is_none() && !has_error && !is_bare {
        return None;
    }
    let mut reading = Reading {
        body: Object::new(),
        parts: Array::new(),
        links: Vec::new(),
        has_pictures: false,
    };
    let mut reason = None;
    let mut message = JsValue::UNDEFINED;
    for row in rows {
        match protocol {
            Protocol::Imagen => {
                reading.base64(&get(&row, "bytesBase64Encoded"), get_text(&row, "mimeType"));
                let filtered = get(&row, "raiFilteredReason");
                if filtered.is_string() {
                    (reason, message) = (Some("IMAGE_SAFETY".to_owned()), filtered);
                }
            }
            Protocol::OpenaiImages => {
                reading.base64(&get(&row, "b64_json"), None);
                reading.url(&get(&row, "url"));
            }
            _ => {
                reading.choice(&get(&row, "message"));
                if let Some(said) = get_text(&row, "finish_reason") {
                    reason = Some(openai_chat::finish_reason(&said).to_owned());
                }
                message = get(&get(&row, "message"), "refusal");
                copy_error(&row, &reading.body);
            }
        }
    }
    copy_error(answer, &reading.body);
    let content =
        Fields::new().set("role", name("model")).set("parts", reading.parts.clone()).done();
    let mut candidate = Fields::new()
        .set("content", content)
        .set("finishReason", reason.unwrap_or_else(|| "STOP".to_owned()))
        .set("index", 0);
    if message.is_string() {
        candidate = candidate.set("finishMessage", message);
    }
    set(&reading.body, "candidates", &Array::of1(&candidate.done()));
    let usage = usage(&get(answer, "usage"));
    if usage.is_object() {
        set(&reading.body, "usageMetadata", &usage);
    }
    for (from, to) in [("model", "modelVersion"), ("id", "responseId")] {
        let value = get(answer, from);
        if value.is_string() {
            set(&reading.body, to, &value);
        }
    }
    Some(reading)
}

/// An error may hide in a 200.
fn copy_error(from: &JsValue, to: &Object) {
    let error = get(from, "error");
    if !error.is_undefined() && !error.is_null() {
        set(to, "error", &error);
    }
}

impl Reading {
    /// The answer, once its links are fetched.
    ///
    /// # Errors
    /// Where not one of its pictures could be had.
    pub(crate) async fn finish(self, letter: &Letter, host: &Host) -> Result<JsValue, ErrorInfo> {
        let mut failed = None;
        let mut has_pictures = self.has_pictures;
        for link in &self.links {
            match fetch(link, letter, host).await {
                Ok((mime, data)) => {
                    self.parts.push(&picture(&mime, &data));
                    has_pictures = true;
                }
                Err(status) => failed = Some(status),
            }
        }
        match failed {
            Some(status) if !has_pictures => Err(broken_link(status)),
            _ => Ok(self.body.into()),
        }
    }

    /// A picture in base64; some servers write a data URL where it should be.
    fn base64(&mut self, data: &JsValue, mime: Option<String>) {
        let Some(data) = data.dyn_ref::<JsString>().filter(|data| data.length() > 0) else {
            return;
        };
        let head = String::from(data.slice(0, HEAD as u32));
        if let Some((mime, at)) = media::data_url(&head) {
            let at = u32::try_from(at).unwrap_or_default();
            self.add(mime, &data.slice(at, data.length()));
            return;
        }
        let known = media::sniff(&head).map(str::to_owned);
        self.add(&known.or(mime).unwrap_or_else(|| "image/png".to_owned()), data);
    }

    /// A data URL, or a link.
    fn url(&mut self, url: &JsValue) {
        let Some(url) = url.dyn_ref::<JsString>().filter(|url| url.length() > 0) else { return };
        if media::data_url(&String::from(url.slice(0, HEAD as u32))).is_some() {
            self.base64(url, None);
        } else {
            self.links.push(bounded(url));
        }
    }

    fn add(&mut self, mime: &str, data: &JsString) {
        self.parts.push(&picture(mime, data));
        self.has_pictures = true;
    }

    fn has_some(&self) -> bool {
        self.has_pictures || !self.links.is_empty()
    }

    /// A message of the chat API: what is clearly a picture counts before what the text holds, which
    /// repeats it in some relays.
    fn choice(&mut self, message: &JsValue) {
        for image in list(&get(message, "images")) {
            self.part(&image);
        }
        let content = get(message, "content");
        if let Some(text) = content.dyn_ref::<JsString>() {
            self.text(text);
        }
        for part in list(&content) {
            match get(&part, "text").dyn_ref::<JsString>() {
                Some(text) => self.text(text),
                None => self.part(&part),
            }
        }
    }

    /// `{ image_url: { url } }`, `{ image_url }`, `{ url }`, `{ b64_json }`, `{ image: { base64 } }`.
    fn part(&mut self, part: &JsValue) {
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
    fn text(&mut self, text: &JsString) {
        let mut left = text.clone();
        let seeks = !self.has_some();
        let mut plain = JsString::from("");
        while let Some(at) = found(left.index_of("data:image/", 0)) {
            let url = left.slice(at, left.length());
            let head = String::from(url.slice(0, HEAD as u32));
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
            self.parts.push(&Fields::new().set("text", plain).done());
        }
    }
}

/// Asks for a picture once more where it did not come: it is paid for, and one that was just made may
/// be there a moment later. An error is the status that its link gave.
async fn fetch(
    link: &str,
    letter: &Letter,
    host: &Host,
) -> Result<(String, JsString), Option<u16>> {
    if !media::is_link(link) {
        return Err(None);
    }
    let mut status = None;
    for _ in 0..2 {
        let got = send::get(link, letter, host).await;
        if get(&letter.signal, "aborted") == JsValue::TRUE {
            break;
        }
        status = get(&got, "status").as_f64().map(|status| status as u16);
        let data = get(&got, "data");
        let Some(data) = data.dyn_ref::<JsString>().filter(|_| status == Some(200)) else {
            continue;
        };
        let said = get_text(&got, "mime").filter(|mime| mime.starts_with("image/"));
        let known = media::sniff(&String::from(data.slice(0, HEAD as u32))).map(str::to_owned);
        return match known.or(said) {
            Some(mime) if data.length() > 0 => Ok((mime, data.clone())),
            _ => Err(None),
        };
    }
    Err(status)
}

fn picture(mime: &str, data: &JsString) -> JsValue {
    let data = Fields::new().set("mimeType", mime).set("data", data).done();
    Fields::new().set("inlineData", data).done()
}

fn usage(usage: &JsValue) -> JsValue {
    let count = |count: &Count| {
        let places = match count.under {
            [] => vec![usage.clone()],
            under => under.iter().map(|&key| get(usage, key)).collect(),
        };
        let values = places.iter().flat_map(|place| count.keys.iter().map(|&key| get(place, key)));
        values.filter_map(|value| value.as_f64()).find(|&tokens| tokens > 0.0)
    };
    let mut fields = Fields::new();
    let mut has_some = false;
    for row in COUNTS {
        if let Some(tokens) = count(row) {
            fields = fields.set(row.name, tokens);
            has_some = true;
        }
    }
    if let Some(tokens) = count(&IMAGE) {
        let row = Fields::new().set("modality", name(IMAGE.name)).set("tokenCount", tokens);
        fields = fields.set("candidatesTokensDetails", Array::of1(&row.done()));
    }
    // Zeros are what a relay writes that does not count.
    if has_some { fields.done() } else { JsValue::UNDEFINED }
}

fn found(index: i32) -> Option<u32> {
    u32::try_from(index).ok()
}

fn list(value: &JsValue) -> Vec<JsValue> {
    let length = as_array(value).map_or(0, Array::length).min(LIST_MAX);
    (0..length).map(|index| get_dynamic(value, &index.into())).collect()
}
