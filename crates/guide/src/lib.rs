//! The guide: plans and diagnoses; for JavaScript JSON in, JSON out.
//!
//! It is a module of its own, so that nobody who only makes pictures has to load it.
//!
//! ```
//! let plan = unexhausted_guide::plan(r#"{ "images": 500, "tier": "tier1" }"#)?;
//! assert!(plan.contains(r#""volume":"medium""#));
//! let message = unexhausted_guide::plan("{}").unwrap_err();
//! assert_eq!(message, "option `images` must be a whole number from 1");
//! # Ok::<(), String>(())
//! ```

#![deny(clippy::too_many_lines)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod band;
pub mod diagnosis;
pub mod limit_table;
pub mod model_info;
mod pattern;
pub mod plan;
pub mod plan_options;
pub mod price_table;
pub mod seen;
pub mod steps;
pub mod tier_time;
pub mod volume;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

use crate::plan_options::Question;
use crate::seen::Seen;
use serde::Serialize;
use unexhausted::base::value::Value;
use unexhausted::engine::peak;
use unexhausted::errors::reader;
use unexhausted::models::known::Catalog;

/// The guide's answer to the options of `plan`.
///
/// # Errors
/// A sentence that names the option and what it must be.
pub fn plan(options: &str) -> Result<String, String> {
    let question = Question::read(&parse(options))?;
    write(&plan::plan(&question))
}

/// The diagnosis of a client's history.
///
/// # Errors
/// A sentence that names what is wrong with the history.
pub fn diagnose(seen: &str) -> Result<String, String> {
    let seen = Seen::read(&parse(seen))?;
    write(&diagnosis::diagnose(&seen))
}

/// Every model, with the rows of the caller's own.
///
/// # Errors
/// A sentence that names the row and what is wrong with it.
pub fn models(rows: &str) -> Result<String, String> {
    let mut catalog = Catalog::default();
    for row in parse(rows).items() {
        catalog.add(row)?;
    }
    write(&model_info::list(&catalog))
}

/// The limits that are known, by model and tier, with their dates and sources.
///
/// # Errors
/// None in practice.
pub fn limits() -> Result<String, String> {
    write(&limit_table::LIMITS)
}

/// The hours of the day, UTC, in which overload is known.
///
/// # Errors
/// None in practice.
pub fn peak_windows() -> Result<String, String> {
    write(&peak::WINDOWS)
}

/// A text that cannot be read is null, which its reader refuses by name.
fn parse(text: &str) -> Value {
    reader::read(text).map_or(Value::Null, |(value, _)| value)
}

fn write(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}
