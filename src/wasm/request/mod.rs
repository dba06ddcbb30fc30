//! Requests: read, checked, and written for each protocol.

pub(crate) mod body;
pub(crate) mod checked;
pub(crate) mod config;
pub(crate) mod contents;
pub(crate) mod http_options;
pub(crate) mod need;
pub(crate) mod prompts;
pub(crate) mod read;
pub(crate) mod target_config;
pub(crate) mod text;
pub(crate) mod translate;
pub(crate) mod variant;
