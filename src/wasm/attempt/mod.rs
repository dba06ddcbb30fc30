//! One attempt of a call.

pub(crate) mod admission_hook;
pub(crate) mod failed;
pub(crate) mod list;
