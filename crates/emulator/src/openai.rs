//! OpenAI's protocols as resellers of the models speak them: `/v1/images/generations` and
//! `/v1/chat/completions`.
//!
//! Shapes: OpenAI's reference of both, OpenRouter's guide to image generation, and what relays
//! answer in public reports of 2025 and 2026.

use serde_json::{Value, json};

use crate::answer::{Generated, PLACEHOLDER};
use crate::config::Config;
use crate::dress::{Answer, PictureAs, Protocol};
use crate::fields::{Prompt, blank, complete, read_json};
use crate::link;
use crate::models::{LONG_RATIOS, RATIOS, Size};
use crate::plan::Reply;
use crate::request::{Generation, Parsed, Refusal, Request, find_model, pretty, refuse};

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
    complete(generation, &prompt)
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

const DATA_URL: &str = "data:image/png;base64,";
const PROSE: &str = "I can describe this picture, but I did not make one.";

pub(crate) fn images(answer: &Answer<'_>, host: &str, picture_as: PictureAs) -> Reply {
    let data = match answer.generated {
        Generated::Linked { to } => vec![json!({ "url": link::at(host, to) })],
        Generated::Image { .. } if picture_as == PictureAs::Link => {
            vec![json!({ "url": link::to(host, answer.picture) })]
        }
        Generated::Image { .. } => vec![json!({ "b64_json": PLACEHOLDER })],
        Generated::Blocked { .. } | Generated::Nothing { free: true, .. } => {
            let error = json!({
                "code": "content_policy_violation",
                "message": "Your request was rejected as a result of our safety system.",
                "param": null,
                "type": "invalid_request_error",
            });
            return Reply::json(400, pretty(&json!({ "error": error })));
        }
        _ => Vec::new(),
    };
    let usage = &answer.usage;
    let body = json!({
        "created": 1_790_000_000_u64.saturating_add(answer.sequence),
        "data": data,
        "usage": {
            "input_tokens": usage.prompt,
            "output_tokens": usage.candidates(),
            "output_tokens_details": { "image_tokens": usage.image_tokens },
            "total_tokens": usage.prompt.saturating_add(usage.candidates()),
        },
    });
    Reply::json(200, pretty(&body))
}

pub(crate) fn chat(answer: &Answer<'_>, host: &str, picture_as: PictureAs) -> Reply {
    let url = format!("{DATA_URL}{PLACEHOLDER}");
    let shown =
        |link: String| json!({ "role": "assistant", "content": format!("![image]({link})") });
    let mut finish = "stop";
    let message = match (answer.generated, picture_as) {
        (Generated::Linked { to }, _) => shown(link::at(host, to)),
        (Generated::Image { .. }, PictureAs::Link) => shown(link::to(host, answer.picture)),
        (Generated::Image { .. }, PictureAs::Markdown) => shown(url),
        (Generated::Image { .. }, PictureAs::Part) => json!({
            "role": "assistant",
            "content": [
                { "type": "text", "text": "Here is your picture." },
                { "type": "image_url", "image_url": { "url": url } },
            ],
        }),
        (Generated::Image { .. }, PictureAs::Base64) => json!({
            "role": "assistant",
            "content": "Here is your picture.",
            "images": [{ "type": "image_url", "image_url": { "url": url } }],
        }),
        (Generated::Text, _) => json!({ "role": "assistant", "content": PROSE }),
        (Generated::Blocked { .. } | Generated::Nothing { free: true, .. }, _) => {
            finish = "content_filter";
            json!({ "role": "assistant", "content": "" })
        }
        _ => json!({ "role": "assistant", "content": null }),
    };
    let usage = &answer.usage;
    let mut body = json!({
        "id": format!("chatcmpl-{}", answer.sequence),
        "object": "chat.completion",
        "created": 1_790_000_000_u64.saturating_add(answer.sequence),
        "model": answer.model,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.candidates(),
            "total_tokens": usage.prompt.saturating_add(usage.candidates()),
            "completion_tokens_details": {
                "image_tokens": usage.image_tokens,
                "reasoning_tokens": usage.thoughts,
            },
        },
    });
    if let (Generated::NoCandidates, Some(fields)) = (answer.generated, body.as_object_mut()) {
        fields.insert("choices".into(), json!([]));
    }
    Reply::json(200, pretty(&body))
}

/// Google's refusal in OpenAI's words: how resellers pass it on.
pub(crate) fn error(mut reply: Reply, model: &str) -> Reply {
    let Ok(google) = serde_json::from_str::<Value>(&reply.body) else { return reply };
    let text = |pointer: &str| google.pointer(pointer).and_then(Value::as_str);
    let (Some(message), Some(status)) = (text("/error/message"), text("/error/status")) else {
        return reply;
    };
    let details = google.pointer("/error/details").and_then(Value::as_array);
    let find = |key: &str| {
        let mut found = details.into_iter().flatten().filter_map(|detail| detail.pointer(key));
        found.next().and_then(Value::as_str)
    };
    let mut message = message.to_owned();
    let (kind, code) = match (reply.status, status) {
        (402, _) => {
            reply.status = 429;
            ("insufficient_quota", Some("insufficient_quota"))
        }
        (429, _) => {
            let per_day = find("/violations/0/quotaId").is_some_and(|id| id.contains("PerDay"));
            let limit = find("/violations/0/quotaValue").unwrap_or("0");
            let window = if per_day { "requests per day (RPD)" } else { "requests per min (RPM)" };
            if let Some(seconds) = find("/retryDelay").and_then(|delay| delay.strip_suffix('s')) {
                let seconds = seconds.parse::<u64>().unwrap_or(0).saturating_add(1);
                message = format!(
                    "Rate limit reached for {model} on {window}: Limit {limit}. Please try again \
                     in {seconds}s."
                );
                reply.set("retry-after", &seconds.to_string());
            }
            ("requests", Some("rate_limit_exceeded"))
        }
        (400, _) if find("/reason") == Some("API_KEY_INVALID") => {
            reply.status = 401;
            message = "Incorrect API key provided.".into();
            ("invalid_request_error", Some("invalid_api_key"))
        }
        (403, _) => {
            reply.status = 401;
            ("invalid_request_error", Some("invalid_api_key"))
        }
        (404, _) => {
            message =
                format!("The model `{model}` does not exist or you do not have access to it.");
            ("invalid_request_error", Some("model_not_found"))
        }
        (500.., _) => ("server_error", None),
        _ => ("invalid_request_error", None),
    };
    let error = json!({ "message": message, "type": kind, "param": null, "code": code });
    reply.body = pretty(&json!({ "error": error }));
    reply
}
