//! JSON in answers.

use serde_json::Value;

/// JSON as the service indents it.
pub(crate) fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
