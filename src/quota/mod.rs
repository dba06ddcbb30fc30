//! What a limit is, what of it is used, and what is learned of limits that nobody tells.

pub mod alert;
pub(crate) mod bare;
pub mod discipline;
pub(crate) mod estimate;
pub mod limit_estimator;
pub mod replica;
pub mod shared;
pub mod state;
pub mod tier;
pub mod usage;
pub mod window;
