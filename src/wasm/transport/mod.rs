//! Requests over `fetch`.

pub(crate) mod download;
pub(crate) mod http;
pub(crate) mod post;
pub(crate) mod reply;
