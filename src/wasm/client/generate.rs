//! `generate`, the drop-in and `generateWithFallback`.

use wasm_bindgen::prelude::*;

use crate::base::time::Millis;
use crate::options::value::count;
use crate::request::options::scope;
use crate::request::retry_options::RetryOptions;
use crate::request::shape::Shape;
use crate::retry::policy::Policy;
use crate::wasm::attempt::admission_hook::AdmissionHook;
use crate::wasm::client::core::Core;
use crate::wasm::options::argument::argument;
use crate::wasm::options::read::{Settings, read_options};
use crate::wasm::picture::call::Wanted;
use crate::wasm::request::checked::Request;

/// The requests of the drop-in in all, where the caller gives no number.
const MAX_RETRIES: u32 = 5;
/// The delay of the drop-in after its first request.
const BASE_DELAY: Millis = Millis(2_000);

#[wasm_bindgen]
impl Core {
    /// `client.generate`. A batch passes an admission `hook` with each of its calls, which is asked
    /// before each request and may refuse it.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    pub fn generate(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
        hook: &JsValue,
    ) -> Result<u32, JsValue> {
        let call = read_options(options, scope::GENERATE, &self.driver.host)?;
        let policy = call.retry.apply(self.settings.retry.apply(Policy::GENERATE));
        let request = Request::read(request, &self.driver.host)?;
        self.picture(caller, request, Wanted::Result, policy, call, AdmissionHook::read(hook))
    }

    /// Refuses a wrong option of `client.batch`, and a wrong target of it or of the client, before
    /// each item fails by it.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = checkBatch)]
    pub fn check_batch(&self, options: &JsValue) -> Result<(), JsValue> {
        let host = &self.driver.host;
        let batch = read_options(options, scope::RUN, host)?;
        let request = Request::read(&"a picture".into(), host)?;
        self.targets.chain(batch.models.as_ref(), &request, None, &self.settings, host).map(drop)
    }

    /// The drop-in. `options` is `maxRetries`, or an object.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = generateWithRetry)]
    pub fn generate_with_retry(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
        base_delay: &JsValue,
    ) -> Result<u32, JsValue> {
        let mut call = Settings::default();
        if options.is_object() || options.is_null() {
            call = read_options(options, scope::DROP_IN, &self.driver.host)?;
        } else if !options.is_undefined() {
            let retries = argument("maxRetries", options, Shape::Retries)?;
            call.max_retries = Some(count(retries).max(1));
        }
        if !base_delay.is_undefined() {
            let delay = argument("baseDelay", base_delay, Shape::Duration)?;
            call.retry.all.base_delay = Some(Millis::from_f64(delay));
        }
        let policy = Policy::drop_in(
            call.max_retries.unwrap_or(MAX_RETRIES),
            call.retry.all.base_delay.take().unwrap_or(BASE_DELAY),
        );
        let policy = call.retry.apply(self.limits().apply(policy));
        let request = Request::read_any(request, &self.driver.host)?;
        self.picture(caller, request, Wanted::Answer, policy, call, None)
    }

    /// `generateWithFallback`: the chain in order, two tries a model.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = generateWithFallback)]
    pub fn generate_with_fallback(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
    ) -> Result<u32, JsValue> {
        let call = read_options(options, scope::FALLBACK, &self.driver.host)?;
        let policy = call.retry.apply(self.limits().apply(Policy::fallback()));
        let request = Request::read(request, &self.driver.host)?;
        self.picture(caller, request, Wanted::Fallback, policy, call, None)
    }
}

impl Core {
    /// The settings of the client that the drop-in and `generateWithFallback` follow: the longest
    /// waits. The number of tries and their delays are their own.
    pub(super) fn limits(&self) -> RetryOptions {
        let RetryOptions { max_server_delay, max_wait_per_target, timeout, .. } =
            self.settings.retry;
        RetryOptions { max_server_delay, max_wait_per_target, timeout, ..RetryOptions::default() }
    }
}
