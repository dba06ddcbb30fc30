//! The answer of `generateContent`.

use serde::Serialize;

use crate::base::random::{Purpose, Random};
use crate::model::billing::{TokenUsage, usage};
use crate::model::generated::Generated;
use crate::model::generation::Generation;
use crate::model::picture::PLACEHOLDER;

/// The signature of a picture by the Developer API, which Vertex AI refuses. Source: LiteLLM
/// 1.110.2, `rejected_thought_signature_retry.py`.
pub(crate) const SIGNED: &str = "c2lnbmVkIGJ5IHRoZSBEZXZlbG9wZXIgQVBJ";
/// The signature of Vertex AI, which the Developer API refuses.
pub(crate) const VERTEX_SIGNED: &str = "c2lnbmVkIGJ5IFZlcnRleCBBSQ==";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_feedback: Option<Feedback<'a>>,
    usage_metadata: Metadata,
    model_version: &'a str,
    response_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    content: Content<'a>,
    finish_reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grounding_metadata: Option<Grounding>,
    index: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Grounding {
    web_search_queries: Vec<String>,
}

#[derive(Default, Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Blob>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    mime_type: &'static str,
    data: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    block_reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    prompt_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    candidates_token_count: u64,
    total_token_count: u64,
    prompt_tokens_details: Vec<ModalityTokens>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates_tokens_details: Vec<ModalityTokens>,
    #[serde(skip_serializing_if = "is_zero")]
    thoughts_token_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic_type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModalityTokens {
    modality: &'static str,
    token_count: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn picture_part(thought: bool) -> Part<'static> {
    let blob = Blob { mime_type: "image/png", data: PLACEHOLDER };
    Part { inline_data: Some(blob), thought, ..Part::default() }
}

fn metadata(generation: &Generation, usage: &TokenUsage) -> Metadata {
    let image_input = generation.input_images.saturating_mul(generation.model.input_image_tokens);
    let mut prompt = vec![ModalityTokens {
        modality: "TEXT",
        token_count: usage.prompt.saturating_sub(image_input),
    }];
    if image_input > 0 {
        prompt.push(ModalityTokens { modality: "IMAGE", token_count: image_input });
    }
    let mut candidates = Vec::new();
    if usage.image_tokens > 0 {
        candidates.push(ModalityTokens { modality: "IMAGE", token_count: usage.image_tokens });
    }
    Metadata {
        prompt_token_count: usage.prompt,
        candidates_token_count: usage.candidates(),
        total_token_count: usage.prompt.saturating_add(usage.candidates()),
        prompt_tokens_details: prompt,
        candidates_tokens_details: candidates,
        thoughts_token_count: usage.thoughts,
        service_tier: (!generation.is_vertex).then_some(generation.tier),
        traffic_type: generation.is_vertex.then_some(match generation.tier {
            "flex" => "ON_DEMAND_FLEX",
            "priority" => "ON_DEMAND_PRIORITY",
            _ => "ON_DEMAND",
        }),
    }
}

/// An answer, indented, with a [`PLACEHOLDER`] for each picture.
pub(crate) fn indented(
    seed: u64,
    sequence: u64,
    generation: &Generation,
    version: &str,
    generated: &Generated,
) -> String {
    let answer = message(seed, sequence, generation, version, generated);
    let mut text = serde_json::to_string_pretty(&answer).unwrap_or_default();
    text.push('\n');
    text
}

/// An answer in one line, with a [`PLACEHOLDER`] for each picture.
pub(crate) fn line(
    seed: u64,
    sequence: u64,
    generation: &Generation,
    version: &str,
    generated: &Generated,
) -> String {
    serde_json::to_string(&message(seed, sequence, generation, version, generated))
        .unwrap_or_default()
}

fn message<'a>(
    seed: u64,
    sequence: u64,
    generation: &Generation,
    version: &'a str,
    generated: &'a Generated,
) -> Response<'a> {
    let mut parts = Vec::new();
    let mut finish = "STOP";
    let mut message = None;
    match generated {
        Generated::Image { thoughts } => {
            if *thoughts {
                parts.push(picture_part(true));
            }
            if generation.wants_text {
                parts.push(Part { text: Some("Here is your picture."), ..Part::default() });
            }
            let signed = if generation.is_vertex { VERTEX_SIGNED } else { SIGNED };
            parts.push(Part { thought_signature: Some(signed), ..picture_part(false) });
        }
        Generated::Linked { to } => parts.push(Part { text: Some(to), ..Part::default() }),
        Generated::Text => {
            let text = "I can describe this picture, but I did not make one.";
            parts.push(Part { text: Some(text), ..Part::default() });
        }
        Generated::Nothing { reason, free } => {
            finish = reason;
            message = free.then_some(
                "Unable to show the generated image. It was filtered by policy; you will not be \
                 charged for it.",
            );
        }
        Generated::Blocked { .. } | Generated::NoCandidates => {}
    }
    let content =
        if parts.is_empty() { Content::default() } else { Content { parts, role: Some("model") } };
    let query = |index| format!("what the picture is to show, {index}");
    let grounding_metadata = (generation.searches > 0)
        .then(|| Grounding { web_search_queries: (0..generation.searches).map(query).collect() });
    let candidate = Candidate {
        content,
        finish_reason: finish,
        finish_message: message,
        grounding_metadata,
        index: 0,
    };
    let (candidates, prompt_feedback) = match generated {
        Generated::Blocked { reason } => (None, Some(Feedback { block_reason: reason })),
        Generated::NoCandidates => (Some(Vec::new()), None),
        _ => (Some(vec![candidate]), None),
    };
    let usage = usage(seed, sequence, generation, generated);
    let mut random = Random::keyed(seed, sequence, Purpose::Identity);
    let response_id = format!("{:016x}{:06x}", random.next(), random.next() & 0x00FF_FFFF);
    Response {
        candidates,
        prompt_feedback,
        usage_metadata: metadata(generation, &usage),
        model_version: version,
        response_id,
    }
}
