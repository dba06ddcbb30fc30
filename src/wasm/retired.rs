//! Models that go: older names, what is retired, and who is told.

use wasm_bindgen::prelude::*;

use super::convert::{Fields, name};
use super::driver::Driver;
use super::error;
use super::host::Host;
use crate::info::ErrorInfo;
use crate::kind::Kind;
use crate::model::{Model, Status};
use crate::models::Catalog;

/// What an older name is called today, with one warning; any other name as it is.
pub(crate) fn today(catalog: &Catalog, model: String, host: &Host) -> String {
    let id = model.strip_prefix("models/").unwrap_or(&model);
    let Some(today) = catalog.today(id) else { return model };
    host.warn(
        &[
            "`",
            id,
            "` is an older name; asking for `",
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
        let told = (model.id.to_owned(), status);
        if self.told_retired.borrow().contains(&told) {
            return;
        }
        self.told_retired.borrow_mut().push(told);
        let fields = Fields::new()
            .set("model", model.id)
            .set("status", status.as_str())
            .set_some("successor", model.successor)
            .set_some("info", info);
        self.host.notice("modelRetired", &fields.done());
    }
}
