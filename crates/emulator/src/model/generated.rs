//! The content that a model makes of a request.

use crate::model::generation::Generation;

/// The content of an answer of status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Generated {
    /// A picture, after an interim one if `thoughts`.
    Image { thoughts: bool },
    /// A link to a picture that is not there: the name that it has in its folder.
    Linked { to: &'static str },
    /// A text alone.
    Text,
    /// A candidate without content, by its finishReason; pictures that were refused are free.
    Nothing { reason: String, free: bool },
    /// No candidate, by the blockReason.
    Blocked { reason: String },
    /// An empty list.
    NoCandidates,
}

/// The content that the request itself leads to, if nothing goes wrong.
pub(crate) fn without_fault(generation: &Generation) -> Generated {
    if !generation.wants_image {
        Generated::Text
    } else if generation.prompt_empty {
        Generated::Nothing { reason: "NO_IMAGE".into(), free: false }
    } else {
        Generated::Image { thoughts: false }
    }
}
