//! Reading the status, headers and body of an answer over HTTP.

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::Response;

use crate::base::text::contains;
use crate::base::value::Value;
use crate::errors::classify::classify;
use crate::errors::kind::Kind;
use crate::models::service_tier::SERVED_HEADER;
use crate::wasm::errors::type_error::is_named;
use crate::wasm::host;
use crate::wasm::transport::http::HttpReply;
use crate::wasm::values::access::get;
use crate::wasm::values::copy::{copy, response_headers};
use crate::wasm::values::name::name;

/// A 2xx whose body is no JSON: cut on the way, or not from the service at all.
pub(super) fn unreadable(status: u16, response: &Response, thrown: &JsValue) -> HttpReply {
    if !is_named(thrown, "SyntaxError") {
        return HttpReply::Cut(copy(thrown));
    }
    // A text that is no JSON may still name an error: a gateway's page, an event stream.
    let body = get(thrown, "body").as_string();
    if body.as_deref().is_some_and(|body| body.trim().is_empty()) {
        return HttpReply::Cut(named_value("TypeError", "terminated"));
    }
    if let Some(body) = body {
        let value = http_value(status, response, body);
        let kind = classify(&value, host::now().wall).kind;
        if !matches!(kind, Kind::Unknown | Kind::NoImage) {
            return HttpReply::Error(value);
        }
    }
    let headers = headers_of(response);
    let mime = headers.get("content-type").and_then(Value::as_str);
    if !mime.is_some_and(|mime| contains(mime, "json")) {
        return HttpReply::Foreign(status);
    }
    // The same words as undici's, which the classifier knows as a connection that was cut.
    HttpReply::Cut(named_value("TypeError", "terminated"))
}

/// The tier of service by the headers; a stub of the caller's may have none.
pub(super) fn served_tier(response: &Response) -> Option<String> {
    let headers = get(response, "headers");
    let read: Function = get(&headers, "get").dyn_into().ok()?;
    read.call1(&headers, &name(SERVED_HEADER)).ok()?.as_string()
}

pub(super) fn named_value(name: &str, message: &str) -> Value {
    Value::Object(vec![
        ("name".to_owned(), Value::String(name.to_owned())),
        ("message".to_owned(), Value::String(message.to_owned())),
    ])
}

pub(super) fn http_value(status: u16, response: &Response, body: String) -> Value {
    Value::Object(vec![
        ("status".to_owned(), Value::Number(f64::from(status))),
        ("headers".to_owned(), headers_of(response)),
        ("body".to_owned(), Value::String(body)),
    ])
}

/// A stub of the caller's may have no headers.
fn headers_of(response: &Response) -> Value {
    response_headers(&get(response, "headers")).unwrap_or(Value::Null)
}
