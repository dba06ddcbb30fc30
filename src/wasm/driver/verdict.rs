//! Verdicts of the caller's own functions about an error.

use std::pin::Pin;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::base::time::Millis;
use crate::engine::ids::CallId;
use crate::errors::info::ErrorInfo;
use crate::retry::policy::Verdict;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::host;
use crate::wasm::values::access::get;

/// The verdict of the caller's functions, which may be asynchronous.
pub(super) enum Decision {
    Now(Option<Verdict>),
    Later(Pin<Box<dyn Future<Output = Option<Verdict>>>>),
}

fn is_promise(value: &JsValue) -> bool {
    value.has_type::<Promise>()
}

/// The result of a promise, or the value itself; the host lets no promise reject.
async fn settled(value: JsValue) -> JsValue {
    match value.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await.unwrap_or(JsValue::UNDEFINED),
        Err(value) => value,
    }
}

/// The verdict of `shouldRetry`; `None` where the classifier decides.
fn retry_verdict(answer: &JsValue) -> Option<Verdict> {
    if let Some(retries) = answer.as_bool() {
        return Some(if retries { Verdict::Retry } else { Verdict::Stop });
    }
    let delay = get(answer, "delay").as_f64().filter(|&delay| delay >= 0.0)?;
    Some(Verdict::RetryAfter(Millis::from_f64(delay)))
}

/// The verdict of `fallbackOn`.
fn fallback_verdict(answer: &JsValue) -> Option<Verdict> {
    Some(if answer.as_bool()? { Verdict::Leave } else { Verdict::Stay })
}

impl Driver {
    /// Asks the caller's `shouldRetry`, and where that leaves it open, its `fallbackOn`.
    pub(super) fn ask(self: &Rc<Self>, call: CallId, info: &ErrorInfo) -> Decision {
        let own = self.with(call, |state| {
            let own = state.callbacks.as_ref()?;
            if own.should_retry.is_none() && own.fallback_on.is_none() {
                return None;
            }
            let error = state.job.redacted_error(state.thrown.as_ref());
            let shown = state.job.redacted_info(info);
            Some((own.should_retry.clone(), own.fallback_on.clone(), error, shown))
        });
        let Some((should_retry, fallback_on, error, shown)) = own.flatten() else {
            return Decision::Now(None);
        };
        let retries = should_retry.map_or(JsValue::UNDEFINED, |ask| {
            let delay = self.engine.borrow().preview(host::now(), call, info);
            let attempt = self.engine.borrow().attempts(call);
            self.host.ask(&ask, &error, &shown, attempt, delay.map(Millis::as_f64))
        });
        let driver = Rc::clone(self);
        let leaves = move || match &fallback_on {
            Some(ask) => driver.host.leaves(ask, &shown),
            None => JsValue::UNDEFINED,
        };
        if !is_promise(&retries) {
            if let Some(verdict) = retry_verdict(&retries) {
                return Decision::Now(Some(verdict));
            }
            let leaves = leaves();
            if !is_promise(&leaves) {
                return Decision::Now(fallback_verdict(&leaves));
            }
            return Decision::Later(Box::pin(
                async move { fallback_verdict(&settled(leaves).await) },
            ));
        }
        Decision::Later(Box::pin(async move {
            match retry_verdict(&settled(retries).await) {
                None => fallback_verdict(&settled(leaves()).await),
                verdict => verdict,
            }
        }))
    }
}
