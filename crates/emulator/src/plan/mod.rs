//! Answers that are decided and not yet sent: the action, the plan of each fault, and the work with
//! its time and price.

pub(crate) mod action;
pub(crate) mod fault;
pub(crate) mod fault_context;
pub(crate) mod fault_errors;
pub(crate) mod fault_limits;
pub(crate) mod replies;
pub(crate) mod work;
