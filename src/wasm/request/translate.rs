//! A request in the words of another protocol. The pictures in it are handed on as the JavaScript
//! strings that they are.

use js_sys::{Array, JSON, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::base::text::join;
use crate::protocol::need::Need;
use crate::protocol::need::Size;
use crate::protocol::{Protocol, openai_images, vertex};
use crate::wasm::host::Host;
use crate::wasm::values::access::{get, get_dynamic, get_text, keys, list, set, take};
use crate::wasm::values::name::name;
use crate::wasm::values::object::{copy_of, object};

/// The body for a model of a protocol that is not Gemini's.
///
/// # Errors
/// The error of `JSON.stringify`.
pub(super) fn translated_text(
    protocol: Protocol,
    need: &Need,
    body: &Object,
    model: &str,
    host: &Host,
) -> Result<JsString, JsValue> {
    let own = Object::new();
    // The parameters of Imagen are an object of their own beside the prompt.
    let parameters = if protocol == Protocol::Imagen { Object::new() } else { own.clone() };
    translate(protocol, body, &parameters, host);
    match protocol {
        Protocol::Imagen => imagen(&own, &parameters, need, body),
        Protocol::OpenaiImages => images(&own, need, body, model),
        _ => chat(&own, need, body, model),
    }
    JSON::stringify(&own)
}

/// Copies the configuration of the request, as far as the protocol has words for it, and warns of
/// the rest.
fn translate(protocol: Protocol, body: &Object, into: &Object, host: &Host) {
    let mut dropped = Vec::new();
    let config = get(body, "generationConfig");
    for key in keys(&config) {
        let Some(text) = key.as_string() else { continue };
        match protocol.word(&text) {
            Some(word) => set(into, word, &get_dynamic(&config, &key)),
            // The shape of the picture is set elsewhere, and the answer is always a picture.
            None if text == "imageConfig" || text == "responseModalities" => {}
            None => dropped.push(text),
        }
    }
    for key in keys(body) {
        match key.as_string() {
            Some(key) if !TRANSLATED.contains(&key.as_str()) => dropped.push(key),
            _ => {}
        }
    }
    warn(protocol, &dropped, host);
}

/// Keys of a body that are translated as a whole.
const TRANSLATED: [&str; 3] = ["contents", "systemInstruction", "generationConfig"];

fn warn(protocol: Protocol, dropped: &[String], host: &Host) {
    if !dropped.is_empty() {
        let names = join(dropped.iter().map(String::as_str), ", ");
        let text = [
            "`",
            &names,
            "` cannot be said to a target of protocol `",
            protocol.as_str(),
            "`, and is left out",
        ];
        host.warn(&text.concat());
    }
}

/// Drops the keys that Vertex AI does not know, and renames the SDK's keys for the file of the
/// picture to the API's. The tier of service is a header there.
pub(super) fn adapt_for_vertex(body: &Object, image: &Object, host: &Host) {
    let mut dropped = Vec::new();
    for &key in vertex::UNKNOWN {
        if take(body, key) {
            dropped.push(key.to_owned());
        }
    }
    take(body, "serviceTier");
    for (word, key) in vertex::OUTPUT {
        let value = get(image, word);
        if take(image, word) {
            let output = copy_of(&get(image, "imageOutputOptions"));
            set(&output, key, &value);
            set(image, "imageOutputOptions", &output);
        }
    }
    warn(Protocol::Vertex, &dropped, host);
}

/// Drops the keys that only Vertex AI knows.
pub(super) fn adapt_for_gemini(body: &Object, image: &Object, host: &Host) {
    let of_body = vertex::ONLY.iter().filter(|row| take(body, row.0));
    let of_image = vertex::ONLY_IMAGE.iter().filter(|row| take(image, row.0));
    let dropped: Vec<String> = of_body.chain(of_image).map(|row| row.0.to_owned()).collect();
    warn(Protocol::Gemini, &dropped, host);
}

fn imagen(own: &Object, parameters: &Object, need: &Need, body: &Object) {
    if get(parameters, "sampleCount").is_undefined() {
        set(parameters, "sampleCount", &1.into());
    }
    set_text(parameters, "aspectRatio", need.ratio.as_deref());
    set_text(parameters, "sampleImageSize", need.size.map(Size::as_str));
    let instance = object(&[("prompt", &prompt(body))]);
    set(own, "instances", &Array::of1(&instance));
    set(own, "parameters", parameters);
}

fn images(own: &Object, need: &Need, body: &Object, model: &str) {
    set_text(own, "model", Some(model));
    set(own, "prompt", &prompt(body));
    set_text(own, "size", openai_images::size(need).as_deref());
}

fn chat(own: &Object, need: &Need, body: &Object, model: &str) {
    let messages = Array::new();
    let system = get(body, "systemInstruction");
    if system.is_object() {
        add(&messages, "system", &texts(&system));
    }
    for content in list(&get(body, "contents")) {
        let is_own = get(&content, "role") == "model";
        add(&messages, if is_own { "assistant" } else { "user" }, &message_content(&content));
    }
    set_text(own, "model", Some(model));
    set(own, "messages", &messages);
    set(own, "modalities", &Array::of2(&name("image"), &name("text")));
    if need.ratio.is_some() || need.size.is_some() {
        let shape = Object::new();
        set_text(&shape, "aspect_ratio", need.ratio.as_deref());
        set_text(&shape, "image_size", need.size.map(Size::as_str));
        set(own, "image_config", &shape);
    }
    set(own, "stream", &JsValue::FALSE);
}

fn add(messages: &Array, role: &'static str, content: &JsValue) {
    messages.push(&object(&[("role", &name(role)), ("content", content)]));
}

fn set_text(into: &Object, key: &'static str, text: Option<&str>) {
    if let Some(text) = text {
        set(into, key, &text.into());
    }
}

/// A content as a text, or as parts where it shows pictures.
fn message_content(content: &JsValue) -> JsValue {
    let said = Array::new();
    let mut has_pictures = false;
    for part in list(&get(content, "parts")) {
        let data = get(&part, "inlineData");
        let text = get(&part, "text");
        if let Some(bytes) = get(&data, "data").dyn_ref::<JsString>() {
            let mime = get_text(&data, "mimeType").unwrap_or_default();
            // The strings are joined in JavaScript, so that the bytes are not copied.
            let url = JsString::from(["data:", &mime, ";base64,"].concat()).concat(bytes);
            let url = object(&[("url", &url)]);
            said.push(&object(&[("type", &name("image_url")), ("image_url", &url)]));
            has_pictures = true;
        } else if text.is_string() {
            said.push(&object(&[("type", &name("text")), ("text", &text)]));
        }
    }
    if has_pictures { said.into() } else { texts(content).into() }
}

/// All texts of a request of one turn, the system instruction first.
fn prompt(body: &Object) -> JsString {
    let all = Array::new();
    let system = get(body, "systemInstruction");
    if system.is_object() {
        all.push(&texts(&system));
    }
    for content in list(&get(body, "contents")) {
        all.push(&texts(&content));
    }
    all.join("\n\n")
}

/// The texts of a content.
fn texts(content: &JsValue) -> JsString {
    let texts = Array::new();
    for part in list(&get(content, "parts")) {
        let text = get(&part, "text");
        if text.is_string() {
            texts.push(&text);
        }
    }
    texts.join("\n")
}
