//! The start of a generation, before its request is read.

use crate::model::catalogue::{Model, Size};
use crate::model::generation::Generation;
use crate::parse::request::Request;
use crate::settings::config::Config;

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
