//! Batches and jobs for JavaScript: JSON in, JSON out. What they do is decided in the core.
//!
//! It is a module of its own, so that nobody who makes single pictures has to load it.

pub mod batch;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
