//! `batchGenerate`: the sequential batch of the guide, with a pause after each success.

use std::rc::Rc;

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::base::random::Random;
use crate::base::time::Millis;
use crate::request::options::scope;
use crate::request::shape::Shape;
use crate::retry::backoff::batch_pause;
use crate::wasm::client::core::Core;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::errors::generate_error::closed_error;
use crate::wasm::errors::retired::retired_error;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host;
use crate::wasm::options::argument::argument;
use crate::wasm::options::read::read_options;
use crate::wasm::request::checked::Request;
use crate::wasm::values::check::as_array;

/// The pause between two pictures, where the caller gives none.
const BATCH_DELAY: Millis = Millis(1_000);

#[wasm_bindgen]
impl Core {
    /// `batchGenerate`: one after the other, `null` for a failure. Each item goes through `one`,
    /// which makes the drop-in's promise from the index, or gives `null` once the caller aborted;
    /// between two items `pause` is called with the time in ms.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    #[wasm_bindgen(js_name = batchGenerate)]
    pub fn batch_generate(
        &self,
        caller: JsValue,
        prompts: &JsValue,
        options: &JsValue,
        one: Function,
        pause: Function,
    ) -> Result<(), JsValue> {
        let Some(prompts) = as_array(prompts) else {
            return Err(type_error("`batchGenerate` needs a list of prompts"));
        };
        let delay = if options.as_f64().is_some() {
            Some(Millis::from_f64(argument("delay", options, Shape::Duration)?))
        } else {
            read_options(options, scope::BATCH, &self.driver.host)?.delay
        };
        if self.driver.is_closed() {
            return Err(closed_error(&self.driver.host));
        }
        // A mistake is thrown before the first request: later it would cost the pictures before it.
        for prompt in prompts.iter() {
            let request = Request::read_any(&prompt, &self.driver.host)?;
            let host = &self.driver.host;
            let chain = self.targets.chain(None, &request, None, &self.settings, host)?;
            let first = chain.first().filter(|target| target.retired);
            if let Some(gone) = first.and_then(|target| self.driver.catalog.find(&target.model)) {
                return Err(retired_error(host, &gone));
            }
        }
        let (driver, count) = (Rc::clone(&self.driver), prompts.length());
        let delay = delay.unwrap_or(BATCH_DELAY);
        spawn_local(async move {
            match run_batch(&driver, count, delay, &one, &pause).await {
                Some(results) => driver.host.resolve(&caller, &results),
                None => driver.host.reject(&caller, &closed_error(&driver.host)),
            }
        });
        Ok(())
    }
}

/// Makes the pictures in order; `null` stands for one that failed. Ends early once `one` gives no
/// promise, as the caller has aborted, and gives `None` once the client was closed.
async fn run_batch(
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
