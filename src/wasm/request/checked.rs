//! A request for a picture, checked and mapped.

use js_sys::Object;

use crate::models::service_tier::ServiceTier;
use crate::protocol::need::Need;
use crate::wasm::request::body::Body;
use crate::wasm::request::http_options::HttpOptions;
use crate::wasm::request::prompts::prompts_of;

/// A request, checked and mapped; its pictures stay where they were.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// The model that it names.
    pub(crate) model: Option<String>,
    /// Its needs of a model.
    pub(crate) need: Need,
    /// `httpOptions` of its config, where there are any.
    pub(crate) http: Option<Box<HttpOptions>>,
    /// Its tier of service, where it names one.
    pub(crate) tier: Option<ServiceTier>,
    /// Whether the model may search the web for it.
    pub(crate) searches: bool,
    /// Whether `imageSize` is the caller's own, if there is one.
    pub(super) is_sized: bool,
    /// `extraBody`, which is sent as it is, whatever the model is known to take.
    pub(super) extra: Option<Object>,
    pub(super) body: Body,
}

impl Request {
    /// An empty request for this model.
    pub(crate) fn of_model(model: Option<String>) -> Self {
        Self { model, ..Self::default() }
    }

    /// The body of the REST API.
    pub(crate) fn body(&self) -> Object {
        self.body.object()
    }

    /// Whether it is a prompt alone, which can always be written.
    pub(crate) const fn is_prompt(&self) -> bool {
        matches!(self.body, Body::Prompt(_))
    }

    /// The texts of the request, which must not show up in errors.
    pub(crate) fn prompts(&self) -> Vec<String> {
        match &self.body {
            Body::Prompt(text) => vec![String::from(text)],
            Body::Contents(_) | Body::Object(_) => prompts_of(&self.body()),
        }
    }
}
