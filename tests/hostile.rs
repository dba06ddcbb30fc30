//! Input from the network or from a caller, in any form, is read within bounds and without a panic.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

#[path = "support/bounded.rs"]
mod bounded;
#[path = "support/json.rs"]
mod json;

use std::sync::LazyLock;

use bounded::bounded;
use json::{NOW, value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use unexhausted::base::time::{Millis, WallTime};
use unexhausted::base::value::Value;
use unexhausted::errors::classify::classify;
use unexhausted::errors::hint::{LONGEST, duration, retry_after, seconds};
use unexhausted::errors::kind::Kind;
use unexhausted::errors::reader::read;

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

static CASES: LazyLock<Vec<Json>> = LazyLock::new(|| {
    let lines = include_str!("cases/public.jsonl");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
});

#[test]
fn no_wait_that_a_server_names_is_longer_than_a_year() {
    let details = |delay: Json| {
        let info =
            json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay });
        let error = json!({ "code": 503, "status": "UNAVAILABLE", "details": [info] });
        json!({ "status": 503, "body": { "error": error } })
    };
    let header = |name: &str, value: &str| json!({ "status": 503, "headers": { name: value } });
    for input in [
        header("retry-after", "9999999999999"),
        header("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"),
        header("retry-after-ms", "9999999999999999"),
        details(json!("9999999999999s")),
        json!("503 retry_delay { seconds: 9999999999999 }"),
        json!("503 UNAVAILABLE. Please retry in 9999999999999s."),
        json!("503 UNAVAILABLE. Please retry in 9999999999999h9999999999999m."),
    ] {
        assert_eq!(bounded(&value(&input)).retry_after, Some(LONGEST), "{input}");
    }
}

#[test]
fn ten_megabytes_are_read_at_both_ends_only() {
    let filler = "x ".repeat(5 << 20);
    let head = ["429 RESOURCE_EXHAUSTED. Please retry in 7s. ", &filler].concat();
    assert_eq!(bounded(&text(head)).retry_after, Some(Millis(7_000)));
    let tail = [&filler, "\n{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}"].concat();
    assert_eq!(bounded(&text(tail)).kind, Kind::Overloaded);
    let middle = [&filler, " 429 Too Many Requests ", &filler].concat();
    assert_eq!(bounded(&text(middle)).kind, Kind::Unknown);
}

#[test]
fn what_repeats_without_end_is_read_to_the_bound() {
    for part in [
        "[{",
        "{\"a\":",
        "[\"",
        "'",
        "\\",
        "\\\\n",
        "limit: 0 ",
        "code:'",
        "message:\"",
        "429 ",
        "429:",
        "at ",
        "retry in ",
        "gemini-3-",
        "http://",
        "│ ",
        "models/",
        "=",
        " ",
        "a",
        "+ '",
        "error ",
        "\"message\": \"x\" ",
        "{\"violations\":[{\"quotaId\":\"a\"}]}",
        "汉",
        "metric: a, limit: 1 ",
    ] {
        bounded(&text(part.repeat((1 << 20) / part.len())));
    }
}

#[test]
fn ten_thousand_levels_overflow_nothing() {
    const DEEP: usize = 10_000;
    for (open, close) in [("[", "]"), ("{\"error\":", "}"), ("[{\"a\":[", "]}]"), ("{'a': [", "]}")]
    {
        let nested = [open.repeat(DEEP).as_str(), "\"x\"", &close.repeat(DEEP)].concat();
        bounded(&text(nested.clone()));
        bounded(&Value::Object(vec![("body".to_owned(), text(nested))]));
        bounded(&text(open.repeat(DEEP)));
        bounded(&text(close.repeat(DEEP)));
    }
    let mut escaped = "{\"error\":{\"code\":429}}".to_owned();
    for _ in 0..10 {
        escaped = ["{\"message\":", &Json::String(escaped).to_string(), "}"].concat();
    }
    assert_eq!(bounded(&text(escaped)).kind, Kind::RateLimited, "ten texts in texts");
    let backslashes =
        ["{\"message\":\"", &"\\".repeat(60_000), "\"error\\\":{\"code\":429}}"].concat();
    bounded(&text(backslashes));
}

#[test]
fn deep_values_are_walked_without_recursion() {
    let mut deep = text("429 Too Many Requests");
    for level in 0..3_000 {
        deep = match level % 2 {
            0 => Value::Array(vec![deep]),
            _ => Value::Object(vec![("cause".to_owned(), deep)]),
        };
    }
    assert_eq!(
        bounded(&deep).kind,
        Kind::Unknown,
        "what is deeper than 64 levels is not looked at"
    );
    let wide = Value::Array(vec![Value::Object(vec![("code".to_owned(), text("x"))]); 200_000]);
    bounded(&wide);
}

#[test]
fn the_reader_refuses_what_is_too_deep_or_too_large() {
    assert!(read(&["[".repeat(60).as_str(), "1", &"]".repeat(60)].concat()).is_some());
    assert!(read(&["[".repeat(70).as_str(), "1", &"]".repeat(70)].concat()).is_none());
    assert!(read(&["[", &"1,".repeat(30_000), "1]"].concat()).is_none());
}

#[test]
fn the_reader_reads_what_it_is_told() {
    let object = |entries: &[(&str, Value)]| {
        Value::Object(entries.iter().map(|(key, item)| ((*key).to_owned(), item.clone())).collect())
    };
    let expected = object(&[
        ("code", Value::Number(429.0)),
        ("ok", Value::Bool(false)),
        ("none", Value::Null),
        ("text", text("it's \"so\"\nä")),
    ]);
    for source in [
        r#"{"code":429,"ok":false,"none":null,"text":"it's \"so\"\n\u00e4"} and more"#,
        r#"{'code': 429, 'ok': False, 'none': None, 'text': 'it\'s "so"\nä'}"#,
        "{\n  code: 429,\n  ok: false,\n  none: undefined,\n  text: `it's \"so\"\\n` +\n    'ä'\n}",
        r#"%{"code" => 429, "ok" => false, "none" => nil, "text" => "it's \"so\"\nä"}"#,
        r#"{"code":429,"ok":false,"none":null,"text":"it's \"so\"\nä"#,
    ] {
        let source = source.strip_prefix('%').unwrap_or(source);
        assert_eq!(read(source).map(|(value, _)| value), Some(expected.clone()), "{source}");
    }
    assert_eq!(
        read("[\"\\ud83c\\udf4c\"]").map(|(value, _)| value),
        Some(Value::Array(vec![text("🍌")]))
    );
    for source in ["", "x", "429", "[GoogleGenerativeAI Error]: {", "{]", "[}", "{\"a\" 1}", "]"] {
        assert_eq!(read(source), None, "{source}");
    }
}

#[test]
fn secrets_do_not_get_through() {
    let key = ["AIza", "SyA1234567890abcdefghijklmnopqrstuv"].concat();
    for sentence in [
        format!("Permission denied: Consumer 'api_key:{key}' has been suspended."),
        format!(
            "400 for https://example.invalid/v1beta/models/m:generateContent?key={key}&alt=sse"
        ),
        format!("401 with authorization: Bearer {key} and x-goog-api-key: {key}"),
        format!("{{\"error\":{{\"code\":403,\"message\":\"bad {key} here\"}}}}"),
    ] {
        let info = bounded(&text(sentence.clone()));
        for line in [&info.message, &info.summary, &info.advice] {
            assert!(!line.contains(&key) && !line.contains("SyA1234"), "{sentence} -> {line}");
        }
        assert!(info.message.contains("[redacted]"), "{}", info.message);
    }
    let harmless = bounded(&text("400 API key not valid. Please pass a valid API key."));
    assert_eq!(harmless.message, "400 API key not valid. Please pass a valid API key.");
}

#[test]
fn numbers_without_bounds_do_no_harm() {
    for number in [f64::NAN, f64::INFINITY, -1.0, 1e300, 429.5, 0.0, -0.0, 65_536.0 + 429.0] {
        let entries =
            ["status", "code", "quotaValue", "retryDelay", "retryAfter", "limit", "seconds"]
                .map(|key| (key.to_owned(), Value::Number(number)));
        bounded(&Value::Object(entries.to_vec()));
    }
    let years = bounded(&text("429. Please retry in 99999999999999999999999999h."));
    assert_eq!(years.retry_after, Some(LONGEST));
    assert_eq!(years.retry_at, Some(NOW + LONGEST));
}

fn any_value() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("error".to_owned()),
        Just("message".to_owned()),
        Just("status".to_owned()),
        Just("code".to_owned()),
        Just("details".to_owned()),
        Just("violations".to_owned()),
        Just("quotaId".to_owned()),
        Just("quotaValue".to_owned()),
        Just("retryDelay".to_owned()),
        Just("headers".to_owned()),
        Just("retry-after".to_owned()),
        Just("candidates".to_owned()),
        Just("content".to_owned()),
        Just("cause".to_owned()),
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_map(Value::Number),
        (0_u16..700).prop_map(|code| Value::Number(f64::from(code))),
        any_text().prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(Value::Object),
        ]
    })
}

/// Texts of the pieces that the reader and the scanner act on.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\PC]{0,6}",
        "[0-9]{1,5}",
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            "\"",
            "'",
            "`",
            "\\",
            "\\n",
            "\\u",
            "\\ud83c",
            ":",
            "=",
            " ",
            "\n",
            "│",
            "> ",
            "+",
            "limit: ",
            "0",
            "429",
            "error",
            "code",
            "message",
            "status: ",
            "retry in ",
            "s",
            "h",
            "ms",
            "quotaId",
            "retry_delay {",
            "seconds",
            "model",
            "gemini-3",
            "RESOURCE_EXHAUSTED",
            "http://",
            "models/",
            "\u{1b}[31m",
            "：",
            "“",
            "at x (",
            "int(",
            "string(3) \"",
            "key=AIza",
            "finishReason",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string_is_read(input: String) {
        bounded(&text(input.clone()));
        let _ = read(&input);
        let _ = (duration(&input), seconds(&input), retry_after(&input, NOW));
    }

    #[test]
    fn any_text_of_known_pieces_is_read(input in any_text(), now: u64) {
        bounded(&text(input.clone()));
        let _ = classify(&text(input.clone()), WallTime(now));
        if let Some((_, end)) = read(&input) {
            prop_assert!(input.is_char_boundary(end));
        }
    }

    #[test]
    fn any_value_is_read(input in any_value()) {
        bounded(&input);
    }

    #[test]
    fn cut_and_spliced_cases_are_read(which: prop::sample::Index, other: prop::sample::Index, at: prop::sample::Index, from: prop::sample::Index) {
        let input = |index: prop::sample::Index| index.get(&CASES)["input"].to_string();
        let (first, second) = (input(which), input(other));
        let cut = |text: &str, index: prop::sample::Index| {
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let (head, tail) = text.split_at_checked(*index.get(&ends)).expect("a boundary");
            (head.to_owned(), tail.to_owned())
        };
        let head = cut(&first, at).0;
        let spliced = [head.as_str(), &cut(&second, from).1].concat();
        bounded(&text(head));
        bounded(&text(spliced.clone()));
        bounded(&Value::Object(vec![
            ("status".to_owned(), Value::Number(429.0)),
            ("body".to_owned(), text(spliced)),
        ]));
    }

    #[test]
    fn a_case_as_text_keeps_its_limit_of_zero(which: prop::sample::Index) {
        // The strictest finding survives whatever wraps it: here a log line.
        let zero: Vec<&Json> = CASES.iter().filter(|case| case["expect"]["kind"] == "not_in_tier").collect();
        let case = which.get(&zero);
        let log = ["2026-11-24 04:00:00 worker: ", &case["input"].to_string()].concat();
        prop_assert_eq!(bounded(&text(log)).kind, Kind::NotInTier);
        prop_assert_eq!(bounded(&value(&case["input"])).kind, Kind::NotInTier);
    }
}
