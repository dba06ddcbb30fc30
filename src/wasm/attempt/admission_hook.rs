//! The hook by which a batch admits each request: it writes down what is sent before it is sent.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::wasm::attempt::failed::Failed;
use crate::wasm::values::access::get;

/// The functions that admit each request, and hear of each that failed.
#[derive(Clone, Debug)]
pub(crate) struct AdmissionHook {
    pass: Function,
    failed: Function,
}

impl AdmissionHook {
    /// `{ pass(model, usd), failed(possiblyBilled) }`.
    pub(crate) fn read(value: &JsValue) -> Option<Self> {
        if !value.is_object() {
            return None;
        }
        let function = |name| get(value, name).dyn_into().ok();
        Some(Self { pass: function("pass")?, failed: function("failed")? })
    }

    /// Waits until the request is admitted; `usd` is its expected cost.
    ///
    /// # Errors
    /// A request that is refused counts as a failed attempt that was not sent.
    pub(crate) async fn admit(&self, model: &str, usd: f64) -> Result<(), Failed> {
        let admitted = self.pass.call2(&JsValue::UNDEFINED, &model.into(), &usd.into());
        let admitted = match admitted {
            Ok(admitted) => JsFuture::from(Promise::resolve(&admitted)).await,
            Err(thrown) => Err(thrown),
        };
        admitted.map(drop).map_err(|_| held_back())
    }

    pub(crate) fn report_failure(&self, possibly_billed: bool) {
        // The function is the package's own and does not throw; an error could not be handled here.
        let _ = self.failed.call1(&JsValue::UNDEFINED, &possibly_billed.into());
    }
}

fn held_back() -> Failed {
    let info = ErrorInfo {
        unsent: true,
        summary: "The request was held back.".to_owned(),
        ..ErrorInfo::new(Kind::Cancelled)
    };
    info.into()
}
