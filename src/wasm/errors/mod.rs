//! Errors as JavaScript sees them.

pub(crate) mod generate_error;
pub(crate) mod info;
pub(crate) mod retired;
pub(crate) mod type_error;
