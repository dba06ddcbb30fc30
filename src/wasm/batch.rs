//! The sequential batch of the guide: one after the other, a pause after each success.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::driver::Driver;
use super::host;
use crate::base::random::Random;
use crate::base::time::Millis;
use crate::retry::backoff::batch_pause;

/// Makes the pictures in order; `null` stands for one that failed. Ends early once `one` gives no
/// promise, as the caller has aborted, and gives `None` once the client was closed.
pub(crate) async fn run(
    driver: &Driver,
    count: u32,
    delay: Millis,
    one: &Function,
    pause: &Function,
) -> Option<Array> {
    let results = Array::new();
    let mut random = Random::new(host::seed());
    for index in 0..count {
        let promise = one.call1(&JsValue::UNDEFINED, &index.into()).ok()?;
        let Ok(promise) = promise.dyn_into::<Promise>() else { break };
        let response = JsFuture::from(promise).await;
        let failed = response.is_err();
        let pauses = !failed && index.saturating_add(1) < count;
        results.push(&response.unwrap_or(JsValue::NULL));
        if pauses {
            let wait = batch_pause(delay, &mut random).as_f64();
            let paused = pause.call1(&JsValue::UNDEFINED, &wait.into()).ok()?;
            let _ = JsFuture::from(Promise::resolve(&paused)).await;
        }
        if driver.is_closed() && (failed || results.length() < count) {
            return None;
        }
    }
    Some(results)
}
