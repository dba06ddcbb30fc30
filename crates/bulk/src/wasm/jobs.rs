//! The functions on jobs that JavaScript calls.

use wasm_bindgen::prelude::*;

use crate::json::{job_options, jobs};

/// Sizes in bytes and times in ms.
///
/// # Errors
/// Never.
#[wasm_bindgen(js_name = jobNumbers)]
pub fn job_numbers() -> Result<String, String> {
    jobs::numbers()
}

/// A job, as the service tells of it.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen(js_name = readJob)]
pub fn read_job(text: &str) -> Result<String, String> {
    jobs::read_job(text)
}

/// Why an ended job has no results.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen(js_name = jobRefusal)]
pub fn job_refusal(text: &str) -> Result<String, String> {
    jobs::refusal(text)
}

/// A part with one more request; `null` where it belongs into the next one.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen(js_name = addToPart)]
pub fn add_to_part(text: &str) -> Result<String, String> {
    jobs::add_to_part(text)
}

/// The next step after a create or an upload that failed.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen(js_name = afterCreate)]
pub fn after_create(text: &str) -> Result<String, String> {
    jobs::after_create(text)
}

/// The wait after a look that failed; `null` to give up.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen(js_name = afterLook)]
pub fn after_look(text: &str) -> Result<String, String> {
    jobs::after_look(text)
}

/// USD of a row; `null` where no price is known.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen(js_name = rowCost)]
pub fn row_cost(text: &str) -> Result<String, String> {
    jobs::row_cost(text)
}

/// Advice where a request about one job failed; `null` where there is nothing more to say.
///
/// # Errors
/// A sentence that names what is wrong.
#[wasm_bindgen(js_name = failureAdvice)]
pub fn failure_advice(text: &str) -> Result<String, String> {
    jobs::failure_advice(text)
}

/// Whether an uploaded file in this state can be used: `ready`, `pending` or `failed`.
#[wasm_bindgen(js_name = fileState)]
#[must_use]
pub fn file_state(state: &str) -> String {
    jobs::file_state(state)
}

/// Whether a delete that was answered with this status has nothing left to do.
#[wasm_bindgen(js_name = isDeleted)]
#[must_use]
pub fn is_deleted(status: u16, attempt: u32) -> bool {
    jobs::is_deleted(status, attempt)
}

/// Whether this can be the name of a job (`batches`) or file (`files`).
#[wasm_bindgen(js_name = isName)]
#[must_use]
pub fn is_name(name: &str, collection: &str) -> bool {
    jobs::is_name(name, collection)
}

/// The id of the file that a job of this display name is made from.
#[wasm_bindgen(js_name = fileId)]
#[must_use]
pub fn file_id(display_name: &str) -> String {
    jobs::file_id(display_name)
}

/// The wait in ms before the next look at a job of this age.
#[wasm_bindgen(js_name = nextLook)]
#[must_use]
pub fn next_look(age: f64, random: f64) -> f64 {
    jobs::next_look(age, random)
}

/// The wait, or what is left of the time; nothing once that is over.
#[wasm_bindgen]
#[must_use]
pub fn within(wait: f64, left: Option<f64>) -> Option<f64> {
    jobs::within(wait, left)
}

/// The wait in ms until the last look, where so much is left until a deadline.
#[wasm_bindgen(js_name = lastLook)]
#[must_use]
pub fn last_look(left: f64) -> f64 {
    jobs::last_look(left)
}

/// The wait in ms before a look for a lost job, from 1; nothing once it was looked for often
/// enough.
#[wasm_bindgen(js_name = nextSearch)]
#[must_use]
pub fn next_search(looks: u32) -> Option<f64> {
    jobs::next_search(looks)
}

/// The key of a row of which this is the head.
#[wasm_bindgen(js_name = keyOf)]
#[must_use]
pub fn key_of(head: &str) -> Option<String> {
    jobs::key_of(head)
}

/// A text without these secrets, and without what is said in these prompts.
#[wasm_bindgen]
#[must_use]
pub fn clean(text: &str, secrets: Vec<String>, prompts: Vec<String>) -> String {
    jobs::clean(text, &secrets, &prompts)
}

/// Refuses an option that a method of jobs does not have, or that is of another type.
///
/// # Errors
/// A sentence that names the option.
#[wasm_bindgen(js_name = checkJobOptions)]
pub fn check_job_options(
    method: &str,
    keys: Vec<String>,
    types: Vec<String>,
) -> Result<(), String> {
    job_options::check(method, &keys, &types)
}
