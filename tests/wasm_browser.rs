//! The tests of the boundary, in browsers: a file of tests is for these or for Node.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::arithmetic_side_effects, clippy::expect_used)]

mod boundary;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
