//! The tests of the boundary, in Node.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::arithmetic_side_effects, clippy::expect_used)]

mod boundary;
