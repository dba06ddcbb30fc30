//! Sends one request over `fetch`.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

use crate::base::text::contains;
use crate::errors::local::OPAQUE;
use crate::wasm::host::{self, Host};
use crate::wasm::transport::http::{HttpReply, HttpRequest};
use crate::wasm::transport::reply::{http_value, named_value, served_tier, unreadable};
use crate::wasm::values::access::{get, set};
use crate::wasm::values::copy::copy;
use crate::wasm::values::name::name;
use crate::wasm::values::text::bounded;

/// The most bytes that are read of the body of an error.
const ERROR_BODY_MAX: u32 = 256 * 1024;

/// Sends, and reads what comes back to its end.
pub(crate) async fn post(request: &HttpRequest, host: &Host) -> HttpReply {
    match exchange(request, host).await {
        Ok(reply) => reply,
        Err(thrown) => HttpReply::Error(copy(&thrown)),
    }
}

async fn exchange(request: &HttpRequest, host: &Host) -> Result<HttpReply, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&request.body);
    init.set_headers(&request.headers);
    init.set_signal(Some(request.signal.unchecked_ref()));
    // A redirect is not followed, since its goal must not get the key or the prompt.
    set(&init, "redirect", &name("manual"));
    if !request.dispatcher.is_undefined() {
        set(&init, "dispatcher", &request.dispatcher);
    }
    let answer = JsFuture::from(host::fetch(request.fetch.as_ref(), &request.url, &init)?).await?;
    let response: Response = answer.unchecked_into();
    let status = get(&response, "status").as_f64().map_or(0, |status| status as u16);
    if get(&response, "type") == "opaqueredirect" {
        return Ok(HttpReply::Error(named_value(OPAQUE, "")));
    }
    if status == 0 {
        // An opaque answer, or a `fetch` of the caller's that gives something else.
        return Err(js_sys::TypeError::new("`fetch` gave no readable Response").into());
    }
    if (200..300).contains(&status) {
        return match JsFuture::from(host.body(&response)).await {
            Ok(none) if none.is_undefined() => Ok(HttpReply::TooLarge),
            Ok(body) => Ok(HttpReply::Body(body, served_tier(&response))),
            Err(thrown) => Ok(unreadable(status, &response, &thrown)),
        };
    }
    let body = JsFuture::from(host.error_text(&response, ERROR_BODY_MAX)).await;
    let body = body.ok().and_then(|body| body.dyn_ref().map(bounded)).unwrap_or_default();
    if status == 404 && !contains(&body, "\"error\"") {
        // A server that does not know the path is not the service, which always gives a reason.
        return Ok(HttpReply::Foreign(404));
    }
    Ok(HttpReply::Error(http_value(status, &response, body)))
}
