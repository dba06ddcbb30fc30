//! `POST /chat/completions` with pictures in the answer, as resellers of the models offer it.
//!
//! Source: OpenRouter's guide to image generation (`modalities`, `image_config`, `message.images`),
//! and what other relays answer: content parts, `b64_json`, a picture or a link in the text.

/// The path behind the base URL, which holds the version as in OpenAI's own clients.
pub const PATH: &str = "/chat/completions";

/// Keys of `generationConfig`, and their names in the body.
pub const WORDS: &[(&str, &str)] = &[
    ("candidateCount", "n"),
    ("maxOutputTokens", "max_tokens"),
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("seed", "seed"),
    ("stopSequences", "stop"),
    ("presencePenalty", "presence_penalty"),
    ("frequencyPenalty", "frequency_penalty"),
];

/// Why an answer ended, in the words of the Gemini API; another reason is passed on as it stands.
#[must_use]
pub fn finish_reason(reason: &str) -> &str {
    match reason {
        "stop" => "STOP",
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        "tool_calls" | "function_call" => "UNEXPECTED_TOOL_CALL",
        other => other,
    }
}
