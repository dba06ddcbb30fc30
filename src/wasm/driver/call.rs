//! The state of one call.

use wasm_bindgen::prelude::*;

use crate::engine::ids::AttemptId;
use crate::wasm::driver::job::{Job, Thrown};
use crate::wasm::options::read::Settings;

pub(super) struct PendingAttempt {
    pub(super) id: AttemptId,
    pub(super) target: usize,
    /// The context or canceller whose signal stops it.
    pub(super) handle: JsValue,
}

pub(super) struct Call {
    /// The JavaScript side of it, which holds the promise.
    pub(super) caller: JsValue,
    pub(super) job: Job,
    pub(super) serial: u32,
    pub(super) pending: Vec<PendingAttempt>,
    pub(super) callbacks: Option<Box<Callbacks>>,
    /// The last error: as the caller's function threw it, or a copy of the service's.
    pub(super) thrown: Option<Thrown>,
    pub(super) answer: JsValue,
}

/// The caller's own functions, which few calls have.
pub(super) struct Callbacks {
    pub(super) on_retry: Option<JsValue>,
    pub(super) should_retry: Option<JsValue>,
    pub(super) fallback_on: Option<JsValue>,
}

impl Callbacks {
    pub(super) fn of(settings: Settings) -> Option<Box<Self>> {
        let Settings { on_retry, should_retry, fallback_on, .. } = settings;
        let has_any = on_retry.is_some() || should_retry.is_some() || fallback_on.is_some();
        has_any.then(|| Box::new(Self { on_retry, should_retry, fallback_on }))
    }
}
