//! The making of a generation: blank at first, complete once the prompt is read.

use crate::model::catalogue::{Model, Size};
use crate::model::generation::Generation;
use crate::model::picture;
use crate::parse::prompt::Prompt;
use crate::parse::request::Request;
use crate::settings::config::Config;
use crate::wire::refusal::{Refusal, refuse};

/// A generation of which nothing is known but its model.
pub(crate) fn blank(config: &Config, request: &Request, model: &'static Model) -> Generation {
    Generation {
        model,
        prompt_hash: 0,
        prompt_empty: true,
        prompt_tokens: 0,
        input_images: 0,
        size: Size::One,
        wants_image: true,
        wants_text: true,
        image_bytes: config.image_bytes,
        price_percent: 100,
        tier: "standard",
        is_vertex: false,
        searches: 0,
        deadline: request
            .header("x-server-timeout")
            .and_then(|seconds| seconds.trim().parse::<f64>().ok())
            .filter(|seconds| *seconds > 0.0)
            .map(|seconds| (seconds * 1000.0) as u64),
    }
}

/// A generation with the facts of its prompt.
pub(crate) fn complete(mut generation: Generation, prompt: &Prompt) -> Result<Generation, Refusal> {
    if let Some(bytes) = prompt.image_bytes {
        picture::check_bytes(Some(bytes)).or_else(|sentence| refuse(400, &sentence))?;
        generation.image_bytes = Some(bytes);
    }
    generation.prompt_hash = prompt.hash;
    generation.prompt_empty = prompt.characters == 0 && prompt.images == 0;
    generation.prompt_tokens = prompt.tokens(generation.model);
    generation.input_images = prompt.images;
    Ok(generation)
}
