//! Models that go: older names, what is retired, and who is told.

use wasm_bindgen::prelude::*;

use super::convert::{Fields, get, get_text, name};
use super::driver::Driver;
use super::error;
use super::host::Host;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::models::catalog::bare;
use crate::models::known::Catalog;
use crate::models::model::{Model, Status};

/// What an older name is called today, with one warning; any other name as it is.
pub(crate) fn today(catalog: &Catalog, model: String, host: &Host) -> String {
    let id = bare(&model);
    let Some(today) = catalog.today(id) else { return id.to_owned() };
    host.warn(
        &[
            "`",
            id,
            "` is an older name or a nickname; asking for `",
            today,
            "`. To have it sent as it is, give its target a `baseUrl`, or `catalog` a row with that id",
        ]
        .concat(),
    );
    today.to_owned()
}

/// Why a retired model is not asked.
pub(crate) fn reason(model: &Model<'_>) -> String {
    let mut reason = String::from("it is retired");
    if let Some(successor) = model.successor {
        reason = [&reason, "; its successor is ", successor].concat();
    }
    reason
}

/// The error of a call whose models are all retired: nothing was sent.
pub(crate) fn error(host: &Host, model: &Model<'_>) -> JsValue {
    let elsewhere =
        "If a server of yours still serves it, give its target the `baseUrl` of that server.";
    let advice = match model.successor {
        Some(successor) => ["Use its successor, ", successor, ". ", elsewhere].concat(),
        None => elsewhere.to_owned(),
    };
    let info = ErrorInfo {
        model: Some(model.id.to_owned()),
        summary: [model.id, " is retired, so that no request was sent."].concat(),
        advice,
        ..ErrorInfo::new(Kind::ModelNotFound)
    };
    let none = JsValue::UNDEFINED;
    host.error(
        &name(info.kind.as_str()),
        &[&info.summary, " ", &info.advice].concat(),
        &info.advice,
        &error::info(&info),
        &none,
        Some(model.id),
        0.0,
        &none,
    )
}

impl Driver {
    /// Tells once of each model that it is deprecated or retired, or that the service says so.
    pub(crate) fn tell_retired(&self, id: &str, info: Option<JsValue>) {
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
        self.tell_gone(model.id, status, fields);
    }

    /// Tells once of what an answer says of its model: that it goes (`modelStatus`), or that another one
    /// has answered in its place.
    pub(crate) fn tell_stage(&self, id: &str, answer: &JsValue, served_by: Option<&str>) {
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
        self.tell_gone(id, status, fields);
    }

    fn tell_gone(&self, id: &str, status: Status, fields: Fields) {
        let told = (id.to_owned(), status);
        if self.told_retired.borrow().contains(&told) {
            return;
        }
        self.told_retired.borrow_mut().push(told);
        let fields = fields.set("model", id).set("status", status.as_str());
        self.host.notice("modelRetired", &fields.done());
    }
}
