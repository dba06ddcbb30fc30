//! Answers and errors of OpenAI's protocols, as resellers of the models write them.
//!
//! Shapes: OpenAI's reference of both, OpenRouter's guide to image generation, and what relays
//! answer in public reports of 2025 and 2026.

use serde_json::{Value, json};

use crate::model::generated::Generated;
use crate::model::picture::PLACEHOLDER;
use crate::model::protocol::PictureAs;
use crate::wire::answer::Answer;
use crate::wire::json::pretty;
use crate::wire::link;
use crate::wire::reply::Reply;

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
