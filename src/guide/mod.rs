//! Plans and diagnoses; only `unexhausted-guide` uses them.

pub mod diagnosis;
pub mod limit_table;
pub mod model_info;
pub(crate) mod pattern;
pub mod plan;
pub mod plan_options;
pub mod price_table;
pub mod seen;
pub mod steps;
pub mod volume;
