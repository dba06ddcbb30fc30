//! Engines against the fake service in virtual time: one seed decides everything.
//!
//! `cargo test --release --test simulation goodput -- --ignored --nocapture` prints how close the
//! engine comes to the best possible schedule, see `goodput.rs` for what can be chosen.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

// Only a part of it is of use here.
#[allow(dead_code)]
#[path = "../support/json.rs"]
mod json;

mod cell;
mod dice;
mod goodput;
mod oracle;
mod service;
mod situations;
mod soak;
mod swarm;
mod trace;
mod windows;
mod world;
