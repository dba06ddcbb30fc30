//! The functions that JavaScript calls.

use wasm_bindgen::prelude::*;

/// `plan`.
///
/// # Errors
/// A sentence that names the option and what it must be.
#[wasm_bindgen]
pub fn plan(options: &str) -> Result<String, String> {
    crate::plan(options)
}

/// `client.diagnose`.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen]
pub fn diagnose(seen: &str) -> Result<String, String> {
    crate::diagnose(seen)
}

/// `models`.
///
/// # Errors
/// A sentence that names the row and what is wrong with it.
#[wasm_bindgen]
pub fn models(rows: &str) -> Result<String, String> {
    crate::models(rows)
}

/// `limits`.
///
/// # Errors
/// None in practice.
#[wasm_bindgen]
pub fn limits(_about: &str) -> Result<String, String> {
    crate::limits()
}

/// `peakWindows`.
///
/// # Errors
/// None in practice.
#[wasm_bindgen(js_name = peakWindows)]
pub fn peak_windows(_about: &str) -> Result<String, String> {
    crate::peak_windows()
}
