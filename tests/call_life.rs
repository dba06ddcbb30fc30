//! One call's life: what is sent, when, and how it ends, one test a behaviour.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

mod support;

use std::rc::Rc;

use support::{
    EPOCH, Event, Life, Step, World, answer, fail, hang, hinted, live, of, per_minute, show, spec,
    with_timeout,
};
use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AttemptId, CallId};
use unexhausted::engine::input::{BACKGROUND, CallSpec, Input};
use unexhausted::engine::output::{Ending, Output};
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind};
use unexhausted::retry::ending::Why;
use unexhausted::retry::policy::{Policy, Verdict};

/// The kinds that a target's tries are spent on.
const TRANSIENT: [Kind; 5] =
    [Kind::RateLimited, Kind::Overloaded, Kind::Timeout, Kind::Network, Kind::ServerError];
const STOPS: [Kind; 5] =
    [Kind::InvalidRequest, Kind::TooLarge, Kind::Blocked, Kind::Unknown, Kind::Cancelled];
/// The 503 curve begins at 20 s, beyond what a target with a successor is waited for.
const QUICK: [Kind; 4] = [Kind::RateLimited, Kind::Timeout, Kind::Network, Kind::ServerError];

const DROP_IN: Policy = Policy::drop_in(5, Millis(2_000));

#[track_caller]
fn assert_within(value: u64, low: u64, high: u64) {
    assert!((low..=high).contains(&value), "{value} is not within {low}..={high}");
}

/// One call to one target without a deadline.
#[track_caller]
fn alone(policy: Policy, script: &[Step]) -> Life {
    live(policy, &[0], None, script)
}

fn is_cancelled(life: &Life) -> bool {
    matches!(life.ending(), Ending::Cancelled)
}

// The first attempt, and the good end.

#[test]
fn the_first_attempt_is_sent_at_once() {
    for policy in [DROP_IN, Policy::RETRY, Policy::GENERATE, Policy::fallback()] {
        let mut world = World::at(3, 77_000);
        let call = world.start(spec(policy, &[0, 1], None), &[answer()]);
        assert_eq!(world.lives[0].sends, [(77_000, 1, 0)]);
        assert_eq!((world.engine.attempts(call), world.engine.target(call)), (1, 0));
        world.run();
        let life = world.life(0);
        assert_eq!((life.answered_by(), life.settled_at()), (1, 77_100));
        assert_eq!(life.record().waited, Millis::ZERO);
        assert_eq!(life.record().attempts.len(), 1);
        assert_eq!(life.record().attempts[0].took, Millis(100));
        assert!(life.record().attempts[0].info.is_none());
        assert!(!life.record().attempts[0].abandoned);
    }
}

#[test]
fn a_wait_is_told_with_its_length_its_end_and_its_reason() {
    let mut world = World::at(1, 5_000);
    world.start(spec(Policy::RETRY, &[0], None), &[hinted(Kind::RateLimited, 9_000), answer()]);
    world.run();
    let told = world.trace.iter().find_map(|entry| match &entry.event {
        Event::Out(Output::Wait { number, wait, until, info, .. }) => {
            Some((entry.at, *number, *wait, *until, Rc::clone(info)))
        }
        _ => None,
    });
    let (at, attempt, wait, until, info) = told.expect("a wait");
    assert_eq!((at, attempt, info.kind), (Instant(5_100), 1, Kind::RateLimited));
    assert_eq!(until, WallTime(EPOCH + 5_100) + wait);
    let life = world.life(0);
    assert_eq!(life.sends[1], (5_100 + wait.0, 2, 0));
    assert_eq!(life.record().waited, wait);
    assert_eq!(life.record().attempts[1].waited, wait);
}

// The drop-in.

#[test]
fn the_drop_in_sends_as_many_requests_as_max_retries_says() {
    for max in 1..=7 {
        for kind in TRANSIENT {
            let life = alone(Policy::drop_in(max, Millis(2_000)), &[of(kind)]);
            assert_eq!(life.sends.len(), max as usize, "{kind:?}");
            assert_eq!(life.failure(), (Why::AttemptsUsed, kind));
            let last = *life.times().last().expect("an attempt");
            assert_eq!(life.settled_at(), last + 100, "nothing is waited for after the last");
        }
    }
}

#[test]
fn the_drop_in_counts_429s_that_name_a_limit_per_minute() {
    let life = alone(Policy::drop_in(3, Millis(10)), &[per_minute(Some(1_000))]);
    assert_eq!(life.sends.len(), 3);
}

#[test]
fn the_drop_in_doubles_its_base_delay_up_to_a_minute() {
    for seed in 0..20 {
        for kind in TRANSIENT {
            let mut world = World::new(seed);
            let policy = Policy::drop_in(9, Millis(2_000));
            world.start(spec(policy, &[0], None), &[of(kind)]);
            world.run();
            let waits = world.life(0).waits;
            assert_eq!(waits.len(), 8);
            for (wait, least) in waits.iter().zip([2, 4, 8, 16, 32, 60, 60, 60]) {
                assert_within(*wait, least * 1_000, least * 1_000 + 1_000);
            }
        }
    }
}

#[test]
fn the_jitter_of_the_drop_in_is_drawn_again_for_each_wait() {
    let waits = alone(Policy::drop_in(12, Millis(60_000)), &[of(Kind::ServerError)]).waits;
    let mut distinct = waits.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() > 8, "{waits:?}");
}

#[test]
fn the_drop_in_obeys_a_server_that_says_longer() {
    let life = alone(DROP_IN, &[hinted(Kind::RateLimited, 50_000), answer()]);
    assert_within(life.waits[0], 50_000, 60_000);
    assert_eq!(life.answered_by(), 2);
}

#[test]
fn the_drop_in_keeps_its_own_wait_where_the_server_says_shorter() {
    let life = alone(DROP_IN, &[hinted(Kind::RateLimited, 100), answer()]);
    assert_within(life.waits[0], 2_000, 3_000);
}

#[test]
fn the_drop_in_stops_at_once_where_another_request_cannot_help() {
    for kind in [
        Kind::InvalidRequest,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::DailyQuota,
        Kind::NotInTier,
        Kind::Billing,
        Kind::ModelNotFound,
        Kind::TooLarge,
        Kind::Blocked,
        Kind::Cancelled,
        Kind::Unknown,
    ] {
        let life = alone(DROP_IN, &[of(kind)]);
        assert_eq!(life.times(), [0], "{kind:?}");
        assert_eq!(life.failure(), (Why::Final, kind));
        assert_eq!(life.settled_at(), 100);
    }
}

#[test]
fn the_drop_in_stops_at_once_on_a_spent_day_with_a_short_delay() {
    let life = alone(DROP_IN, &[hinted(Kind::DailyQuota, 2_000)]);
    assert_eq!(life.failure(), (Why::Final, Kind::DailyQuota));
    assert_eq!(life.sends.len(), 1);
}

#[test]
fn the_drop_in_throws_the_last_error() {
    let script = [of(Kind::Overloaded), of(Kind::Network), of(Kind::RateLimited)];
    let life = alone(Policy::drop_in(3, Millis(1)), &script);
    assert_eq!(life.failure(), (Why::AttemptsUsed, Kind::RateLimited));
}

// How long: the waits of `retry` and `generate`.

#[test]
fn without_a_hint_each_kind_waits_by_its_own_curve() {
    for seed in 0..20 {
        let waits = |kind| {
            let mut world = World::new(seed);
            world.start(spec(Policy::RETRY, &[0], None), &[of(kind)]);
            world.run();
            world.life(0).waits
        };
        for (wait, least) in waits(Kind::RateLimited).iter().zip([2, 4, 8, 16]) {
            assert_within(*wait, least * 1_000, least * 1_000 + 1_000);
        }
        for (wait, least) in waits(Kind::Overloaded).iter().zip([20, 40, 80, 115]) {
            assert_within(*wait, least * 1_000, least * 1_000 + 5_000);
        }
        for kind in [Kind::Network, Kind::ServerError, Kind::Timeout] {
            for (wait, most) in waits(kind).iter().zip([1, 2, 4, 8]) {
                assert_within(*wait, 1, most * 1_000);
            }
        }
    }
}

#[test]
fn a_hint_is_a_floor_with_up_to_a_fifth_on_top() {
    let mut waits = Vec::new();
    for seed in 0..200 {
        let mut world = World::new(seed);
        let script = [hinted(Kind::RateLimited, 31_773), answer()];
        world.start(spec(Policy::GENERATE, &[0], None), &script);
        world.run();
        waits.push(world.life(0).waits[0]);
    }
    for &wait in &waits {
        assert_within(wait, 31_773, 31_773 + 31_773 / 5);
    }
    let (low, high) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(high - low > 5_000, "callers come back in step: {low}..{high}");
}

#[test]
fn a_hint_of_a_503_and_of_a_500_is_obeyed_too() {
    for kind in [Kind::Overloaded, Kind::ServerError, Kind::Network, Kind::Timeout] {
        let life = alone(Policy::RETRY, &[hinted(kind, 45_000), answer()]);
        assert_within(life.waits[0], 45_000, 54_000);
    }
}

#[test]
fn a_hint_as_long_as_max_server_delay_is_waited_for() {
    let life = alone(Policy::RETRY, &[hinted(Kind::RateLimited, 120_000), answer()]);
    assert_within(life.waits[0], 120_000, 144_000);
}

#[test]
fn a_longer_hint_ends_the_call_at_once() {
    for policy in [DROP_IN, Policy::RETRY, Policy::GENERATE] {
        let life = alone(policy, &[hinted(Kind::RateLimited, 120_001)]);
        assert_eq!(life.failure(), (Why::ServerDelay, Kind::RateLimited));
        assert_eq!((life.sends.len(), life.settled_at()), (1, 100));
        let Ending::Failed { info, .. } = life.ending() else { panic!("a failure") };
        assert_eq!(info.retry_after, Some(Millis(120_001)), "the caller learns when to come back");
    }
}

#[test]
fn a_longer_hint_switches_where_there_is_a_next_target() {
    let script = [hinted(Kind::RateLimited, 120_001), answer()];
    let life = live(Policy::GENERATE, &[0, 0], None, &script);
    assert_eq!(life.sends, [(0, 1, 0), (100, 2, 1)]);
    assert_eq!(life.switches, [(0, 1)]);
}

// Deadline.

#[test]
fn a_wait_that_does_not_fit_the_deadline_ends_the_call_now() {
    let life = live(Policy::RETRY, &[0], Some(30_000), &[hinted(Kind::RateLimited, 31_000)]);
    assert_eq!(life.failure(), (Why::Deadline, Kind::RateLimited));
    assert_eq!(life.settled_at(), 100, "the rest of the deadline is not slept away");
    assert!(life.waits.is_empty());
}

#[test]
fn a_wait_that_fits_the_deadline_is_waited() {
    let script = [hinted(Kind::RateLimited, 10_000), answer()];
    let life = live(Policy::RETRY, &[0], Some(30_000), &script);
    assert_eq!(life.answered_by(), 2);
}

#[test]
fn a_wait_that_ends_with_the_deadline_does_not_fit() {
    for (wait, fits) in [(899, true), (900, false), (901, false)] {
        let step = of(Kind::Network).verdict(Verdict::RetryAfter(Millis(wait)));
        let life = live(Policy::RETRY, &[0], Some(1_000), &[step, answer().taking(0)]);
        assert_eq!(life.sends.len(), if fits { 2 } else { 1 }, "{wait}");
    }
}

#[test]
fn a_wait_that_does_not_fit_the_deadline_switches_where_there_is_a_next_target() {
    let script = [of(Kind::RateLimited), answer()];
    let life = live(Policy::GENERATE, &[0, 0], Some(1_500), &script);
    assert_eq!(life.sends, [(0, 1, 0), (100, 2, 1)]);
}

#[test]
fn the_deadline_stops_an_attempt_in_flight() {
    for policy in [DROP_IN, Policy::RETRY, with_timeout(Policy::GENERATE, 180_000)] {
        let life = live(policy, &[0], Some(7_000), &[hang()]);
        assert_eq!(life.settled_at(), 7_000);
        assert_eq!(life.failure(), (Why::Deadline, Kind::Deadline));
        assert_eq!(life.aborts, [(1, false)]);
        assert!(life.record().attempts[0].abandoned);
        assert_eq!(life.record().attempts[0].took, Millis(7_000));
    }
}

#[test]
fn a_target_has_half_of_what_is_left_while_there_is_a_next_one() {
    let life = live(Policy::GENERATE, &[0, 1, 1], Some(8_000), &[hang(), hang(), hang()]);
    // One at a time stays in flight: the second is not stopped for a third.
    assert_eq!(life.sends, [(0, 1, 0), (4_000, 2, 1)]);
    assert_eq!(life.settled_at(), 8_000);
    // Its picture may be paid for: the first attempt goes on beside the second.
    let life = live(Policy::GENERATE, &[0, 1], Some(8_000), &[answer().taking(5_000), hang()]);
    assert_eq!((life.answered_by(), life.settled_at()), (1, 5_000));
}

#[test]
fn the_deadline_in_flight_tells_the_error_before_it() {
    let life = live(Policy::RETRY, &[0], Some(7_000), &[of(Kind::RateLimited), hang()]);
    assert_eq!(life.failure(), (Why::Deadline, Kind::RateLimited));
    assert_eq!((life.sends.len(), life.settled_at()), (2, 7_000));
}

#[test]
fn a_deadline_of_zero_sends_nothing() {
    let life = live(Policy::GENERATE, &[0, 1], Some(0), &[answer()]);
    assert!(life.sends.is_empty() && life.aborts.is_empty());
    assert_eq!(life.failure(), (Why::Deadline, Kind::Deadline));
    assert_eq!(life.settled_at(), 0);
    assert!(life.record().attempts.is_empty());
}

#[test]
fn an_answer_that_came_in_while_the_host_slept_beats_the_deadline() {
    let mut world = World::new(1);
    world.start(spec(Policy::GENERATE, &[0], Some(1_000)), &[answer().taking(900)]);
    world.sleep(60_000);
    world.run();
    assert_eq!(world.life(0).answered_by(), 1, "a picture that reached us is not lost");
}

#[test]
fn a_failure_that_came_in_while_the_host_slept_sends_nothing_after_the_deadline() {
    for kind in [Kind::RateLimited, Kind::DailyQuota, Kind::Billing, Kind::InvalidRequest] {
        let mut world = World::new(1);
        world.start(spec(Policy::GENERATE, &[0, 1], Some(1_000)), &[of(kind)]);
        world.sleep(60_000);
        world.run();
        let life = world.life(0);
        assert_eq!(life.sends.len(), 1, "{kind:?}");
        assert!(matches!(life.failure().0, Why::Deadline | Why::Final), "{kind:?}");
    }
}

// Per-attempt timeout.

#[test]
fn a_timeout_of_retry_stops_the_attempt_and_tries_again() {
    let life = alone(with_timeout(Policy::RETRY, 4_000), &[hang(), answer()]);
    assert_eq!(life.aborts, [(1, true)]);
    assert_eq!(life.answered_by(), 2);
    assert_within(life.times()[1], 4_001, 5_000);
    let first = &life.record().attempts[0];
    assert_eq!((first.took, first.abandoned), (Millis(4_000), true));
    assert_eq!(first.info.as_ref().map(|info| info.kind), Some(Kind::Timeout));
}

#[test]
fn the_drop_in_with_a_timeout_counts_each_request() {
    let life = alone(with_timeout(Policy::drop_in(3, Millis(1)), 1_000), &[hang()]);
    assert_eq!(life.failure(), (Why::AttemptsUsed, Kind::Timeout));
    assert_eq!(life.aborts, [(1, true), (2, true), (3, true)]);
}

#[test]
fn without_a_timeout_an_attempt_may_take_days() {
    let life = alone(DROP_IN, &[answer().taking(400_000_000)]);
    assert_eq!(life.answered_by(), 1);
}

#[test]
fn a_late_answer_in_overtime_settles_the_call_and_stops_the_other_attempt() {
    let script = [answer().taking(10_000), hang()];
    let life = alone(with_timeout(Policy::GENERATE, 6_000), &script);
    assert_eq!(life.sends.len(), 2);
    assert_eq!((life.answered_by(), life.settled_at()), (1, 10_000));
    assert_eq!(life.aborts, [(2, false)], "the attempt in overtime itself was never stopped");
    let numbers: Vec<u32> = life.record().attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2], "in order of their ends");
    assert!(life.record().attempts[1].abandoned);
}

#[test]
fn a_late_answer_in_overtime_settles_a_call_that_waits() {
    let mut world = World::new(1);
    let policy = with_timeout(Policy::GENERATE, 6_000);
    let call = world.start(spec(policy, &[0], None), &[hang()]);
    world.run_until(6_000);
    assert_eq!((world.lives[0].sends.len(), world.lives[0].waits.len()), (1, 1));
    world.run_until(6_100);
    world.feed(Input::Answered { call, attempt: world.lives[0].ids[0], used: None });
    world.assert_complete();
    let life = world.life(0);
    assert_eq!((life.answered_by(), life.settled_at()), (1, 6_100));
    assert!(life.aborts.is_empty());
    assert_eq!(life.record().waited, Millis(100), "the part of the wait that was waited");
    world.run_until(100_000);
    assert_eq!(world.lives[0].sends.len(), 1);
}

#[test]
fn the_second_attempt_may_answer_first_and_stops_the_one_in_overtime() {
    let life = alone(with_timeout(Policy::GENERATE, 6_000), &[hang(), answer()]);
    assert_eq!(life.answered_by(), 2);
    assert_eq!(life.aborts, [(1, false)]);
    let first = life.record().attempts.iter().find(|attempt| attempt.number == 1);
    let first = first.expect("the attempt in overtime");
    assert!(first.abandoned, "its picture may be paid for");
    assert_eq!(first.info.as_ref().map(|info| info.kind), Some(Kind::Timeout));
}

#[test]
fn the_second_timeout_stops_the_attempt_since_one_in_overtime_is_enough() {
    let script = [hang(), hang(), answer().taking(1)];
    let life = alone(with_timeout(Policy::GENERATE, 6_000), &script);
    assert_eq!(life.answered_by(), 3);
    assert_eq!(life.aborts, [(2, true), (1, false)]);
}

#[test]
fn after_the_one_in_overtime_failed_another_may_stay() {
    let script = [of(Kind::ServerError).taking(6_050), hang(), answer().taking(20)];
    let life = alone(with_timeout(Policy::GENERATE, 6_000), &script);
    assert_eq!(life.answered_by(), 3);
    assert_eq!(life.aborts, [(2, false)], "the second was not stopped by its own timeout");
}

#[test]
fn a_failure_in_overtime_does_not_disturb_the_call() {
    for kind in [Kind::ServerError, Kind::InvalidRequest, Kind::DailyQuota] {
        let script = [of(kind).taking(6_050), answer()];
        let life = alone(with_timeout(Policy::GENERATE, 6_000), &script);
        assert_eq!(life.answered_by(), 2, "{kind:?}");
        let first = &life.record().attempts[0];
        assert_eq!(first.info.as_ref().map(|info| info.kind), Some(kind), "it is kept on record");
        assert!(!first.abandoned, "its answer did come");
    }
}

#[test]
fn a_server_s_wait_told_in_overtime_is_obeyed_too() {
    for seed in 0..5 {
        let mut world = World::new(seed);
        let policy = with_timeout(Policy::GENERATE, 6_000);
        let script = [hinted(Kind::RateLimited, 60_000).taking(6_050), answer()];
        world.start(spec(policy, &[0], None), &script);
        world.run();
        assert!(world.life(0).times()[1] >= 66_050, "sent before the server's time");
    }
}

#[test]
fn a_wait_told_in_overtime_is_no_longer_than_the_caller_allows() {
    const YEAR: u64 = 365 * 86_400_000;
    for targets in [&[0][..], &[0, 1]] {
        let mut world = World::new(1);
        let policy = with_timeout(Policy::GENERATE, 6_000);
        let late = hinted(Kind::Overloaded, YEAR).taking(6_050);
        world.start(spec(policy, targets, None), &[late, of(Kind::ServerError), answer()]);
        world.run();
        let life = world.life(0);
        assert!(life.settled_at() < 600_000, "it waits for {} ms", life.settled_at());
        assert_eq!(life.answered_by(), 3);
    }
}

#[test]
fn in_the_background_a_long_wait_told_in_overtime_is_asked_about_after_five_minutes() {
    let mut world = World::new(1);
    let policy = with_timeout(Policy::GENERATE, 6_000);
    let late = hinted(Kind::Overloaded, 24 * 3_600_000).taking(6_050);
    let call = CallSpec { priority: BACKGROUND, ..spec(policy, &[0], None) };
    world.start(call, &[late, answer()]);
    world.run();
    let life = world.life(0);
    assert_eq!(life.answered_by(), 2);
    assert!((306_050..330_000).contains(&life.times()[1]), "it asks at {}", life.times()[1]);
}

#[test]
fn the_deadline_stops_both_attempts() {
    let policy = with_timeout(Policy::GENERATE, 6_000);
    let life = live(policy, &[0], Some(10_000), &[hang()]);
    assert_eq!(life.settled_at(), 10_000);
    let mut aborts = life.aborts.clone();
    aborts.sort_unstable();
    assert_eq!(aborts, [(1, false), (2, false)]);
    assert_eq!(life.failure(), (Why::Deadline, Kind::Timeout));
}

#[test]
fn an_attempt_in_overtime_answers_from_the_target_that_the_call_has_left() {
    let policy = Policy { tries_per_target: 1, ..with_timeout(Policy::GENERATE, 6_000) };
    let life = live(policy, &[0, 0], None, &[answer().taking(8_000), hang()]);
    assert_eq!(life.targets(), [0, 1]);
    assert_eq!(life.answered_by(), 1);
    assert_eq!(life.record().attempts[0].target, 0);
}

#[test]
fn the_last_attempt_s_timeout_ends_the_call() {
    for policy in [Policy::RETRY, Policy::GENERATE] {
        let policy = Policy { max_attempts: 2, ..with_timeout(policy, 6_000) };
        let life = alone(policy, &[hang()]);
        assert_eq!(life.failure(), (Why::AttemptsUsed, Kind::Timeout));
        assert_eq!((life.sends.len(), life.aborts.len()), (2, 2));
    }
}

// Abort.

#[test]
fn an_abort_in_flight_stops_the_attempt_and_ends_the_call_at_once() {
    let mut world = World::new(1);
    let call = world.start(spec(Policy::RETRY, &[0, 1], None), &[hang()]);
    world.run_until(500);
    world.cancel(call);
    world.assert_complete();
    let life = world.life(0);
    assert!(is_cancelled(&life));
    assert_eq!((life.settled_at(), life.aborts.as_slice()), (500, [(1, false)].as_slice()));
}

#[test]
fn an_abort_while_waiting_ends_the_call_at_once() {
    let mut world = World::new(1);
    let call = world.start(spec(Policy::RETRY, &[0], None), &[of(Kind::Overloaded)]);
    world.run_until(1_100);
    world.cancel(call);
    world.assert_complete();
    let life = world.life(0);
    assert!(is_cancelled(&life) && life.aborts.is_empty());
    assert_eq!((life.settled_at(), life.record().waited), (1_100, Millis(1_000)));
    world.run_until(1_000_000);
    world.feed(Input::Woken);
    assert_eq!(world.lives[0].sends.len(), 1);
}

#[test]
fn an_abort_in_overtime_stops_both_attempts() {
    let mut world = World::new(1);
    let policy = with_timeout(Policy::GENERATE, 6_000);
    let call = world.start(spec(policy, &[0], None), &[hang()]);
    world.run_until(9_000);
    assert_eq!(world.lives[0].sends.len(), 2);
    world.cancel(call);
    world.assert_complete();
    let mut aborts = world.life(0).aborts;
    aborts.sort_unstable();
    assert_eq!(aborts, [(1, false), (2, false)]);
}

#[test]
fn an_abort_while_waiting_beside_an_attempt_in_overtime_stops_that_one() {
    let mut world = World::new(1);
    let policy = with_timeout(Policy::GENERATE, 6_000);
    let call = world.start(spec(policy, &[0], None), &[hang()]);
    world.run_until(6_000);
    world.cancel(call);
    world.assert_complete();
    assert_eq!(world.life(0).aborts, [(1, false)]);
}

#[test]
fn an_abort_after_the_end_changes_nothing() {
    let mut world = World::new(1);
    let call = world.start(spec(Policy::RETRY, &[0], None), &[answer()]);
    world.run();
    let before = world.trace.len();
    world.cancel(call);
    world.cancel(call);
    assert!(!world.trace[before..].iter().any(|entry| matches!(entry.event, Event::Out(_))));
    assert_eq!(world.life(0).answered_by(), 1);
}

#[test]
fn an_abort_twice_settles_once() {
    let mut world = World::new(1);
    let call = world.start(spec(Policy::RETRY, &[0], None), &[hang()]);
    let now = world.now();
    world.engine.handle(now, Input::Cancelled { call });
    world.engine.handle(now, Input::Cancelled { call });
    let outputs: Vec<Output> = std::iter::from_fn(|| world.engine.poll()).collect();
    assert!(
        matches!(outputs.as_slice(), [Output::Abort { .. }, Output::Settle { .. }]),
        "{outputs:?}"
    );
}

#[test]
fn an_abort_of_one_call_leaves_the_others_alone() {
    let mut world = World::new(1);
    let first = world.start(spec(Policy::RETRY, &[0], None), &[hang()]);
    world.start(spec(Policy::RETRY, &[0], None), &[of(Kind::Network), answer()]);
    world.run_until(150);
    world.cancel(first);
    world.run();
    world.assert_complete();
    assert!(is_cancelled(&world.life(0)));
    assert_eq!(world.life(1).answered_by(), 2);
}

// Attempts that cost nothing, and those that do.

#[test]
fn a_429_that_names_a_limit_per_minute_costs_no_attempt_of_generate() {
    for dimension in
        [Dimension::RequestsPerMinute, Dimension::TokensPerMinute, Dimension::ImagesPerMinute]
    {
        let limited = fail(ErrorInfo {
            dimension: Some(dimension),
            retry_after: Some(Millis(1_000)),
            ..ErrorInfo::new(Kind::RateLimited)
        });
        let mut script = vec![limited; 8];
        script.push(answer());
        let life = alone(Policy::GENERATE, &script);
        assert_eq!(life.answered_by(), 9, "{dimension:?}");
    }
}

#[test]
fn twenty_in_a_row_cost_nothing_and_the_next_one_does() {
    let policy = Policy { max_attempts: 2, ..Policy::GENERATE };
    let mut script = vec![per_minute(Some(1_000)); 21];
    script.push(of(Kind::RateLimited));
    let life = alone(policy.clone(), &script);
    assert_eq!(life.sends.len(), 22, "20 were free, the 21st and the last used the two attempts");

    let mut script = vec![per_minute(Some(1_000)); 20];
    script.push(of(Kind::RateLimited));
    script.push(answer());
    assert_eq!(alone(policy, &script).answered_by(), 22, "20 were free");
}

#[test]
fn a_row_of_free_waits_is_broken_by_another_failure() {
    let policy = Policy { max_attempts: 3, ..Policy::GENERATE };
    let mut script = vec![per_minute(Some(1_000)); 15];
    script.push(of(Kind::ServerError));
    script.extend(vec![per_minute(Some(1_000)); 15]);
    script.push(of(Kind::ServerError));
    script.push(answer());
    assert_eq!(alone(policy, &script).answered_by(), 33);
}

#[test]
fn a_row_of_free_waits_goes_on_where_a_target_is_left_and_returned_to() {
    let policy = Policy { max_attempts: 1, ..Policy::GENERATE };
    let longer_than_is_waited_for = per_minute(Some(6_000));
    let mut script = vec![longer_than_is_waited_for; 30];
    script[1] = of(Kind::DailyQuota);
    let life = live(policy, &[0, 1], None, &script);
    assert_eq!(life.targets()[..3], [0, 1, 0]);
    assert_eq!(life.sends.len(), 1 + 21, "20 that cost nothing and the one that ends it");
}

#[test]
fn a_switch_is_no_free_wait() {
    let policy = Policy { tries_per_target: 1, max_attempts: 2, ..Policy::GENERATE };
    let mut script = vec![of(Kind::DailyQuota)];
    script.extend(vec![per_minute(Some(1_000)); 20]);
    script.push(of(Kind::RateLimited));
    script.push(answer());
    let life = live(policy, &[0, 0], None, &script);
    assert_eq!(life.answered_by(), 23, "all 20 waits at the last target were free");
}

#[test]
fn a_bare_429_costs_an_attempt() {
    for policy in [Policy::RETRY, Policy::GENERATE] {
        let life = alone(policy.clone(), &[of(Kind::RateLimited)]);
        assert_eq!(life.sends.len(), 5);
        assert_eq!(life.failure(), (Why::AttemptsUsed, Kind::RateLimited));
        let delayed = alone(policy, &[hinted(Kind::RateLimited, 1_000)]);
        assert_eq!(delayed.sends.len(), 5, "a delay alone names no limit");
    }
}

#[test]
fn other_dimensions_cost_an_attempt() {
    for dimension in [Dimension::Spend, Dimension::EnqueuedTokens, Dimension::RequestsPerDay] {
        let limited =
            fail(ErrorInfo { dimension: Some(dimension), ..ErrorInfo::new(Kind::RateLimited) });
        assert_eq!(alone(Policy::GENERATE, &[limited]).sends.len(), 5, "{dimension:?}");
    }
}

// The client's retry budget.

/// Starts so many calls whose every attempt fails, and counts the retries of the first 50 s.
fn retries_of(policy: &Policy, calls: usize, step: &Step) -> usize {
    let mut world = World::new(5);
    for _ in 0..calls {
        world.start(spec(policy.clone(), &[0], None), std::slice::from_ref(step));
    }
    world.run_until(50_000);
    world.assert_lawful();
    world.lives.iter().map(|life| life.sends.len() - 1).sum()
}

#[test]
fn a_client_has_ten_retries_and_a_fifth_of_its_calls() {
    let quick = Policy { max_attempts: 100, ..Policy::RETRY };
    for (calls, retries) in [(1, 10), (4, 10), (5, 11), (100, 30), (1_000, 210)] {
        assert_eq!(retries_of(&quick, calls, &of(Kind::RateLimited).taking(0)), {
            // A single call does not even make ten retries in that time: 2 + 4 + 8 + 16 s.
            if calls == 1 { 4 } else { retries }
        });
    }
}

#[test]
fn an_empty_budget_ends_the_call_with_its_last_error() {
    let mut world = World::new(5);
    for _ in 0..15 {
        world.start(spec(Policy::RETRY, &[0], None), &[of(Kind::ServerError)]);
    }
    world.run_until(100);
    let ended: Vec<&Life> = world.lives.iter().filter(|life| life.settled.is_some()).collect();
    assert_eq!(ended.len(), 2, "13 of 15 had a retry: 10 and a fifth of 15");
    for life in ended {
        assert_eq!(life.failure(), (Why::RetryBudget, Kind::ServerError));
        assert_eq!(life.sends.len(), 1);
    }
}

#[test]
fn the_budget_comes_back_after_a_minute() {
    let mut world = World::new(5);
    let policy = Policy { max_attempts: 2, ..Policy::RETRY };
    for _ in 0..20 {
        world.start(spec(policy.clone(), &[0], None), &[of(Kind::ServerError)]);
    }
    world.run();
    let retried = |world: &World| world.lives.iter().filter(|life| life.sends.len() == 2).count();
    assert_eq!(retried(&world), 14);
    world.run_until(65_100);
    for _ in 0..20 {
        world.start(spec(policy.clone(), &[0], None), &[of(Kind::ServerError)]);
    }
    world.run();
    world.assert_complete();
    assert_eq!(retried(&world), 28);
}

#[test]
fn the_drop_in_and_quota_waits_are_exempt_from_the_budget() {
    assert_eq!(retries_of(&DROP_IN, 50, &of(Kind::Network).taking(0)), 50 * 4);
    let mut world = World::new(5);
    for _ in 0..50 {
        let script = [per_minute(Some(1_000)), per_minute(Some(1_000)), answer()];
        world.start(spec(Policy::GENERATE, &[0], None), &script);
    }
    world.run();
    world.assert_complete();
    for index in 0..50 {
        assert_eq!(world.lives[index].answered_by(), 3);
    }
}

#[test]
fn the_exempt_do_not_use_up_the_budget_of_the_others() {
    let mut world = World::new(5);
    for _ in 0..50 {
        world.start(spec(DROP_IN, &[0], None), &[of(Kind::Network)]);
    }
    world.run_until(20_000);
    let policy = Policy { max_attempts: 2, ..Policy::RETRY };
    for _ in 0..15 {
        world.start(spec(policy.clone(), &[0], None), &[of(Kind::Network)]);
    }
    world.run();
    world.assert_complete();
    assert!(world.lives[50..].iter().all(|life| life.sends.len() == 2));
}

// The chain, by kind.

#[test]
fn a_target_gets_two_tries_and_then_the_next_one_has_its_turn() {
    for kind in QUICK {
        let life = live(Policy::GENERATE, &[0, 1, 2], None, &[of(kind)]);
        let targets = life.targets();
        // An answer after its timeout may still come, beside the next one's.
        let first_round = if kind == Kind::Timeout { vec![0, 1, 2] } else { vec![0, 0, 1, 1, 2] };
        assert_eq!(targets[..first_round.len()], first_round, "{kind:?}");
        assert_eq!(life.switches[..2], [(0, 1), (1, 2)]);
        assert_eq!(life.failure(), (Why::AttemptsUsed, kind));
        for target in 0..3 {
            let sent = targets.iter().filter(|other| **other == target).count();
            assert!(sent == 5 || kind == Kind::Timeout, "{kind:?}: {targets:?}");
        }
        if kind == Kind::Timeout {
            assert_eq!(targets.len(), 5, "each of them may have been billed");
        }
    }
}

#[test]
fn five_answers_that_are_lost_and_likely_billed_end_a_call() {
    for deadline in [None, Some(600_000)] {
        let lost = of(Kind::Network).taking(2_000);
        let life = live(Policy::GENERATE, &[0, 1, 2], deadline, &[lost]);
        assert_eq!((life.sends.len(), life.failure()), (5, (Why::AttemptsUsed, Kind::Network)));
    }
    let cut = fail(ErrorInfo { lost: true, ..ErrorInfo::new(Kind::Network) });
    assert_eq!(live(Policy::GENERATE, &[0, 1, 2], None, &[cut]).sends.len(), 5, "it had begun");
    let broken_at_once = of(Kind::Network).taking(1_900);
    let life = live(Policy::GENERATE, &[0, 1, 2], None, &[broken_at_once]);
    assert_eq!(life.sends.len(), 15, "no picture is made in so short a time");
}

#[test]
fn an_answer_that_is_lost_in_overtime_counts_among_the_five() {
    let policy = with_timeout(Policy::GENERATE, 3_000);
    let script = [hang(), of(Kind::Network).taking(2_500)];
    let mut world = World::new(1);
    world.start(spec(policy, &[0], Some(600_000)), &script);
    while world.lives[0].waits.len() < 5 {
        world.run_until(world.clock() + 10);
    }
    let (call, attempt) = (CallId(0), world.lives[0].ids[0]);
    let info = Rc::new(ErrorInfo::new(Kind::Network));
    world.feed(Input::Failed { call, attempt, info, verdict: None });
    world.run();
    world.assert_complete();
    assert_eq!(world.life(0).sends.len(), 5);
    assert_eq!(world.life(0).failure(), (Why::AttemptsUsed, Kind::Network));
}

#[test]
fn a_call_with_a_deadline_goes_on_until_that() {
    for policy in [Policy::GENERATE, Policy::RETRY, Policy::fallback()] {
        for kind in [Kind::RateLimited, Kind::Overloaded, Kind::Network, Kind::ServerError] {
            for accounts in [&[0][..], &[0, 1, 2]] {
                let ends = 1_000 * 300;
                let life = live(policy.clone(), accounts, Some(ends), &[of(kind)]);
                let last = life.times().last().copied().unwrap_or_default();
                // The next wait is what does not fit.
                assert!(last >= ends - 120_000, "{kind:?}: the last at {last}");
                assert_eq!(life.failure(), (Why::Deadline, kind));
                assert!(life.sends.len() <= accounts.len() * 35, "{kind:?}: {}", life.sends.len());
                // A caller's own count is obeyed, and so is the default one where nobody waits.
                let most = Policy { uses_deadline: false, ..policy.clone() };
                let life = live(most, accounts, Some(ends), &[of(kind)]);
                let attempts = accounts.len() * policy.max_attempts as usize;
                assert_eq!((life.sends.len(), life.failure().0), (attempts, Why::AttemptsUsed));
            }
            let call = spec(policy.clone(), &[0], Some(1_000_000));
            let mut world = World::new(1);
            world.start(CallSpec { priority: BACKGROUND, ..call }, &[of(kind)]);
            world.run();
            assert_eq!(world.life(0).sends.len(), policy.max_attempts as usize, "{kind:?}");
        }
    }
}

#[test]
fn the_count_and_the_waits_of_a_target_go_on_where_they_were() {
    let life = live(Policy::GENERATE, &[0, 1], None, &[of(Kind::RateLimited)]);
    let targets = life.targets();
    assert_eq!(targets[..4], [0, 0, 1, 1]);
    for target in 0..2 {
        let sent = life.sends.iter().filter(|(.., other)| *other == target);
        let at: Vec<u64> = sent.map(|(at, ..)| *at).collect();
        assert_eq!(at.len(), 5, "{targets:?}");
        for (gap, least) in at.windows(2).map(|two| two[1] - two[0]).zip([2, 4, 8, 16]) {
            // Another's attempt may be in flight when it is ready.
            assert_within(gap, least * 1_000 + 100, least * 1_000 + 1_300);
        }
    }
}

#[test]
fn a_chain_lasts_as_long_as_its_targets_alone() {
    // A limit without a word for half a minute, whoever is asked.
    for accounts in [&[0][..], &[0, 1, 2]] {
        let mut world = World::new(3);
        let script: Vec<Step> = (0..40).map(|_| of(Kind::RateLimited)).collect();
        world.start(spec(Policy::GENERATE, accounts, None), &script);
        world.run();
        let last = world.life(0).times().into_iter().max().unwrap();
        assert!(last >= 30_000, "{last} over {accounts:?}");
    }
}

#[test]
fn a_target_is_left_where_the_wait_exceeds_max_wait_per_target() {
    for step in [of(Kind::Overloaded), hinted(Kind::RateLimited, 5_001), per_minute(Some(30_000))] {
        let life = live(Policy::GENERATE, &[0, 0], None, &[step, answer()]);
        assert_eq!(life.sends, [(0, 1, 0), (100, 2, 1)]);
    }
    let script = [hinted(Kind::RateLimited, 4_000), answer()];
    let life = live(Policy::GENERATE, &[0, 0], None, &script);
    assert_eq!(life.targets(), [0, 0]);
    let step = of(Kind::RateLimited).verdict(Verdict::RetryAfter(Millis(5_000)));
    let life = live(Policy::GENERATE, &[0, 0], None, &[step, answer()]);
    assert_eq!(life.targets(), [0, 0], "just as long is not longer");
}

#[test]
fn once_all_targets_were_asked_the_first_that_is_ready_is_waited_for() {
    let script = [of(Kind::Overloaded), of(Kind::ServerError), answer()];
    let life = live(Policy::GENERATE, &[0, 1], None, &script);
    assert_eq!(life.targets(), [0, 1, 1], "a second is less than twenty");
    let script = [of(Kind::Overloaded), hinted(Kind::Overloaded, 60_000), answer()];
    let life = live(Policy::GENERATE, &[0, 1], None, &script);
    assert_eq!(life.targets(), [0, 1, 0], "the other one has named a longer wait");
    assert_within(life.times()[2], 20_100, 25_200);
}

#[test]
fn what_another_model_may_cure_goes_to_the_next_target_at_once() {
    for kind in [Kind::DailyQuota, Kind::NotInTier, Kind::ModelNotFound] {
        let life = live(Policy::GENERATE, &[0, 0], None, &[of(kind), answer()]);
        assert_eq!(life.sends, [(0, 1, 0), (100, 2, 1)], "{kind:?}");
        let life = live(Policy::GENERATE, &[0, 0], None, &[of(kind)]);
        assert_eq!(life.failure(), (Why::Final, kind));
        assert_eq!(life.sends.len(), 2);
    }
}

#[test]
fn what_is_not_the_service_says_nothing_of_the_request() {
    let foreign = ErrorInfo { foreign: true, ..ErrorInfo::new(Kind::Unknown) };
    let life = live(Policy::GENERATE, &[0, 0, 1], None, &[fail(foreign.clone()), answer()]);
    assert_eq!(life.sends, [(0, 1, 0), (100, 2, 2)]);
    let life = live(Policy::GENERATE, &[0, 0], None, &[fail(foreign)]);
    assert_eq!((life.failure(), life.sends.len()), ((Why::Final, Kind::Unknown), 1));
}

#[test]
fn the_caller_says_when_to_leave_a_target() {
    let leave = |kind| of(kind).verdict(Verdict::Leave);
    let life = live(Policy::GENERATE, &[0, 0], None, &[leave(Kind::InvalidRequest), answer()]);
    assert_eq!(life.sends, [(0, 1, 0), (100, 2, 1)]);
    let life = live(Policy::GENERATE, &[0, 0, 0], None, &vec![leave(Kind::Billing); 3]);
    assert_eq!(life.targets(), [0, 1, 2], "the account is said to be of use");
    let life = live(Policy::GENERATE, &[0], None, &[leave(Kind::Network), answer()]);
    assert_eq!(life.answered_by(), 2, "nobody leaves for nowhere");
}

#[test]
fn the_caller_says_when_to_stay_with_a_target() {
    let stay = |kind| of(kind).verdict(Verdict::Stay);
    let script = [stay(Kind::Network), stay(Kind::Network), stay(Kind::Network), answer()];
    let life = live(Policy::GENERATE, &[0, 0], None, &script);
    assert_eq!((life.switches.len(), life.sends.len()), (0, 4));
    let life = live(Policy::GENERATE, &[0, 0], None, &[stay(Kind::DailyQuota)]);
    assert_eq!(life.failure(), (Why::Final, Kind::DailyQuota));
}

#[test]
fn an_account_s_trouble_goes_to_another_account_at_once() {
    for kind in [Kind::Billing, Kind::Unauthenticated, Kind::Forbidden, Kind::SpendLimited] {
        let life = live(Policy::GENERATE, &[0, 0, 7, 0], None, &[of(kind), answer()]);
        assert_eq!(life.sends, [(0, 1, 0), (100, 2, 2)], "{kind:?}");
        let life = live(Policy::GENERATE, &[0, 0], None, &[of(kind)]);
        assert_eq!(life.failure(), (Why::Final, kind));
        assert_eq!(life.sends.len(), 1, "{kind:?}: another model of the account has it too");
    }
}

#[test]
fn a_spending_rate_is_never_tried_on_another_model_of_the_account() {
    for hint in [1_000, 30_000, 300_000] {
        let life =
            live(Policy::GENERATE, &[0, 0], None, &[hinted(Kind::SpendLimited, hint), answer()]);
        assert!(life.switches.is_empty(), "a hint of {hint} ms led to {:?}", life.switches);
    }
}

#[test]
fn a_spending_rate_that_is_waited_for_keeps_the_account_s_other_models_too() {
    let error = of(Kind::ServerError);
    let script = [error.clone(), error, hinted(Kind::SpendLimited, 10_000), answer()];
    let life = live(Policy::GENERATE, &[0, 1, 1], None, &script);
    assert_eq!(life.targets(), [0, 0, 1, 0]);
    let policy = Policy { tries_per_target: 1, ..Policy::GENERATE };
    let retried = of(Kind::SpendLimited).verdict(Verdict::RetryAfter(Millis(5_000)));
    let life = live(policy, &[0, 0, 1], None, &[retried, answer()]);
    assert_eq!(life.sends, [(0, 1, 0), (100, 2, 2)]);
    // None of them is next, so that this one has all the time there is.
    let script = [hinted(Kind::SpendLimited, 1_000), answer().taking(40_000)];
    let life = live(Policy::GENERATE, &[0, 0], Some(60_000), &script);
    assert_eq!((life.answered_by(), life.targets()), (2, vec![0, 0]));
}

#[test]
fn a_spending_rate_is_not_waited_for_longer_than_the_caller_allows() {
    let script = [hinted(Kind::SpendLimited, 300_000), of(Kind::Billing)];
    let life = live(Policy::GENERATE, &[0, 1], None, &script);
    assert_eq!((life.failure(), life.settled_at()), ((Why::Final, Kind::Billing), 200));
}

#[test]
fn a_picture_that_is_missing_is_asked_for_once_more_and_then_elsewhere() {
    for policy in [Policy::RETRY, Policy::GENERATE] {
        let life = alone(policy.clone(), &[of(Kind::NoImage), answer()]);
        assert_eq!(life.answered_by(), 2);
        let life = alone(policy.clone(), &[of(Kind::NoImage)]);
        assert_eq!(life.sends.len(), 2);
        assert_eq!(life.failure(), (Why::Final, Kind::NoImage));
        let life = live(policy, &[0, 0], None, &[of(Kind::NoImage)]);
        assert_eq!(life.targets(), [0, 0, 1, 1]);
    }
}

#[test]
fn a_picture_that_is_missing_is_asked_for_once_more_after_other_failures_too() {
    let script = [of(Kind::ServerError), of(Kind::NoImage), answer()];
    assert_eq!(alone(Policy::GENERATE, &script).sends.len(), 3);
}

#[test]
fn what_nothing_can_cure_stops_the_call_although_there_is_a_next_target() {
    for kind in STOPS {
        let life = live(Policy::GENERATE, &[0, 1], None, &[of(kind)]);
        assert_eq!(life.failure(), (Why::Final, kind));
        assert_eq!((life.sends.len(), life.settled_at()), (1, 100));
    }
}

#[test]
fn a_chain_ends_with_its_last_target() {
    let script = [of(Kind::DailyQuota), of(Kind::Billing), of(Kind::ModelNotFound)];
    let life = live(Policy::GENERATE, &[0, 0, 1], None, &script);
    assert_eq!(life.targets(), [0, 1, 2]);
    assert_eq!(life.failure(), (Why::Final, Kind::ModelNotFound));
}

#[test]
fn generate_with_fallback_gives_each_model_two_tries_with_the_waits_of_the_loop() {
    for kind in [Kind::RateLimited, Kind::Overloaded, Kind::ServerError] {
        let life = live(Policy::fallback(), &[0, 0, 0], None, &[of(kind)]);
        assert_eq!(life.targets(), [0, 0, 1, 1, 2, 2], "{kind:?}");
        for wait in &life.waits {
            assert_within(*wait, 2_000, 3_000);
        }
    }
}

#[test]
fn an_attempt_s_target_and_error_are_on_record() {
    let script = [of(Kind::DailyQuota), of(Kind::ServerError), answer()];
    let life = live(Policy::GENERATE, &[0, 0], None, &script);
    let seen: Vec<(u32, usize, Option<Kind>)> = life
        .record()
        .attempts
        .iter()
        .map(|a| (a.number, a.target, a.info.as_ref().map(|info| info.kind)))
        .collect();
    let expected = [(1, 0, Some(Kind::DailyQuota)), (2, 1, Some(Kind::ServerError)), (3, 1, None)];
    assert_eq!(seen, expected);
}

// The caller's own word.

#[test]
fn the_caller_may_retry_what_we_would_not() {
    for kind in [Kind::InvalidRequest, Kind::DailyQuota, Kind::Unknown, Kind::Billing] {
        let script = [of(kind).verdict(Verdict::Retry), answer()];
        let life = alone(Policy::RETRY, &script);
        assert_eq!(life.answered_by(), 2, "{kind:?}");
        assert_within(life.waits[0], 1, 1_000);
    }
}

#[test]
fn the_caller_s_word_keeps_an_account_s_other_targets() {
    let too_late = of(Kind::Billing).verdict(Verdict::RetryAfter(Millis(100_000)));
    let script = [too_late, of(Kind::DailyQuota), answer()];
    let life = live(Policy::GENERATE, &[0, 1, 0], Some(50_000), &script);
    assert_eq!(life.targets(), [0, 1, 2]);
}

#[test]
fn the_caller_s_word_does_not_lift_the_limit_of_attempts() {
    for verdict in [Verdict::Retry, Verdict::RetryAfter(Millis::ZERO)] {
        let life = alone(Policy::RETRY, &[of(Kind::Unknown).verdict(verdict)]);
        assert_eq!(life.sends.len(), 5);
        assert_eq!(life.failure(), (Why::AttemptsUsed, Kind::Unknown));
    }
}

#[test]
fn the_caller_s_wait_is_taken_as_it_is() {
    for wait in [0, 1, 777, 500_000] {
        let step = hinted(Kind::RateLimited, 300_000);
        let script = [step.verdict(Verdict::RetryAfter(Millis(wait))), answer()];
        let life = alone(Policy::RETRY, &script);
        assert_eq!(life.times(), [0, 100 + wait]);
    }
}

#[test]
fn the_caller_s_wait_still_has_to_fit_the_deadline() {
    let step = of(Kind::RateLimited).verdict(Verdict::RetryAfter(Millis(10_000)));
    let life = live(Policy::RETRY, &[0], Some(9_000), &[step]);
    assert_eq!(life.failure(), (Why::Deadline, Kind::RateLimited));
    assert_eq!(life.settled_at(), 100);
}

#[test]
fn the_caller_may_stop_what_we_would_retry() {
    for kind in TRANSIENT {
        let life = live(Policy::RETRY, &[0, 1], None, &[of(kind).verdict(Verdict::Stop)]);
        assert_eq!(life.failure(), (Why::Final, kind));
        assert_eq!(life.sends.len(), 1);
    }
}

#[test]
fn the_preview_is_the_wait_that_follows() {
    let infos = [
        ErrorInfo::new(Kind::RateLimited),
        ErrorInfo::new(Kind::ServerError),
        ErrorInfo::new(Kind::InvalidRequest),
        ErrorInfo { retry_after: Some(Millis(9_000)), ..ErrorInfo::new(Kind::Overloaded) },
        ErrorInfo { retry_after: Some(Millis(900_000)), ..ErrorInfo::new(Kind::Overloaded) },
    ];
    for info in infos {
        let mut world = World::new(8);
        let call = world.start(spec(Policy::RETRY, &[0], None), &[hang()]);
        let preview = world.engine.preview(world.now(), call, &info);
        assert_eq!(
            preview,
            world.engine.preview(world.now(), call, &info),
            "looking changes nothing"
        );
        let attempt = world.lives[0].ids[0];
        world.feed(Input::Failed { call, attempt, info: Rc::new(info), verdict: None });
        assert_eq!(preview.map(|wait| vec![wait.0]).unwrap_or_default(), world.life(0).waits);
    }
    assert_eq!(
        World::new(1).engine.preview(Now::default(), CallId(9), &ErrorInfo::new(Kind::Network)),
        None,
        "of a call that does not exist"
    );
}

// Inputs that come too late, or about nothing.

#[test]
fn what_comes_back_of_a_stopped_attempt_changes_nothing() {
    for late in [answer().taking(4_500), of(Kind::InvalidRequest).taking(4_500)] {
        let mut world = World::new(1);
        world.stale = true;
        let policy = with_timeout(Policy::RETRY, 4_000);
        world.start(spec(policy, &[0], None), &[late, answer().taking(2_000)]);
        world.run();
        world.assert_complete();
        let life = world.life(0);
        assert_eq!(life.answered_by(), 2);
        assert_eq!(life.settled_at(), life.times()[1] + 2_000);
        assert_eq!(life.record().attempts.len(), 2);
    }
}

#[test]
fn an_input_about_an_unknown_call_or_attempt_changes_nothing() {
    let mut world = World::new(1);
    let call = world.start(spec(Policy::RETRY, &[0], None), &[answer()]);
    let info = Rc::new(ErrorInfo::new(Kind::InvalidRequest));
    let attempt = world.lives[0].ids[0];
    for (call, attempt) in [
        (CallId(7), attempt),
        (CallId(u32::MAX), attempt),
        (call, AttemptId(0)),
        (call, AttemptId(u32::MAX)),
    ] {
        let before = world.trace.len();
        let info = Rc::clone(&info);
        world.feed(Input::Answered { call, attempt, used: None });
        world.feed(Input::Failed { call, attempt, info, verdict: Some(Verdict::Retry) });
        assert!(!world.trace[before..].iter().any(|entry| matches!(entry.event, Event::Out(_))));
    }
    world.cancel(CallId(7));
    world.cancel(CallId(u32::MAX));
    world.run();
    world.assert_complete();
    assert_eq!(world.life(0).answered_by(), 1);
}

#[test]
fn an_attempt_comes_back_once() {
    let mut world = World::new(1);
    let call = world.start(spec(Policy::RETRY, &[0], None), &[hang()]);
    let attempt = world.lives[0].ids[0];
    for _ in 0..3 {
        let info = Rc::new(ErrorInfo::new(Kind::RateLimited));
        world.feed(Input::Failed { call, attempt, info, verdict: None });
    }
    world.feed(Input::Answered { call, attempt, used: None });
    let life = world.life(0);
    assert_eq!((life.waits.len(), life.sends.len()), (1, 1));
    assert!(life.settled.is_none());
}

#[test]
fn the_number_of_a_call_is_free_once_its_end_was_polled() {
    let mut world = World::new(1);
    let spec = spec(Policy::RETRY, &[0], None);
    let now = world.now();
    let engine = &mut world.engine;
    let first = engine.start(now, spec.clone());
    let Some(Output::Send { attempt, .. }) = engine.poll() else { panic!("an attempt") };
    engine.handle(now, Input::Answered { call: first, attempt, used: None });
    let second = engine.start(now, spec.clone());
    assert_ne!(first, second, "the end of the first is still to be told");
    assert!(matches!(engine.poll(), Some(Output::Settle { call, .. }) if call == first));
    let third = engine.start(now, spec);
    assert_eq!(first, third, "numbers are used again, so that they do not run out");

    // The attempt of the first call must not end the third, which has its number.
    engine.handle(now, Input::Answered { call: third, attempt, used: None });
    let rest: Vec<Output> = std::iter::from_fn(|| engine.poll()).collect();
    assert!(
        matches!(rest.as_slice(), [Output::Send { .. }, Output::Send { .. }]),
        "the other attempts alone: {rest:?}"
    );
}

// Clocks.

#[test]
fn a_clock_that_goes_back_shortens_no_wait_and_stops_nothing() {
    let mut world = World::at(1, 50_000);
    let call = world.start(
        spec(Policy::RETRY, &[0], Some(60_000)),
        &[hinted(Kind::RateLimited, 10_000), answer()],
    );
    world.run_until(51_000);
    for mono in [0, 49_999, 50_500] {
        world.feed_at(Now { mono: Instant(mono), wall: WallTime(mono) }, Input::Woken);
    }
    let attempt = world.lives[0].ids[0];
    let past = Now { mono: Instant(1), wall: WallTime(1) };
    world.feed_at(past, Input::Answered { call, attempt, used: None });
    assert_eq!(world.lives[0].sends.len(), 1);
    world.run();
    world.assert_complete();
    let life = world.life(0);
    assert_eq!(life.answered_by(), 2);
    assert_within(life.times()[1], 60_100, 62_100);
}

#[test]
fn a_call_that_starts_in_the_past_lives_as_if_it_started_now() {
    let mut world = World::at(1, 100_000);
    world.feed(Input::Woken);
    let past = Now { mono: Instant(5), wall: WallTime(EPOCH) };
    let call = world.engine.start(past, spec(Policy::RETRY, &[0], Some(1_000)));
    assert!(matches!(world.engine.poll(), Some(Output::Send { .. })));
    assert_eq!(world.engine.next_wakeup(), Some(Instant(101_000)));
    world.engine.handle(world.now(), Input::Woken);
    assert!(world.engine.poll().is_none());
    assert_eq!(world.engine.attempts(call), 1);
}

#[test]
fn a_night_of_sleep_ends_a_wait_once() {
    let mut world = World::new(1);
    world.start(spec(Policy::RETRY, &[0], None), &[of(Kind::RateLimited), answer()]);
    world.run_until(100);
    world.sleep(3 * 86_400_000);
    world.run();
    world.assert_complete();
    let life = world.life(0);
    assert_eq!(life.times(), [0, 3 * 86_400_000 + 100]);
    assert_eq!(life.answered_by(), 2);
    assert_eq!(life.record().waited, Millis(3 * 86_400_000));
}

#[test]
fn a_night_of_sleep_times_an_attempt_out_once() {
    for policy in [Policy::RETRY, Policy::GENERATE] {
        let mut world = World::new(1);
        world.start(spec(with_timeout(policy, 4_000), &[0], None), &[hang(), answer()]);
        world.sleep(3 * 86_400_000);
        world.feed(Input::Woken);
        assert_eq!((world.lives[0].sends.len(), world.lives[0].waits.len()), (1, 1));
        world.run();
        world.assert_complete();
        assert_eq!(world.life(0).answered_by(), 2);
    }
}

#[test]
fn a_night_of_sleep_past_the_deadline_ends_a_wait_without_another_attempt() {
    let mut world = World::new(1);
    world.start(spec(Policy::RETRY, &[0, 1], Some(60_000)), &[of(Kind::RateLimited)]);
    world.run_until(100);
    world.sleep(86_400_000);
    world.feed(Input::Woken);
    world.assert_complete();
    assert_eq!(world.life(0).failure(), (Why::Deadline, Kind::RateLimited));
    assert_eq!(world.life(0).sends.len(), 1);
}

#[test]
fn the_end_of_time_is_no_livelock() {
    for clock in [u64::MAX, u64::MAX - 1_000, u64::MAX - 1_000_000] {
        let mut world = World::at(1, clock);
        let policy = with_timeout(Policy::GENERATE, 5_000);
        world.start(spec(policy.clone(), &[0], None), &[of(Kind::ServerError)]);
        world.start(spec(policy, &[0, 1], Some(u64::MAX)), &[of(Kind::Overloaded)]);
        world.run();
        assert_eq!(world.calls_alive(), 0);
    }
}

#[test]
fn waking_too_early_changes_nothing() {
    let mut world = World::new(1);
    world.start(spec(Policy::RETRY, &[0], None), &[of(Kind::Overloaded), answer()]);
    for at in [100, 200, 5_000, 19_999] {
        world.run_until(at);
        world.feed(Input::Woken);
        assert_eq!(world.lives[0].sends.len(), 1);
    }
    world.run();
    assert_eq!(world.life(0).answered_by(), 2);
}

#[test]
fn there_is_a_next_wakeup_exactly_while_something_is_to_come() {
    let mut world = World::new(1);
    assert_eq!(world.engine.next_wakeup(), None, "without a call");
    let idle = world.start(spec(DROP_IN, &[0], None), &[hang()]);
    assert_eq!(world.engine.next_wakeup(), None, "an attempt without a timeout");
    let timed = world.start(spec(with_timeout(Policy::RETRY, 9_000), &[0], None), &[hang()]);
    assert_eq!(world.engine.next_wakeup(), Some(Instant(9_000)), "a timeout");
    let bound = world.start(spec(DROP_IN, &[0], Some(5_000)), &[hang()]);
    assert_eq!(world.engine.next_wakeup(), Some(Instant(5_000)), "a deadline");
    world.start(spec(DROP_IN, &[0], None), &[of(Kind::Network)]);
    world.run_until(100);
    let wait = world.lives[3].waits[0];
    assert_eq!(world.engine.next_wakeup(), Some(Instant(100 + wait)), "a wait");
    world.cancel(CallId(3));
    assert_eq!(world.engine.next_wakeup(), Some(Instant(5_000)));
    world.cancel(bound);
    assert_eq!(world.engine.next_wakeup(), Some(Instant(9_000)));
    world.cancel(timed);
    assert_eq!(world.engine.next_wakeup(), None);
    world.cancel(idle);
    assert_eq!(world.engine.next_wakeup(), None);
    world.assert_complete();
}

// Many calls, and the end of all.

fn busy(seed: u64) -> World {
    let mut world = World::new(seed);
    let generate = with_timeout(Policy::GENERATE, 3_000);
    let kinds = [Kind::RateLimited, Kind::NoImage, Kind::ServerError, Kind::Overloaded];
    for index in 0..40 {
        let own: Vec<Step> =
            (0..6).map(|nth| of(kinds[(index + nth) % 4]).taking(50 * nth as u64)).collect();
        let policy = if index % 3 == 0 { DROP_IN } else { generate.clone() };
        let accounts = [0, 0, 1];
        world.start(spec(policy, &accounts[..1 + index % 3], None), &own);
        if index % 7 == 0 {
            world.start(spec(generate.clone(), &[0], Some(20_000)), &[hang(), hang()]);
        }
    }
    world
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let trace = |seed| {
        let mut world = busy(seed);
        world.run();
        world.assert_complete();
        show(&world.trace)
    };
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
}

#[test]
fn closing_ends_every_call_in_whatever_state() {
    for at in [0, 99, 1_000, 3_000, 6_200, 20_000] {
        let mut world = busy(4);
        world.run_until(at);
        let alive = world.calls_alive();
        assert!(alive > 0);
        world.feed(Input::Closed);
        world.assert_complete();
        let closed = world
            .lives
            .iter()
            .filter(|life| matches!(life.ending(), Ending::Closed) && life.settled_at() == at)
            .count();
        assert_eq!(closed, alive);
        assert_eq!(world.engine.next_wakeup(), None);
        let sends = world.lives.iter().map(|life| life.sends.len()).sum::<usize>();
        world.feed(Input::Closed);
        world.sleep(10_000_000);
        world.feed(Input::Woken);
        assert_eq!(sends, world.lives.iter().map(|life| life.sends.len()).sum::<usize>());
    }
}

#[test]
fn draining_lets_what_is_in_flight_end_and_sends_nothing_new() {
    for at in [0, 99, 1_000, 3_000, 6_200, 20_000] {
        let mut world = busy(4);
        world.start(spec(Policy::GENERATE, &[0, 1], None), &[answer().taking(30_000)]);
        world.run_until(at);
        let sends = |world: &World| world.lives.iter().map(|life| life.sends.len()).sum::<usize>();
        let sent = sends(&world);
        world.feed(Input::Draining);
        let next = world.start(spec(Policy::GENERATE, &[0], None), &[answer()]);
        world.run();
        world.assert_complete();
        assert_eq!(sends(&world), sent, "at {at}");
        let ended = world.lives.iter().map(|life| (life.ending(), life.settled_at()));
        let late: Vec<_> = ended.filter(|(_, ended)| *ended > at).collect();
        for (ending, _) in &late {
            let is_closed = matches!(ending, Ending::Failed { why: Why::Closed, .. });
            let is_late = matches!(ending, Ending::Failed { why: Why::Deadline, .. });
            assert!(is_closed || is_late || matches!(ending, Ending::Answered(_)), "{ending:?}");
        }
        let slow = &world.lives[world.lives.len() - 2];
        assert!(matches!(slow.ending(), Ending::Answered(_)), "paid for, and given: {at}");
        let last = world.lives.last().expect("it was started");
        assert!(matches!(last.ending(), Ending::Closed) && last.sends.is_empty());
        assert_eq!(world.engine.attempts(next), 0);
        assert_eq!(world.engine.next_wakeup(), None);
    }
}

#[test]
fn draining_leaves_a_call_its_late_attempt_alone() {
    // The first attempt takes longer than its timeout, and the second waits for its turn meanwhile.
    let policy = with_timeout(Policy::GENERATE, 3_000);
    let mut world = World::new(1);
    world.start(spec(policy.clone(), &[0], None), &[answer().taking(9_000)]);
    world.start(spec(policy, &[0], None), &[of(Kind::Overloaded).taking(9_000)]);
    world.run_until(3_500);
    world.feed(Input::Draining);
    world.run();
    assert_eq!((world.life(0).answered_by(), world.life(0).settled_at()), (1, 9_000));
    assert_eq!(world.life(1).failure(), (Why::Closed, Kind::Timeout));
    assert_eq!(world.life(1).sends.len(), 1);
    assert_eq!(world.life(1).settled_at(), 9_000);
}

#[test]
fn draining_ends_a_call_beside_its_late_attempt_where_nothing_may_follow() {
    let policy = with_timeout(Policy::GENERATE, 3_000);
    for last in [of(Kind::InvalidRequest), of(Kind::ServerError).verdict(Verdict::Stop)] {
        let mut world = World::new(1);
        let kind = last.info.as_ref().map(|info| info.kind);
        world.start(spec(policy.clone(), &[0, 1], None), &[hang(), last]);
        world.run_until(3_050);
        world.feed(Input::Draining);
        world.run();
        assert_eq!(Some(world.life(0).failure()), kind.map(|kind| (Why::Final, kind)));
        assert_eq!(world.life(0).settled_at(), 3_100);
    }
}

#[test]
fn ten_thousand_calls_started_and_aborted_leave_nothing_behind() {
    let mut engine = unexhausted::engine::state_machine::Engine::new(1);
    let call: CallSpec = spec(with_timeout(Policy::GENERATE, 3_000), &[0], Some(5_000));
    let mut highest = 0;
    for at in 0..10_000 {
        let now = Now { mono: Instant(at / 10), wall: WallTime(EPOCH) };
        let id = engine.start(now, call.clone());
        highest = highest.max(id.0);
        engine.handle(now, Input::Cancelled { call: id });
        assert_eq!(std::iter::from_fn(|| engine.poll()).count(), 3, "sent, aborted, settled");
    }
    assert_eq!(highest, 0, "one number serves all that live one after another");
    assert_eq!(engine.next_wakeup(), None);
}
