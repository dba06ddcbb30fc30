//! The decisions of `unexhausted`: what an error means, whether and when to try again, and where.
//!
//! The core does no I/O, reads no clock and draws no randomness: time and a seed come in as
//! arguments, decisions go out as values. It never panics.
//!
//! ```
//! use unexhausted::base::{time::WallTime, value::Value};
//! use unexhausted::errors::{classify::classify, kind::Kind};
//!
//! let info = classify(&Value::String("503: The model is overloaded.".to_owned()), WallTime(0));
//! assert_eq!(info.kind, Kind::Overloaded);
//! ```
//!
//! - [`errors`]: what an error means; its table says what then happens, kind by kind.
//! - [`retry`]: the waits, the fallback, the retry budget, and the one ordered decision over them.
//! - [`quota`]: what a limit is, what is used of it, and what is learned of limits nobody tells.
//! - [`engine`]: the state machine: calls, queues, outages; `Input` in, `Output` out.
//! - [`models`], [`request`], [`protocol`]: what models are, what may be asked, how servers speak.
//! - [`options`]: what callers pass as options, read by the table in [`request`].
//! - [`base`]: time, randomness, texts, values.
//! - `wasm`: the driver: it calls `fetch`, waits, and turns JavaScript into the above and back.
//!
//! Batches, jobs and plans lie in `crates/`, in modules of WebAssembly of their own.

#![deny(clippy::too_many_lines)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

#[macro_use]
pub mod base;
pub mod engine;
pub mod errors;
pub mod models;
pub mod options;
pub mod protocol;
pub mod quota;
pub mod request;
pub mod retry;

#[cfg(all(target_arch = "wasm32", feature = "client"))]
pub mod wasm;
