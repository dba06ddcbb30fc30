//! Reads messages field by field, and collects what is wrong with them.

use serde_json::{Map, Value};

use crate::parse::request::Request;
use crate::wire::error;
use crate::wire::error_detail::FieldViolation;
use crate::wire::refusal::{Refusal, refuse};

/// The largest body, in bytes (since 2026-01-08).
const MAX_BODY: u64 = 104_857_600;

/// The name of a field in camelCase: `image_size` and `imageSize` are the same field.
pub(crate) fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            out.extend(letter.to_uppercase());
            upper = false;
        } else {
            out.push(letter);
        }
    }
    out
}

/// The name of a field in snake_case, as the service's sentences have it.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// A list of all that is wrong with a body.
#[derive(Default)]
pub(crate) struct Review {
    wrong: Vec<FieldViolation>,
}

impl Review {
    pub(crate) fn note(&mut self, field: &str, description: String) {
        self.wrong.push(FieldViolation { field: field.to_owned(), description });
    }

    pub(crate) fn unknown(&mut self, place: &str, name: &str) {
        let at = if place.is_empty() { String::new() } else { format!(" at '{place}'") };
        let sentence = format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
        );
        self.note(place, sentence);
    }

    pub(crate) fn invalid(&mut self, place: &str, kind: &str, value: &Value) {
        self.note(place, format!("Invalid value at '{place}' ({kind}), {value}"));
    }

    /// The fields of a message, by their camelCase names.
    pub(crate) fn message<'v>(
        &mut self,
        place: &str,
        value: &'v Value,
        known: &[&str],
    ) -> Vec<(String, &'v Value)> {
        let Some(fields) = value.as_object() else {
            self.invalid(place, "message", value);
            return Vec::new();
        };
        let mut named = Vec::new();
        for (name, value) in fields {
            let plain = camel(name);
            if known.contains(&plain.as_str()) {
                if !value.is_null() {
                    named.push((plain, value));
                }
            } else {
                self.unknown(place, name);
            }
        }
        named
    }

    pub(crate) fn finish(self) -> Result<(), Refusal> {
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(Refusal::new(400, error::bad_request(self.wrong)))
        }
    }
}

/// A proto list also takes a single message.
pub(crate) fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        single => std::slice::from_ref(single),
    }
}

pub(crate) fn read_json(request: &Request) -> Result<Map<String, Value>, Refusal> {
    if request.size.unwrap_or(request.body.len() as u64) > MAX_BODY {
        return refuse(400, &format!("Request payload size exceeds the limit: {MAX_BODY} bytes."));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => {
            let sentence = "Invalid JSON payload received. Root element must be a message.";
            let field = FieldViolation { field: String::new(), description: sentence.into() };
            Err(Refusal::new(400, error::bad_request(vec![field])))
        }
        Err(error) => refuse(
            400,
            &format!(
                "Invalid JSON payload received. Unexpected token.\n(line {}, column {})",
                error.line(),
                error.column()
            ),
        ),
    }
}
