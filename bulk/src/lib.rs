//! Batches and jobs for JavaScript: JSON in, JSON out. What they do is decided in the core.
//!
//! It is a module of its own, so that nobody who makes single pictures has to load it.

pub mod batch;
pub mod job_options;
pub mod jobs;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
#[cfg(target_arch = "wasm32")]
pub mod wasm_jobs;
