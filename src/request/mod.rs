//! Requests as callers may make them.

pub mod options;
