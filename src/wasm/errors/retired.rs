//! Models that are retired, and so are not asked.

use wasm_bindgen::prelude::*;

use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::models::model::Model;
use crate::wasm::errors::info::error_info;
use crate::wasm::host::Host;
use crate::wasm::values::name::name;

/// The reason for which a retired model is left out, in words.
pub(crate) fn retired_reason(model: &Model<'_>) -> String {
    let mut reason = String::from("it is retired");
    if let Some(successor) = model.successor {
        reason = [&reason, "; its successor is ", successor].concat();
    }
    reason
}

/// The error of a call whose models are all retired: nothing was sent.
pub(crate) fn retired_error(host: &Host, model: &Model<'_>) -> JsValue {
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
        &error_info(&info),
        &none,
        Some(model.id),
        0.0,
        &none,
    )
}
