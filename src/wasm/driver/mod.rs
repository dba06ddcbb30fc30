//! The driver: it feeds the engine, and carries out its outputs.

pub(crate) mod attempt;
pub(crate) mod call;
pub(crate) mod ending;
pub(crate) mod event_loop;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod job;
pub(crate) mod notice;
pub(crate) mod quota;
pub(crate) mod retired;
pub(crate) mod store;
pub(crate) mod timer;
pub(crate) mod verdict;
