//! The simulation itself: scenarios by seed, checked after every step.
//!
//! ```text
//! SEEDS=1..1000 cargo test --release --test simulation long_run -- --ignored --nocapture
//! HOURS=1000 SEED=1 cargo test --release --test simulation long_run -- --ignored --nocapture
//! SHOW=1 SEEDS=17..17 …                     # prints everything that happens
//! BIAS=clean SEEDS=… or BIAS=shared SEEDS=… # only scenarios in which nothing may be refused
//! ```

use std::env;

use crate::realm::{Ran, Realm};
use crate::scenario::{Bias, HOUR, Scenario};

/// Scenarios of the quick run.
const QUICK: u64 = 200;

pub(crate) fn run(seed: u64, bias: Bias, is_shown: bool) -> (Scenario, Ran) {
    let scenario = Scenario::new(seed, bias);
    let ran = Realm::new(&scenario, is_shown).run();
    (scenario, ran)
}

/// By its remainder a seed asks for a scenario in which nothing may be refused.
pub(crate) const fn bias(seed: u64) -> Bias {
    match seed % 10 {
        7 | 8 => Bias::Clean,
        9 => Bias::Shared,
        _ => Bias::None,
    }
}

fn describe(scenario: &Scenario, ran: &Ran) -> String {
    let (rule, what) = &ran.violations[0];
    let features = scenario.features.join(", ");
    format!(
        "seed {} broke {rule:?}: {what}\n    {:?}, {} processes, {} calls: {features}",
        scenario.seed,
        scenario.known,
        scenario.processes,
        scenario.plans.len(),
    )
}

#[test]
fn no_scenario_breaks_a_rule() {
    for seed in 1..=QUICK {
        let (scenario, ran) = run(seed, bias(seed), false);
        assert!(ran.violations.is_empty(), "{}", describe(&scenario, &ran));
    }
}

#[test]
fn one_seed_is_one_trace_and_another_seed_is_another() {
    let mut hashes = Vec::new();
    for seed in 1..=12 {
        let (first, second) = (run(seed, bias(seed), false).1, run(seed, bias(seed), false).1);
        assert_eq!(first.hash, second.hash, "seed {seed} gives two traces");
        hashes.push(first.hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 12, "two seeds give one trace");
}

#[test]
#[ignore = "takes as long as it is told to; `npm run simulate`"]
fn long_run() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let seeds = env::var("SEEDS").ok().map(|text| {
        let (from, to) = text.split_once("..").unwrap_or((&text, &text));
        let number = |text: &str| text.parse::<u64>().expect("SEEDS is two numbers: 1..100");
        (number(from), number(to))
    });
    let is_shown = env::var("SHOW").is_ok_and(|value| value != "0");
    let only = match env::var("BIAS").as_deref() {
        Ok("clean") => Some(Bias::Clean),
        Ok("shared") => Some(Bias::Shared),
        Ok("none") => Some(Bias::None),
        _ => None,
    };
    let first = seeds.map_or_else(|| number("SEED").unwrap_or(1), |(from, _)| from);
    let last = seeds.map_or(u64::MAX, |(_, to)| to);
    let hours = if seeds.is_some() { u64::MAX } else { number("HOURS").unwrap_or(1_000) };
    let (mut ran_hours, mut count, mut requests, mut longest) = (0.0, 0_u64, 0, 0);
    let mut failures = Vec::new();
    for seed in first..=last {
        let (scenario, ran) = run(seed, only.unwrap_or(bias(seed)), is_shown);
        count += 1;
        ran_hours += ran.time as f64 / HOUR as f64;
        requests += ran.requests;
        longest = longest.max(ran.longest_state);
        if !ran.violations.is_empty() {
            failures.push(describe(&scenario, &ran));
            println!("{}", failures[failures.len() - 1]);
        }
        if ran_hours >= hours as f64 || failures.len() >= 40 {
            break;
        }
    }
    println!(
        "{count} scenarios from seed {first}, {ran_hours:.0} virtual hours, {requests} requests, \
         states of at most {longest} bytes, {} failures",
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
