//! Requests as callers may make them.

pub mod key;
pub mod options;
pub mod retry_options;
pub mod shape;
