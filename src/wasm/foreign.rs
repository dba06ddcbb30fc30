//! A request in the words of another protocol. The pictures in it are handed on as the JavaScript
//! strings that they are.

use js_sys::{Array, JSON, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::convert::{Fields, as_array, copy_of, get, get_dynamic, get_text, keys, name, set};
use super::host::Host;
use super::request::Request;
use crate::protocol::{Protocol, openai_images, vertex};
use crate::text::join;

/// The body for a model of a protocol that is not Gemini's.
///
/// # Errors
/// What `JSON.stringify` throws.
pub(crate) fn text(
    protocol: Protocol,
    request: &Request,
    model: &str,
    host: &Host,
) -> Result<JsString, JsValue> {
    let body = request.body();
    let own = Object::new();
    let said = match protocol {
        Protocol::Imagen => &Object::new(),
        _ => &own,
    };
    translate(protocol, &body, said, host);
    match protocol {
        Protocol::Imagen => imagen(&own, said, request, &body),
        Protocol::OpenaiImages => images(&own, request, &body, model),
        _ => chat(&own, request, &body, model),
    }
    JSON::stringify(&own)
}

/// Says in `into` what the request configures, as far as the protocol has words for it.
fn translate(protocol: Protocol, body: &Object, into: &Object, host: &Host) {
    let mut dropped = Vec::new();
    let config = get(body, "generationConfig");
    for key in keys(&config) {
        let Some(text) = key.as_string() else { continue };
        match protocol.word(&text) {
            Some(word) => set(into, word, &get_dynamic(&config, &key)),
            // The picture's shape is said on its own, and that it shall be one goes without saying.
            None if text == "imageConfig" || text == "responseModalities" => {}
            None => dropped.push(text),
        }
    }
    let known = ["contents", "systemInstruction", "generationConfig"];
    let top = keys(body).into_iter().filter_map(|key| key.as_string());
    dropped.extend(top.filter(|key| !known.contains(&key.as_str())));
    warn(protocol, &dropped, host);
}

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

/// The body of the Gemini API without what Vertex AI does not know.
pub(crate) fn for_vertex(body: &Object, host: &Host) -> Object {
    let known = copy_of(body);
    let mut dropped = Vec::new();
    for &key in vertex::UNKNOWN {
        if !get(body, key).is_undefined() {
            let _ = Reflect::delete_property(&known, &name(key));
            dropped.push(key.to_owned());
        }
    }
    warn(Protocol::Vertex, &dropped, host);
    known
}

fn imagen(own: &Object, parameters: &Object, request: &Request, body: &Object) {
    let need = &request.need;
    if get(parameters, "sampleCount").is_undefined() {
        set(parameters, "sampleCount", &1.into());
    }
    if let Some(ratio) = &need.ratio {
        set(parameters, "aspectRatio", &ratio.as_str().into());
    }
    if let Some(size) = need.size {
        set(parameters, "sampleImageSize", &name(size.as_str()));
    }
    let instance = Fields::new().set("prompt", prompt(body)).done();
    set(own, "instances", &Array::of1(&instance));
    set(own, "parameters", parameters);
}

fn images(own: &Object, request: &Request, body: &Object, model: &str) {
    set(own, "model", &model.into());
    set(own, "prompt", &prompt(body));
    if let Some(size) = openai_images::size(&request.need) {
        set(own, "size", &size.into());
    }
}

fn chat(own: &Object, request: &Request, body: &Object, model: &str) {
    let messages = Array::new();
    let add = |role: &'static str, content: JsValue| {
        messages.push(&Fields::new().set("role", name(role)).set("content", content).done());
    };
    let system = get(body, "systemInstruction");
    if system.is_object() {
        add("system", texts(&system).into());
    }
    for content in list(&get(body, "contents")) {
        let is_own = get(&content, "role") == "model";
        add(if is_own { "assistant" } else { "user" }, said(&content));
    }
    set(own, "model", &model.into());
    set(own, "messages", &messages);
    set(own, "modalities", &Array::of2(&name("image"), &name("text")));
    let need = &request.need;
    if need.ratio.is_some() || need.size.is_some() {
        let shape = Fields::new()
            .set_some("aspect_ratio", need.ratio.as_deref())
            .set_some("image_size", need.size.map(|size| name(size.as_str())));
        set(own, "image_config", &shape.done());
    }
    set(own, "stream", &JsValue::FALSE);
}

/// A content as a text, or as parts where it shows pictures.
fn said(content: &JsValue) -> JsValue {
    let parts = list(&get(content, "parts"));
    if !parts.iter().any(|part| get(part, "inlineData").is_object()) {
        return texts(content).into();
    }
    let said = Array::new();
    for part in parts {
        let data = get(&part, "inlineData");
        if let Some(bytes) = get(&data, "data").dyn_ref::<JsString>() {
            let mime = get_text(&data, "mimeType").unwrap_or_default();
            // Joined on that side: the bytes are not copied here.
            let url = JsString::from(["data:", &mime, ";base64,"].concat()).concat(bytes);
            let url = Fields::new().set("url", url).done();
            said.push(&Fields::new().set("type", name("image_url")).set("image_url", url).done());
        } else if get(&part, "text").is_string() {
            let text = get(&part, "text");
            said.push(&Fields::new().set("type", name("text")).set("text", text).done());
        }
    }
    said.into()
}

/// All that is said in a request of one turn; its instruction comes first.
fn prompt(body: &Object) -> JsString {
    let all = Array::new();
    let system = get(body, "systemInstruction");
    let said = [system].into_iter().chain(list(&get(body, "contents")));
    for content in said.filter(JsValue::is_object) {
        all.push(&texts(&content));
    }
    all.join("\n\n")
}

/// The texts of a content.
fn texts(content: &JsValue) -> JsString {
    let texts: Array = list(&get(content, "parts"))
        .iter()
        .map(|part| get(part, "text"))
        .filter(JsValue::is_string)
        .collect();
    texts.join("\n")
}

fn list(value: &JsValue) -> Vec<JsValue> {
    as_array(value).map(Array::to_vec).unwrap_or_default()
}
