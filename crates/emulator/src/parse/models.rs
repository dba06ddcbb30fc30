//! Models by name, and the list of them.

use serde_json::Value;

use crate::model::catalogue::{self, MODELS, Model};
use crate::settings::config::Config;
use crate::wire::refusal::{Refusal, refuse};
use crate::wire::sentences::{not_found, retired};

/// A model as the service describes it.
pub(crate) fn description(model: &Model) -> Value {
    serde_json::json!({
        "name": format!("models/{}", model.name),
        "displayName": model.display_name,
        "inputTokenLimit": model.token_limits.0,
        "outputTokenLimit": model.token_limits.1,
        "supportedGenerationMethods": ["generateContent", "countTokens", "batchGenerateContent"],
    })
}

/// The list of models, without those that are retired.
pub(crate) fn list(config: &Config) -> Value {
    let models: Vec<Value> = MODELS
        .iter()
        .filter(|model| !config.retired.iter().any(|retired| retired == model.name))
        .map(description)
        .collect();
    serde_json::json!({ "models": models })
}

/// The model of a name, which the configuration may have added or retired.
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
