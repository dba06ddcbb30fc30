//! Who goes next in the queue of a lane, and under which permit.

#![allow(clippy::panic, clippy::arithmetic_side_effects)]

use std::rc::Rc;

use unexhausted::book::OnStoreDown;
use unexhausted::chain::Target;
use unexhausted::engine::Engine;
use unexhausted::exchange::{BookId, ExchangeId};
use unexhausted::info::ErrorInfo;
use unexhausted::input::{BACKGROUND, CallId, CallSpec, FlightId, INTERACTIVE, Input};
use unexhausted::kind::{Dimension, Kind};
use unexhausted::lane::{LaneId, LaneSpec};
use unexhausted::ledger::{Request, apply};
use unexhausted::output::Output;
use unexhausted::quota::Limits;
use unexhausted::retry::Policy;
use unexhausted::time::{Instant, Millis, Now, WallTime};
use unexhausted::window::Amounts;

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
    let want = Amounts { requests: 1, tokens, images: 1, nanos: 0 };
    let target = Target { lane: Some(lane), want, ..Target::of_account(0) };
    CallSpec { priority, ..CallSpec::new(Rc::new(policy), Rc::new([target])) }
}

fn sends(engine: &mut Engine) -> Vec<(CallId, FlightId)> {
    let mut sends = Vec::new();
    while let Some(output) = engine.poll() {
        if let Output::Send { call, flight, .. } = output {
            sends.push((call, flight));
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
    for (call, flight) in sends(&mut engine) {
        let info = Rc::new(ErrorInfo::new(Kind::Overloaded));
        engine.handle(at(100, 100), Input::Failed { call, flight, info, verdict: None });
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
    engine.share(BookId::Lane(lane), OnStoreDown::Closed);
    engine.start(at(0, 0), call(lane, Policy::GENERATE, INTERACTIVE, 10));
    let (id, request) = question(&mut engine);
    let (state, reply) = apply(None, NOON, &request);
    assert_eq!(reply.granted, 1);
    // Five seconds later by the wall clock alone: the monotonic one stands still in a sleep.
    engine.handle(at(2, 5_002), Input::Transacted { id, reply: Some(reply) });

    let (id, request) = question(&mut engine);
    let (_, reply) = apply(Some(&state), NOON + 5_002, &request);
    let moments = reply.ledger.quota.usage().find_map(|usage| usage.frees);
    assert_eq!(moments, Some(NOON + 65_502), "counted when it is used, and once");
    engine.handle(at(4, 5_004), Input::Transacted { id, reply: Some(reply) });
    assert_eq!(sends(&mut engine).len(), 1);
}
