//! Twelve minutes in which the first model of a chain has no capacity, with callers who wait for
//! their pictures at 70 % of its quota.

use serde_json::json;
use unexhausted_emulator::Outcome;

use crate::situations::{Bounds, DISCIPLINES, MODEL, Situation, interactive};
use crate::world::{Sent, Watched, World};

const MINUTE: u64 = 60_000;
const RPM: u64 = 60;
/// 70 % of the quota.
const EVERY: u64 = MINUTE * 10 / (RPM * 7);
const FROM: u64 = 8 * MINUTE;
const TO: u64 = 20 * MINUTE;
const LENGTH: u64 = 35 * MINUTE;
/// One in so many may miss.
const IN_TIME: u64 = 120_000;

/// The results of one run.
#[derive(Debug)]
struct Seen {
    calls: usize,
    in_time: usize,
    /// Calls that came while the first model had room, and those of them that it served.
    free: usize,
    by_first: usize,
    billed_twice: usize,
    /// Requests to the first model during the overload.
    probes: usize,
    /// How long after the end the first model served again.
    back: u64,
    /// Requests that it refused after the end.
    refused_after: usize,
}

fn situation() -> Situation {
    let calls = (LENGTH / EVERY) as usize;
    let service = json!({
        "faults": [{ "fault": "503", "model": MODEL, "from": FROM, "to": TO }],
    });
    interactive(calls, EVERY, Bounds { rpm: Some(RPM), ..Bounds::default() }, service)
}

fn run(seed: u64) -> Vec<Seen> {
    let one = |discipline| {
        let situation = situation();
        let mut world = World::new(&situation, discipline, seed, false);
        world.run(LENGTH + 10 * MINUTE).expect("every call ends");
        assert!(world.violations.is_empty(), "{:?}", world.violations);
        let calls = &world.calls;
        let took = |call: &&Watched| {
            call.error.is_none() && call.settled.is_some_and(|at| at - call.at <= IN_TIME)
        };
        // A call of the last seconds before the overload may be caught by it.
        let is_free = |at: u64| at + 2_000 < FROM || at >= TO + MINUTE;
        let free = calls.iter().filter(|call| is_free(call.at));
        let sent = world.sent();
        let first = |is_it: &dyn Fn(u64, Outcome) -> bool| {
            let of = sent.iter().filter(|sent| sent.model == MODEL);
            of.filter(|sent| is_it(sent.at, sent.outcome)).count()
        };
        let is_served = |sent: &&Sent| sent.outcome == Outcome::Served;
        let pictures = sent.iter().filter(is_served).count();
        let back = sent.iter().filter(is_served).find(|sent| sent.model == MODEL && sent.at >= TO);
        Seen {
            calls: calls.len(),
            in_time: calls.iter().filter(took).count(),
            free: free.clone().count(),
            by_first: free.filter(|call| call.model == Some(MODEL)).count(),
            billed_twice: pictures - calls.iter().filter(|call| call.error.is_none()).count(),
            probes: first(&|at, _| (FROM..TO).contains(&at)),
            back: back.map_or(LENGTH, |sent| sent.at - TO),
            refused_after: first(&|at, outcome| at >= TO && outcome != Outcome::Served),
        }
    };
    DISCIPLINES.into_iter().map(one).collect()
}

#[test]
fn an_overload_of_the_first_model_is_hardly_noticed() {
    for seed in 1..=4 {
        for seen in run(seed) {
            println!("seed {seed}: {seen:?}");
            assert!(seen.in_time * 1_000 >= seen.calls * 995, "{seen:?}");
            assert!(seen.by_first * 100 >= seen.free * 95, "{seen:?}");
            assert!(seen.billed_twice * 100 <= seen.calls, "{seen:?}");
            assert!(seen.back <= 60_000, "{seen:?}");
            // The first wave, and one probe at a time from then on.
            assert!(seen.probes <= 40, "{seen:?}");
            assert!(seen.refused_after <= 2, "{seen:?}");
        }
    }
}

/// A service that refuses four of ten requests and serves the others is no outage: all but a few of
/// a crowd are served, which the client's retry budget ends.
#[test]
fn a_service_that_refuses_four_of_ten_serves_a_crowd() {
    let service = json!({ "faults": [{ "fault": "503", "probability": 0.4 }] });
    let (mut made, mut calls) = (0, 0);
    for seed in 1..=6 {
        for discipline in DISCIPLINES {
            let situation = interactive(30, 0, Bounds::default(), service.clone());
            let mut world = World::new(&situation, discipline, seed, false);
            world.run(10 * MINUTE).expect("every call ends");
            made += world.calls.iter().filter(|call| call.error.is_none()).count();
            calls += world.calls.len();
        }
    }
    assert!(made * 100 >= calls * 96, "{made} of {calls}");
}
