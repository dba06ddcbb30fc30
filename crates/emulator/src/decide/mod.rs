//! What happens to a request that arrives: limits first, then money, then faults, then an answer.

pub(crate) mod arrival;
pub(crate) mod script;
