//! Requests of Imagen's `:predict`.

use serde_json::Value;

use crate::model::catalogue::{Model, Size};
use crate::model::generation::Generation;
use crate::parse::generation::blank;
use crate::parse::prompt::Prompt;
use crate::parse::request::Request;
use crate::parse::review::read_json;
use crate::settings::config::Config;
use crate::wire::refusal::{Refusal, refuse};

const RATIOS: &[&str] = &["1:1", "3:4", "4:3", "9:16", "16:9"];
const PARAMETERS: &[&str] = &[
    "sampleCount",
    "aspectRatio",
    "sampleImageSize",
    "negativePrompt",
    "seed",
    "guidanceScale",
    "safetySetting",
    "personGeneration",
    "addWatermark",
    "includeRaiReason",
    "includeSafetyAttributes",
    "language",
    "outputOptions",
    "enhancePrompt",
];

pub(crate) fn understand(
    config: &Config,
    request: &Request,
    model: &'static Model,
) -> Result<Generation, Refusal> {
    let root = Value::Object(read_json(request)?);
    let mut prompt = Prompt::new();
    let Some(text) = root.pointer("/instances/0/prompt").and_then(Value::as_str) else {
        return refuse(400, "Image generation failed with the following error: Prompt is missing");
    };
    prompt.text(text);
    let mut generation = blank(config, request, model);
    generation.wants_text = false;
    let empty = serde_json::Map::new();
    for (name, value) in root.get("parameters").and_then(Value::as_object).unwrap_or(&empty) {
        let text = value.as_str().unwrap_or("");
        match name.as_str() {
            "sampleCount" if !(1..=4).contains(&value.as_u64().unwrap_or(0)) => {
                return refuse(400, "sampleCount must be between 1 and 4.");
            }
            "aspectRatio" if !RATIOS.contains(&text) => {
                return refuse(400, &format!("Aspect ratio {text} is not supported."));
            }
            "sampleImageSize" => match Size::parse(text) {
                Some(size @ (Size::One | Size::Two)) => generation.size = size,
                _ => return refuse(400, &format!("Image size {text} is not supported.")),
            },
            known if PARAMETERS.contains(&known) => {}
            _ => {
                let sentence = format!(
                    "Invalid JSON payload received. Unknown name \"{name}\" at 'parameters': Cannot \
                     find field."
                );
                return refuse(400, &sentence);
            }
        }
    }
    prompt.complete(generation)
}
