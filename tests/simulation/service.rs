//! The fake service as a driver sees it: requests out, and what the engine is told of the answers.

use serde_json::Value as Json;
use unexhausted::base::time::WallTime;
use unexhausted::base::value::Value;
use unexhausted::engine::input::Used;
use unexhausted::errors::classify::classify;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::models::catalog;
use unexhausted::models::cost::{self, TokenUsage};
use unexhausted_emulator::{Output, Request};

use crate::json;

/// The patience that the driver tells the service, in seconds.
const PATIENCE: &str = "180";

/// The request that a driver sends for a picture.
pub(crate) fn request(id: u64, model: &str, prompt: &str) -> Request {
    let mut request = Request::generate(id, model, prompt);
    request.headers.push(("x-server-timeout".into(), PATIENCE.into()));
    request
}

/// An answer as a driver reads it.
#[derive(Debug)]
pub(crate) enum Came {
    /// A picture.
    Picture(Used),
    /// Anything else.
    Error(Box<ErrorInfo>),
}

/// Reads an answer.
pub(crate) fn read(output: &Output, model: &str, now: WallTime) -> Came {
    let value = match output {
        Output::Reply { status, body, .. } if (200..300).contains(status) => {
            let parsed: Json = match serde_json::from_slice(&body.to_bytes()) {
                Ok(parsed) => parsed,
                Err(_) => Json::Null,
            };
            if body.pictures().next().is_some() {
                return Came::Picture(used(&parsed, model));
            }
            json::value(&parsed)
        }
        Output::Reply { status, headers, body, .. } => {
            let headers = headers.iter().map(|(name, value)| (name.clone(), text(value)));
            let body = String::from_utf8(body.to_bytes()).expect("a text");
            object([
                ("status", Value::Number(f64::from(*status))),
                ("headers", Value::Object(headers.collect())),
                ("body", Value::String(body)),
            ])
        }
        // As Node's own `fetch` throws it.
        Output::Reset { .. } => object([
            ("name", text("TypeError")),
            ("message", text("fetch failed")),
            ("cause", object([("message", text("read ECONNRESET")), ("code", text("ECONNRESET"))])),
        ]),
        Output::Cut { .. } => {
            object([("name", text("TypeError")), ("message", text("terminated"))])
        }
    };
    Came::Error(Box::new(classify(&value, now)))
}

/// The use that an answer reports.
fn used(body: &Json, model: &str) -> Used {
    let usage = &body["usageMetadata"];
    let count = |value: &Json| value.as_f64().unwrap_or_default();
    let details = usage["candidatesTokensDetails"].as_array();
    let image = details.into_iter().flatten().find(|row| row["modality"] == "IMAGE");
    let image = image.map(|row| count(&row["tokenCount"]));
    // As the driver reads it: whether candidates include the thoughts differs, the total tells.
    let prompt = count(&usage["promptTokenCount"]);
    let said = count(&usage["candidatesTokenCount"]).max(count(&usage["thoughtsTokenCount"]));
    let output = (count(&usage["totalTokenCount"]) - prompt).max(said);
    let text = (output - image.unwrap_or_default()).max(0.0);
    let tokens = TokenUsage { prompt, image, text };
    let usd = cost::answer(catalog::find(model), None, Some(&tokens), 1);
    Used { tokens: usage["promptTokenCount"].as_u64(), nanos: usd.map(nanos) }
}

/// The expected price of a picture, in billionths of a USD.
pub(crate) fn price(model: &str) -> u64 {
    nanos(cost::lost(catalog::find(model), None))
}

fn nanos(usd: f64) -> u64 {
    (usd * 1e9).round() as u64
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
