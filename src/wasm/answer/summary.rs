//! The summary of an answer, whose pictures stay where they are.

use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;

use crate::models::cost::{Counts, TokenUsage};
use crate::models::service_tier::ServiceTier;
use crate::protocol::media::{HEAD, data_url, picture};
use crate::wasm::values::access::{get, get_dynamic, get_text};
use crate::wasm::values::check::as_array;

/// The most parts and candidates that are looked at.
const LIST_MAX: u32 = 64;

/// The figures of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    /// Pictures that are no thoughts.
    pub(crate) pictures: u32,
    /// The tokens that it reports.
    pub(crate) usage: Option<TokenUsage>,
    /// The tier of service that answered, where it says so.
    pub(crate) tier: Option<ServiceTier>,
    /// The number of times the model searched the web.
    pub(crate) searches: u32,
}

impl Summary {
    /// Counts the pictures and reads the tokens.
    pub(crate) fn of(body: &JsValue) -> Self {
        let (mut pictures, mut searches) = (0_u32, 0_u32);
        for candidate in items(&get(body, "candidates")) {
            for part in items(&get(&get(&candidate, "content"), "parts")) {
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
        Self { pictures, usage: usage(&metadata), tier: tier(&metadata), searches }
    }
}

/// The tier of service in `usageMetadata`: the Developer API's, or the traffic type of Vertex AI.
fn tier(metadata: &JsValue) -> Option<ServiceTier> {
    let said = ["serviceTier", "trafficType"].into_iter().find_map(|key| get_text(metadata, key));
    said.as_deref().map(ServiceTier::served)
}

/// Whether a part is a picture that is no thought.
pub(super) fn is_picture(part: &JsValue) -> bool {
    let data = get(part, "inlineData");
    let bytes = get(&data, "data");
    let Some(bytes) = bytes.dyn_ref::<JsString>().filter(|bytes| bytes.length() > 0) else {
        return false;
    };
    let head = String::from(bytes.slice(0, HEAD as u32));
    // A data URL is made base64 first, in `reading`.
    data_url(&head).is_none()
        && picture_type(&head, get_text(&data, "mimeType")).is_some()
        && get(part, "thought") != JsValue::TRUE
}

/// The type of a picture, by the first letters of its base64 and the type that its answer names;
/// `None` where it is no picture. One without any type is a picture too, since it is paid for.
pub(crate) fn picture_type(head: &str, said: Option<String>) -> Option<String> {
    let said = said.as_deref().unwrap_or(UNTOLD);
    let mime = picture(head, Some(said))?;
    Some(if mime == UNTOLD { "application/octet-stream" } else { mime }.to_owned())
}

/// The type of a picture for which none is named.
const UNTOLD: &str = "image/";

pub(super) fn usage(metadata: &JsValue) -> Option<TokenUsage> {
    if !metadata.is_object() {
        return None;
    }
    let count = |key: &'static str| get(metadata, key).as_f64();
    let image = items(&get(metadata, "candidatesTokensDetails"))
        .filter(|row| get(row, "modality") == "IMAGE")
        .filter_map(|row| get(&row, "tokenCount").as_f64())
        .reduce(|sum, tokens| sum + tokens);
    Counts::read(count, image).usage()
}

pub(super) fn items(value: &JsValue) -> impl Iterator<Item = JsValue> {
    let length = as_array(value).map_or(0, Array::length).min(LIST_MAX);
    let value = value.clone();
    (0..length).map(move |index| get_dynamic(&value, &index.into()))
}
