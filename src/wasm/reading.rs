//! An answer in another protocol, turned into one of the Gemini API. The pictures in it stay
//! JavaScript strings; where they lie elsewhere, they are fetched.

use js_sys::{Array, JsString, Object, RegExp};
use wasm_bindgen::prelude::*;

use super::convert::{as_array, bounded, get, get_text, is_plain, keys, list, name, object, set};
use super::host::Host;
use super::send::{self, Letter};
use crate::errors::info::ErrorInfo;
use crate::errors::local::broken_link;
use crate::protocol::media::{self, HEAD};
use crate::protocol::usage::{COUNTS, Count, IMAGE};
use crate::protocol::{Protocol, openai_chat};

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
    let is_bare = protocol == Protocol::Imagen && is_plain(answer) && keys(answer).is_empty();
    if as_array(&get(answer, own)).is_none() && !has_error && !is_bare {
        return None;
    }
    let mut reading = Reading::new();
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
                if message.is_null() {
                    message = JsValue::UNDEFINED;
                }
                copy_error(&row, &reading.body);
            }
        }
    }
    copy_error(answer, &reading.body);
    let content = object(&[("role", &name("model")), ("parts", &reading.parts)]);
    let reason = reason.map_or_else(|| name("STOP"), JsValue::from);
    let candidate = object(&[
        ("content", &content),
        ("finishReason", &reason),
        ("index", &0.into()),
        ("finishMessage", &message),
    ]);
    set(&reading.body, "candidates", &Array::of1(&candidate));
    usage(&get(answer, "usage"), &reading.body);
    for (from, to) in [("model", "modelVersion"), ("id", "responseId")] {
        let value = get(answer, from);
        if value.is_string() {
            set(&reading.body, to, &value);
        }
    }
    Some(reading)
}

/// What is copied of an answer's chunks, of which a later one knows better.
const FIELDS: [&str; 6] =
    ["usageMetadata", "modelVersion", "responseId", "promptFeedback", "modelStatus", "error"];

/// An answer of the Gemini API as some relays write it: a list of chunks, snake case, data URLs,
/// links to files. What holds no picture but in its thoughts gives that one: it is billed.
pub(crate) fn gemini(answer: &JsValue) -> Reading {
    let mut reading = Reading::new();
    let mut thoughts = Vec::new();
    let candidate = object(&[]);
    let chunks = as_array(answer).cloned().unwrap_or_else(|| Array::of1(answer));
    for chunk in list(&chunks) {
        for key in FIELDS {
            copy_field(&chunk, &reading.body, key);
        }
        for given in list(&get(&chunk, "candidates")) {
            for key in ["finishReason", "finishMessage"] {
                copy_field(&given, candidate.unchecked_ref(), key);
            }
            for part in list(&get(&get(&given, "content"), "parts")) {
                let (data, file) = (either(&part, INLINE), either(&part, FILE));
                if file.is_object() {
                    reading.url(&either(&file, URI));
                } else if !data.is_object() {
                    reading.parts.push(&part);
                } else if get(&part, "thought") == JsValue::TRUE {
                    thoughts.push(data);
                } else {
                    reading.base64(&get(&data, "data"), either(&data, MIME).as_string());
                }
            }
        }
    }
    if !reading.has_some() {
        for data in thoughts {
            reading.base64(&get(&data, "data"), either(&data, MIME).as_string());
        }
    }
    let content = object(&[("role", &name("model")), ("parts", &reading.parts)]);
    set(candidate.unchecked_ref(), "content", &content);
    set(&reading.body, "candidates", &Array::of1(&candidate));
    reading
}

const INLINE: [&str; 2] = ["inlineData", "inline_data"];
const FILE: [&str; 2] = ["fileData", "file_data"];
const URI: [&str; 2] = ["fileUri", "file_uri"];
const MIME: [&str; 2] = ["mimeType", "mime_type"];

/// A value under either of its names.
fn either(object: &JsValue, names: [&'static str; 2]) -> JsValue {
    let value = get(object, names[0]);
    if value.is_undefined() { get(object, names[1]) } else { value }
}

fn copy_field(from: &JsValue, to: &Object, key: &'static str) {
    let value = get(from, key);
    if !value.is_undefined() && !value.is_null() {
        set(to, key, &value);
    }
}

/// An error may hide in a 200.
fn copy_error(from: &JsValue, to: &Object) {
    copy_field(from, to, "error");
}

impl Reading {
    fn new() -> Self {
        Self { body: Object::new(), parts: Array::new(), links: Vec::new(), has_pictures: false }
    }

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
                Err(info) => failed = Some(info),
            }
        }
        match failed {
            Some(info) if !has_pictures => Err(info),
            _ => Ok(self.body.into()),
        }
    }

    /// A picture in base64; some servers write a data URL where it should be.
    fn base64(&mut self, data: &JsValue, mime: Option<String>) {
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
    fn url(&mut self, url: &JsValue) {
        let Some(url) = url.dyn_ref::<JsString>().filter(|url| url.length() > 0) else { return };
        if media::data_url(&head_of(url)).is_some() {
            self.base64(url, None);
        } else {
            self.links.push(bounded(url));
        }
    }

    fn add(&mut self, mime: &str, data: &JsString) {
        self.parts.push(&picture(mime, data));
        self.has_pictures = true;
    }

    /// Whether there are pictures, or may be.
    pub(crate) fn has_some(&self) -> bool {
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

/// Asks for a picture once more where it did not come: it is paid for, and one that was just made may
/// be there a moment later. Its bytes say what it is, whatever its server says.
async fn fetch(link: &str, letter: &Letter, host: &Host) -> Result<(String, JsString), ErrorInfo> {
    if !media::is_link(link) {
        return Err(broken_link(None));
    }
    let mut status = None;
    for _ in 0..2 {
        let got = send::get(link, letter, host).await?;
        if get(&letter.signal, "aborted") == JsValue::TRUE {
            break;
        }
        status = get(&got, "status").as_f64().map(|status| status as u16);
        let data = get(&got, "data");
        let Some(data) = data.dyn_ref::<JsString>().filter(|_| status == Some(200)) else {
            continue;
        };
        return match media::picture(&head_of(data), None) {
            Some(mime) => Ok((mime.to_owned(), data.clone())),
            None => Err(broken_link(None)),
        };
    }
    Err(broken_link(status))
}

/// The first letters of a data URL or of base64.
fn head_of(data: &JsString) -> String {
    String::from(data.slice(0, HEAD as u32))
}

fn picture(mime: &str, data: &JsString) -> JsValue {
    let data = object(&[("mimeType", &mime.into()), ("data", data)]);
    object(&[("inlineData", &data)])
}

/// Says in an answer of the Gemini API what an answer of OpenAI's reports.
fn usage(usage: &JsValue, answer: &Object) {
    let metadata = Object::new();
    for row in COUNTS {
        set_count(&metadata, row.name, count(usage, row));
    }
    // Zeros are what a relay writes that does not count.
    if keys(&metadata).is_empty() {
        return;
    }
    if let Some(tokens) = count(usage, &IMAGE) {
        let row = object(&[("modality", &name(IMAGE.name)), ("tokenCount", &tokens.into())]);
        set(&metadata, "candidatesTokensDetails", &Array::of1(&row));
    }
    set(answer, "usageMetadata", &metadata);
}

fn set_count(metadata: &Object, name: &'static str, tokens: Option<f64>) {
    if let Some(tokens) = tokens {
        set(metadata, name, &tokens.into());
    }
}

fn count(usage: &JsValue, row: &Count) -> Option<f64> {
    for &place in row.under {
        let place = if place.is_empty() { usage.clone() } else { get(usage, place) };
        for &key in row.keys {
            if let Some(tokens) = get(&place, key).as_f64().filter(|tokens| *tokens > 0.0) {
                return Some(tokens);
            }
        }
    }
    None
}

fn found(index: i32) -> Option<u32> {
    u32::try_from(index).ok()
}
