//! Models by name, and the list of them.

use serde_json::Value;

use crate::model::catalogue;
use crate::model::catalogue::Model;
use crate::settings::config::Config;
use crate::wire::refusal::{Refusal, refuse};
use crate::wire::sentences::{not_found, retired};

pub(crate) fn description(model: &Model) -> Value {
    serde_json::json!({
        "name": format!("models/{}", model.name),
        "displayName": model.display_name,
        "inputTokenLimit": model.token_limits.0,
        "outputTokenLimit": model.token_limits.1,
        "supportedGenerationMethods": ["generateContent", "countTokens", "batchGenerateContent"],
    })
}

pub(crate) fn find_model(
    config: &Config,
    name: &str,
    version: &str,
    method: &str,
) -> Result<&'static Model, Refusal> {
    if config.retired.iter().any(|retired| retired == name) {
        return refuse(404, &retired(name));
    }
    let like = config.models.get(name).map_or(name, String::as_str);
    match catalogue::find(like) {
        Some(model) => Ok(model),
        None => refuse(404, &not_found(name, version, method)),
    }
}
