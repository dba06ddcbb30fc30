//! The error that callers see where none of their own was thrown.

use wasm_bindgen::prelude::*;

use super::convert::Fields;
use super::driver::Job;
use super::error;
use super::host::Host;
use super::picture;
use crate::engine::Record;
use crate::failure;
use crate::info::ErrorInfo;
use crate::kind::Retry;
use crate::retry::Why;

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
    let message = job.clean(&failure::message(why, info, sent));
    let attempts = match job {
        Job::Function(_) => picture::attempts(record, |_| None),
        Job::Picture(picture) => picture.attempts(record),
    };
    let last = record.attempts.last().map_or(0, |attempt| attempt.target);
    let told = ErrorInfo { message: job.clean(&info.message), ..info.clone() };
    let fields = Fields::new()
        .set("kind", failure::kind(why, info).as_str())
        .set("message", message)
        .set("advice", failure::advice(why, info))
        .set("isRetryable", info.retry == Retry::Soon)
        .set("attempts", attempts)
        .set_some("quota", error::quota(info))
        .set("info", error::info(&told))
        .set_some("status", info.status)
        .set_some("retryAfter", info.retry_after.map(|after| after.as_f64()))
        .set_some("retryAt", info.retry_at.map(|at| error::date(at.0)))
        .set_some("model", info.model.as_deref().or_else(|| job.model(last)));
    host.error(&fields.done(), cause)
}
