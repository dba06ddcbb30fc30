//! Answers on the wire, in each protocol: bodies of status 200, errors, links.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod error_detail;
pub(crate) mod gemini;
pub(crate) mod json;
pub(crate) mod link;
pub(crate) mod openai;
pub(crate) mod predict;
pub(crate) mod protocols;
pub(crate) mod quota_error;
pub(crate) mod refusal;
pub(crate) mod reply;
pub(crate) mod results;
pub(crate) mod rpc_status;
pub(crate) mod sentences;
