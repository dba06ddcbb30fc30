//! Answers: summarized, normalized to the Gemini API, and outlined for the classifier.

pub(crate) mod finish;
pub(crate) mod outline;
pub(crate) mod protocol;
pub(crate) mod reading;
pub(crate) mod relay;
pub(crate) mod summary;
pub(crate) mod usage;
pub(crate) mod used;
