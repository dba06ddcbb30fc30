//! The hook by which a batch admits each request: it writes down what is sent before it is sent.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::wasm::attempt::failed::Failed;
use crate::wasm::values::access::get;

/// Whoever is asked before each request, and told of each that failed.
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

    /// Waits for leave to send; `usd` is what the request may cost. Where it is refused, nothing is
    /// sent.
    pub(crate) async fn pass(&self, model: &str, usd: f64) -> Result<(), Failed> {
        let passed = self.pass.call2(&JsValue::UNDEFINED, &model.into(), &usd.into());
        let passed = match passed {
            Ok(passed) => JsFuture::from(Promise::resolve(&passed)).await,
            Err(thrown) => Err(thrown),
        };
        passed.map(drop).map_err(|_| held_back())
    }

    pub(crate) fn report_failure(&self, possibly_billed: bool) {
        // Whoever was asked does not throw, and nobody would be helped by it here.
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
