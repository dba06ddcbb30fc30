//! Labelled cases as the classifier takes them.

use serde_json::Value as Json;
use unexhausted::base::time::WallTime;
use unexhausted::base::value::Value;

/// 2026-11-24T12:00:00Z, four in the morning in Los Angeles.
pub(crate) const NOW: WallTime = WallTime(1_795_521_600_000);

/// JSON as a copied value.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Number(number.as_f64().expect("a finite number")),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        Json::Object(entries) => {
            Value::Object(entries.iter().map(|(key, item)| (key.clone(), value(item))).collect())
        }
    }
}
