//! Errors as services, libraries and languages print them, cut and spliced at random.

use std::sync::LazyLock;

use serde_json::Value as Json;
use unexhausted::base::time::WallTime;
use unexhausted::base::value::Value;
use unexhausted::errors::classify::classify;
use unexhausted::errors::hint::{duration, retry_after, seconds};
use unexhausted::errors::reader::read;

use crate::bounded::bounded;
use crate::cases::Dice;
use crate::json::{NOW, value};

/// Labelled cases from real libraries; what is made of them looks like one.
static CASES: LazyLock<Vec<Json>> = LazyLock::new(|| {
    let lines = include_str!("../cases/public.jsonl");
    let case = |line| serde_json::from_str::<Json>(line).expect("JSON")["input"].clone();
    lines.lines().map(case).collect()
});

/// Pieces that the reader, the scanner and the rules act on.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "{", "}", "[", "]", "\"", "'", "`", "\\", "\\n", "\\u", "\\ud83c", "\\\\\"", ":", "=", ",", " ",
    "\n", "│", "> ", "+ '", "limit: ", "limit: 0", "0", "-1", "429", "503", "error", "code", "message",
    "status: ", "retry in ", "9999999999999s", "1e999", "s", "h", "ms", "quotaId", "retry_delay {",
    "seconds: 7", "model", "gemini-3", "RESOURCE_EXHAUSTED", "PerDay", "http://", "models/", "\u{1b}[31m",
    "\0", "：", "“", "汉", "🛶", "at x (", "int(", "string(3) \"", "key=AIza", "finishReason", "None",
    "True", "<html>", "@type", "violations", "details", "data: ", "[GoogleGenerativeAI Error]: ",
];

#[rustfmt::skip]
const KEYS: &[&str] = &[
    "error", "message", "status", "statusCode", "code", "details", "violations", "quotaId", "quotaValue",
    "retryDelay", "headers", "retry-after", "body", "cause", "errors", "candidates", "content", "reason", "",
];

fn text(dice: &mut Dice) -> String {
    let mut text = match dice.below(4) {
        0 => dice.list(30, |dice| *dice.pick(PIECES)).concat(),
        1 => printed(dice, 0),
        _ => match dice.pick(&CASES) {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        },
    };
    for _ in 0..dice.below(4) {
        text = dice.damaged(&text, PIECES);
    }
    text.truncate(dice.place(&text[..text.len().min(200_000)]).max(text.len().min(20_000)));
    text
}

/// A case as another language prints it.
fn printed(dice: &mut Dice, nesting: usize) -> String {
    let json = dice.pick(&CASES).to_string();
    match dice.below(5) {
        0 => json.replace('"', "'").replace("null", "None").replace("true", "True"),
        1 => json.replace("\":", "\" =>"),
        2 => json.replace(['{', '['], "{\n  ").replace(',', ",\n  "),
        3 if nesting < 6 => Json::String(printed(dice, nesting + 1)).to_string(),
        _ => json,
    }
}

fn any(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => Value::Bool(dice.once_in(2)),
        2 => Value::Number(f64::from_bits(dice.bits())),
        3 => {
            Value::Number(*dice.pick(&[0.0, -0.0, 200.0, 429.0, 503.0, 65_965.0, f64::NAN, 1e300]))
        }
        4 => Value::String(text(dice)),
        5 => Value::Array(dice.list(5, |dice| any(dice, depth - 1))),
        _ => Value::Object(dice.list(5, |dice| {
            let key = (*dice.pick(KEYS)).to_owned();
            (key, any(dice, depth - 1))
        })),
    }
}

pub(crate) fn case(dice: &mut Dice) {
    let input = match dice.below(4) {
        0 => any(dice, 4),
        1 => value(dice.pick(&CASES)),
        _ => Value::String(text(dice)),
    };
    bounded(&input);
    // The clock of a computer may show anything.
    let _ = classify(&input, WallTime(dice.bits() >> dice.below(64)));
    if let Value::String(text) = &input {
        if let Some((_, end)) = read(text) {
            assert!(text.is_char_boundary(end));
        }
        let _ = (duration(text), seconds(text), retry_after(text, NOW));
    }
}
