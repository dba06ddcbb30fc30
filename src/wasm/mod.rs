//! The driver: it converts JavaScript's values, calls `fetch`, waits, and decides nothing.

mod answer;
mod attempt;
mod client;
mod driver;
mod errors;
mod host;
mod options;
mod picture;
mod quota;
mod request;
mod target;
mod transport;
mod values;

pub use client::core::Core;
pub use quota::tracker::Tracker;
use rlsf::SmallGlobalTlsf;
use wasm_bindgen::prelude::*;

use crate::base::random::Random;
use crate::errors::classify::classify;
use crate::models::catalog;
use crate::options::value::count;
use crate::protocol::address;
use crate::request::shape::Shape;
use crate::retry::backoff;
use errors::info::error_info;
use options::argument::argument;
use values::copy::copy;

/// A third of the code of the default allocator.
#[global_allocator]
static ALLOCATOR: SmallGlobalTlsf = SmallGlobalTlsf::new();

/// Classifies an error: an Error, `{ status, headers, body }`, a string, or a 200 body.
#[wasm_bindgen(js_name = classifyError)]
#[must_use]
pub fn classify_error(input: &JsValue) -> JsValue {
    error_info(&classify(&copy(input), host::now().wall))
}

/// The wait in ms before the try after `attempt`; `null` where trying again soon cannot help.
///
/// # Errors
/// A `TypeError` where `attempt` is not a whole number from 1.
#[wasm_bindgen(js_name = getRetryDelay)]
pub fn get_retry_delay(input: &JsValue, attempt: &JsValue) -> Result<JsValue, JsValue> {
    let tries = count(argument("attempt", attempt, Shape::Count)?);
    let info = classify(&copy(input), host::now().wall);
    let delay = backoff::retry_delay(&info, tries, &mut Random::new(host::seed()));
    Ok(delay.map_or(JsValue::NULL, |delay| delay.as_f64().into()))
}

/// Refuses an event that does not exist.
///
/// # Errors
/// A `TypeError` that names the events.
#[wasm_bindgen(js_name = checkEvents)]
pub fn check_events(listeners: &JsValue, host: &JsValue) -> Result<(), JsValue> {
    options::read::check_listeners(listeners, host.unchecked_ref())
}

/// The catalogue's price in USD of one picture of this model at its default size.
#[wasm_bindgen(js_name = priceOf)]
#[must_use]
pub fn price_of(model: &str) -> Option<f64> {
    Some(catalog::find(model)?.price(None)?.usd)
}

/// The id of the cheapest current model.
#[wasm_bindgen(js_name = cheapestModel)]
#[must_use]
pub fn cheapest_model() -> String {
    catalog::cheapest().map_or_else(String::new, |model| model.id.to_owned())
}

/// The type of a picture, by the first letters of its base64 and the type that its answer names;
/// `undefined` where it is no picture.
#[wasm_bindgen(js_name = pictureType)]
#[must_use]
pub fn picture_type(head: &str, said: Option<String>) -> Option<String> {
    answer::summary::picture_type(head, said)
}

/// Whether the origin `to` may be asked for the sake of the service at `home`. It is the origin of
/// a link of that service, where `status` is 0, else the goal of a redirect with this status, which
/// was given by the origin `by` after `hops` redirects.
#[wasm_bindgen(js_name = mayFollow)]
#[must_use]
pub fn may_follow(status: u16, home: &str, by: &str, to: &str, hops: u32) -> bool {
    (status == 0 || address::is_redirect(status)) && address::may_follow(home, by, to, hops)
}
