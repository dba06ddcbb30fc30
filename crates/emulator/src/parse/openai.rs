//! Requests of OpenAI's protocols: `/v1/images/generations` and `/v1/chat/completions`.

use serde_json::Value;

use crate::model::catalogue::{LONG_RATIOS, RATIOS, Size};
use crate::model::generation::Generation;
use crate::model::protocol::Protocol;
use crate::parse::generation::blank;
use crate::parse::models::find_model;
use crate::parse::parsed::Parsed;
use crate::parse::prompt::Prompt;
use crate::parse::request::Request;
use crate::parse::review::read_json;
use crate::settings::config::Config;
use crate::wire::refusal::{Refusal, refuse};

/// The protocol of a path.
pub(crate) fn protocol_of(path: &str) -> Option<Protocol> {
    match path {
        "/v1/images/generations" => Some(Protocol::Images),
        "/v1/chat/completions" => Some(Protocol::Chat),
        _ => None,
    }
}

pub(crate) fn understand(
    config: &Config,
    request: &Request,
    parsed: &mut Parsed,
) -> Result<Generation, Refusal> {
    let root = Value::Object(read_json(request)?);
    let name = root.get("model").and_then(Value::as_str).unwrap_or_default();
    parsed.model = name.to_owned();
    if !request.method.eq_ignore_ascii_case("POST") {
        return refuse(405, "Only POST is supported here.");
    }
    let model = find_model(config, name, "v1", "generateContent")?;
    let mut generation = blank(config, request, model);
    let mut prompt = Prompt::new();
    if parsed.protocol == Protocol::Images {
        let Some(text) = root.get("prompt").and_then(Value::as_str).filter(|text| !text.is_empty())
        else {
            return refuse(400, "Missing required parameter: 'prompt'.");
        };
        prompt.text(text);
        generation.wants_text = false;
        if let Some(size) = root.get("size").and_then(Value::as_str) {
            let Some(size) = pixels(size).filter(|size| model.takes(*size)) else {
                return refuse(400, &format!("Invalid size: {size}"));
            };
            generation.size = size;
        }
    } else {
        messages(&root, &mut prompt)?;
        if let Some(shape) = root.get("image_config") {
            generation.size = size_of(shape, generation.size)?;
            if !model.takes(generation.size) {
                return refuse(400, "image_config.image_size is not supported by this model");
            }
        }
    }
    prompt.complete(generation)
}

/// The size of a picture of so many pixels a side.
fn pixels(text: &str) -> Option<Size> {
    let (width, height) = text.split_once('x')?;
    let (width, height): (u32, u32) = (width.parse().ok()?, height.parse().ok()?);
    match u64::from(width).saturating_mul(u64::from(height)) {
        0..=65_535 => None,
        65_536..=393_216 => Some(Size::Half),
        393_217..=2_097_152 => Some(Size::One),
        2_097_153..=8_388_608 => Some(Size::Two),
        8_388_609..=33_554_432 => Some(Size::Four),
        _ => None,
    }
}

fn size_of(shape: &Value, usual: Size) -> Result<Size, Refusal> {
    let ratio = shape.get("aspect_ratio").and_then(Value::as_str);
    if ratio.is_some_and(|ratio| !RATIOS.contains(&ratio) && !LONG_RATIOS.contains(&ratio)) {
        return refuse(400, "image_config.aspect_ratio is not supported");
    }
    match shape.get("image_size").and_then(Value::as_str) {
        None => Ok(usual),
        Some(size) => match Size::parse(size) {
            Some(size) => Ok(size),
            None => refuse(400, "image_config.image_size is not supported"),
        },
    }
}

fn messages(root: &Value, prompt: &mut Prompt) -> Result<(), Refusal> {
    let Some(messages) = root.get("messages").and_then(Value::as_array).filter(|m| !m.is_empty())
    else {
        return refuse(400, "Missing required parameter: 'messages'.");
    };
    for message in messages {
        let role = message.get("role").and_then(Value::as_str);
        if !matches!(role, Some("system" | "user" | "assistant")) {
            return refuse(400, "Invalid value: 'role' must be system, user or assistant.");
        }
        match message.get("content") {
            Some(Value::String(text)) => prompt.text(text),
            Some(Value::Array(parts)) => {
                for part in parts {
                    self::part(part, prompt)?;
                }
            }
            _ => return refuse(400, "Invalid type for 'content': expected a string or an array."),
        }
    }
    Ok(())
}

fn part(part: &Value, prompt: &mut Prompt) -> Result<(), Refusal> {
    let text = |pointer: &str| part.pointer(pointer).and_then(Value::as_str);
    match text("/type") {
        Some("text") => prompt.text(text("/text").unwrap_or_default()),
        Some("image_url") => {
            let url = text("/image_url/url").unwrap_or_default();
            if !url.starts_with("data:image/") && !url.starts_with("http") {
                return refuse(400, "Invalid 'image_url': expected a data URL or an http(s) URL.");
            }
            prompt.picture(url);
        }
        _ => return refuse(400, "Invalid value: 'type' must be text or image_url."),
    }
    Ok(())
}
