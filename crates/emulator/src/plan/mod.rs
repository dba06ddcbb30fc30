//! What an answer can be: the actions, the plan of each fault, and work with its price.

pub(crate) mod action;
pub(crate) mod fault;
pub(crate) mod fault_context;
pub(crate) mod fault_errors;
pub(crate) mod fault_limits;
pub(crate) mod replies;
pub(crate) mod work;
