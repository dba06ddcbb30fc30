//! The targets of requests: models with their addresses and credentials.

pub(crate) mod ability;
pub(crate) mod context;
pub(crate) mod cost;
pub(crate) mod credentials;
pub(crate) mod current_id;
pub(crate) mod entry;
pub(crate) mod headers;
pub(crate) mod home;
pub(crate) mod location;
pub(crate) mod missing_key;
pub(crate) mod position;
pub(crate) mod resolved;
pub(crate) mod resolver;
pub(crate) mod secrets;
pub(crate) mod targets;
pub(crate) mod token;
