//! An answer with status 200: does it hold a picture, and if not, why not?

use crate::base::value::Value;
use crate::errors::evidence::Evidence;
use crate::errors::field::{Field, field};

/// The keys that an answer of a model is known by, on any of the ways to ask for pictures.
const PARTS: [&str; 7] = [
    "candidates",
    "promptFeedback",
    "prompt_feedback",
    "predictions",
    "generatedImages",
    "choices",
    "steps",
];

/// Whether the key holds what the model made.
pub(crate) fn is_part(key: &str) -> bool {
    PARTS.contains(&key)
}

/// How many values of an answer are looked at.
const NODES_MAX: u32 = 4_000;

/// Takes in an answer and says whether this is one.
pub(crate) fn note(ev: &mut Evidence, value: &Value) -> bool {
    let entries = value.entries();
    let has_error = !matches!(value.get("error"), None | Some(Value::Null));
    if has_error || !entries.iter().any(|(key, _)| is_part(key)) {
        return false;
    }
    let mut has_picture = false;
    let mut nodes = NODES_MAX;
    let mut open: Vec<(&str, &Value)> = entries
        .iter()
        .filter(|(key, _)| is_part(key))
        .map(|(key, item)| (key.as_str(), item))
        .collect();
    while let Some((key, value)) = open.pop() {
        let Some(left) = nodes.checked_sub(1) else { break };
        nodes = left;
        if is_picture(key, value) {
            has_picture = true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (key, item))),
            // The model's thoughts are no part of its answer.
            Value::Object(_) if is_thought(value) => {}
            Value::Object(entries) => {
                open.extend(entries.iter().map(|(key, item)| (key.as_str(), item)));
            }
            Value::String(text) => {
                if let Some(field) = field(key).filter(|field| {
                    matches!(field, Field::Finish | Field::Block | Field::Filtered | Field::Message)
                }) {
                    if field == Field::Message {
                        ev.says(u32::MAX, text);
                        ev.sentence(text);
                    } else {
                        ev.entry(0, field, text);
                    }
                }
            }
            _ => {}
        }
    }
    ev.picture = Some(ev.picture.unwrap_or(false) || has_picture);
    true
}

fn is_thought(part: &Value) -> bool {
    matches!(part.get("thought"), Some(Value::Bool(true)))
        || part.get("type").and_then(Value::as_str) == Some("thought")
}

/// A picture, whose data a copy of the answer may have left out; a gateway that drops a picture
/// leaves an empty text.
fn is_picture(key: &str, value: &Value) -> bool {
    let is_image = |name: &str| {
        value.get(name).and_then(Value::as_str).is_none_or(|mime| mime.starts_with("image/"))
    };
    let is_full = |name: &str| value.get(name).and_then(Value::as_str) != Some("");
    match key {
        "inlineData" | "inline_data" | "fileData" | "file_data" => {
            matches!(value, Value::Object(_))
                && is_image("mimeType")
                && is_image("mime_type")
                && is_full("data")
        }
        "bytesBase64Encoded" | "imageBytes" | "b64_json" | "image_url" => {
            value.as_str() != Some("") && !matches!(value, Value::Null)
        }
        "content" => {
            value.get("type").and_then(Value::as_str) == Some("image") && is_full("data")
                || value
                    .items()
                    .iter()
                    .any(|item| item.get("type").and_then(Value::as_str) == Some("image"))
                || value
                    .as_str()
                    .is_some_and(|text| crate::base::text::contains(text, "data:image/"))
        }
        _ => false,
    }
}
