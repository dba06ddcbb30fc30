//! Every checker can fail: for each there is a mistake that it finds.
//!
//! ```text
//! cargo test --release --features mutants --test simulation mutants
//! ```

use unexhausted::base::mutant::{self, Mutant};

use crate::dominance::weaker;
use crate::scenario::Bias;
use crate::trials::run;
use crate::watch::Rule;

/// The mistakes, each with the checkers that may be the first to notice.
const ALL: &[(Mutant, Rule)] = &[
    (Mutant::SettlesTwice, Rule::Once),
    (Mutant::ForgetsAttempts, Rule::Allowed),
    (Mutant::ProbesAtOnce, Rule::Probes),
    (Mutant::IgnoresHints, Rule::Hinted),
    (Mutant::ForgetsDeadlines, Rule::Over),
    (Mutant::IgnoresCancel, Rule::Over),
    (Mutant::CountsNothing, Rule::Overspent),
    (Mutant::TakesUnasked, Rule::Overspent),
    (Mutant::LastFirst, Rule::Order),
    (Mutant::StarvesBackground, Rule::Tenth),
    (Mutant::NeverWakes, Rule::Due),
    (Mutant::WakesAtOnce, Rule::Still),
    (Mutant::Oversleeps, Rule::Settles),
    (Mutant::KeepsMoney, Rule::Conserved),
    (Mutant::IgnoresConcurrency, Rule::InFlight),
    (Mutant::WritesLong, Rule::State),
    (Mutant::ReadsLess, Rule::Restored),
    (Mutant::ForgetsBudget, Rule::Afforded),
    (Mutant::ForgetsPrice, Rule::Afforded),
    (Mutant::SkipsTarget, Rule::Chain),
    (Mutant::IgnoresPeak, Rule::Peak),
    (Mutant::ShortensRests, Rule::Rests),
];

const SEEDS: u64 = 2_000;

/// The first seed by which this checker reports this mistake.
fn found(mutant: Mutant, rule: Rule) -> Option<u64> {
    mutant::set(Some(mutant));
    let bias = |seed: u64| match seed % 3 {
        0 => Bias::Clean,
        1 => Bias::Shared,
        _ => Bias::None,
    };
    let reports =
        |seed: &u64| run(*seed, bias(*seed), false).1.violations.iter().any(|(of, _)| *of == rule);
    let seed = (1..SEEDS).find(reports);
    mutant::set(None);
    seed
}

#[test]
fn a_chain_that_is_weaker_than_its_parts_is_found() {
    for mutant in [Mutant::SharesBudgets, Mutant::ForgetsCount, Mutant::EndsEarly] {
        mutant::set(Some(mutant));
        let found = (1..SEEDS).find(|seed| weaker(*seed, 1).is_some());
        mutant::set(None);
        assert!(found.is_some(), "nobody notices {mutant:?}");
    }
}

#[test]
fn each_checker_finds_its_mutant() {
    let mut silent = Vec::new();
    for &(mutant, rule) in ALL {
        let seed = found(mutant, rule);
        println!("{mutant:?}: {rule:?} with seed {seed:?}");
        if seed.is_none() {
            silent.push((mutant, rule));
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

/// The checker of traces needs two runs.
#[test]
fn a_draw_that_no_seed_decides_is_found() {
    mutant::set(Some(Mutant::DrawsAnew));
    let differs =
        |seed: &u64| run(*seed, Bias::None, false).1.hash != run(*seed, Bias::None, false).1.hash;
    let seed = (1..100).find(differs);
    mutant::set(None);
    assert!(seed.is_some(), "no trace differs");
}

/// Nothing is reported of an engine that makes none of the mistakes: the hooks alone do nothing.
#[test]
fn without_a_mutant_the_trace_is_the_same() {
    let hash = |seed: u64| run(seed, Bias::None, false).1.hash;
    assert_eq!(hash(1), hash(1));
}
