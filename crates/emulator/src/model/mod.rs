//! The service itself: its models and their prices, its protocols and limits, and the pictures that
//! it draws.

pub(crate) mod account;
pub(crate) mod billing;
pub(crate) mod catalogue;
pub(crate) mod generated;
pub(crate) mod generation;
pub(crate) mod limits;
pub(crate) mod picture;
pub(crate) mod protocol;
pub(crate) mod quota;
pub(crate) mod window;
