//! The configuration, with the defaults, the checks and the JSON of each value.

pub(crate) mod batch;
pub(crate) mod choices;
pub(crate) mod config;
pub(crate) mod error;
pub(crate) mod fault;
pub(crate) mod fault_kind;
pub(crate) mod files;
pub(crate) mod latency;
pub(crate) mod transit;
