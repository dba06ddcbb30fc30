//! The same seed gives the same trace, and the books balance whatever happens.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{NOON, PRO, service};
use serde_json::json;
use unexhausted_emulator::{Config, Input, Output, Request, Service, Snapshot};

/// When a tick brought it, and what.
type Trace = Vec<(Option<u64>, Output)>;

/// Runs until nothing is due before `until`, noting what came when.
fn drain(service: &mut Service, trace: &mut Trace, until: u64) {
    let mut now = None;
    loop {
        while let Some(output) = service.poll() {
            trace.push((now, output));
        }
        now = service.next_wakeup().filter(|wakeup| *wakeup <= until);
        match now {
            Some(wakeup) => service.handle(wakeup, Input::Tick),
            None => break,
        }
    }
}

/// A stormy ten minutes with callers that give up.
fn storm(seed: u64) -> (Trace, Snapshot) {
    let mut service = Service::new(
        Config::from_json(
            &json!({
                "seed": seed,
                "limits": { "*": { "rpm": 40 } },
                "discipline": "bucket",
                "spendLimit": 30,
                "pictureSize": 1,
                "faults": [
                    { "fault": "503", "from": 60_000, "to": 120_000, "probability": 0.8 },
                    { "fault": "reset", "probability": 0.02 },
                    { "fault": "hang", "probability": 0.02 },
                    { "fault": "cut", "probability": 0.02 },
                    { "fault": "no-image", "probability": 0.02 },
                ],
                "script": [{ "fault": "429-day", "times": 3 }, "bad-key"],
            })
            .to_string(),
        )
        .unwrap(),
    )
    .unwrap();
    let mut trace = Vec::new();
    for id in 0..600_u64 {
        let now = NOON + id * 1_000;
        drain(&mut service, &mut trace, now);
        let model = if id % 3 == 0 { "gemini-nano-banana-2.1" } else { PRO };
        service.handle(now, Input::Request(Request::generate(id, model, &format!("boat {id}"))));
        if id % 10 == 0 {
            service.handle(now + 50 + id % 500, Input::Disconnect { id: id.saturating_sub(7) });
        }
    }
    drain(&mut service, &mut trace, u64::MAX);
    (trace, service.ledger())
}

#[test]
fn one_seed_one_trace() {
    let (first, books) = storm(7);
    let (second, again) = storm(7);
    assert_eq!(first, second);
    assert_eq!(books, again);
    assert_ne!(storm(8).0, first);
    assert!(first.len() > 500);
}

#[test]
fn the_books_balance() {
    let (trace, books) = storm(11);
    let totals = &books.totals;
    assert_eq!(totals.requests, 600);
    let ends = [totals.pending, totals.served, totals.rejected, totals.refused];
    let rest = [totals.failed, totals.hung, totals.lost];
    assert_eq!(ends.iter().chain(&rest).sum::<u64>(), 600);
    assert!(totals.served > 0 && totals.rejected > 3 && totals.failed > 0);
    assert_eq!(totals.refused, 1);
    let records = &books.requests;
    assert_eq!(records.len(), 600);
    let billed: f64 = records.iter().map(|record| record.billed).sum();
    assert!((billed - totals.billed).abs() < 1e-6);
    assert!(records.iter().all(|r| r.images <= 1 && (r.images == 0 || r.billed > 0.0)));
    assert_eq!(records.iter().map(|record| record.images).sum::<u64>(), totals.images);
    // Every request that was neither given up nor hangs got exactly one output.
    let quiet = records.iter().filter(|r| r.disconnected || r.finished.is_none()).count();
    assert_eq!(trace.len() + quiet, 600);
    // A request that hangs is still in flight.
    assert_eq!(totals.in_flight, totals.pending);
    assert!(totals.max_in_flight > 5);
    for record in records {
        if let (Some(arrived), Some(finished)) = (record.arrived, record.finished) {
            assert!(record.sent + 20 <= arrived && arrived <= record.sent + 420);
            assert!(arrived <= finished);
        }
    }
    assert!(books.spend_peaks["default"] <= 30.0);
}

#[test]
fn the_storm_of_the_same_seed_is_the_same_whatever_happens_before() {
    // Draws belong to a request, not to an order of events: another fault moves no latency.
    let run = |script: serde_json::Value| {
        let config =
            json!({ "latency": { "median": 9_000 }, "transit": [20, 420], "script": script });
        let mut service = service(config);
        for id in 1..=3 {
            service.handle(NOON, Input::Request(Request::generate(id, PRO, "a boat")));
        }
        drain(&mut service, &mut Vec::new(), u64::MAX);
        let last = service.records().last().unwrap().clone();
        (last.arrived, last.finished)
    };
    assert_eq!(run(json!([])), run(json!(["503"])));
}

#[test]
fn latency_is_log_normal_around_its_median_and_has_a_tail() {
    let times = |latency: serde_json::Value, model: &str| {
        let mut service = service(json!({ "latency": latency, "pictureSize": 1 }));
        for id in 0..2_001 {
            service.handle(NOON, Input::Request(Request::generate(id, model, "a boat")));
        }
        drain(&mut service, &mut Vec::new(), u64::MAX);
        let mut times: Vec<u64> = service.records().map(|r| r.finished.unwrap() - NOON).collect();
        times.sort_unstable();
        times
    };
    let usual = times(json!({}), PRO);
    assert!((11_000..=13_000).contains(&usual[1_000]), "{}", usual[1_000]);
    assert!(usual[20] < 8_000 && usual[1_980] > 18_000, "{} to {}", usual[20], usual[1_980]);
    let by_model = times(json!({ "models": { PRO: 20_000 }, "sigma": 0 }), PRO);
    assert_eq!((by_model[0], by_model[2_000]), (20_000, 20_000));
    let tailed = times(json!({ "sigma": 0, "tail": 0.1 }), PRO);
    let slow = tailed.iter().filter(|ms| **ms == 72_000).count();
    assert!((140..=260).contains(&slow), "{slow}");
}

#[test]
fn who_goes_away_pays_for_what_had_begun() {
    let mut service = service(json!({ "transit": 100, "latency": 10_000 }));
    for id in 1..=2 {
        service.handle(NOON, Input::Request(Request::generate(id, PRO, "a boat")));
    }
    // One is still on its way, the other has arrived.
    service.handle(NOON + 99, Input::Disconnect { id: 1 });
    service.handle(NOON + 100, Input::Disconnect { id: 2 });
    assert_eq!(service.open_requests(), 0);
    assert_eq!(service.totals().in_flight, 1);
    let mut trace = Vec::new();
    drain(&mut service, &mut trace, u64::MAX);
    assert_eq!(trace, []);
    let totals = service.totals();
    assert_eq!((totals.lost, totals.served, totals.in_flight), (1, 1, 0));
    assert!(totals.billed > 0.1);
    let records: Vec<_> = service.records().collect();
    assert!(records[0].arrived.is_none() && records[0].billed == 0.0);
    assert!(records[1].disconnected && records[1].finished == Some(NOON + 10_100));
}

#[test]
fn time_can_run_faster() {
    let mut service = service(json!({
        "timeScale": 60, "latency": 12_000, "limits": { "*": { "rpm": 1 } },
    }));
    service.handle(NOON, Input::Request(Request::generate(1, PRO, "a boat")));
    assert_eq!(service.next_wakeup(), Some(NOON + 200));
    service.handle(NOON, Input::Request(Request::generate(2, PRO, "a boat")));
    let Some(Output::Reply { id: 2, status: 429, body, .. }) = service.poll() else {
        panic!("not refused");
    };
    // A service's minute is a second of ours, and so is the wait that it tells.
    let text = String::from_utf8(body.to_bytes()).unwrap();
    assert!(text.contains("Please retry in 1.000"), "{text}");
    service.handle(NOON + 1_000, Input::Request(Request::generate(3, PRO, "a boat")));
    assert_eq!(service.next_wakeup(), Some(NOON + 1_200));
}

#[test]
fn a_reset_is_a_new_start() {
    let mut service = service(json!({ "limits": { "*": { "rpm": 1 } }, "script": ["503"] }));
    assert_eq!(common::status(&mut service, NOON), 503);
    assert_eq!(common::status(&mut service, NOON), 429);
    service.configure(NOON, r#"{ "latency": 5000 }"#).unwrap();
    service.script(vec![unexhausted_emulator::FaultKind::Hang.into()]).unwrap();
    service.handle(NOON, Input::Request(Request::generate(9, PRO, "a boat")));
    service.reset();
    assert_eq!(service.poll(), Some(Output::Reset { id: 9 }), "who waits is told");
    assert_eq!(service.totals().requests, 0);
    // An earlier time is a new start, not a step back.
    assert_eq!(common::status(&mut service, 1_000), 503);
    assert_eq!(service.records().next().unwrap().sent, 1_000);
}

#[test]
fn the_ledger_forgets_single_requests_but_no_sum() {
    let mut service = service(json!({ "maxRecords": 5 }));
    for i in 0..20 {
        common::status(&mut service, NOON + i);
    }
    assert_eq!(service.records().count(), 5);
    assert_eq!(service.records().last().unwrap().sequence, 20);
    assert_eq!((service.totals().requests, service.totals().served), (20, 20));
}

#[test]
fn a_trace_that_is_written_down() {
    // The same numbers are in tests/js/emulator.test.ts: native and wasm agree to the millisecond.
    let mut service = Service::new(Config::from_json(r#"{ "seed": 7 }"#).unwrap()).unwrap();
    service.handle(NOON, Input::Request(Request::generate(1, PRO, "a paper boat")));
    drain(&mut service, &mut Vec::new(), u64::MAX);
    let record = service.records().next().unwrap();
    let trace = (service.clock_offset(), record.arrived, record.finished, record.output_tokens);
    assert_eq!(trace, (17, Some(NOON + 140), Some(NOON + 13_815), 1_512));
}
