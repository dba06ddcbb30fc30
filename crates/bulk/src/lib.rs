//! Batches and jobs of the Batch API: what is made next, what a journal says, how requests are
//! shared out among jobs, and when to look again.
//!
//! Nothing here sends or writes anything: moments and random numbers come in as arguments. It is a
//! module of its own, so that nobody who makes single pictures has to load it.

#![deny(clippy::too_many_lines)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod batch;
pub mod disk;
pub mod file_name;
pub mod item;
pub mod jobs;
pub mod journal;
pub mod json;
pub mod open_job;
pub mod progress;
pub mod rate;
pub mod verdict;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
