//! The price of a picture, and the limits of money.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{NOON, PRO, ask, posted, send, service, status};
use serde_json::{Value, json};
use unexhausted_emulator::Request;

fn sized(model: &str, size: &str, tier: &str) -> Request {
    let body = json!({
        "contents": [{ "parts": [{ "text": "a heron" }] }],
        "serviceTier": tier,
        "generationConfig": {
            "responseModalities": ["IMAGE"], "imageConfig": { "imageSize": size },
        },
    });
    posted(&format!("/v1beta/models/{model}:generateContent"), &body)
}

#[test]
fn a_bill_is_the_tokens_of_the_answer_at_the_prices_of_the_model() {
    // Input, text and image prices in USD per million tokens; tokens of the picture.
    let cases = [
        ("gemini-nano-banana-2.1", "4K", 1.5, 7.5, 30.0, 3_780),
        (PRO, "2K", 2.0, 12.0, 120.0, 1_120),
        (PRO, "4K", 2.0, 12.0, 120.0, 2_000),
        ("gemini-3.1-flash-lite-image", "1K", 0.25, 1.5, 30.0, 1_120),
        ("gemini-3.1-flash-image", "512", 0.5, 3.0, 60.0, 747),
        ("gemini-2.5-flash-image", "4K", 0.3, 2.5, 30.0, 1_290),
    ];
    for (model, size, input, text, image, tokens) in cases {
        let mut service = service(json!({}));
        let answer = send(&mut service, NOON, sized(model, size, "standard"));
        assert_eq!(answer.header("x-gemini-service-tier"), Some("standard"));
        let answer = answer.json();
        assert_eq!(answer["modelVersion"], model);
        assert_eq!(answer["candidates"][0]["finishReason"], "STOP");
        let usage = &answer["usageMetadata"];
        let count = |value: &Value| value.as_u64().unwrap() as f64;
        let details = &usage["candidatesTokensDetails"][0];
        assert_eq!(*details, json!({ "modality": "IMAGE", "tokenCount": tokens }));
        let prompt = count(&usage["promptTokenCount"]);
        let rest = count(&usage["candidatesTokenCount"]) - f64::from(tokens);
        assert_eq!(count(&usage["totalTokenCount"]), prompt + rest + f64::from(tokens));
        assert!(rest == 0.0 || (88.0..=630.0).contains(&rest), "{rest} tokens of thinking");
        let usd = (prompt * input + rest * text + f64::from(tokens) * image) / 1e6;
        assert!((service.totals().billed - usd).abs() < 1e-9, "{model} {size}");

        let flex = send(&mut service, NOON, sized(model, size, "flex"));
        assert_eq!(flex.header("x-gemini-service-tier"), Some("flex"));
        let half = service.records().nth(1).unwrap().billed;
        assert!(half < usd * 0.6 && half > usd * 0.4, "{half} of {usd}");
    }
}

#[test]
fn blocked_and_failed_answers_are_free_and_texts_are_cheap() {
    let script =
        json!(["blocked", "image-safety", "503", "500", "429-bare", "no-image", "text-only"]);
    let mut service = service(json!({ "script": script }));
    for _ in 0..7 {
        ask(&mut service, NOON);
    }
    let billed: Vec<f64> = service.records().map(|record| record.billed).collect();
    assert_eq!(billed[..5], [0.0; 5]);
    assert!(billed[5..].iter().all(|usd| *usd > 0.0 && *usd < 0.01), "{billed:?}");
    assert_eq!(service.totals().images, 0);
}

#[test]
fn an_account_spends_so_much_in_any_ten_minutes() {
    let mut service = service(json!({
        "spendLimit": 1, "keys": { "one": "a", "two": "b", "three": "c" },
        "accounts": { "a": "shared", "b": "shared" },
    }));
    let mut ask_as = |key: &str, now: u64| {
        let mut request = Request::generate(1, PRO, "a heron");
        request.headers = vec![("x-goog-api-key".into(), key.into())];
        send(&mut service, now, request)
    };
    // At about $0.14 seven fit into a dollar, whichever project of the account asks.
    let keys = ["one", "two", "one", "two", "one", "two", "one"];
    for (i, key) in keys.into_iter().enumerate() {
        assert_eq!(ask_as(key, NOON + i as u64 * 1_000).status, 200);
    }
    let refused = ask_as("one", NOON + 10_000);
    assert_eq!(refused.status, 429);
    assert!(refused.message().contains("spend-based rate limit"));
    assert!(refused.json()["error"].get("details").is_none());
    assert_eq!(ask_as("two", NOON + 599_999).status, 429);
    assert_eq!(ask_as("three", NOON + 599_999).status, 200, "another account");
    assert_eq!(ask_as("two", NOON + 600_000).status, 200, "the first picture is ten minutes ago");
    let peaks = service.ledger().spend_peaks;
    assert!(peaks["shared"] <= 1.0 && peaks["shared"] > 0.9, "{peaks:?}");
}

#[test]
fn a_rejected_request_takes_neither_quota_nor_money() {
    let mut service = service(json!({ "spendLimit": 0.2, "limits": { "*": { "rpm": 3 } } }));
    let codes: Vec<u16> = (0..6).map(|i| status(&mut service, NOON + i)).collect();
    assert_eq!(codes, [200, 429, 429, 429, 429, 429]);
    let faults: Vec<_> = service.records().filter_map(|record| record.fault.clone()).collect();
    assert_eq!(faults, ["limit:spend"; 5]);
    assert_eq!(service.ledger().usage[0].counted.fixed_minute.requests, 1);
}

#[test]
fn a_prepaid_balance_runs_out() {
    let mut service = service(json!({ "prepaid": 0.3 }));
    assert_eq!([0, 1, 2].map(|i| status(&mut service, NOON + i)), [200, 200, 402]);
    let refused = ask(&mut service, NOON + 86_400_000);
    assert_eq!(refused.status, 402);
    assert_eq!(refused.json()["error"]["status"], "RESOURCE_EXHAUSTED");
    service.configure(NOON, r#"{ "prepaid": 1 }"#).unwrap();
    assert_eq!(status(&mut service, NOON + 86_400_001), 200);
}
