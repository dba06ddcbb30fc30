//! Reads what a target answered.

use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::errors::classify::classify;
use crate::errors::kind::Kind;
use crate::wasm::answer::outline::{has_chunk, is_gemini_answer, outline};
use crate::wasm::answer::protocol::read_protocol;
use crate::wasm::answer::relay::read_gemini;
use crate::wasm::answer::summary::Summary;
use crate::wasm::attempt::failed::Failed;
use crate::wasm::host::{self, Host};
use crate::wasm::picture::call::Wanted;
use crate::wasm::target::resolved::Target;
use crate::wasm::transport::http::HttpRequest;
use crate::wasm::values::access::get;
use crate::wasm::values::copy::copy;

/// An answer of a target as one of the Gemini API, and its figures; those of an answer that the caller
/// wants as it came are not read.
pub(super) async fn read_answer(
    target: &Target,
    body: JsValue,
    outgoing: &HttpRequest,
    host: &Host,
    wanted: Wanted,
) -> Result<(JsValue, Summary), Failed> {
    let reading = if target.protocol.is_gemini() {
        if wanted == Wanted::Answer {
            return Ok((body, Summary::default()));
        }
        let summary = Summary::of(&body);
        if summary.pictures > 0 {
            return Ok((body, summary));
        }
        let reading = read_gemini(&body);
        if !reading.has_some() && !has_chunk(&body) {
            return Ok((body, summary));
        }
        reading
    } else {
        let Some(reading) = read_protocol(target.protocol, &body) else {
            return Err(unknown(target, &body));
        };
        reading
    };
    let read = Box::pin(reading.finish(outgoing, host)).await;
    let body = read.map_err(Failed::from)?;
    let summary = Summary::of(&body);
    let is_error = !get(&body, "error").is_undefined() && summary.pictures == 0;
    if is_error { Err(outline(&body).into()) } else { Ok((body, summary)) }
}

/// An answer without a picture, in the form of the Gemini API, says why.
pub(super) fn without_picture(target: &Target, body: &JsValue) -> Failed {
    if is_gemini_answer(body) { outline(body).into() } else { unknown(target, body) }
}

/// The failure of an answer in another protocol than its target's, which may still name an error.
fn unknown(target: &Target, body: &JsValue) -> Failed {
    let value = Value::Object(vec![
        ("status".to_owned(), Value::Number(200.0)),
        ("body".to_owned(), copy(body)),
    ]);
    let info = classify(&value, host::now().wall);
    match info.kind {
        Kind::Unknown | Kind::NoImage => Failed::foreign(target.protocol, 200),
        _ => Failed { info: Some(info), ..value.into() },
    }
}
