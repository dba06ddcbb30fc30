//! The requests that an overloaded service gets: a chain asks it hardly more often than one model.

use std::collections::BTreeMap;
use std::rc::Rc;

use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AttemptId, CallId};
use unexhausted::engine::input::{BACKGROUND, CallSpec, Input};
use unexhausted::engine::lane::LaneSpec;
use unexhausted::engine::output::{Ending, Output};
use unexhausted::engine::state_machine::Engine;
use unexhausted::engine::target::Target;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::Kind;
use unexhausted::quota::limits::Limits;
use unexhausted::retry::policy::Policy;

const NOON: u64 = 1_795_521_600_000;
const MINUTE: u64 = 60_000;
/// How long every target refuses.
const OUTAGE: u64 = 10 * MINUTE;
/// How long an error takes, and a picture.
const TAKES: (u64, u64) = (400, 12_000);
const SEEDS: u64 = 5;

/// A crowd of calls at once.
#[derive(Clone, Debug)]
struct Crowd {
    calls: u32,
    targets: u32,
    policy: Policy,
    deadline: Option<u64>,
    is_background: bool,
    kind: Kind,
}

/// The requests that the service got, and how many calls have a picture.
fn run(crowd: &Crowd, seed: u64) -> (u32, u32) {
    let mut engine = Engine::new(seed);
    let account = engine.open_account(&Limits::default(), &Limits::default());
    let targets: Vec<Target> = (0..crowd.targets)
        .map(|_| {
            let spec = LaneSpec { account, given: Limits::default(), tier: Limits::default() };
            Target { lane: Some(engine.open_lane(&spec)), ..Target::of_account(0) }
        })
        .collect();
    let usual = CallSpec::new(Rc::new(crowd.policy.clone()), targets.into());
    let priority = if crowd.is_background { BACKGROUND } else { usual.priority };
    let spec = CallSpec { deadline: crowd.deadline.map(Millis), priority, ..usual };
    let clock = |at: u64| Now { mono: Instant(at), wall: WallTime(NOON + at) };
    let mut now = 0;
    for _ in 0..crowd.calls {
        engine.start(clock(now), spec.clone());
    }
    let mut open: BTreeMap<u32, (u64, CallId)> = BTreeMap::new();
    let (mut requests, mut made, mut left) = (0, 0, crowd.calls);
    loop {
        while let Some(output) = engine.poll() {
            match output {
                Output::Send { call, attempt, .. } => {
                    requests += 1;
                    let takes = if now < OUTAGE { TAKES.0 } else { TAKES.1 };
                    open.insert(attempt.0, (now + takes, call));
                }
                Output::Abort { attempt, .. } => {
                    open.remove(&attempt.0);
                }
                Output::Settle { ending, .. } => {
                    left -= 1;
                    made += u32::from(matches!(ending, Ending::Answered(_)));
                }
                _ => {}
            }
        }
        if left == 0 {
            return (requests, made);
        }
        let back = open.values().map(|(back, _)| *back).min();
        let wake = engine.next_wakeup().map(|at| at.0);
        now = now.max([back, wake].into_iter().flatten().min().expect("it goes on"));
        let due = open.iter().find(|(_, (back, _))| *back <= now);
        let due = due.map(|(attempt, (back, call))| (*attempt, *back, *call));
        let Some((attempt, back, call)) = due else {
            engine.handle(clock(now), Input::Woken);
            continue;
        };
        open.remove(&attempt);
        let attempt = AttemptId(attempt);
        engine.handle(
            clock(now),
            if back < OUTAGE + TAKES.0 {
                let info = ErrorInfo { status: Some(503), ..ErrorInfo::new(crowd.kind) };
                Input::Failed { call, attempt, info: Rc::new(info), verdict: None }
            } else {
                Input::Answered { call, attempt, used: None }
            },
        );
    }
}

/// The requests in vain, and all of them, are at most 1.3 times those to one model.
#[test]
fn a_chain_asks_an_overloaded_service_hardly_more_often_than_one_model() {
    let mut rude = Vec::new();
    for kind in [Kind::Overloaded, Kind::ServerError, Kind::Network] {
        for (deadline, is_background) in
            [(None, false), (Some(15 * MINUTE), false), (None, true), (Some(15 * MINUTE), true)]
        {
            let sum = |targets| {
                let crowd = Crowd {
                    calls: 50,
                    targets,
                    policy: Policy { timeout: Some(Millis(180_000)), ..Policy::GENERATE },
                    deadline,
                    is_background,
                    kind,
                };
                let runs = (1..=SEEDS).map(|seed| run(&crowd, seed));
                runs.fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1))
            };
            let (alone, chain) = (sum(1), sum(3));
            let line = format!(
                "{kind:?}, {deadline:?}, background {is_background}: {alone:?} of one, {chain:?} of three"
            );
            println!("{line}");
            let in_vain = (chain.0 - chain.1) * 10 <= (alone.0 - alone.1) * 13;
            let in_all = chain.0 * 10 <= alone.0 * 13;
            if !(in_vain || in_all) || chain.1 < alone.1 {
                rude.push(line);
            }
        }
    }
    assert!(rude.is_empty(), "{}", rude.join("\n"));
}

#[test]
fn a_lone_call_asks_no_target_more_often_than_it_may() {
    for targets in 1..=4 {
        for kind in [Kind::Overloaded, Kind::RateLimited, Kind::ServerError, Kind::Network] {
            let policy = Policy { timeout: Some(Millis(180_000)), ..Policy::GENERATE };
            let most = targets * policy.max_attempts;
            let crowd =
                Crowd { calls: 1, targets, policy, deadline: None, is_background: false, kind };
            for seed in 1..=SEEDS {
                let (requests, _) = run(&crowd, seed);
                assert!(requests <= most, "{kind:?}: {requests} of {most}");
            }
        }
    }
}
