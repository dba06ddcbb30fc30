//! The options that callers pass, handed to the core.

pub(crate) mod argument;
pub(crate) mod caller;
pub(crate) mod read;
