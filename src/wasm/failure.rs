//! The error that callers see where none of their own was thrown.

use wasm_bindgen::prelude::*;

use super::convert::name;
use super::driver::Job;
use super::error;
use super::host::Host;
use super::picture;
use crate::engine::output::Record;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::retry::ending;
use crate::retry::ending::Why;

/// Makes a `GenerateError` of a call's end.
pub(crate) fn error(
    host: &Host,
    job: &Job,
    why: Why,
    info: &ErrorInfo,
    record: &Record,
    cause: &JsValue,
) -> JsValue {
    let sent = u32::try_from(record.attempts.len()).unwrap_or(u32::MAX);
    let last = record.attempts.last().map_or(0, |attempt| attempt.target);
    let mut message = job.clean(&ending::message(why, info, sent));
    if let Some(at) = info.retry_at {
        let at: js_sys::Date = error::date(at.0).unchecked_into();
        message = [&message, " Not before ", &String::from(at.to_iso_string()), "."].concat();
    }
    host.error(
        &name(ending::kind(why, info).as_str()),
        &message,
        &ending::advice(why, info),
        &job.shown(info),
        &picture::attempts(host, record, |target| job.model(target)),
        info.model.as_deref().map(|model| job.clean(model)).as_deref().or_else(|| job.model(last)),
        match job {
            Job::Picture(picture) => picture.possible_cost(record),
            Job::Function(_) | Job::Quoted(..) => 0.0,
        },
        cause,
    )
}

/// Makes the `GenerateError` of a client that has ended.
pub(crate) fn closed(host: &Host) -> JsValue {
    let advice = "Make a new client with createClient().";
    ours(host, Kind::Closed, "the client was closed", advice)
}

/// Makes a `GenerateError` of a call that was never sent, or that its client ended.
pub(crate) fn ours(host: &Host, kind: Kind, message: &str, advice: &str) -> JsValue {
    let none = JsValue::UNDEFINED;
    host.error(&name(kind.as_str()), message, advice, &none, &none, None, 0.0, &none)
}
