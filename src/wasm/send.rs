//! One request over `fetch`, and what came of it.

use js_sys::{Function, JsString, Object};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

use super::convert::{self, Fields, bounded, copy, get as get_field, get_dynamic, keys, put, set};
use super::host::{Host, fetch};
use crate::base::text::contains;
use crate::base::value::Value;
use crate::errors::classify::classify;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::errors::local::{OPAQUE, private_link};
use crate::models::service_tier::SERVED_HEADER;

/// Of an error body no more than this is read, in bytes.
const ERROR_BODY_MAX: u32 = 256 * 1024;

/// What is sent.
pub(crate) struct Letter {
    pub(crate) url: JsString,
    pub(crate) headers: Object,
    pub(crate) body: JsString,
    pub(crate) signal: JsValue,
    pub(crate) dispatcher: JsValue,
    pub(crate) fetch: Option<Function>,
}

/// What came back.
pub(crate) enum Reply {
    /// The body of a 2xx, and the tier of service that its headers name.
    Body(JsValue, Option<String>),
    /// An answer that is not the service's, with its status.
    Foreign(u16),
    /// An answer that is longer than may be read.
    TooLarge,
    /// A 2xx whose body did not come to its end, as the classifier reads that.
    Cut(Value),
    /// Anything else, as the classifier reads it.
    Error(Value),
}

/// Sends, and reads what comes back to its end.
pub(crate) async fn send(letter: &Letter, host: &Host) -> Reply {
    match exchange(letter, host).await {
        Ok(reply) => reply,
        Err(thrown) => Reply::Error(copy(&thrown)),
    }
}

async fn exchange(letter: &Letter, host: &Host) -> Result<Reply, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&letter.body);
    init.set_headers(&letter.headers);
    init.set_signal(Some(letter.signal.unchecked_ref()));
    // Wherever it leads, nobody there is to have the key or the prompt.
    set(&init, "redirect", &convert::name("manual"));
    if !letter.dispatcher.is_undefined() {
        set(&init, "dispatcher", &letter.dispatcher);
    }
    let answer = JsFuture::from(fetch(letter.fetch.as_ref(), &letter.url, &init)?).await?;
    let response: Response = answer.unchecked_into();
    let status = get_field(&response, "status").as_f64().map_or(0, |status| status as u16);
    if get_field(&response, "type") == "opaqueredirect" {
        return Ok(Reply::Error(named(OPAQUE, "")));
    }
    if status == 0 {
        // An opaque answer, or a `fetch` of the caller's that gives something else.
        return Err(js_sys::TypeError::new("`fetch` gave no readable Response").into());
    }
    if (200..300).contains(&status) {
        return match JsFuture::from(host.body(&response)).await {
            Ok(none) if none.is_undefined() => Ok(Reply::TooLarge),
            Ok(body) => Ok(Reply::Body(body, tier_of(&response))),
            Err(thrown) => Ok(unreadable(status, &response, &thrown)),
        };
    }
    let body = JsFuture::from(host.error_text(&response, ERROR_BODY_MAX)).await;
    let body = body.ok().and_then(|body| body.dyn_ref().map(bounded)).unwrap_or_default();
    if status == 404 && !contains(&body, "\"error\"") {
        // Whatever it is that does not know the path, it is not the service: that always says why.
        return Ok(Reply::Foreign(404));
    }
    Ok(Reply::Error(http(status, &response, body)))
}

/// Of a picture that lies elsewhere no more than this is read, in bytes: 4K takes 8 to 12 million.
const PICTURE_MAX: u32 = 64 * 1024 * 1024;

/// Fetches a picture, within the time of the attempt whose answer names it. Whoever keeps it is told
/// no key, cookie or page. Gives `{ status, data }`, or nothing where there is no answer.
///
/// # Errors
/// Where the link, or a redirect of its, leads to a place that is not asked.
pub(crate) async fn get(link: &str, letter: &Letter, host: &Host) -> Result<JsValue, ErrorInfo> {
    let init = Object::new();
    // Only pages have something to tell, and workerd refuses to hear that it shall not. They follow
    // redirects by themselves: where those lead, a page cannot know.
    if host.browser() {
        set(&init, "credentials", &convert::name("omit"));
        set(&init, "referrerPolicy", &convert::name("no-referrer"));
    } else {
        set(&init, "redirect", &convert::name("manual"));
    }
    set(&init, "signal", &letter.signal);
    if !letter.dispatcher.is_undefined() {
        set(&init, "dispatcher", &letter.dispatcher);
    }
    let fetch = letter.fetch.clone().into();
    let got = host.download(&fetch, link, &init, &letter.url, PICTURE_MAX);
    match JsFuture::from(got).await {
        Err(thrown) if is_private(&thrown) => Err(private_link()),
        got => Ok(got.unwrap_or(JsValue::UNDEFINED)),
    }
}

/// Whether nobody was asked since the place is a private one: by its address, or by what its name was
/// resolved to.
fn is_private(thrown: &JsValue) -> bool {
    let code = |thrown: &JsValue| get_field(thrown, "code") == "EPRIVATE";
    code(thrown) || code(&get_field(thrown, "cause"))
}

/// A 2xx whose body is no JSON: cut on the way, or not from the service at all.
fn unreadable(status: u16, response: &Response, thrown: &JsValue) -> Reply {
    if !super::error::is_named(thrown, "SyntaxError") {
        return Reply::Cut(copy(thrown));
    }
    // What is no JSON may tell an error all the same: a gateway's page, an event stream's text.
    let body = get_field(thrown, "body").as_string();
    if body.as_deref().is_some_and(|body| body.trim().is_empty()) {
        return Reply::Cut(named("TypeError", "terminated"));
    }
    if let Some(body) = body {
        let value = http(status, response, body);
        let kind = classify(&value, super::host::now().wall).kind;
        if !matches!(kind, Kind::Unknown | Kind::NoImage) {
            return Reply::Error(value);
        }
    }
    let headers = headers_of(response);
    let mime = headers.get("content-type").and_then(Value::as_str);
    if !mime.is_some_and(|mime| contains(mime, "json")) {
        return Reply::Foreign(status);
    }
    // The same words as undici's, which the classifier knows as a connection that was cut.
    Reply::Cut(named("TypeError", "terminated"))
}

/// The tier of service by the headers; a stub of the caller's may have none.
fn tier_of(response: &Response) -> Option<String> {
    let headers = get_field(response, "headers");
    let read: Function = get_field(&headers, "get").dyn_into().ok()?;
    read.call1(&headers, &convert::name(SERVED_HEADER)).ok()?.as_string()
}

fn named(name: &str, message: &str) -> Value {
    Value::Object(vec![
        ("name".to_owned(), Value::String(name.to_owned())),
        ("message".to_owned(), Value::String(message.to_owned())),
    ])
}

fn http(status: u16, response: &Response, body: String) -> Value {
    Value::Object(vec![
        ("status".to_owned(), Value::Number(f64::from(status))),
        ("headers".to_owned(), headers_of(response)),
        ("body".to_owned(), Value::String(body)),
    ])
}

/// A stub of the caller's may have no headers.
fn headers_of(response: &Response) -> Value {
    convert::headers(&get_field(response, "headers")).unwrap_or(Value::Null)
}

/// An object with the caller's headers on top of ours.
pub(crate) fn headers(
    credential: Option<(&'static str, String)>,
    timeout_secs: Option<u64>,
    extra: &[&Object],
) -> Object {
    let mut fields = Fields::new().set("content-type", "application/json");
    if let Some((name, value)) = credential {
        fields = fields.set(name, value);
    }
    let fields = fields.set_some("x-server-timeout", timeout_secs.map(|secs| secs.to_string()));
    let headers: Object = fields.done().unchecked_into();
    for more in extra {
        for key in keys(more) {
            let value = get_dynamic(more, &key);
            if let Some(name) = key.as_string().filter(|_| !value.is_undefined()) {
                // Lower case, so that a header given twice is sent once.
                put(&headers, &name.to_ascii_lowercase().into(), &value);
            }
        }
    }
    headers
}
