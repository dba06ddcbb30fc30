//! The facts of a request for a picture that all later steps read.

use crate::model::catalogue::{Model, Size};

/// A valid request for a picture.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    pub(crate) model: &'static Model,
    pub(crate) prompt_hash: u64,
    pub(crate) prompt_empty: bool,
    pub(crate) prompt_tokens: u64,
    pub(crate) input_images: u64,
    pub(crate) size: Size,
    pub(crate) wants_image: bool,
    pub(crate) wants_text: bool,
    pub(crate) image_bytes: Option<u64>,
    /// Hundredths of the standard price.
    pub(crate) price_percent: u64,
    pub(crate) tier: &'static str,
    /// Whether it came to Vertex AI.
    pub(crate) is_vertex: bool,
    /// How often the model will search the web.
    pub(crate) searches: u64,
    /// Milliseconds after which the service gives up, as the caller asked.
    pub(crate) deadline: Option<u64>,
}
