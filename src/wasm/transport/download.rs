//! Fetches a picture that lies elsewhere.

use js_sys::Object;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::errors::failure::private_link;
use crate::errors::info::ErrorInfo;
use crate::wasm::host::Host;
use crate::wasm::transport::http::HttpRequest;
use crate::wasm::values::access::{get, set};
use crate::wasm::values::name::name;

/// Of a picture that lies elsewhere no more than this is read, in bytes: 4K takes 8 to 12 million.
const PICTURE_MAX: u32 = 64 * 1024 * 1024;

/// Fetches a picture, within the time of the attempt whose answer names it. Whoever keeps it is told
/// no key, cookie or page. Gives `{ status, data }`, or nothing where there is no answer.
///
/// # Errors
/// Where the link, or a redirect of its, leads to a place that is not asked.
pub(crate) async fn download(
    link: &str,
    request: &HttpRequest,
    host: &Host,
) -> Result<JsValue, ErrorInfo> {
    let init = Object::new();
    // Only pages have something to tell, and workerd refuses to hear that it shall not. They follow
    // redirects by themselves: where those lead, a page cannot know.
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

/// Whether nobody was asked since the place is a private one: by its address, or by what its name was
/// resolved to.
fn is_private(thrown: &JsValue) -> bool {
    let code = |thrown: &JsValue| get(thrown, "code") == "EPRIVATE";
    code(thrown) || code(&get(thrown, "cause"))
}
