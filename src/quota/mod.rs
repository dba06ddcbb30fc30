//! Limits, their usage, and the estimates of limits that the service does not name.

pub mod admission;
pub mod alert;
pub mod clock;
pub(crate) mod day;
pub mod denial;
pub mod discipline;
pub(crate) mod estimate;
pub mod found_limit;
pub(crate) mod learning;
pub mod limit_estimator;
pub mod limits;
pub mod midnight;
pub mod money;
pub mod refusal;
pub mod replica;
pub mod shared;
pub mod state;
pub mod tier;
pub(crate) mod unnamed_limit;
pub mod usage;
pub mod window;
