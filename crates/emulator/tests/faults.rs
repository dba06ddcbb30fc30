//! Every fault can be asked for, comes as it really does, and is used up as scripted.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{Answer, NOON, PRO, ask, send, service, status};
use serde_json::{Value, json};
use unexhausted_emulator::{Config, Fault, FaultKind, Input, Outcome, Output, Request, Service};

/// The answer to one request that meets this fault.
fn meet(fault: Value) -> Answer {
    ask(&mut service(json!({ "script": [fault] })), NOON)
}

#[test]
fn each_error_is_json_with_its_code_status_and_message() {
    let expected = [
        ("429-detailed", 429, "RESOURCE_EXHAUSTED", "You exceeded your current quota"),
        ("429-bare", 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        ("429-day", 429, "RESOURCE_EXHAUSTED", "generate_requests_per_model_per_day, limit: 250"),
        ("429-limit-zero", 429, "RESOURCE_EXHAUSTED", "limit: 0, model: gemini-3-pro-image"),
        ("429-several", 429, "RESOURCE_EXHAUSTED", "input_token_count, limit: 100000"),
        ("429-spend", 429, "RESOURCE_EXHAUSTED", "spend-based rate limit"),
        ("429-monthly-cap", 429, "RESOURCE_EXHAUSTED", "monthly spending cap"),
        ("429-prepaid", 429, "RESOURCE_EXHAUSTED", "prepayment credits are depleted"),
        ("402", 402, "RESOURCE_EXHAUSTED", "prepayment credits are depleted"),
        ("503", 503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        ("503-high-demand", 503, "UNAVAILABLE", "currently experiencing high demand"),
        ("503-deadline", 503, "UNAVAILABLE", "Deadline expired"),
        ("500", 500, "INTERNAL", "An internal error has occurred."),
        ("504", 504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        ("499", 499, "CANCELLED", "The operation was cancelled."),
        ("400", 400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        ("bad-key", 400, "INVALID_ARGUMENT", "API key not valid."),
        ("region", 400, "FAILED_PRECONDITION", "User location is not supported"),
        ("no-key", 403, "PERMISSION_DENIED", "unregistered callers"),
        ("leaked-key", 403, "PERMISSION_DENIED", "reported as leaked"),
        ("service-disabled", 403, "PERMISSION_DENIED", "has not been used in project"),
        ("retired", 404, "NOT_FOUND", "no longer available to new users"),
        ("model-not-found", 404, "NOT_FOUND", "models/gemini-3-pro-image is not found"),
    ];
    for (name, code, canonical, words) in expected {
        let answer = meet(json!(name));
        assert_eq!(answer.status, code, "{name}");
        assert_eq!(answer.header("content-type"), Some("application/json; charset=UTF-8"));
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!(code), &json!(canonical)), "{name}");
        assert!(answer.message().contains(words), "{name}: {}", answer.text);
        assert!(answer.header("retry-after").is_none(), "the service sends none");
        let detailed = ["429-detailed", "429-day", "429-limit-zero", "429-several"];
        let with_details = ["bad-key", "service-disabled"];
        let expected = detailed.contains(&name) || with_details.contains(&name);
        assert_eq!(error.get("details").is_some(), expected, "{name}");
    }
}

#[test]
fn a_detailed_429_has_everything_in_the_order_of_the_wire() {
    let fault = json!({ "fault": "429-detailed", "retryDelay": "31.772104956s", "limit": 20 });
    let answer = meet(fault);
    let details = answer.json()["error"]["details"].as_array().unwrap().clone();
    let kinds: Vec<&str> = details.iter().map(|detail| detail["@type"].as_str().unwrap()).collect();
    let rpc = |name: &str| format!("type.googleapis.com/google.rpc.{name}");
    assert_eq!(kinds, [rpc("QuotaFailure"), rpc("Help"), rpc("RetryInfo")]);
    let violation = &details[0]["violations"][0];
    assert_eq!(
        violation["quotaMetric"],
        "generativelanguage.googleapis.com/generate_requests_per_model"
    );
    assert_eq!(violation["quotaDimensions"], json!({ "location": "global", "model": PRO }));
    assert_eq!(violation["quotaValue"], "20");
    assert!(details[1]["links"][0]["url"].as_str().unwrap().starts_with("https://"));
    assert_eq!(details[2]["retryDelay"], "31s");
    assert!(answer.message().ends_with("Please retry in 31.772104956s."));
    // Keys as on the wire: the code first, the details last.
    let at = |word: &str| answer.text.find(word).unwrap();
    assert!(at("\"code\"") < at("\"message\"") && at("\"message\"") < at("\"status\""));
    assert!(at("\"status\"") < at("\"details\""));
    assert!(answer.text.starts_with("{\n  \"error\": {\n"), "{}", answer.text);
}

#[test]
fn a_429_names_the_dimension_that_is_asked_for() {
    let ids = [
        ("rpm", "GenerateRequestsPerMinutePerProjectPerModel"),
        ("tpm", "GenerateContentPaidTierInputTokensPerModelPerMinute"),
        ("ipm", "GenerateContentPaidTierImagesPerMinutePerProjectPerModel"),
        ("rpd", "GenerateRequestsPerDayPerProjectPerModel"),
    ];
    for (dimension, id) in ids {
        let answer = meet(json!({ "fault": "429-detailed", "dimension": dimension }));
        assert_eq!(answer.quota_id(), id);
    }
    let answer = meet(json!({ "fault": "429-detailed", "retryDelay": 812 }));
    assert_eq!(answer.retry_delay(), 0);
    assert!(answer.message().ends_with("Please retry in 812ms."));
    assert_eq!(meet(json!({ "fault": "429-day", "retryDelay": "41310s" })).retry_delay(), 41_310);
}

#[test]
fn what_stands_in_front_of_the_service_speaks_otherwise() {
    let gateway = meet(json!({ "fault": "429-gateway", "retryDelay": "16.2s" }));
    assert_eq!((gateway.status, gateway.header("retry-after")), (429, Some("17")));
    assert_eq!(gateway.header("content-type"), Some("text/plain"));

    let page = meet(json!("502"));
    assert_eq!((page.status, page.header("content-type")), (502, Some("text/html; charset=UTF-8")));
    assert!(page.text.contains("Please try again in 30 seconds."));

    let portal = meet(json!("html"));
    assert_eq!((portal.status, portal.text.starts_with("<!DOCTYPE html>")), (200, true));
    assert_eq!(meet(json!("413")).status, 413);
    assert_eq!((meet(json!("408")).status, meet(json!("408")).text.as_str()), (408, ""));
    assert_eq!(meet(json!("429-empty")).text, "");
    assert_eq!(meet(json!("503-array")).json()[0]["error"]["code"], 503);
}

#[test]
fn a_200_may_hold_no_picture() {
    let blocked = meet(json!("blocked")).json();
    assert_eq!(blocked["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    assert!(blocked.get("candidates").is_none());
    let other = meet(json!({ "fault": "blocked", "reason": "OTHER" })).json();
    assert_eq!(other["promptFeedback"]["blockReason"], "OTHER");

    let candidate = |fault: Value| meet(fault).json()["candidates"][0].clone();
    let safety = candidate(json!("image-safety"));
    assert_eq!((&safety["finishReason"], &safety["content"]), (&json!("IMAGE_SAFETY"), &json!({})));
    assert!(safety["finishMessage"].as_str().unwrap().contains("not be charged"));
    let none = candidate(json!("no-image"));
    assert_eq!((&none["finishReason"], &none["content"]), (&json!("NO_IMAGE"), &json!({})));
    let own = candidate(json!({ "fault": "no-image", "reason": "IMAGE_OTHER" }));
    assert_eq!(own["finishReason"], "IMAGE_OTHER");
    let text = candidate(json!("text-only"));
    assert_eq!(text["finishReason"], "STOP");
    assert!(text["content"]["parts"][0]["text"].is_string());
    assert_eq!(text["content"]["parts"].as_array().unwrap().len(), 1);
    assert_eq!(meet(json!("empty")).json()["candidates"], json!([]));

    let parts = candidate(json!("thoughts"))["content"]["parts"].clone();
    assert_eq!((&parts[0]["thought"], parts[1].get("thought")), (&json!(true), None));
    assert_ne!(parts[0]["inlineData"]["data"], parts[1]["inlineData"]["data"]);
}

#[test]
fn anything_else_can_be_written_out() {
    let answer = meet(json!({
        "fault": "status", "status": 529, "headers": { "X-Relay": "one" },
        "body": { "error": { "type": "overloaded_error" } },
    }));
    assert_eq!((answer.status, answer.header("x-relay")), (529, Some("one")));
    assert_eq!(answer.json()["error"]["type"], "overloaded_error");
    let text = json!({ "fault": "503", "body": "busy", "retryAfter": "7" });
    let answer = meet(text);
    assert_eq!((answer.status, answer.text.as_str()), (503, "busy"));
    assert_eq!(answer.header("retry-after"), Some("7"));
}

#[test]
fn a_script_is_used_up_in_order_and_by_model() {
    let mut service = service(json!({
        "script": ["503", { "fault": "500", "model": "gemini-3.1-flash-lite-image" }, "ok"],
        "limits": { PRO: { "rpm": 0 } },
    }));
    service.script(vec![Fault { times: Some(2), ..Fault::new(FaultKind::Cancelled) }]).unwrap();
    assert_eq!(status(&mut service, NOON), 503);
    assert_eq!(status(&mut service, NOON), 200, "`ok` goes past the limit");
    assert_eq!([0; 3].map(|_| status(&mut service, NOON)), [499, 499, 429]);
    let lite = Request::generate(1, "gemini-3.1-flash-lite-image", "a kite");
    assert_eq!(service.ledger().script_left, 1);
    assert_eq!(send(&mut service, NOON, lite.clone()).status, 500);
    assert_eq!(send(&mut service, NOON, lite).status, 200);
    assert_eq!(service.ledger().script_left, 0);
}

#[test]
fn connections_break() {
    let script = json!(["reset", { "fault": "cut", "fraction": 0.25 }, "hang"]);
    let mut service = service(json!({ "script": script }));
    for id in 1..=3 {
        service.handle(NOON, Input::Request(Request::generate(id, PRO, "a ship")));
    }
    assert_eq!(service.poll(), Some(Output::Reset { id: 1 }));
    let Some(Output::Cut { id: 2, status: 200, content_length, body_prefix, .. }) = service.poll()
    else {
        panic!("no cut");
    };
    assert_eq!(body_prefix.len() as u64, content_length / 4);
    assert!(serde_json::from_slice::<Value>(&body_prefix).is_err());
    // The hang: nothing, for however long.
    assert_eq!((service.poll(), service.next_wakeup(), service.open_requests()), (None, None, 1));
    service.handle(NOON + 86_400_000, Input::Tick);
    assert_eq!(service.poll(), None);
    service.handle(NOON + 86_400_001, Input::Disconnect { id: 3 });
    assert_eq!(service.open_requests(), 0);
    let outcomes: Vec<Outcome> = service.records().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Failed, Outcome::Hung]);
    let billed: Vec<bool> = service.records().map(|record| record.billed > 0.0).collect();
    assert_eq!(billed, [false, true, false], "the cut picture was made and is paid for");
}

#[test]
fn a_504_takes_its_time_and_so_does_what_is_told_to() {
    let mut service = service(json!({ "script": ["504", { "fault": "503", "after": 700 }] }));
    service.handle(NOON, Input::Request(Request::generate(1, PRO, "a ship")));
    assert_eq!(service.next_wakeup(), Some(NOON + 60_000));
    service.handle(NOON, Input::Request(Request::generate(2, PRO, "a ship")));
    assert_eq!(service.next_wakeup(), Some(NOON + 700));
}

#[test]
fn a_caller_can_set_the_service_a_deadline() {
    let mut service = service(json!({ "latency": 20_000 }));
    let mut request = Request::generate(1, PRO, "a ship");
    request.headers.push(("x-server-timeout".into(), "7".into()));
    service.handle(NOON, Input::Request(request.clone()));
    assert_eq!(service.next_wakeup(), Some(NOON + 7_000));
    request.id = 2;
    let answer = send(&mut service, NOON, request);
    assert_eq!(
        (answer.status, answer.json()["error"]["status"].clone()),
        (504, json!("DEADLINE_EXCEEDED"))
    );
    assert_eq!(service.totals().billed, 0.0);
}

#[test]
fn a_storm_comes_and_goes_for_the_model_that_it_is_for() {
    let mut service = service(json!({
        "faults": [{ "fault": "503", "model": PRO, "from": 10_000, "to": 30_000 }],
    }));
    assert_eq!(status(&mut service, NOON), 200);
    assert_eq!(status(&mut service, NOON + 9_999), 200);
    assert_eq!(status(&mut service, NOON + 10_000), 503);
    let other = Request::generate(1, "gemini-nano-banana-2.1", "a ship");
    assert_eq!(send(&mut service, NOON + 20_000, other).status, 200);
    assert_eq!(status(&mut service, NOON + 29_999), 503);
    assert_eq!(status(&mut service, NOON + 30_000), 200);
}

#[test]
fn chance_keeps_to_its_probability() {
    let faults = json!([
        { "fault": "503", "probability": 0.3 }, { "fault": "reset", "probability": 0 },
        { "fault": "500", "probability": 0.5 },
    ]);
    let mut service = service(json!({ "faults": faults, "pictureSize": 1 }));
    let answers: Vec<u16> = (0..4_000).map(|i| status(&mut service, NOON + i)).collect();
    let share =
        |code: u16| answers.iter().filter(|status| **status == code).count() as f64 / 4_000.0;
    assert!((share(503) - 0.3).abs() < 0.03, "{}", share(503));
    assert!((share(500) - 0.35).abs() < 0.03, "{}", share(500));
    assert!((share(200) - 0.35).abs() < 0.03, "{}", share(200));
}

#[test]
fn wrong_scripts_and_configurations_are_refused_with_what_is_known() {
    let unknown = Config::from_json(r#"{ "rpm": 5 }"#).unwrap_err().to_string();
    assert!(unknown.contains("`rpm`") && unknown.contains("`limits`"), "{unknown}");
    let unknown = Config::from_json(r#"{ "rpm": null }"#).unwrap_err().to_string();
    assert!(unknown.contains("`rpm`"), "{unknown}");
    let nested = Config::from_json(r#"{ "limits": { "*": { "rpms": 5 } } }"#).unwrap_err();
    assert!(nested.to_string().contains("`rpm`"), "{nested}");
    let fault = Fault::list_from_json(r#""bogus""#).unwrap_err();
    assert!(fault.contains("bogus") && fault.contains("429-detailed"), "{fault}");
    let option = Fault::list_from_json(r#"{ "fault": "503", "delay": 3 }"#).unwrap_err();
    assert!(option.contains("`delay`") && option.contains("`after`"), "{option}");
    for wrong in [
        r#"{ "timeScale": 0 }"#,
        r#"{ "transit": [5, 1] }"#,
        r#"{ "latency": -1 }"#,
        r#"{ "imageBytes": 1 }"#,
        r#"{ "faults": [{ "fault": "503", "probability": 1.5 }] }"#,
        r#"{ "script": [{ "fault": "503", "from": 1 }] }"#,
        r#"{ "script": [{ "fault": "status" }] }"#,
        r#"{ "script": [{ "fault": "429-day", "retryDelay": "soon" }] }"#,
        r#"{ "models": { "mine": "unheard-of" } }"#,
        r#"{ "pictureSize": 5000 }"#,
        "[]",
        r#"{ "script": [["503"]] }"#,
        r#"{ "latency": [] }"#,
    ] {
        assert!(Config::from_json(wrong).is_err(), "{wrong}");
    }
    let mut service = Service::new(Config::default()).unwrap();
    let before = service.config().clone();
    assert!(service.configure(NOON, r#"{ "seed": 9, "nonsense": 1 }"#).is_err());
    assert_eq!(service.config(), &before, "a patch that is refused changes nothing");
    service.configure(NOON, r#"{ "seed": 9, "script": ["503"] }"#).unwrap();
    assert_eq!((service.config().seed, service.ledger().script_left), (9, 1));
}

#[test]
fn a_configuration_reads_back_as_it_was_written() {
    let all = json!({
        "seed": 3, "clockOffset": -7, "transit": [1, 2], "timeScale": 60, "discipline": "bucket",
        "latency": { "median": 9, "sizes": { "2K": 2 }, "tail": 0.1 }, "retired": [PRO],
        "limits": { "*": { "rpm": 1, "discipline": "sliding", "rejectedCount": true } },
        "faults": [{ "fault": "429-day", "retryDelay": "1.5s", "probability": 0.1, "from": 5 }],
        "script": [{ "fault": "status", "status": 418, "times": 2 }, "cut"],
        "spendLimit": 10, "prepaid": 2.5, "keys": { "a": "b" }, "unknownKeys": "reject",
    });
    let config = Config::from_json(&all.to_string()).unwrap();
    let again = Config::from_json(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(config, again);
    assert_eq!(config.faults[0].retry_delay.unwrap().nanos, 1_500_000_000);
}
