//! The sequential batch of the guide: one after the other, a pause after each success.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::host;
use crate::backoff::batch_pause;
use crate::random::Random;
use crate::time::Millis;

/// Makes the pictures in order; `null` stands for one that failed. Ends early once `one` gives no
/// promise: the caller has aborted.
pub(crate) async fn run(count: u32, delay: Millis, one: &Function, pause: &Function) -> Array {
    let results = Array::new();
    let mut random = Random::new(host::seed());
    for index in 0..count {
        let Ok(promise) = one.call1(&JsValue::UNDEFINED, &index.into()) else { break };
        let Ok(promise) = promise.dyn_into::<Promise>() else { break };
        let Ok(response) = JsFuture::from(promise).await else {
            results.push(&JsValue::NULL);
            continue;
        };
        results.push(&response);
        if index.saturating_add(1) < count {
            let wait = batch_pause(delay, &mut random).as_f64();
            let Ok(paused) = pause.call1(&JsValue::UNDEFINED, &wait.into()) else { break };
            let _ = JsFuture::from(Promise::resolve(&paused)).await;
        }
    }
    results
}
