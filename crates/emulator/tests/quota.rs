//! Each limit holds exactly, in each way of counting, and comes back when it should.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{NOON, PRO, ask, posted, send, service, status};
use serde_json::json;
use unexhausted_emulator::{Input, Request, next_pacific_midnight};

#[test]
fn a_fixed_minute_starts_from_nothing() {
    let mut service = service(json!({ "limits": { "*": { "rpm": 3 } } }));
    // Late in a minute of the service's clock.
    let late = NOON + 59_000;
    assert_eq!([0, 1, 2].map(|i| status(&mut service, late + i)), [200; 3]);
    assert_eq!(status(&mut service, NOON + 59_999), 429);
    assert_eq!([0, 1, 2].map(|i| status(&mut service, NOON + 60_000 + i)), [200; 3]);
    assert_eq!(status(&mut service, NOON + 60_003), 429);
}

#[test]
fn a_sliding_minute_frees_each_request_after_sixty_seconds() {
    let mut service = service(json!({ "limits": { "*": { "rpm": 2 } }, "discipline": "sliding" }));
    assert_eq!(status(&mut service, NOON), 200);
    assert_eq!(status(&mut service, NOON + 30_000), 200);
    assert_eq!(status(&mut service, NOON + 59_999), 429);
    assert_eq!(status(&mut service, NOON + 60_000), 200);
    assert_eq!(status(&mut service, NOON + 89_999), 429);
    assert_eq!(status(&mut service, NOON + 90_000), 200);
}

#[test]
fn a_bucket_refills_steadily() {
    let mut service = service(json!({ "limits": { "*": { "rpm": 3 } }, "discipline": "bucket" }));
    assert_eq!([0, 0, 0].map(|i| status(&mut service, NOON + i)), [200; 3]);
    // A third of a minute for one request.
    assert_eq!(status(&mut service, NOON + 19_999), 429);
    assert_eq!(status(&mut service, NOON + 20_000), 200);
    assert_eq!(status(&mut service, NOON + 20_000), 429);
    // However long it rests, it holds no more than a minute's worth.
    let later = NOON + 600_000;
    assert_eq!([0, 0, 0, 0].map(|i| status(&mut service, later + i)), [200, 200, 200, 429]);
}

#[test]
fn the_delay_of_a_429_is_the_time_until_the_request_fits() {
    for discipline in ["fixed", "sliding", "bucket"] {
        let limits = json!({ "*": { "rpm": 4 } });
        let mut service = service(json!({ "limits": limits, "discipline": discipline }));
        let start = NOON + 12_345;
        for i in 0..4 {
            assert_eq!(status(&mut service, start + i), 200, "{discipline}");
        }
        let refused = ask(&mut service, start + 4);
        let message = refused.message();
        let told = message.split("Please retry in ").nth(1).unwrap().trim_end_matches("s.");
        let exact: f64 = told.parse().unwrap();
        assert_eq!(refused.retry_delay(), exact as u64, "RetryInfo is the sentence, cut");
        let wait = exact * 1000.0;
        // One millisecond before it would fit, it does not; after the wait that was told, it does.
        let mut early = service.clone();
        assert_eq!(status(&mut early, start + 4 + wait as u64 - 1), 429, "{discipline}");
        assert_eq!(status(&mut service, start + 4 + wait.ceil() as u64), 200, "{discipline}");
    }
}

#[test]
fn rejected_calls_count_only_where_they_are_said_to() {
    for (counted, after) in [(false, 200), (true, 429)] {
        let mut service = service(json!({
            "limits": { "*": { "rpm": 2 } }, "discipline": "sliding", "rejectedCount": counted,
        }));
        for i in 0..10 {
            let expected = if i < 2 { 200 } else { 429 };
            assert_eq!(status(&mut service, NOON + i * 1_000), expected);
        }
        // The two that were served have left the window; the rejected ones have not.
        assert_eq!(status(&mut service, NOON + 62_000), after, "{counted}");
        let usage = &service.ledger().usage[0];
        assert_eq!(usage.counted.sliding_minute.requests, if counted { 10 } else { 2 });
        assert_eq!(usage.attempted.sliding_minute.requests, 10);
    }
}

#[test]
fn input_tokens_are_counted_by_the_service_not_by_the_caller() {
    let prompt = "a lighthouse of glass on a cliff at dawn, seen from the sea ".repeat(20);
    let body = json!({ "contents": [{ "parts": [{ "text": prompt }] }] });
    let mut free = service(json!({}));
    let count = send(&mut free, NOON, posted(&format!("/v1beta/models/{PRO}:countTokens"), &body));
    let tokens = count.json()["totalTokens"].as_u64().unwrap();
    let quarter = prompt.chars().count() as f64 / 4.0;
    assert!((tokens as f64 / quarter - 1.0).abs() <= 0.151, "{tokens} of about {quarter}");

    let path = format!("/v1beta/models/{PRO}:generateContent");
    let mut service = service(json!({ "limits": { PRO: { "tpm": tokens * 2 } } }));
    assert_eq!(send(&mut service, NOON, posted(&path, &body)).status, 200);
    let second = send(&mut service, NOON + 1, posted(&path, &body));
    assert_eq!(second.json()["usageMetadata"]["promptTokenCount"], tokens);
    let third = send(&mut service, NOON + 2, posted(&path, &body));
    assert_eq!(third.status, 429);
    assert_eq!(third.quota_id(), "GenerateContentPaidTierInputTokensPerModelPerMinute");
    assert_eq!(send(&mut service, NOON + 60_000, posted(&path, &body)).status, 200);
}

#[test]
fn pictures_a_minute_are_not_taken_by_texts() {
    let mut service = service(json!({ "limits": { "*": { "ipm": 1 } } }));
    let path = format!("/v1/models/{PRO}:generateContent");
    let text = json!({
        "contents": [{ "parts": [{ "text": "only describe it" }] }],
        "generationConfig": { "responseModalities": ["TEXT"] },
    });
    assert_eq!(send(&mut service, NOON, posted(&path, &text)).status, 200);
    assert_eq!(status(&mut service, NOON), 200);
    let refused = ask(&mut service, NOON);
    assert!(refused.quota_id().contains("ImagesPerMinute"), "{}", refused.text);
    assert_eq!(send(&mut service, NOON, posted(&path, &text)).status, 200);
}

#[test]
fn a_day_ends_at_midnight_pacific_also_when_the_clocks_change() {
    // Noon UTC of: a winter day, the day before each change, the days of the changes.
    let noons = [
        (NOON, 20),              // 04:00 PST, 20 hours to go.
        (1_772_884_800_000, 20), // 2026-03-07, 04:00 PST.
        (1_772_971_200_000, 19), // 2026-03-08, 05:00 PDT: midnight is 07:00 UTC.
        (1_793_448_000_000, 19), // 2026-10-31, 05:00 PDT.
        (1_793_534_400_000, 20), // 2026-11-01, 04:00 PST: midnight is 08:00 UTC.
    ];
    for (noon, hours) in noons {
        let midnight = noon + hours * 3_600_000;
        assert_eq!(next_pacific_midnight(noon), midnight);
        let mut service = service(json!({ "limits": { "*": { "rpd": 2 } } }));
        assert_eq!(status(&mut service, noon), 200);
        assert_eq!(status(&mut service, noon + 1), 200);
        let refused = ask(&mut service, midnight - 3_661_500);
        assert_eq!(refused.status, 429);
        assert_eq!(refused.quota_id(), "GenerateRequestsPerDayPerProjectPerModel");
        assert_eq!(refused.retry_delay(), 3_661);
        assert!(refused.message().contains("Please retry in 1h1m1.5"), "{}", refused.text);
        assert_eq!(status(&mut service, midnight - 1), 429);
        assert_eq!(status(&mut service, midnight), 200);
    }
}

#[test]
fn a_spent_day_may_mislead() {
    let config = json!({ "limits": { "*": { "rpd": 1 } }, "dailyHint": "short" });
    let mut service = service(config);
    status(&mut service, NOON);
    let refused = ask(&mut service, NOON + 1);
    assert!((5..=55).contains(&refused.retry_delay()), "{}", refused.text);
    assert!(refused.quota_id().contains("PerDay"));
}

#[test]
fn several_limits_are_named_together_and_the_longest_wait_is_told() {
    let mut service = service(json!({ "limits": { "*": { "rpm": 1, "ipm": 1, "rpd": 1 } } }));
    status(&mut service, NOON);
    let refused = ask(&mut service, NOON);
    let violations = refused.json()["error"]["details"][0]["violations"].clone();
    let ids: Vec<&str> =
        violations.as_array().unwrap().iter().map(|v| v["quotaId"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        [
            "GenerateRequestsPerDayPerProjectPerModel",
            "GenerateContentPaidTierImagesPerMinutePerProjectPerModel",
            "GenerateRequestsPerMinutePerProjectPerModel",
        ]
    );
    assert_eq!(refused.retry_delay(), 20 * 3_600);
}

#[test]
fn a_limit_of_zero_is_never_met() {
    let mut service = service(json!({ "limits": { "*": { "rpm": 0, "rpd": 0 } } }));
    let refused = ask(&mut service, NOON);
    assert!(refused.message().contains("limit: 0, model: gemini-3-pro-image"));
    let violations = &refused.json()["error"]["details"][0]["violations"];
    assert!(violations[0].get("quotaValue").is_none(), "protobuf leaves a zero out");
    assert!(violations[0]["quotaId"].as_str().unwrap().ends_with("-FreeTier"));
    assert!(refused.retry_delay() < 60, "a wait that means nothing");
    assert_eq!(status(&mut service, NOON + 86_400_000 * 2), 429);
}

#[test]
fn projects_and_models_have_limits_of_their_own() {
    let mut service = service(json!({
        "keys": { "key-a": "a", "key-b": "b" },
        "limits": { "*": { "rpm": 1 } },
        "projectLimits": { "b": { PRO: { "rpm": 2 } } },
    }));
    let mut send_as = |key: &str, model: &str| {
        let mut request = Request::generate(1, model, "a kite");
        request.headers = vec![("X-Goog-Api-Key".into(), key.into())];
        send(&mut service, NOON, request).status
    };
    assert_eq!([send_as("key-a", PRO), send_as("key-a", PRO)], [200, 429]);
    assert_eq!(
        [send_as("key-b", PRO), send_as("key-b", PRO), send_as("key-b", PRO)],
        [200, 200, 429]
    );
    assert_eq!(send_as("key-a", "gemini-nano-banana-2.1"), 200);
    assert_eq!(send_as("another", PRO), 200, "the project default is a third one");
}

#[test]
fn quota_is_counted_on_arrival_by_a_clock_that_is_off() {
    let mut offsets = Vec::new();
    for seed in 0..40 {
        let config = json!({ "seed": seed, "clockOffset": null, "transit": [20, 420] });
        let mut service = service(config);
        service.handle(NOON, Input::Request(Request::generate(1, PRO, "a fox")));
        offsets.push(service.clock_offset());
        let arrival = service.next_wakeup().unwrap() - NOON;
        assert!((20..=420).contains(&arrival), "{arrival}");
    }
    assert!(offsets.iter().all(|ms| (-1_500..=1_500).contains(ms)));
    assert!(offsets.iter().min() < Some(&-1_000) && offsets.iter().max() > Some(&1_000));

    // A clock that is ahead is in the next minute already.
    let limits = json!({ "*": { "rpm": 1 } });
    let mut ahead = service(json!({ "limits": limits, "clockOffset": 1_000 }));
    assert_eq!(status(&mut ahead, NOON + 58_999), 200);
    assert_eq!(status(&mut ahead, NOON + 59_000), 200);
    assert_eq!(status(&mut ahead, NOON + 59_001), 429);
}

#[test]
fn failures_count_unless_they_are_said_not_to() {
    for (count, expected) in [(true, 429), (false, 200)] {
        let mut service = service(json!({
            "limits": { "*": { "rpm": 2 } }, "failuresCount": count, "script": ["503", "500"],
        }));
        assert_eq!(status(&mut service, NOON), 503);
        assert_eq!(status(&mut service, NOON), 500);
        assert_eq!(status(&mut service, NOON), expected);
    }
}

#[test]
fn new_limits_keep_what_was_used() {
    for discipline in ["fixed", "sliding", "bucket"] {
        let limits = json!({ "*": { "rpm": 5 } });
        let mut service = service(json!({ "limits": limits, "discipline": discipline }));
        for _ in 0..4 {
            assert_eq!(status(&mut service, NOON), 200);
        }
        service.configure(NOON, r#"{ "limits": { "*": { "rpm": 6 } } }"#).unwrap();
        assert_eq!([0; 3].map(|_| status(&mut service, NOON)), [200, 200, 429], "{discipline}");
        service.configure(NOON, r#"{ "limits": null }"#).unwrap();
        assert_eq!(status(&mut service, NOON), 200);
    }
}

#[test]
fn no_window_is_overspent_whoever_hammers() {
    for discipline in ["fixed", "sliding", "bucket"] {
        let limits = json!({ "*": { "rpm": 7, "rpd": 60 } });
        let mut service = service(json!({ "limits": limits, "discipline": discipline }));
        for i in 0..3_000 {
            status(&mut service, NOON + i * 333);
        }
        let usage = &service.ledger().usage[0];
        let most = if discipline == "sliding" { 7 } else { 14 };
        assert!(usage.counted.sliding_minute.requests <= most, "{discipline}");
        if discipline == "fixed" {
            assert_eq!(usage.counted.fixed_minute.requests, 7);
        }
        assert_eq!(usage.counted.day, 60, "{discipline}");
        assert_eq!(usage.over_limit, 2_940);
    }
}
