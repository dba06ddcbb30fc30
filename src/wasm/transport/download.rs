//! Fetches a picture that lies elsewhere.

use js_sys::Object;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::errors::info::ErrorInfo;
use crate::errors::local::private_link;
use crate::wasm::host::Host;
use crate::wasm::transport::http::HttpRequest;
use crate::wasm::values::access::{get, set};
use crate::wasm::values::name::name;

/// The most bytes that are read of a picture that lies elsewhere: 4K takes 8 to 12 million.
const PICTURE_MAX: u32 = 64 * 1024 * 1024;

/// Fetches a picture, within the time of the attempt whose answer names it. Its server gets no key,
/// cookie or referrer. Gives `{ status, data }`, or nothing where there is no answer.
///
/// # Errors
/// The link, or one of its redirects, leads to a private address, which is not asked.
pub(crate) async fn download(
    link: &str,
    request: &HttpRequest,
    host: &Host,
) -> Result<JsValue, ErrorInfo> {
    let init = Object::new();
    // Only pages have cookies and a referrer, and workerd refuses these options. A page cannot see
    // the goal of a redirect, and so leaves redirects to the browser.
    if host.browser() {
        set(&init, "credentials", &name("omit"));
        set(&init, "referrerPolicy", &name("no-referrer"));
    } else {
        set(&init, "redirect", &name("manual"));
    }
    set(&init, "signal", &request.signal);
    if !request.dispatcher.is_undefined() {
        set(&init, "dispatcher", &request.dispatcher);
    }
    let fetch = request.fetch.clone().into();
    let got = host.download(&fetch, link, &init, &request.url, PICTURE_MAX);
    match JsFuture::from(got).await {
        Err(thrown) if is_private(&thrown) => Err(private_link()),
        got => Ok(got.unwrap_or(JsValue::UNDEFINED)),
    }
}

/// Whether the request was not sent because its address, or the one that its name was resolved to,
/// is private.
fn is_private(thrown: &JsValue) -> bool {
    let code = |thrown: &JsValue| get(thrown, "code") == "EPRIVATE";
    code(thrown) || code(&get(thrown, "cause"))
}
