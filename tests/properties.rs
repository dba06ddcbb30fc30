//! Laws that hold for any numbers and any order of events.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

mod support;

use std::rc::Rc;

use proptest::prelude::*;
use support::{EPOCH, Event, Step, World, check, show, spec, with_timeout};
use unexhausted::base::random::Random;
use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AttemptId, CallId};
use unexhausted::engine::input::{CallSpec, Input};
use unexhausted::engine::output::Ending;
use unexhausted::engine::target::{self, Target};
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind, Retry};
use unexhausted::retry::backoff::{self, Curve, Curves, Hint, Jitter};
use unexhausted::retry::ending::Why;
use unexhausted::retry::fallback::{self, Action};
use unexhausted::retry::policy::{Policy, Verdict};
use unexhausted::retry::retry_budget::RetryBudget;

/// Small numbers, usual numbers, and numbers near the end of all numbers.
fn any_millis() -> impl Strategy<Value = u64> {
    prop_oneof![0..10_u64, 0..200_000_u64, u64::MAX - 10..=u64::MAX, any::<u64>()]
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

fn any_dimension() -> impl Strategy<Value = Option<Dimension>> {
    prop::option::of(prop::sample::select(vec![
        Dimension::RequestsPerMinute,
        Dimension::TokensPerMinute,
        Dimension::ImagesPerMinute,
        Dimension::RequestsPerDay,
        Dimension::Spend,
    ]))
}

fn any_info() -> impl Strategy<Value = ErrorInfo> {
    let hint = prop_oneof![
        3 => Just(None),
        2 => (0..20_000_u64).prop_map(Some),
        1 => any_millis().prop_map(Some),
    ];
    (any_kind(), hint, any_dimension()).prop_map(|(kind, hint, dimension)| ErrorInfo {
        retry_after: hint.map(Millis),
        dimension,
        ..ErrorInfo::new(kind)
    })
}

/// Errors that calls go on after, so that lives are long.
fn lasting_info() -> impl Strategy<Value = ErrorInfo> {
    let kinds = vec![
        Kind::RateLimited,
        Kind::Overloaded,
        Kind::ServerError,
        Kind::Network,
        Kind::Timeout,
        Kind::NoImage,
        Kind::DailyQuota,
    ];
    (prop::sample::select(kinds), any_info()).prop_map(|(kind, info)| ErrorInfo {
        kind,
        retry: kind.retry(),
        ..info
    })
}

fn any_verdict() -> impl Strategy<Value = Option<Verdict>> {
    prop_oneof![
        12 => Just(None),
        1 => Just(Some(Verdict::Retry)),
        1 => Just(Some(Verdict::Stop)),
        1 => Just(Some(Verdict::Leave)),
        1 => Just(Some(Verdict::Stay)),
        2 => any_millis().prop_map(|wait| Some(Verdict::RetryAfter(Millis(wait)))),
    ]
}

fn any_curve() -> impl Strategy<Value = Curve> {
    let jitter = prop_oneof![
        any_millis().prop_map(|most| Jitter::Above(Millis(most))),
        any_millis().prop_map(|floor| Jitter::Full(Millis(floor))),
    ];
    (any_millis(), any_millis(), jitter).prop_map(|(base, cap, jitter)| Curve {
        base: Millis(base),
        cap: Millis(cap),
        jitter,
    })
}

/// `min(base * 2^(tries - 1), cap)`, in numbers that cannot overflow.
fn grown(curve: &Curve, tries: u32) -> u64 {
    let factor = 1_u128 << tries.saturating_sub(1).min(64);
    let grown = u128::from(curve.base.0).saturating_mul(factor);
    u64::try_from(grown.min(u128::from(curve.cap.0))).expect("the cap fits")
}

proptest! {
    #[test]
    fn a_delay_doubles_up_to_its_cap_and_jitter_only_adds(
        curve in any_curve(),
        tries: u32,
        seed: u64,
    ) {
        let delay = curve.delay(tries, &mut Random::new(seed)).0;
        let grown = grown(&curve, tries);
        match curve.jitter {
            Jitter::Above(most) => {
                prop_assert!(delay >= grown && delay <= grown.saturating_add(most.0));
            }
            Jitter::Full(floor) => {
                prop_assert!(delay >= floor.0 && delay <= grown.max(floor.0));
            }
        }
    }

    #[test]
    fn without_jitter_a_delay_never_shrinks_with_the_tries(
        base in any_millis(),
        cap in any_millis(),
        tries in 0..u32::MAX,
    ) {
        let jitter = Jitter::Above(Millis::ZERO);
        let curve = Curve { base: Millis(base), cap: Millis(cap), jitter };
        let mut random = Random::new(1);
        prop_assert!(curve.delay(tries, &mut random) <= curve.delay(tries + 1, &mut random));
    }

    #[test]
    fn the_drop_in_waits_min_of_the_doubled_base_and_a_minute_plus_up_to_a_second(
        base in any_millis(),
        attempt in 1..2_000_u32,
        kind in any_kind(),
        seed: u64,
    ) {
        let curves = Curves::drop_in(Millis(base));
        let info = ErrorInfo::new(kind);
        let wait = curves.wait(&info, attempt, Hint::Lengthens, &mut Random::new(seed)).0;
        let doubled = (0..attempt - 1).fold(base, |delay, _| delay.saturating_mul(2));
        let least = doubled.min(60_000);
        prop_assert!((least..=least + 1_000).contains(&wait), "{wait} is not from {least}");
    }

    #[test]
    fn a_hint_is_never_shortened_and_lengthened_by_a_fifth_at_most(
        mut info in any_info(),
        named in prop_oneof![1..200_000_u64, 1..=u64::MAX],
        tries in 1..40_u32,
        seed: u64,
    ) {
        info.retry_after = Some(Millis(named));
        let most = u64::try_from((u128::from(named) * 6 / 5).min(u128::from(u64::MAX))).unwrap();
        let curves = Curves::BY_KIND;
        let wait = curves.wait(&info, tries, Hint::Replaces, &mut Random::new(seed)).0;
        prop_assert!((named..=most).contains(&wait), "{wait} of {named}");

        let curves = Curves::drop_in(Millis(2_000));
        let wait = curves.wait(&info, tries, Hint::Lengthens, &mut Random::new(seed)).0;
        let own = grown(&curves.rate_limit, tries);
        prop_assert!(wait >= named.max(own) && wait <= most.max(own + 1_000));
    }

    #[test]
    fn the_advised_delay_exists_where_retrying_soon_can_help(
        info in any_info(),
        attempt: u32,
        seed: u64,
    ) {
        let delay = backoff::retry_delay(&info, attempt, &mut Random::new(seed));
        prop_assert_eq!(delay.is_some(), info.retry == Retry::Soon);
        if let (Some(delay), Some(hint)) = (delay, info.retry_after) {
            prop_assert!(delay >= hint);
        }
    }

    #[test]
    fn a_batch_pauses_for_its_delay_and_up_to_half_a_second(delay in any_millis(), seed: u64) {
        let pause = backoff::batch_pause(Millis(delay), &mut Random::new(seed)).0;
        prop_assert!(pause >= delay && pause <= delay.saturating_add(500));
    }

    #[test]
    fn the_next_target_lies_ahead_and_is_of_another_account_where_it_has_to_be(
        accounts in prop::collection::vec(0..3_u32, 0..6),
        current in 0..8_usize,
        kind in any_kind(),
    ) {
        let targets: Vec<Target> = accounts.iter().copied().map(Target::of_account).collect();
        let action = fallback::action(kind);
        let fits = |index: usize| {
            action != Action::NextAccount || accounts.get(index) != accounts.get(current)
        };
        let first = (current + 1..accounts.len()).find(|&index| fits(index));
        prop_assert_eq!(target::next(&targets, current, action), first);
    }

    /// The budget counts in slots of five seconds: what is 55 s old counts, what is 60 s old does
    /// not, and in between either is right.
    #[test]
    fn the_retry_budget_is_ten_and_a_fifth_of_the_last_minute_s_calls(
        events in prop::collection::vec((0..4_000_u64, 0..5_u8), 1..400),
        start in prop_oneof![Just(0), 0..10_000_000_u64],
    ) {
        let mut budget = RetryBudget::default();
        let (mut calls, mut retries) = (Vec::new(), Vec::new());
        let mut now = start;
        let within = |times: &[u64], now: u64, span: u64| {
            times.iter().filter(|&&at| now - at < span).count()
        };
        for (pause, what) in events {
            if what == 0 {
                budget.call(Instant(now));
                calls.push(now);
            } else if budget.take(Instant(now)) {
                let most = 10 + within(&calls, now, 60_000) / 5;
                prop_assert!(within(&retries, now, 55_001) < most, "too many at {}", now);
                retries.push(now);
            } else {
                let least = 10 + within(&calls, now, 55_001) / 5;
                prop_assert!(within(&retries, now, 60_000) >= least, "too few at {}", now);
            }
            // Most of the time goes by in bursts.
            now += if pause < 3_000 { pause / 100 } else { pause * 5 };
        }
    }

    #[test]
    fn the_retry_budget_takes_any_times(
        events in prop::collection::vec((any_millis(), any::<bool>()), 1..100),
    ) {
        let mut budget = RetryBudget::default();
        let mut taken = 0;
        let calls = events.iter().filter(|(_, is_call)| *is_call).count();
        for (at, is_call) in events {
            if is_call {
                budget.call(Instant(at));
            } else {
                taken += usize::from(budget.take(Instant(at)));
            }
        }
        prop_assert!(calls > 0 || taken > 0, "a fresh budget is not empty");
    }
}

// The engine under any events.

fn any_policy() -> impl Strategy<Value = Policy> {
    let base = prop::sample::select(vec![
        Policy::drop_in(4, Millis(2_000)),
        Policy::RETRY,
        Policy::GENERATE,
        Policy::fallback(),
    ]);
    (base, 1..7_u32, prop::option::of(1..20_000_u64), 1..4_u32).prop_map(
        |(base, max_attempts, timeout, tries_per_target)| {
            let policy = Policy { max_attempts, tries_per_target, ..base };
            timeout.map_or(policy.clone(), |timeout| with_timeout(policy, timeout))
        },
    )
}

fn any_spec() -> impl Strategy<Value = CallSpec> {
    let accounts = prop::collection::vec(0..2_u32, 1..4);
    let deadline = prop_oneof![
        3 => Just(None),
        1 => Just(Some(0)),
        3 => (1..90_000_u64).prop_map(Some),
        1 => any_millis().prop_map(Some),
    ];
    (any_policy(), accounts, deadline).prop_map(|(mut policy, accounts, deadline)| {
        // In years of a deadline a call tries a million times.
        policy.uses_deadline &= deadline.is_none_or(|ms| ms < 90_000);
        spec(policy, &accounts, deadline)
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    let takes = prop_oneof![1 => Just(None), 8 => (0..30_000_u64).prop_map(Some)];
    let info = prop_oneof![
        1 => Just(None),
        6 => lasting_info().prop_map(Some),
        1 => any_info().prop_map(Some),
    ];
    (takes, info, any_verdict()).prop_map(|(takes, info, verdict)| Step {
        takes,
        info: info.map(Rc::new),
        verdict,
    })
}

#[derive(Clone, Debug)]
enum Op {
    Start(CallSpec, Vec<Step>),
    /// Many calls at once, which fail alike.
    Burst(Policy, Step),
    /// Time passes and everything that is due happens.
    Run(u64),
    /// Time passes unnoticed.
    Sleep(u64),
    /// The clock is seen that much too early.
    Back(u64),
    Wake,
    Cancel(u32),
    /// Something about a call and an attempt that may or may not exist.
    Stray(u32, u32, bool),
    Drain,
    Close,
}

fn any_op() -> impl Strategy<Value = Op> {
    let start = (any_spec(), prop::collection::vec(any_step(), 0..8));
    prop_oneof![
        6 => start.prop_map(|(spec, script)| Op::Start(spec, script)),
        1 => (any_policy(), any_step()).prop_map(|(policy, step)| Op::Burst(policy, step)),
        6 => (0..40_000_u64).prop_map(Op::Run),
        1 => (0..500_000_000_u64).prop_map(Op::Sleep),
        1 => any_millis().prop_map(Op::Back),
        1 => Just(Op::Wake),
        2 => (0..8_u32).prop_map(Op::Cancel),
        2 => (0..8_u32, 0..60_u32, any::<bool>())
            .prop_map(|(call, attempt, answers)| Op::Stray(call, attempt, answers)),
        1 => Just(Op::Drain),
        1 => Just(Op::Close),
    ]
}

/// Does all that, then lets every call come to its end.
fn play(seed: u64, stale: bool, ops: &[Op]) -> World {
    let mut world = World::new(seed);
    world.stale = stale;
    for op in ops {
        match op.clone() {
            Op::Start(spec, script) => {
                world.start(spec, &script);
            }
            Op::Burst(policy, step) => {
                for _ in 0..20 {
                    world.start(spec(policy.clone(), &[0], None), std::slice::from_ref(&step));
                }
            }
            Op::Run(ms) => world.run_until(world.clock() + ms),
            Op::Sleep(ms) => world.sleep(ms),
            Op::Back(ms) => {
                // A clock goes back from a time that was seen.
                world.feed(Input::Woken);
                let mono = Instant(world.clock().saturating_sub(ms));
                world.feed_at(Now { mono, wall: WallTime(EPOCH) }, Input::Woken);
            }
            Op::Wake => world.feed(Input::Woken),
            Op::Cancel(call) => world.cancel(CallId(call)),
            Op::Stray(call, attempt, answers) => {
                let (call, attempt) = (CallId(call), AttemptId(attempt));
                let info = Rc::new(ErrorInfo::new(Kind::ServerError));
                world.feed(if answers {
                    Input::Answered { call, attempt, used: None }
                } else {
                    Input::Failed { call, attempt, info, verdict: None }
                });
            }
            Op::Drain => world.feed(Input::Draining),
            Op::Close => world.feed(Input::Closed),
        }
    }
    world.run();
    if world.calls_alive() > 0 {
        // Attempts without a timeout that hang are all that a call may wait for without end.
        assert_eq!(world.engine.next_wakeup(), None);
        world.feed(Input::Closed);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn no_order_of_events_breaks_a_rule(
        seed: u64,
        stale: bool,
        ops in prop::collection::vec(any_op(), 1..30),
    ) {
        let mut world = play(seed, stale, &ops);
        let violations = check(&world.trace, true);
        prop_assert!(violations.is_empty(), "{:#?}\n{}", violations, show(&world.trace));
        prop_assert_eq!(world.engine.next_wakeup(), None);
        prop_assert!(world.lives.iter().all(|life| life.settled.is_some()));
    }

    #[test]
    fn one_seed_gives_one_trace(seed: u64, ops in prop::collection::vec(any_op(), 1..15)) {
        let trace = || show(&play(seed, false, &ops).trace);
        prop_assert_eq!(trace(), trace());
    }

    /// With failures alone, and timeouts for what hangs, everything ends in bounded time: attempts
    /// and free waits are numbered, and no wait is longer than what is allowed.
    #[test]
    fn failures_end_every_call_in_bounded_time(
        seed: u64,
        policy in any_policy(),
        accounts in prop::collection::vec(0..2_u32, 1..4),
        infos in prop::collection::vec(lasting_info(), 1..12),
    ) {
        let policy = Policy { timeout: policy.timeout.or(Some(Millis(20_000))), ..policy };
        let script: Vec<Step> = infos
            .into_iter()
            .map(|info| Step { takes: Some(10), info: Some(Rc::new(info)), verdict: None })
            .collect();
        let mut world = World::new(seed);
        world.start(spec(policy.clone(), &accounts, None), &script);
        world.run();
        let violations = check(&world.trace, true);
        prop_assert!(violations.is_empty(), "{:#?}\n{}", violations, show(&world.trace));
        let life = &world.lives[0];
        let failed = matches!(life.ending(), Ending::Failed { why, .. } if *why != Why::Deadline);
        prop_assert!(failed, "{:?}", life.ending());
        let attempts = 21 * accounts.len() * policy.max_attempts as usize + 3;
        prop_assert!(life.sends.len() <= attempts, "{} attempts", life.sends.len());
        let longest = 144_000 + 20_000;
        prop_assert!(life.settled_at() <= attempts as u64 * longest);
    }

    #[test]
    fn a_preview_is_what_follows(
        seed: u64,
        call in any_spec(),
        info in any_info(),
        before in prop::collection::vec(lasting_info(), 0..4),
    ) {
        let mut world = World::new(seed);
        let call = CallSpec { deadline: call.deadline.filter(|deadline| deadline.0 > 0), ..call };
        let id = world.start(call, &[]);
        let attempt_of = |world: &World| world.lives[0].ids.last().copied().expect("an attempt");
        for info in before {
            let (attempt, info) = (attempt_of(&world), Rc::new(info));
            let verdict = Some(Verdict::RetryAfter(Millis::ZERO));
            world.feed(Input::Failed { call: id, attempt, info, verdict });
        }
        if world.calls_alive() == 0 {
            return Ok(());
        }
        let preview = world.engine.preview(world.now(), id, &info);
        prop_assert_eq!(preview, world.engine.preview(world.now(), id, &info), "looking changes nothing");
        let (attempt, marked) = (attempt_of(&world), world.trace.len());
        let waits = world.lives[0].waits.len();
        world.feed(Input::Failed { call: id, attempt, info: Rc::new(info), verdict: None });
        let life = &world.lives[0];
        let goes_on = life.settled.is_none();
        prop_assert_eq!(preview.is_some(), goes_on, "{}", show(&world.trace[marked..]));
        let wait = life.waits.get(waits).copied().unwrap_or(0);
        prop_assert_eq!(preview.unwrap_or_default().0, wait);
    }
}

#[test]
fn random_events_reach_every_kind_of_output_and_ending() {
    // A generator that never gets anywhere would make the laws above hold for nothing.
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..100 {
        let ops = prop::collection::vec(any_op(), 1..30).new_tree(&mut runner);
        let world = play(1, false, &ops.expect("a value").current());
        for entry in &world.trace {
            if let Event::Out(output) = &entry.event {
                let name = format!("{output:?}");
                seen.push(name.split([' ', '(']).next().unwrap_or_default().to_owned());
            }
        }
        for life in &world.lives {
            let ending = match life.ending() {
                Ending::Failed { why, .. } => format!("{why:?}"),
                other => format!("{other:?}"),
            };
            seen.push(ending.split('(').next().unwrap_or_default().to_owned());
            seen.extend(life.aborts.iter().map(|(_, timed_out)| format!("timed out {timed_out}")));
        }
    }
    for name in [
        "Send",
        "Abort",
        "Wait",
        "Switch",
        "Settle",
        "Answered",
        "Cancelled",
        "Closed",
        "Final",
        "AttemptsUsed",
        "ServerDelay",
        "Deadline",
        "RetryBudget",
        "timed out true",
        "timed out false",
    ] {
        assert!(seen.iter().any(|one| one == name), "{name} never came");
    }
}
