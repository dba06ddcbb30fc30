//! The history of a client, as JavaScript gets it.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::engine::history::History;
use crate::engine::peak::{self, Hours};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::driver::job::Job;
use crate::wasm::host;
use crate::wasm::values::name::name;
use crate::wasm::values::object::Fields;

impl Driver {
    /// Counts an attempt that has ended, after the engine has handled its end.
    pub(super) fn count(&self, job: Option<&Job>, target: usize, info: Option<&ErrorInfo>) {
        let model = job.and_then(|job| job.model(target));
        let now = self.engine.borrow().now.wall;
        self.history.borrow_mut().count(now, model, info);
        if let (Some(job), Some(model), Some(info)) = (job, model, info)
            && info.kind == Kind::ModelNotFound
        {
            self.emit_retired(model, Some(job.redacted_info(info)));
        }
    }

    /// The hours that are known for overload, and those in which this client has seen it.
    pub(crate) fn peak_hours(&self) -> Hours {
        peak::known().and(self.history.borrow().storm_hours(host::now().wall))
    }

    /// The outcomes of this client's attempts.
    pub(crate) fn history(&self) -> JsValue {
        history_to_js(&self.history.borrow())
    }
}

/// `{ outcomes, failingSince, at }`; moments are in ms since 1970.
fn history_to_js(history: &History) -> JsValue {
    let now = host::now().wall;
    let outcomes = Array::new();
    history.tell(now, |outcome| {
        let fields = Fields::new()
            .set("at", outcome.at.0 as f64)
            .set("count", outcome.count)
            .set_some("model", outcome.model)
            .set_some("kind", outcome.kind.map(|kind| name(kind.as_str())))
            .set_some("dimension", outcome.dimension.map(|dimension| name(dimension.as_str())))
            .set_some("limit", outcome.limit.map(|limit| limit as f64));
        outcomes.push(&fields.done());
    });
    let since = history.failing_since().map(|since| since.0 as f64);
    Fields::new()
        .set("outcomes", outcomes)
        .set("at", now.0 as f64)
        .set_some("failingSince", since)
        .done()
}
