//! The methods of a client.

pub(crate) mod batch_generate;
pub(crate) mod chain;
pub(crate) mod core;
pub(crate) mod generate;
pub(crate) mod jobs;
pub(crate) mod picture;
pub(crate) mod quota;
pub(crate) mod retry;
pub(crate) mod timeouts;
