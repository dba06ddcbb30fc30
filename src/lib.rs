//! The decisions of `unexhausted`: what an error means, whether and when to try again, and where.
//!
//! The core does no I/O, reads no clock and draws no randomness: time and a seed come in as
//! arguments, decisions go out as values. It never panics.

#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod backoff;
pub mod catalog;
pub mod chain;
pub mod classify;
pub mod cost;
pub mod engine;
pub mod failure;
pub mod info;
pub mod kind;
pub mod options;
pub mod protocol;
pub mod random;
pub mod retry;
pub mod retry_budget;
pub mod text;
pub mod time;
pub mod value;

#[cfg(target_arch = "wasm32")]
pub mod wasm;
