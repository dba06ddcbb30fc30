//! The decision about a request that arrives: limits first, then money, then faults, then an
//! answer.
//!
//! `arrival` decides, by the `state` of the service, and `ending` makes the output of the work.

pub(crate) mod arrival;
pub(crate) mod ending;
pub(crate) mod fault;
pub(crate) mod money;
pub(crate) mod over_limit;
pub(crate) mod script;
pub(crate) mod start;
pub(crate) mod state;
