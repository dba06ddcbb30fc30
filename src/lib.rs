//! The decisions of `unexhausted`: what an error means, whether and when to try again, and where.
//!
//! The core does no I/O, reads no clock and draws no randomness: time and a seed come in as
//! arguments, decisions go out as values. It never panics.

pub mod classify;
pub mod info;
pub mod kind;
pub mod time;
pub mod value;
