//! Of an answer only a summary is read; its pictures stay where they are.

use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;

use super::convert::{as_array, get, get_dynamic, get_text, is_plain, keys};
use super::quota::nanos;
use crate::base::time::Millis;
use crate::base::value::Value;
use crate::engine::input::Used;
use crate::models::cost::{self, Counts, TokenUsage};
use crate::models::model::Model;
use crate::models::service_tier::ServiceTier;
use crate::protocol::media::{HEAD, data_url, picture};

/// The most parts and candidates that are looked at.
const LIST_MAX: u32 = 64;
/// A text part is kept this far, to be quoted where a picture was wanted.
const TEXT_MAX: u32 = 1_000;

/// What is read of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    /// Pictures that are no thoughts.
    pub(crate) pictures: u32,
    /// The tokens that it reports.
    pub(crate) usage: Option<TokenUsage>,
    /// The tier that has served, where it says so.
    pub(crate) tier: Option<ServiceTier>,
    /// How often the model searched the web.
    pub(crate) searches: u32,
}

/// Counts the pictures and reads the tokens.
pub(crate) fn summary(body: &JsValue) -> Summary {
    let (mut pictures, mut searches) = (0_u32, 0_u32);
    for candidate in list(&get(body, "candidates")) {
        for part in list(&get(&get(&candidate, "content"), "parts")) {
            if is_picture(&part) {
                pictures = pictures.saturating_add(1);
            }
        }
        let grounding = get(&candidate, "groundingMetadata");
        if grounding.is_object() {
            for key in ["webSearchQueries", "imageSearchQueries"] {
                let queries = as_array(&get(&grounding, key)).map_or(0, Array::length);
                searches = searches.saturating_add(queries.min(LIST_MAX));
            }
        }
    }
    let metadata = get(body, "usageMetadata");
    Summary { pictures, usage: usage(&metadata), tier: tier(&metadata), searches }
}

/// The tier of service that `usageMetadata` tells: that of the Developer API, or Vertex AI's traffic.
fn tier(metadata: &JsValue) -> Option<ServiceTier> {
    let said = ["serviceTier", "trafficType"].into_iter().find_map(|key| get_text(metadata, key));
    said.as_deref().map(ServiceTier::served)
}

/// Whether a part is a picture that is no thought.
fn is_picture(part: &JsValue) -> bool {
    let data = get(part, "inlineData");
    let bytes = get(&data, "data");
    let Some(bytes) = bytes.dyn_ref::<JsString>().filter(|bytes| bytes.length() > 0) else {
        return false;
    };
    let head = String::from(bytes.slice(0, HEAD as u32));
    // A data URL is made base64 first (`reading`).
    data_url(&head).is_none()
        && picture_type(&head, get_text(&data, "mimeType")).is_some()
        && get(part, "thought") != JsValue::TRUE
}

/// The type of a picture, by the first letters of its base64 and what is said of it, if anything;
/// `None` for what is none. What nothing tells is a picture all the same: it is paid for.
pub(crate) fn picture_type(head: &str, said: Option<String>) -> Option<String> {
    let said = said.as_deref().unwrap_or(UNTOLD);
    let mime = picture(head, Some(said))?;
    Some(if mime == UNTOLD { "application/octet-stream" } else { mime }.to_owned())
}

/// Said of a picture whose type is not told.
const UNTOLD: &str = "image/";

/// Whether a body without a picture is the service's: it may be empty, but it has no keys that are
/// nobody's.
pub(crate) fn is_gemini(body: &JsValue) -> bool {
    const OURS: [&str; 6] =
        ["candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId", "error"];
    is_plain(body)
        && (OURS.iter().any(|key| !get(body, key).is_undefined()) || keys(body).is_empty())
}

/// Whether this is a list in which something is the service's.
pub(crate) fn has_ours(body: &JsValue) -> bool {
    list(body).any(|chunk| !keys(&chunk).is_empty() && is_gemini(&chunk))
}

/// What the answer of an SDK says that its request took; `None` where it says nothing.
pub(crate) fn used(answer: &JsValue, model: Option<&Model<'_>>) -> Option<Used> {
    // Also in the AI SDK's and the older SDK's envelopes.
    let inner = get(answer, "response");
    let metadata = [answer, &inner].map(|object| get(object, "usageMetadata"));
    let usage = metadata.iter().find_map(usage)?;
    let summary = summary(if metadata[0].is_object() { answer } else { &inner });
    let usd = cost::answer(model, None, Some(&usage), summary.pictures).map(|usd| {
        usd * summary.tier.unwrap_or_default().share() + cost::searches(summary.searches)
    });
    Some(Used { tokens: Some(Millis::from_f64(usage.prompt).0), nanos: usd.map(nanos) })
}

fn usage(metadata: &JsValue) -> Option<TokenUsage> {
    if !metadata.is_object() {
        return None;
    }
    let count = |key: &'static str| get(metadata, key).as_f64();
    let image = list(&get(metadata, "candidatesTokensDetails"))
        .filter(|row| get(row, "modality") == "IMAGE")
        .filter_map(|row| get(&row, "tokenCount").as_f64())
        .reduce(|sum, tokens| sum + tokens);
    Counts::read(count, image).usage()
}

fn list(value: &JsValue) -> impl Iterator<Item = JsValue> {
    let length = as_array(value).map_or(0, Array::length).min(LIST_MAX);
    let value = value.clone();
    (0..length).map(move |index| get_dynamic(&value, &index.into()))
}

/// The answer as the classifier reads it: its reasons and the kinds of its parts, no picture data.
pub(crate) fn outline(body: &JsValue) -> Value {
    let text = |object: &JsValue, key: &'static str| {
        let value = get(object, key);
        let value = value.dyn_ref::<JsString>()?;
        Some((key.to_owned(), Value::String(String::from(value.slice(0, TEXT_MAX)))))
    };
    let part = |part: &JsValue| {
        let mut entries: Vec<(String, Value)> = text(part, "text").into_iter().collect();
        let data = get(part, "inlineData");
        if data.is_object() && is_picture(part) {
            let mime = get_text(&data, "mimeType").map_or(Value::Null, Value::String);
            let data = Value::Object(vec![("mimeType".to_owned(), mime)]);
            entries.push(("inlineData".to_owned(), data));
        }
        if get(part, "thought") == JsValue::TRUE {
            entries.push(("thought".to_owned(), Value::Bool(true)));
        }
        Value::Object(entries)
    };
    let candidate = |candidate: &JsValue| {
        let parts =
            list(&get(&get(candidate, "content"), "parts")).map(|item| part(&item)).collect();
        let content = Value::Object(vec![("parts".to_owned(), Value::Array(parts))]);
        let mut entries = vec![("content".to_owned(), content)];
        entries.extend(
            ["finishReason", "finishMessage"].into_iter().filter_map(|key| text(candidate, key)),
        );
        Value::Object(entries)
    };
    let candidates = list(&get(body, "candidates")).map(|item| candidate(&item)).collect();
    let mut entries = vec![("candidates".to_owned(), Value::Array(candidates))];
    let feedback = get(body, "promptFeedback");
    if feedback.is_object() {
        let reasons = ["blockReason", "blockReasonMessage"];
        let reasons = reasons.into_iter().filter_map(|key| text(&feedback, key)).collect();
        entries.push(("promptFeedback".to_owned(), Value::Object(reasons)));
    }
    entries.extend(text(body, "modelVersion"));
    // An error may hide in a 200: a relay's, or one chunk of a stream.
    let error = get(body, "error");
    if !error.is_undefined() {
        entries.push(("error".to_owned(), super::convert::copy(&error)));
    }
    Value::Object(vec![
        ("status".to_owned(), Value::Number(200.0)),
        ("body".to_owned(), Value::Object(entries)),
    ])
}
