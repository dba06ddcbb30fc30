//! Every checker can fail: for each there is a mistake that it finds.
//!
//! ```text
//! cargo test --release --features canary --test simulation canaries
//! ```

use unexhausted::base::canary::Canary;
use unexhausted::engine::state_machine::Engine;

use crate::dominance::weaker;
use crate::scenario::Bias;
use crate::trials::run;
use crate::watch::Rule;

/// The mistakes, each with the checkers that may be the first to notice.
const ALL: &[(Canary, Rule)] = &[
    (Canary::SettlesTwice, Rule::Once),
    (Canary::ForgetsAttempts, Rule::Allowed),
    (Canary::ProbesAtOnce, Rule::Probes),
    (Canary::IgnoresHints, Rule::Hinted),
    (Canary::ForgetsDeadlines, Rule::Over),
    (Canary::IgnoresCancel, Rule::Over),
    (Canary::CountsNothing, Rule::Overspent),
    (Canary::TakesUnasked, Rule::Overspent),
    (Canary::LastFirst, Rule::Order),
    (Canary::StarvesBackground, Rule::Tenth),
    (Canary::NeverWakes, Rule::Due),
    (Canary::WakesAtOnce, Rule::Still),
    (Canary::Oversleeps, Rule::Settles),
    (Canary::KeepsMoney, Rule::Conserved),
    (Canary::IgnoresConcurrency, Rule::InFlight),
    (Canary::WritesLong, Rule::State),
    (Canary::ReadsLess, Rule::Restored),
    (Canary::ForgetsBudget, Rule::Afforded),
    (Canary::ForgetsPrice, Rule::Afforded),
    (Canary::SkipsTarget, Rule::Chain),
    (Canary::IgnoresPeak, Rule::Peak),
    (Canary::ShortensRests, Rule::Rests),
];

const SEEDS: u64 = 2_000;

/// The first seed by which this checker reports this mistake.
fn found(canary: Canary, rule: Rule) -> Option<u64> {
    Engine::set_canary(Some(canary));
    let bias = |seed: u64| match seed % 3 {
        0 => Bias::Clean,
        1 => Bias::Shared,
        _ => Bias::None,
    };
    let reports =
        |seed: &u64| run(*seed, bias(*seed), false).1.violations.iter().any(|(of, _)| *of == rule);
    let seed = (1..SEEDS).find(reports);
    Engine::set_canary(None);
    seed
}

#[test]
fn a_chain_that_is_weaker_than_its_parts_is_found() {
    for canary in [Canary::SharesBudgets, Canary::ForgetsCount, Canary::EndsEarly] {
        Engine::set_canary(Some(canary));
        let found = (1..SEEDS).find(|seed| weaker(*seed, 1).is_some());
        Engine::set_canary(None);
        assert!(found.is_some(), "nobody notices {canary:?}");
    }
}

#[test]
fn each_checker_finds_its_canary() {
    let mut silent = Vec::new();
    for &(canary, rule) in ALL {
        let seed = found(canary, rule);
        println!("{canary:?}: {rule:?} with seed {seed:?}");
        if seed.is_none() {
            silent.push((canary, rule));
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

/// The checker of traces needs two runs.
#[test]
fn a_draw_that_no_seed_decides_is_found() {
    Engine::set_canary(Some(Canary::DrawsAnew));
    let differs =
        |seed: &u64| run(*seed, Bias::None, false).1.hash != run(*seed, Bias::None, false).1.hash;
    let seed = (1..100).find(differs);
    Engine::set_canary(None);
    assert!(seed.is_some(), "no trace differs");
}

/// Nothing is reported of an engine that makes none of the mistakes: the hooks alone do nothing.
#[test]
fn without_a_canary_the_trace_is_the_same() {
    let hash = |seed: u64| run(seed, Bias::None, false).1.hash;
    assert_eq!(hash(1), hash(1));
}
