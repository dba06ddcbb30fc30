//! What everything rests on: time, randomness, texts, values, midnight in Los Angeles.

#[cfg(feature = "canary")]
pub mod canary;
pub mod pacific;
pub mod random;
pub(crate) mod slice;
pub mod text;
pub mod time;
pub mod value;
