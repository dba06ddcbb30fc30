//! Damaged states of a store and damaged errors: no panic, no loop without end, no limit passed.
//!
//! `npm run fuzz` runs these with millions of seeds; here they are a check of the check.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(clippy::arithmetic_side_effects)]

#[path = "support/bounded.rs"]
mod bounded;
#[path = "support/cases.rs"]
mod cases;
#[path = "fuzz/errors.rs"]
mod errors;
#[path = "support/json.rs"]
mod json;
#[path = "fuzz/states.rs"]
mod states;

#[test]
fn errors() {
    cases::cases("errors-native", errors::case);
}

#[test]
fn states() {
    cases::cases("states-native", states::case);
}
