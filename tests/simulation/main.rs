//! Engines against the fake service in virtual time: one seed decides everything.
//!
//! `cargo test` runs some hundred scenarios, see `trials.rs`;
//! `npm run simulate -- --hours N --seed S` as many as it is told to.
//! `cargo test --release --features mutants --test simulation mutants`
//! shows that each checker of `watch.rs` can fail.
//!
//! `cargo test --release --test simulation goodput -- --ignored --nocapture` prints how close the
//! engine comes to the best possible schedule, see `goodput.rs` for what can be chosen.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::needless_range_loop, clippy::nonminimal_bool)]

// Only a part of it is of use here.
#[allow(dead_code)]
#[path = "../support/json.rs"]
mod json;

mod audit;
mod bare;
mod cell;
mod days;
mod dice;
mod dominance;
mod goodput;
#[cfg(feature = "mutants")]
mod mutants;
mod oracle;
mod overload;
mod politeness;
mod realm;
mod scenario;
mod service;
mod situations;
mod store;
mod trace;
mod trials;
mod watch;
mod windows;
mod world;
