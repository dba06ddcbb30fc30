//! Every labelled case is classified as labelled.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

#[path = "support/json.rs"]
mod json;

use json::{NOW, value};
use serde_json::Value as Json;
use unexhausted::base::value::Value;
use unexhausted::errors::billed::may_be_billed;
use unexhausted::errors::classify::{classify, deciding_row};
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Kind, Retry};

/// The points in which the info differs from the label; `strict` takes a missing field as one that
/// the text does not give.
fn mismatches(expect: &Json, info: &ErrorInfo, strict: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let kind = info.kind.as_str();
    let kinds = expect["also"].as_array().into_iter().flatten().chain([&expect["kind"]]);
    if !kinds.clone().any(|expected| expected == kind) {
        wrong.push(format!("kind {kind}, not {}", expect["kind"]));
    }
    // Another kind that is as right brings its own advice on trying again.
    if expect["kind"] == kind && expect["retry"] != info.retry.as_str() {
        wrong.push(format!("retry {}, not {}", info.retry.as_str(), expect["retry"]));
    }
    let fields: [(&str, Json, bool); 5] = [
        ("wait_ms", info.retry_after.map(|delay| delay.0).into(), true),
        ("dimension", info.dimension.map(|dimension| dimension.as_str()).into(), strict),
        ("quota_id", info.quota_id.clone().into(), strict),
        ("quota_limit", info.quota_limit.into(), strict),
        ("model", info.model.clone().into(), strict),
    ];
    for (name, found, strict) in fields {
        if (strict || !expect[name].is_null()) && expect[name] != found {
            wrong.push(format!("{name} {found}, not {}", expect[name]));
        }
    }
    wrong
}

fn run(file: &str, is_strict: impl Fn(&str) -> bool) -> usize {
    let path = [env!("CARGO_MANIFEST_DIR"), "/tests/cases/", file].concat();
    let text = std::fs::read_to_string(path).expect("the file of cases");
    let mut wrong = Vec::new();
    let mut cases = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let case: Json =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let id = case["id"].as_str().expect("an id");
        let info = classify(&value(&case["input"]), NOW);
        cases += 1;
        let found = mismatches(&case["expect"], &info, is_strict(id));
        if !found.is_empty() {
            wrong.push(format!("{id} ({}): {}", case["why"], found.join("; ")));
        }
        check_sentences(id, &info);
    }
    assert!(wrong.is_empty(), "{} of {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
    cases
}

fn check_sentences(id: &str, info: &ErrorInfo) {
    for text in [&info.summary, &info.advice] {
        assert!(text.ends_with(['.', '!']), "{id}: not a sentence: {text}");
    }
    for text in [&info.summary, &info.advice, &info.message] {
        assert!(!text.contains(['\n', '\r', '\t']), "{id}: more than one line: {text}");
        assert!(text.len() <= 1_000, "{id}: {} bytes", text.len());
    }
}

#[test]
fn public_cases() {
    // The later cases leave out what their labeller did not look at.
    assert_eq!(run("public.jsonl", |id| id < "p075"), 121);
}

#[test]
fn further_cases() {
    assert_eq!(run("extra.jsonl", |_| true), 174);
}

#[test]
fn only_a_request_that_may_have_arrived_may_have_been_billed() {
    let advice = |code: &str| {
        let text = format!("TypeError: fetch failed [cause]: Error: connect {code}");
        let info = classify(&Value::String(text), NOW);
        assert_eq!(info.kind, Kind::Network, "{code}");
        (info.unsent, info.advice.contains("billed"))
    };
    assert_eq!(advice("ECONNREFUSED"), (true, false));
    assert_eq!(advice("ENOTFOUND"), (true, false));
    assert_eq!(advice("ECONNRESET"), (false, true));
}

#[test]
fn each_rule_decides_somewhere() {
    let mut seen = std::collections::BTreeSet::new();
    let mut rows = 0;
    for file in ["public", "extra", "blind", "field", "blind-field", "reports"] {
        let path = [env!("CARGO_MANIFEST_DIR"), "/tests/cases/", file, ".jsonl"].concat();
        let text = std::fs::read_to_string(path).expect("the file of cases");
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let case: Json = serde_json::from_str(line).expect("a case");
            let (row, count) = deciding_row(&value(&case["input"]), NOW);
            seen.extend(row);
            rows = count;
        }
    }
    let unseen: Vec<usize> = (0..rows).filter(|row| !seen.contains(row)).collect();
    assert!(rows > 50 && unseen.is_empty(), "rows {unseen:?} of {rows} decide nothing");
}

#[test]
fn what_tls_refuses_was_never_sent() {
    let classified = |text: &str| classify(&Value::String(text.to_owned()), NOW);
    for text in [
        "TypeError: fetch failed [cause]: Error: self-signed certificate in certificate chain",
        "httpx.ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
        "Post \"https://a.example\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
    ] {
        let info = classified(text);
        assert_eq!((info.kind, info.retry), (Kind::Network, Retry::Never), "{text}");
        assert!(info.unsent && !may_be_billed(&info), "{text}");
        assert!(info.advice.contains("NODE_EXTRA_CA_CERTS"), "{}", info.advice);
        assert!(info.advice.contains("proxy"), "{}", info.advice);
    }
    for text in [
        "Error: write EPROTO 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number",
        "Client network socket disconnected before secure TLS connection was established",
        "net/http: TLS handshake timeout",
    ] {
        let info = classified(text);
        assert_eq!((info.kind, info.retry), (Kind::Network, Retry::Soon), "{text}");
        assert!(info.unsent && !may_be_billed(&info), "{text}");
    }
    let proxy = classified("Error: Proxy response (407) !== 200 when HTTP Tunneling");
    assert_eq!((proxy.kind, proxy.retry), (Kind::Forbidden, Retry::Never));
    assert!(proxy.advice.contains("HTTPS_PROXY") && !may_be_billed(&proxy), "{}", proxy.advice);
}

#[test]
fn cases_of_one_who_had_not_seen_the_rules() {
    assert_eq!(run("blind.jsonl", |_| true), 238);
}

#[test]
fn cases_of_public_reports() {
    assert_eq!(run("field.jsonl", |_| false), 19);
}

#[test]
fn cases_of_clients_by_one_who_had_not_seen_the_rules() {
    assert_eq!(run("blind-field.jsonl", |_| false), 255);
}

#[test]
fn cases_of_reports_by_one_who_had_not_seen_the_rules() {
    assert_eq!(run("reports.jsonl", |_| false), 421);
}
