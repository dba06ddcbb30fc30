//! Many runs of the swarm: some with every test run, and as many hours as one likes by
//! `npm run simulate -- --hours 1000 --seed 7`.

use std::env;
use std::time::Instant;

use crate::swarm;

const HOUR: f64 = 3_600_000.0;
/// Runs of a quick look.
const QUICK: u64 = 300;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Runs seeds from one on until so many virtual hours have passed, or so many runs.
fn soak(first: u64, hours: f64, runs: u64) -> (u64, f64) {
    let mut took = 0.0;
    let mut seed = first;
    while took < hours && seed - first < runs {
        let outcome = swarm::run(seed, &|_| {});
        let said = outcome.violations.join("\n  ");
        let told = || swarm::scenario::Scenario::draw(seed).told();
        assert!(said.is_empty(), "seed {seed}, after {} ms:\n  {said}\n{}", outcome.took, told());
        took += outcome.took as f64 / HOUR;
        seed += 1;
    }
    (seed - first, took)
}

#[test]
fn a_swarm_of_users_meets_every_rule() {
    soak(number("FROM").unwrap_or(1), f64::INFINITY, QUICK);
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_gives_another() {
    let traces = |seed| swarm::run(seed, &|_| {}).trace;
    let first: Vec<u64> = (900..912).map(traces).collect();
    let second: Vec<u64> = (900..912).map(traces).collect();
    assert_eq!(first, second);
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
#[ignore = "long: `npm run simulate` runs it"]
fn a_swarm_for_hours() {
    let hours = number("HOURS").unwrap_or(1_000) as f64;
    let seed = number("SEED").unwrap_or(1);
    let started = Instant::now();
    let (runs, took) = soak(seed, hours, u64::MAX);
    let seconds = started.elapsed().as_secs_f64();
    println!("{took:.0} virtual hours in {runs} runs from seed {seed} on, in {seconds:.1} s");
}
