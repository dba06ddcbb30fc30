//! What a caller may ask for.

pub mod options;
