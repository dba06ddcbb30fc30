//! The order of calls in the queue of a lane, and the permits under which they go.

#![allow(clippy::panic, clippy::arithmetic_side_effects)]

use std::rc::Rc;

use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AttemptId, CallId, ExchangeId, LaneId, ReplicaId};
use unexhausted::engine::input::{BACKGROUND, CallSpec, INTERACTIVE, Input};
use unexhausted::engine::lane::LaneSpec;
use unexhausted::engine::output::{Ending, Output};
use unexhausted::engine::state_machine::Engine;
use unexhausted::engine::target::Target;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind};
use unexhausted::quota::limits::Limits;
use unexhausted::quota::replica::OnStoreDown;
use unexhausted::quota::shared::{Request, apply};
use unexhausted::quota::window::Amounts;
use unexhausted::retry::ending::Why;
use unexhausted::retry::policy::Policy;

const NOON: u64 = 1_780_000_000_000;

const fn at(mono: u64, wall: u64) -> Now {
    Now { mono: Instant(mono), wall: WallTime(NOON + wall) }
}

fn lane(engine: &mut Engine, dimension: Dimension, limit: u64) -> LaneId {
    let given = Limits::default().with(dimension, Some(limit));
    let account = engine.open_account(&Limits::default(), &Limits::default());
    engine.open_lane(&LaneSpec { account, given, tier: Limits::default() })
}

fn call(lane: LaneId, policy: Policy, priority: i32, tokens: u64) -> CallSpec {
    let cost = Amounts { requests: 1, tokens, images: 1, nanos: 0 };
    let target = Target { lane: Some(lane), cost, ..Target::of_account(0) };
    CallSpec { priority, ..CallSpec::new(Rc::new(policy), Rc::new([target])) }
}

fn sends(engine: &mut Engine) -> Vec<(CallId, AttemptId)> {
    let mut sends = Vec::new();
    while let Some(output) = engine.poll() {
        if let Output::Send { call, attempt, .. } = output {
            sends.push((call, attempt));
        }
    }
    sends
}

#[test]
fn who_may_not_probe_a_paused_target_is_not_overtaken_by_who_need_not() {
    let (mut engine, start) = (Engine::new(1), at(0, 0));
    let lane = lane(&mut engine, Dimension::TokensPerMinute, 1_000);
    for _ in 0..2 {
        engine.start(start, call(lane, Policy::GENERATE, BACKGROUND, 150));
    }
    for (call, attempt) in sends(&mut engine) {
        let info = Rc::new(ErrorInfo::new(Kind::Overloaded));
        engine.handle(at(100, 100), Input::Failed { call, attempt, info, verdict: None });
    }
    assert_eq!(sends(&mut engine), [], "both are back in the queue of a paused target");

    let drop_in = || Policy::drop_in(5, Millis(2_000));
    engine.start(at(200, 200), call(lane, drop_in(), INTERACTIVE, 710));
    engine.start(at(200, 200), call(lane, drop_in(), BACKGROUND, 150));
    assert_eq!(sends(&mut engine), [], "one waits for tokens, and one in its turn");
}

/// The question that an engine puts to its store.
fn question(engine: &mut Engine) -> (ExchangeId, Rc<Request>) {
    while let Some(output) = engine.poll() {
        match output {
            Output::Transact { id, request, .. } => return (id, request),
            Output::Send { .. } => panic!("sent unasked"),
            _ => {}
        }
    }
    panic!("nothing is asked");
}

#[test]
fn a_permit_that_a_sleeping_computer_was_given_is_asked_for_again() {
    let mut engine = Engine::new(1);
    let lane = lane(&mut engine, Dimension::RequestsPerMinute, 20);
    engine.share(ReplicaId::Lane(lane), OnStoreDown::Closed);
    engine.start(at(0, 0), call(lane, Policy::GENERATE, INTERACTIVE, 10));
    let (id, request) = question(&mut engine);
    let (state, reply) = apply(None, NOON, &request);
    assert_eq!(reply.granted, 1);
    // Five seconds later by the wall clock alone: the monotonic one stands still in a sleep.
    engine.handle(at(2, 5_002), Input::Transacted { id, reply: Some(reply) });

    let (id, request) = question(&mut engine);
    let (_, reply) = apply(Some(&state), NOON + 5_002, &request);
    let moments = reply.shared.usage.rows().find_map(|usage| usage.frees);
    assert_eq!(moments, Some(NOON + 65_502), "counted when it is used, and once");
    engine.handle(at(4, 5_004), Input::Transacted { id, reply: Some(reply) });
    assert_eq!(sends(&mut engine).len(), 1);
}

/// The error of a service that asks for two hours.
fn in_two_hours(kind: Kind, dimension: Option<Dimension>) -> Rc<ErrorInfo> {
    let (retry_after, retry_at) = (Some(Millis(7_200_000)), Some(WallTime(NOON + 7_200_100)));
    Rc::new(ErrorInfo { retry_after, retry_at, dimension, ..ErrorInfo::new(kind) })
}

/// Every way in which a service names a wait for a model.
const NAMED: [(Kind, Option<Dimension>); 4] = [
    (Kind::RateLimited, None),
    (Kind::RateLimited, Some(Dimension::RequestsPerMinute)),
    (Kind::Overloaded, None),
    (Kind::ServerError, None),
];

/// The call that ended, why, and what it was told.
fn failure(engine: &mut Engine) -> Option<(CallId, Why, Rc<ErrorInfo>)> {
    while let Some(output) = engine.poll() {
        if let Output::Settle { call, ending: Ending::Failed { why, info }, .. } = output {
            return Some((call, why, info));
        }
    }
    None
}

/// Begins one call and has it fail; gives its lane.
fn failed_once(engine: &mut Engine, spec: CallSpec, info: &Rc<ErrorInfo>) {
    engine.start(at(0, 0), spec);
    for (call, attempt) in sends(engine) {
        let info = Rc::clone(info);
        engine.handle(at(100, 100), Input::Failed { call, attempt, info, verdict: None });
    }
}

#[test]
fn a_wait_that_the_service_names_is_as_long_for_those_in_the_queue() {
    for (kind, dimension) in NAMED {
        for policy in [Policy::GENERATE, Policy::RETRY] {
            let mut engine = Engine::new(1);
            let lane = lane(&mut engine, Dimension::TokensPerMinute, 1_000);
            let spec = || call(lane, policy.clone(), INTERACTIVE, 1);
            failed_once(&mut engine, spec(), &in_two_hours(kind, dimension));
            let (_, why, _) = failure(&mut engine).expect("the first ends at once");
            assert_eq!(why, Why::ServerDelay, "{kind:?} {dimension:?}");

            let next = engine.start(at(200, 200), spec());
            let (id, why, info) = failure(&mut engine).expect("so does the next, unsent");
            assert_eq!((id, why, info.kind), (next, Why::ServerDelay, kind), "{dimension:?}");
            assert_eq!(info.retry_at, Some(WallTime(NOON + 7_200_100)), "{kind:?} {dimension:?}");
            assert_eq!(info.retry_after, Some(Millis(7_199_900)), "{kind:?} {dimension:?}");
        }
    }
}

#[test]
fn who_waits_in_the_queue_leaves_it_when_the_service_names_a_long_wait() {
    for (kind, dimension) in NAMED {
        let mut engine = Engine::new(1);
        let lane = lane(&mut engine, Dimension::RequestsPerMinute, 1);
        let spec = || call(lane, Policy::GENERATE, INTERACTIVE, 1);
        engine.start(at(0, 0), spec());
        let (first, attempt) = sends(&mut engine)[0];
        let waiting: Vec<_> = (0..3).map(|_| engine.start(at(0, 0), spec())).collect();
        assert!(
            failure(&mut engine).is_none(),
            "a queue of minutes is none of the service's waits"
        );
        let info = in_two_hours(kind, dimension);
        engine.handle(at(100, 100), Input::Failed { call: first, attempt, info, verdict: None });
        for call in [vec![first], waiting].concat() {
            let (id, why, _) = failure(&mut engine).expect("all end");
            assert_eq!((id, why), (call, Why::ServerDelay), "{kind:?} {dimension:?}");
        }
    }
}

#[test]
fn a_call_goes_on_to_the_target_that_no_service_holds() {
    for (kind, dimension) in NAMED {
        let mut engine = Engine::new(1);
        let lanes = [(); 2].map(|()| lane(&mut engine, Dimension::TokensPerMinute, 1_000));
        let alone = call(lanes[0], Policy::GENERATE, INTERACTIVE, 1);
        failed_once(&mut engine, alone, &in_two_hours(kind, dimension));
        assert!(failure(&mut engine).is_some());

        let cost = Amounts { requests: 1, tokens: 1, images: 1, nanos: 0 };
        let targets: Vec<_> = lanes
            .iter()
            .map(|lane| Target { lane: Some(*lane), cost, ..Target::of_account(0) })
            .collect();
        engine.start(at(200, 200), CallSpec::new(Rc::new(Policy::GENERATE), targets.into()));
        let target = core::iter::from_fn(|| engine.poll()).find_map(|output| match output {
            Output::Send { target, .. } => Some(target),
            _ => None,
        });
        assert_eq!(target, Some(1), "{kind:?} {dimension:?}");
    }
}

#[test]
fn of_the_background_one_asks_every_five_minutes_what_no_quota_says() {
    for (kind, dimension) in NAMED {
        let mut engine = Engine::new(1);
        let lane = lane(&mut engine, Dimension::TokensPerMinute, 1_000);
        let spec = || call(lane, Policy::GENERATE, BACKGROUND, 1);
        for _ in 0..20 {
            engine.start(at(0, 0), spec());
        }
        let mut sent = Vec::new();
        let mut now = 0;
        loop {
            while let Some(output) = engine.poll() {
                let Output::Send { call, attempt, .. } = output else { continue };
                sent.push(now);
                let info = in_two_hours(kind, dimension);
                let failed = Input::Failed { call, attempt, info, verdict: None };
                engine.handle(at(now, now), failed);
            }
            match engine.next_wakeup() {
                Some(next) if next.0 < 3_600_000 => now = next.0.max(now + 1),
                _ => break,
            }
            engine.handle(at(now, now), Input::Woken);
        }
        let later: Vec<_> = sent.iter().filter(|at| **at > 0).collect();
        if dimension.is_some() {
            assert_eq!(later.len(), 0, "a quota's word is never undercut: {sent:?}");
            continue;
        }
        assert!((8..=12).contains(&later.len()), "{kind:?}: {sent:?}");
        assert!(later.windows(2).all(|pair| *pair[1] - *pair[0] >= 300_000), "{kind:?}: {sent:?}");
    }
}

#[test]
fn a_minute_holds_where_the_first_requests_arrive_late() {
    const RPM: usize = 6;
    let mut engine = Engine::new(1);
    let lane = lane(&mut engine, Dimension::RequestsPerMinute, RPM as u64);
    for _ in 0..4 * RPM {
        engine.start(at(0, 0), call(lane, Policy::GENERATE, INTERACTIVE, 10));
    }
    let (mut now, mut arrived, mut open) = (0, Vec::new(), Vec::new());
    while arrived.len() < 4 * RPM || !open.is_empty() {
        for (call, attempt) in sends(&mut engine) {
            // A name is looked up, and a connection is made: for those after, it is there.
            arrived.push(if arrived.len() < RPM { now + 2_000 } else { now });
            open.push((now + 12_000, call, attempt));
        }
        let back = open.iter().map(|(back, ..)| *back).min();
        let wake = engine.next_wakeup().map(|at| at.0);
        now = now.max([back, wake].into_iter().flatten().min().unwrap_or(now));
        if let Some((_, call, attempt)) = open.iter().find(|(back, ..)| *back <= now).copied() {
            open.retain(|(.., other)| *other != attempt);
            engine.handle(at(now, now), Input::Answered { call, attempt, used: None });
        } else {
            engine.handle(at(now, now), Input::Woken);
        }
    }
    arrived.sort_unstable();
    for several in arrived.windows(RPM + 1) {
        let (first, last) = (several.first().copied(), several.last().copied());
        assert!(last.zip(first).is_some_and(|(last, first)| last - first >= 60_000), "{arrived:?}");
    }
    assert!(now < 200_000, "{now}");
}
