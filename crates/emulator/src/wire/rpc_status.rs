//! Errors as `google.rpc.Status`, which rows of a job have.

use serde_json::{Value, json};

/// The numbers of `google.rpc.Code`.
fn rpc_code(http: u16) -> u8 {
    match http {
        400 | 413 => 3,
        401 => 16,
        402 | 429 => 8,
        403 => 7,
        404 => 5,
        409 => 10,
        408 | 504 => 4,
        499 => 1,
        500 => 13,
        501 => 12,
        502 | 503 => 14,
        _ => 2,
    }
}

/// The error of a row, which has the number of a gRPC code and no name.
pub(crate) fn rpc_status(http: u16, body: &str) -> String {
    let read: Value = serde_json::from_str(body).unwrap_or_default();
    let error = read.get("error").or_else(|| read.pointer("/0/error"));
    let message = error.and_then(|error| error.get("message")).and_then(Value::as_str);
    let mut status = json!({
        "code": rpc_code(http),
        "message": message.unwrap_or("An internal error has occurred."),
    });
    let details = error.and_then(|error| error.get("details"));
    if let (Some(details), Some(fields)) = (details, status.as_object_mut()) {
        fields.insert("details".into(), details.clone());
    }
    status.to_string()
}
