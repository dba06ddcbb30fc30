//! What JavaScript calls.

use wasm_bindgen::prelude::*;

/// The version of journals that this writes.
#[wasm_bindgen(js_name = journalVersion)]
#[must_use]
pub fn journal_version() -> u32 {
    crate::journal_version()
}
