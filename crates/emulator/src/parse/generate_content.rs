//! Reads the body of `generateContent` and of `countTokens`, as strictly as the service does.

use serde_json::Value;

use crate::model::catalogue::{LONG_RATIOS, Model, RATIOS, Size};
use crate::model::generation::Generation;
use crate::parse::field_names::{GENERATION, IMAGE, ROOT, THINKING, VERTEX_IMAGE, VERTEX_ROOT};
use crate::parse::generation::blank;
use crate::parse::parsed::Intent;
use crate::parse::prompt::Prompt;
use crate::parse::request::Request;
use crate::parse::review::{Review, listed, read_json, snake};
use crate::settings::config::Config;
use crate::wire::json::pretty;
use crate::wire::refusal::{Refusal, refuse};

/// The header that says the tier of service on Vertex AI. Source: `@ai-sdk/google-vertex` 5.0.141.
const VERTEX_TIER: &str = "x-vertex-ai-llm-shared-request-type";

pub(crate) fn count_tokens(request: &Request, model: &Model) -> Result<Intent, Refusal> {
    let root = Value::Object(read_json(request)?);
    let mut review = Review::default();
    let mut prompt = Prompt::new();
    for (name, value) in review.message("", &root, &["contents", "generateContentRequest"]) {
        let contents = if name == "contents" { Some(value) } else { value.get("contents") };
        for (index, content) in contents.map(listed).unwrap_or_default().iter().enumerate() {
            prompt.content(&mut review, &format!("contents[{index}]"), content);
        }
    }
    review.finish()?;
    let tokens = prompt.tokens(model);
    let answer = serde_json::json!({
        "totalTokens": tokens,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": tokens }],
    });
    Ok(Intent::Ready { body: pretty(&answer) })
}

pub(crate) fn read_generation(
    config: &Config,
    request: &Request,
    model: &'static Model,
    version: &str,
) -> Result<Generation, Refusal> {
    let root = Value::Object(read_json(request)?);
    let is_vertex = request.path.contains("/publishers/");
    let mut generation = blank(config, request, model);
    generation.is_vertex = is_vertex;
    if let Some(tier) = request.header(VERTEX_TIER).filter(|_| is_vertex) {
        match tier {
            "flex" => (generation.tier, generation.price_percent) = ("flex", 50),
            "priority" => (generation.tier, generation.price_percent) = ("priority", 180),
            _ => return refuse(400, "The shared request type is not known."),
        }
    }
    let mut generation = message(generation, &root, version)?;
    if let Some(served) = config.served_tier.as_deref() {
        (generation.tier, generation.price_percent) = match served {
            "flex" => ("flex", 50),
            "priority" => ("priority", 180),
            _ => ("standard", 100),
        };
    }
    Ok(generation)
}

/// The message of a request for a picture, in a body or in a row of a job.
pub(crate) fn message(
    mut generation: Generation,
    root: &Value,
    version: &str,
) -> Result<Generation, Refusal> {
    let mut review = Review::default();
    let mut contents = 0_usize;
    let (mut prompt, known) = if generation.is_vertex {
        (Prompt::of_vertex(), VERTEX_ROOT)
    } else {
        (Prompt::new(), ROOT)
    };
    for (name, value) in review.message("", root, known) {
        match name.as_str() {
            "contents" => {
                contents = listed(value).len();
                for (index, content) in listed(value).iter().enumerate() {
                    prompt.content(&mut review, &format!("contents[{index}]"), content);
                }
            }
            "systemInstruction" => prompt.content(&mut review, "system_instruction", value),
            "generationConfig" => generation_config(&mut review, value, version, &mut generation),
            "tools" => {
                let searches = |tool: &Value| {
                    tool.get("googleSearch").or_else(|| tool.get("google_search")).is_some()
                };
                // A prompt for a picture can make several queries.
                generation.searches = if listed(value).iter().any(searches) { 2 } else { 0 };
            }
            "serviceTier" => match value.as_str().map(str::to_ascii_lowercase).as_deref() {
                Some("flex") => (generation.tier, generation.price_percent) = ("flex", 50),
                Some("priority") => (generation.tier, generation.price_percent) = ("priority", 180),
                Some("standard" | "unspecified") => {}
                _ => review.invalid("service_tier", "ServiceTier", value),
            },
            _ => {}
        }
    }
    review.finish()?;
    if prompt.has_foreign_signature() {
        return refuse(400, "Invalid thought signature.");
    }
    if contents == 0 {
        return refuse(400, "* GenerateContentRequest.contents: contents is not specified\n");
    }
    prompt.complete(generation)
}

fn generation_config(
    review: &mut Review,
    value: &Value,
    version: &str,
    generation: &mut Generation,
) {
    const PLACE: &str = "generation_config";
    let model = generation.model;
    // Seen on v1 alone; v1beta does not know it.
    let mut known = GENERATION.to_vec();
    if version == "v1" {
        known.push("responseFormat");
    }
    for (name, value) in review.message(PLACE, value, &known) {
        let place = format!("{PLACE}.{}", snake(&name));
        match name.as_str() {
            "imageConfig" => image_config(review, value, generation),
            "thinkingConfig" => thinking_config(review, &place, value, model),
            "responseModalities" => modalities(review, &place, value, generation),
            "candidateCount" if value.as_u64() != Some(1) => {
                review.note(&place, "Multiple candidates is not enabled for this model".into());
            }
            "temperature" | "topP" | "seed" if model.refuses_sampling => {
                let field = snake(&name);
                review.note(&place, format!("{field} is not supported by models/{}", model.name));
            }
            "temperature" | "topP" | "topK" if !value.is_number() => {
                review.invalid(&place, "TYPE_FLOAT", value);
            }
            _ => {}
        }
    }
}

fn thinking_config(review: &mut Review, place: &str, value: &Value, model: &Model) {
    for (name, value) in review.message(place, value, THINKING) {
        let place = format!("{place}.{}", snake(&name));
        if !model.thinks && name == "thinkingLevel" {
            review.note(&place, "Thinking level is not supported for this model.".into());
        } else if !model.thinks {
            review.note(&place, format!("Thinking is not enabled for models/{}", model.name));
        } else if name == "thinkingLevel" {
            let level = value.as_str().map(str::to_ascii_uppercase);
            if !matches!(level.as_deref(), Some("MINIMAL" | "LOW" | "MEDIUM" | "HIGH")) {
                review.invalid(&place, "ThinkingLevel", value);
            }
        }
    }
}

fn modalities(review: &mut Review, place: &str, value: &Value, generation: &mut Generation) {
    let mut names = Vec::new();
    for (index, name) in listed(value).iter().enumerate() {
        match name.as_str() {
            Some(name @ ("TEXT" | "IMAGE")) => names.push(name),
            _ => review.invalid(&format!("{place}[{index}]"), "Modality", name),
        }
    }
    if !names.is_empty() {
        generation.wants_text = names.contains(&"TEXT");
        generation.wants_image = names.contains(&"IMAGE");
    }
}

fn image_config(review: &mut Review, value: &Value, generation: &mut Generation) {
    const PLACE: &str = "generation_config.image_config";
    let model = generation.model;
    let known = if generation.is_vertex { VERTEX_IMAGE } else { IMAGE };
    for (name, value) in review.message(PLACE, value, known) {
        let place = format!("{PLACE}.{}", snake(&name));
        if !IMAGE.contains(&name.as_str()) {
            continue;
        }
        let Some(text) = value.as_str() else {
            review.invalid(&place, "TYPE_STRING", value);
            continue;
        };
        if name == "imageSize" {
            match Size::parse(text) {
                Some(_) if model.ignores_size => {}
                Some(size) if model.takes(size) => generation.size = size,
                _ => review.note(
                    &place,
                    format!("Image size {text} is not supported by models/{}", model.name),
                ),
            }
        } else if !(RATIOS.contains(&text) || model.long_ratios && LONG_RATIOS.contains(&text)) {
            review.note(
                &place,
                format!("Aspect ratio {text} is not supported by models/{}", model.name),
            );
        }
    }
}
