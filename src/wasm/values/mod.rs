//! JavaScript's values: read, checked, copied and made.

pub(crate) mod access;
pub(crate) mod check;
pub(crate) mod copy;
pub(crate) mod date;
pub(crate) mod name;
pub(crate) mod object;
pub(crate) mod text;
pub(crate) mod write;
