//! The decisions of `unexhausted`: what an error means, whether and when to try again, and where.
//!
//! The core does no I/O, reads no clock and draws no randomness: time and a seed come in as
//! arguments, decisions go out as values. It never panics.

#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod advice;
pub mod alert;
mod answer;
pub mod backoff;
mod bar;
mod bare;
pub mod batch;
pub mod book;
mod call;
#[cfg(feature = "canary")]
pub mod canary;
pub mod catalog;
pub mod chain;
pub mod classify;
pub mod cost;
pub mod diagnosis;
pub mod discipline;
pub mod disk;
mod dispatch;
pub mod engine;
mod estimate;
mod evidence;
pub mod exchange;
pub mod failure;
mod field;
pub mod file_name;
mod fold;
pub mod gauge;
pub mod hint;
pub mod history;
pub mod info;
pub mod input;
pub mod jobs;
pub mod journal;
pub mod kind;
mod landing;
pub mod lane;
pub mod ledger;
pub mod limit_table;
pub mod model;
pub mod model_info;
pub mod models;
mod network;
mod notices;
pub mod options;
mod outage;
pub mod output;
mod own_row;
mod pacer;
pub mod pacific;
pub mod parameter;
mod parked;
mod pattern;
pub mod peak;
pub mod plan;
pub mod plan_options;
pub mod price;
pub mod price_table;
mod printed;
pub mod protocol;
mod queue;
pub mod quota;
pub mod random;
pub mod rate;
pub mod reader;
pub mod redact;
pub mod retry;
pub mod retry_budget;
mod rules;
mod scan;
pub mod seen;
pub mod service_tier;
mod slice;
pub mod state;
mod status;
pub mod steps;
pub mod text;
pub mod tier;
pub mod time;
mod turns;
pub mod value;
mod violation;
pub mod volume;
mod walk;
pub mod window;

#[cfg(all(target_arch = "wasm32", feature = "client"))]
pub mod wasm;
