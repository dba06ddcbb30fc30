//! The options that callers pass.

pub(crate) mod each;
pub(crate) mod events;
pub(crate) mod headers;
pub(crate) mod read;
pub(crate) mod settings;
pub(crate) mod shape;
pub(crate) mod value;
