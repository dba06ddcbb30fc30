//! The events of models that go.

use wasm_bindgen::prelude::*;

use crate::models::model::Status;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::values::access::{get, get_text};
use crate::wasm::values::object::Fields;

impl Driver {
    /// Emits once for each model that it is deprecated or retired, by the catalogue or the service.
    pub(crate) fn emit_retired(&self, id: &str, info: Option<JsValue>) {
        if !self.host.listening() {
            return;
        }
        let Some(model) = self.catalog.find(id) else { return };
        let status = match model.status {
            _ if info.is_some() => Status::Retired,
            status @ (Status::Deprecated | Status::Retired) => status,
            Status::Stable | Status::Preview => return,
        };
        let fields = Fields::new().set_some("successor", model.successor).set_some("info", info);
        self.emit_gone(model.id, status, fields);
    }

    /// Emits once for each model that its answer names an end (`modelStatus`), or that another
    /// model has answered in its place.
    pub(super) fn emit_stage(&self, id: &str, answer: &JsValue, served_by: Option<&str>) {
        if !self.host.listening() {
            return;
        }
        let said = get(answer, "modelStatus");
        let status = match get_text(&said, "modelStage").as_deref() {
            _ if served_by.is_some() => Status::Retired,
            Some("RETIRED") => Status::Retired,
            Some("DEPRECATED" | "LEGACY") => Status::Deprecated,
            _ => return,
        };
        let known = self.catalog.find(id).and_then(|model| model.successor);
        let fields = Fields::new()
            .set_some("successor", served_by.or(known))
            .set_some("endsAt", get_text(&said, "retirementTime"))
            .set_some("message", get_text(&said, "message"));
        self.emit_gone(id, status, fields);
    }

    fn emit_gone(&self, id: &str, status: Status, fields: Fields) {
        let event = (id.to_owned(), status);
        if self.emitted_retired.borrow().contains(&event) {
            return;
        }
        self.emitted_retired.borrow_mut().push(event);
        let fields = fields.set("model", id).set("status", status.as_str());
        self.host.notice("modelRetired", &fields.done());
    }
}
