//! The job of making a picture.

pub(crate) mod ask;
pub(crate) mod call;
pub(crate) mod failure;
pub(crate) mod outgoing;
pub(crate) mod read;
pub(crate) mod redact;
pub(crate) mod result;
