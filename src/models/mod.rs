//! The image models as data: what they make, what that costs.

pub mod catalog;
pub mod cost;
pub mod known;
pub mod model;
pub(crate) mod own_row;
pub mod parameter;
pub mod price;
pub mod service_tier;
