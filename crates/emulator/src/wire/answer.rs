//! The facts that an answer of another protocol than Gemini's is written from.

use crate::model::billing::TokenUsage;
use crate::model::generated::Generated;
use crate::model::picture::Picture;

/// An answer before it is written.
pub(crate) struct Answer<'a> {
    pub(crate) generated: &'a Generated,
    pub(crate) usage: TokenUsage,
    pub(crate) model: &'a str,
    pub(crate) picture: Picture,
    pub(crate) sequence: u64,
}
