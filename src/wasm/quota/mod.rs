//! Quotas at the boundary.

pub(crate) mod fields;
pub(crate) mod limits;
pub(crate) mod quotas;
pub(crate) mod tracker;
