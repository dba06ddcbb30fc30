//! One entry of `models`, as it is written.

use wasm_bindgen::prelude::*;

use crate::protocol::{Protocol, gemini};
use crate::request::options::scope;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::options::read::{Settings, read_options};
use crate::wasm::target::context::Context;

const TARGETS: &str =
    "a target in `models` must be the id of a model, or { model, baseUrl, apiKey, … }";

/// One entry of `models`, read and checked.
pub(super) struct Entry {
    pub(super) options: Settings,
    pub(super) model: String,
    pub(super) protocol: Protocol,
    pub(super) is_vertex: bool,
    /// Its place in `models`, from 1; `None` for a model that a request names.
    pub(super) position: Option<u64>,
}

impl Entry {
    /// Reads an id, or an object of options.
    ///
    /// # Errors
    /// A `TypeError` that names the mistake.
    pub(super) fn read(
        value: &JsValue,
        position: Option<u64>,
        context: &Context<'_>,
    ) -> Result<Self, JsValue> {
        if !value.is_string() && !value.is_object() {
            return Err(type_error(TARGETS));
        }
        let options = if value.is_string() {
            Settings { model: value.as_string(), ..Settings::default() }
        } else {
            read_options(value, scope::TARGET, context.host)?
        };
        let Some(model) = options.model.clone() else {
            return Err(type_error(TARGETS));
        };
        let is_other = |protocol: Protocol| protocol.is_openai() || protocol == Protocol::Vertex;
        let is_elsewhere = options.base_url.is_some() || options.protocol.is_some_and(is_other);
        let model = context.current_id(model, is_elsewhere);
        if gemini::model_path(&model).is_none() {
            return Err(type_error(&["`", &model, "` cannot be the id of a model"].concat()));
        }
        let protocol = options.protocol.unwrap_or_else(|| {
            let catalog = context.settings.catalog();
            catalog.find(&model).map_or_else(Protocol::default, |known| known.protocol)
        });
        let is_vertex = protocol.is_vertex(options.project.as_deref());
        check_vertex_options(&options, is_vertex)?;
        Ok(Self { options, model, protocol, is_vertex, position })
    }
}

/// Refuses `project` and `location` for a target that is not on Vertex AI, and a token without a
/// project for one that is.
fn check_vertex_options(options: &Settings, is_vertex: bool) -> Result<(), JsValue> {
    let needless = [("project", &options.project), ("location", &options.location)]
        .into_iter()
        .find(|(_, value)| value.is_some() && !is_vertex);
    if let Some((name, _)) = needless {
        return Err(type_error(&["`", name, "` is for targets of protocol `vertex`"].concat()));
    }
    if is_vertex && options.access_token.is_some() && options.project.is_none() {
        return Err(type_error("a target of protocol `vertex` with `accessToken` needs `project`"));
    }
    Ok(())
}
