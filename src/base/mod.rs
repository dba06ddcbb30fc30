//! The ground of all layers: time, randomness, texts, values, midnight in Los Angeles.

#[macro_use]
pub mod mutant;
pub mod pacific;
pub mod random;
pub(crate) mod slice;
pub mod text;
pub mod time;
pub mod value;
