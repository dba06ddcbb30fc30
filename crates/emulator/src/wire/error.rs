//! Error bodies as the service really sends them.
//!
//! Shapes and sentences follow public reports of 2025 and 2026; the order of the keys and the
//! indentation are those of the wire. Two facts that catch clients out are kept: RetryInfo is
//! the sentence's delay with the fraction cut off, and a limit of 0 is left out of `quotaValue`.

use serde::Serialize;

use crate::wire::error_detail::{ErrorDetail, FieldViolation};

#[derive(Serialize)]
struct Envelope<'a> {
    error: Status<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    message: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [ErrorDetail],
}

/// The canonical name of an HTTP status.
pub(crate) fn status_name(code: u16) -> &'static str {
    match code {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        402 | 429 => "RESOURCE_EXHAUSTED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}

pub(crate) fn render(code: u16, status: &str, message: &str, details: &[ErrorDetail]) -> String {
    let envelope = Envelope { error: Status { code, message, status, details } };
    let mut text = serde_json::to_string_pretty(&envelope).unwrap_or_default();
    text.push('\n');
    text
}

/// An error without details.
pub(crate) fn plain(code: u16, message: &str) -> String {
    render(code, status_name(code), message, &[])
}

/// A 400 that means something else than a bad argument.
pub(crate) fn failed_precondition(message: &str) -> String {
    render(400, "FAILED_PRECONDITION", message, &[])
}

/// A 409 of a name that is taken.
pub(crate) fn already_exists(message: &str) -> String {
    render(409, "ALREADY_EXISTS", message, &[])
}

/// An error in a one-element array, as streams and the OpenAI-compatible path send it.
pub(crate) fn in_array(body: &str) -> String {
    format!("[{}]\n", body.trim_end())
}

/// A 400 that names fields; the message has one line for each.
pub(crate) fn bad_request(fields: Vec<FieldViolation>) -> String {
    let lines: Vec<&str> = fields.iter().map(|field| field.description.as_str()).collect();
    let message = lines.join("\n");
    render(400, status_name(400), &message, &[ErrorDetail::BadRequest { field_violations: fields }])
}

/// An error with a reason that machines read.
pub(crate) fn with_reason(code: u16, message: &str, reason: &'static str) -> String {
    let service = "generativelanguage.googleapis.com";
    let mut metadata = serde_json::json!({ "service": service });
    if let (403, Some(fields)) = (code, metadata.as_object_mut()) {
        fields.insert("consumer".into(), "projects/100000000001".into());
    }
    let info = ErrorDetail::ErrorInfo { reason, domain: "googleapis.com", metadata };
    render(code, status_name(code), message, &[info])
}

/// The HTML of the front end.
pub(crate) fn html(code: u16, title: &str, hint: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {code} \
         ({title})!!1</title>\n  <p><b>{code}.</b> <ins>That's an error.</ins>\n  \
         <p>{hint}</html>\n"
    )
}
