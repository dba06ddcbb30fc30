//! Every sequence of outcomes up to a length, under every policy: no run breaks a rule.
//!
//! A sequence is made longer only where the call asks for more, so that no run is made twice.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods)]

mod support;

use std::rc::Rc;

use support::{
    Entry, Event, Step, World, answer, check, hang, hinted, of, per_minute, show, spec,
    with_timeout,
};
use unexhausted::base::time::{Instant, Millis};
use unexhausted::engine::ids::{AttemptId, CallId};
use unexhausted::engine::input::Input;
use unexhausted::engine::output::{Ending, Output, PastAttempt};
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::Kind;
use unexhausted::retry::ending::Why;
use unexhausted::retry::policy::{Policy, Verdict};

/// One failing, passing, hanging or late outcome of each family.
fn outcomes() -> Vec<Step> {
    vec![
        answer(),
        of(Kind::RateLimited),
        per_minute(Some(3_000)),
        of(Kind::Overloaded),
        of(Kind::ServerError),
        of(Kind::DailyQuota),
        of(Kind::Billing),
        of(Kind::InvalidRequest),
        of(Kind::NoImage),
        hinted(Kind::RateLimited, 200_000),
        hang(),
        // Both come back when their own time of 4 s is over.
        answer().taking(4_300),
        of(Kind::ServerError).taking(4_300),
    ]
}

/// The smaller set, for tests that multiply runs.
fn few_outcomes() -> Vec<Step> {
    vec![
        answer(),
        of(Kind::RateLimited),
        per_minute(Some(3_000)),
        of(Kind::DailyQuota),
        of(Kind::Billing),
        of(Kind::NoImage),
        hang(),
        answer().taking(4_300),
        of(Kind::ServerError).taking(4_300),
        of(Kind::Unknown).verdict(Verdict::RetryAfter(Millis::ZERO)),
        of(Kind::Network).verdict(Verdict::Stop),
    ]
}

fn policies() -> Vec<Policy> {
    vec![
        Policy::drop_in(3, Millis(2_000)),
        with_timeout(Policy::drop_in(4, Millis(500)), 4_000),
        with_timeout(Policy::RETRY, 4_000),
        with_timeout(Policy::GENERATE, 4_000),
        Policy { max_attempts: 1, uses_deadline: false, ..with_timeout(Policy::GENERATE, 4_000) },
        with_timeout(Policy::fallback(), 4_000),
    ]
}

/// Calls `run` with each sequence; it says how many attempts were asked for.
fn each_sequence(outcomes: &[Step], length: usize, run: &mut dyn FnMut(&[Step]) -> usize) -> usize {
    fn deeper(
        script: &mut Vec<Step>,
        outcomes: &[Step],
        length: usize,
        run: &mut dyn FnMut(&[Step]) -> usize,
    ) -> usize {
        let mut runs = 0;
        for outcome in outcomes {
            script.push(outcome.clone());
            runs += 1;
            if run(script) > script.len() && script.len() < length {
                runs += deeper(script, outcomes, length, run);
            }
            script.pop();
        }
        runs
    }
    deeper(&mut Vec::new(), outcomes, length, run)
}

/// Runs one call whose attempts beyond the script are answered, and gives the world after it.
fn run(policy: &Policy, accounts: &[u32], deadline: Option<u64>, script: &[Step]) -> World {
    let mut world = World::new(9);
    let mut script = script.to_vec();
    script.push(answer());
    world.start(spec(policy.clone(), accounts, deadline), &script);
    world.run();
    // The only call left can be one with an attempt that hangs without a timeout.
    if world.calls_alive() > 0 {
        assert!(policy.timeout.is_none() && deadline.is_none(), "{}", show(&world.trace));
        world.cancel(CallId(0));
    }
    world
}

#[track_caller]
fn assert_good(world: &World, script: &[Step]) {
    let violations = check(&world.trace, true);
    assert!(violations.is_empty(), "{violations:#?}\n{script:?}\n{}", show(&world.trace));
}

fn check_all(accounts: &[u32], deadline: Option<u64>, outcomes: &[Step], length: usize) -> usize {
    let mut runs = 0;
    for policy in policies() {
        runs += each_sequence(outcomes, length, &mut |script| {
            let world = run(&policy, accounts, deadline, script);
            assert_good(&world, script);
            let settled = world.lives[0].settled_at();
            assert!(settled < 1_000_000, "five attempts and their waits end within minutes");
            world.lives[0].sends.len()
        });
    }
    runs
}

#[test]
fn with_one_target_no_sequence_breaks_a_rule() {
    assert!(check_all(&[0], None, &outcomes(), 3) > 2_000);
    assert!(check_all(&[0], None, &few_outcomes(), 4) > 5_000);
}

#[test]
fn with_a_chain_no_sequence_breaks_a_rule() {
    assert!(check_all(&[0, 0, 1], None, &few_outcomes(), 3) > 2_000);
}

#[test]
fn with_a_deadline_no_sequence_breaks_a_rule() {
    for deadline in [0, 100, 4_000, 9_000] {
        assert!(check_all(&[0, 1], Some(deadline), &outcomes(), 3) > 50);
    }
}

/// The loop that the drop-in replaces, with what it adds: how many requests it sends.
fn requests_of_the_loop(script: &[Step], max_retries: usize) -> usize {
    let goes_on = |step: &Step| {
        let Some(info) = &step.info else { return false };
        let soon = matches!(
            info.kind,
            Kind::RateLimited | Kind::Overloaded | Kind::ServerError | Kind::Network
        );
        soon && info.retry_after.is_none_or(|hint| hint <= Millis(120_000))
    };
    let failures = script.iter().take_while(|step| goes_on(step)).count();
    (failures + 1).min(max_retries)
}

#[test]
fn the_drop_in_sends_what_the_loop_would_send() {
    let outcomes = [
        answer(),
        of(Kind::RateLimited),
        per_minute(Some(3_000)),
        of(Kind::Overloaded),
        of(Kind::ServerError),
        of(Kind::Network),
        of(Kind::InvalidRequest),
        of(Kind::Forbidden),
        of(Kind::DailyQuota),
        hinted(Kind::RateLimited, 200_000),
    ];
    for max in 1..=5 {
        let policy = Policy::drop_in(max, Millis(2_000));
        each_sequence(&outcomes, 4, &mut |script| {
            let world = run(&policy, &[0], None, script);
            let life = &world.lives[0];
            assert_eq!(life.sends.len(), requests_of_the_loop(script, max as usize), "{script:?}");
            for (nth, (wait, step)) in life.waits.iter().zip(script).enumerate() {
                let hint = step.info.as_ref().and_then(|info| info.retry_after).unwrap_or_default();
                let least = hint.0.max(2_000 << nth);
                assert!(*wait >= least && *wait <= (hint.0 * 6 / 5).max((2_000 << nth) + 1_000));
            }
            life.sends.len()
        });
    }
}

#[test]
fn an_abort_at_any_moment_of_any_sequence_ends_the_call_there() {
    for policy in [with_timeout(Policy::RETRY, 4_000), with_timeout(Policy::GENERATE, 4_000)] {
        each_sequence(&few_outcomes(), 2, &mut |script| {
            let whole = run(&policy, &[0, 1], None, script);
            let mut moments: Vec<u64> =
                whole.trace.iter().flat_map(|entry| [entry.at.0, entry.at.0 + 1]).collect();
            moments.dedup();
            let end = whole.lives[0].settled_at();
            for moment in moments.into_iter().filter(|&moment| moment < end) {
                let mut world = World::new(9);
                let mut script = script.to_vec();
                script.push(answer());
                let call = world.start(spec(policy.clone(), &[0, 1], None), &script);
                world.run_until(moment);
                let sends = world.lives[0].sends.len();
                world.cancel(call);
                world.run();
                assert_good(&world, &script);
                let life = &world.lives[0];
                assert!(matches!(life.ending(), Ending::Cancelled));
                assert_eq!((life.settled_at(), life.sends.len()), (moment, sends));
            }
            whole.lives[0].sends.len()
        });
    }
}

#[test]
fn answers_of_stopped_attempts_change_no_sequence() {
    for policy in policies() {
        each_sequence(&few_outcomes(), 3, &mut |script| {
            let quiet = run(&policy, &[0, 1], Some(9_000), script);
            let mut world = World::new(9);
            world.stale = true;
            let mut script = script.to_vec();
            script.push(answer());
            world.start(spec(policy.clone(), &[0, 1], Some(9_000)), &script);
            world.run();
            assert_good(&world, &script);
            assert_eq!(world.lives[0].sends, quiet.lives[0].sends);
            assert_eq!(world.lives[0].settled_at(), quiet.lives[0].settled_at());
            quiet.lives[0].sends.len()
        });
    }
}

// The checker sees what it is there to see: each wrong trace is a good one with one thing changed.

/// A trace with a wait by hint, a timeout with a late attempt, a switch, and a late answer.
fn good_trace() -> Vec<Entry> {
    let mut world = World::new(2);
    let policy = with_timeout(Policy::GENERATE, 4_000);
    let script = [hinted(Kind::RateLimited, 3_000), answer().taking(4_300), hang()];
    world.start(spec(policy, &[0, 1], Some(60_000)), &script);
    world.run();
    assert!(check(&world.trace, true).is_empty());
    world.trace
}

/// The complaints about the good trace after a change.
fn complaints(change: impl FnOnce(&mut Vec<Entry>)) -> String {
    let mut trace = good_trace();
    change(&mut trace);
    check(&trace, true).join("\n")
}

/// The places of the lines that are meant.
fn places(trace: &[Entry], is_meant: impl Fn(&Output) -> bool) -> Vec<usize> {
    let is_it = |entry: &Entry| matches!(&entry.event, Event::Out(output) if is_meant(output));
    (0..trace.len()).filter(|&place| is_it(&trace[place])).collect()
}

fn sends(trace: &[Entry]) -> Vec<usize> {
    places(trace, |output| matches!(output, Output::Send { .. }))
}

fn the_settle(trace: &[Entry]) -> usize {
    places(trace, |output| matches!(output, Output::Settle { .. }))[0]
}

#[track_caller]
fn assert_says(complaints: &str, what: &str) {
    assert!(complaints.contains(what), "no word of {what:?} in: {complaints}");
}

#[test]
fn the_checker_sees_a_call_that_does_not_settle_or_settles_twice() {
    let said = complaints(|trace| {
        let settle = the_settle(trace);
        trace.truncate(settle);
    });
    assert_says(&said, "never settled");
    let said = complaints(|trace| {
        let again = trace[the_settle(trace)].clone();
        trace.push(again);
    });
    assert_says(&said, "it is not alive");
}

#[test]
fn the_checker_sees_what_is_sent_after_the_end_or_instead_of_it() {
    let said = complaints(|trace| {
        let again = trace[sends(trace)[0]].clone();
        trace.push(again);
    });
    assert_says(&said, "it is not alive, yet: Send");
    let said = complaints(|trace| {
        let at = trace[2].at;
        let cancelled = Event::In(Input::Cancelled { call: CallId(0) });
        trace.insert(3, Entry { at, event: cancelled });
    });
    assert_says(&said, "the caller aborted, yet: Wait");
    assert_says(&said, "the caller aborted, yet it goes on");
}

#[test]
fn the_checker_sees_an_attempt_before_the_server_s_time_or_its_own() {
    let said = complaints(|trace| {
        let place = sends(trace)[1];
        trace[place].at = Instant(2_000);
    });
    assert_says(&said, "sent before the server's time");
    assert_says(&said, "sent before its wait was over");
}

#[test]
fn the_checker_sees_an_attempt_after_the_deadline() {
    let said = complaints(|trace| {
        let Event::Started { spec, .. } = &mut trace[0].event else { panic!("the start") };
        spec.deadline = Some(Millis(3_000));
    });
    assert_says(&said, "sent when the deadline was over");
    assert_says(&said, "waits beyond the deadline");
}

#[test]
fn the_checker_sees_wrong_numbers() {
    let said = complaints(|trace| {
        let place = sends(trace)[1];
        let Event::Out(Output::Send { number, .. }) = &mut trace[place].event else { panic!() };
        *number = 3;
    });
    assert_says(&said, "attempt 2 is numbered 3");
    let said = complaints(|trace| {
        let place = sends(trace)[1];
        let Event::Out(Output::Send { attempt, .. }) = &mut trace[place].event else { panic!() };
        *attempt = AttemptId(1);
    });
    assert_says(&said, "the id 1 was sent before");
    let said = complaints(|trace| {
        let place = sends(trace)[1];
        let Event::Out(Output::Send { target, .. }) = &mut trace[place].event else { panic!() };
        *target = 1;
    });
    assert_says(&said, "sent to target 1 instead of 0");
}

#[test]
fn the_checker_sees_an_attempt_that_nobody_stops() {
    let said = complaints(|trace| {
        let abort = places(trace, |output| matches!(output, Output::Abort { .. }))[0];
        trace.remove(abort);
    });
    assert_says(&said, "settled with an attempt in flight");
    let said = complaints(|trace| {
        let Event::Started { spec, .. } = &mut trace[0].event else { panic!("the start") };
        Rc::make_mut(&mut spec.policy).keeps_late_attempts = false;
    });
    assert_says(&said, "left in flight without a right to overtime");
}

#[test]
fn the_checker_sees_an_attempt_that_is_stopped_for_no_reason() {
    let said = complaints(|trace| {
        let place = places(trace, |output| matches!(output, Output::Abort { .. }))[0];
        let Event::Out(Output::Abort { timed_out, .. }) = &mut trace[place].event else { panic!() };
        *timed_out = true;
    });
    assert_says(&said, "had time left");
    let said = complaints(|trace| {
        let place = places(trace, |output| matches!(output, Output::Abort { .. }))[0];
        let again = trace[place].clone();
        trace.insert(place, again);
    });
    assert_says(&said, "is not open, yet it is aborted");
}

#[test]
fn the_checker_sees_a_wrong_record() {
    fn with_record(change: impl Fn(&mut Vec<PastAttempt>, &mut Millis)) -> String {
        complaints(|trace| {
            let place = the_settle(trace);
            let Event::Out(Output::Settle { record, .. }) = &mut trace[place].event else {
                panic!("the end");
            };
            change(&mut record.attempts, &mut record.waited);
        })
    }
    assert_says(&with_record(|attempts, _| attempts.truncate(2)), "sent 3 times, recorded 2");
    assert_says(&with_record(|_, waited| waited.0 += 1), "ms, recorded");
    assert_says(&with_record(|_, waited| waited.0 = 0), "attempts waited");
    assert_says(&with_record(|attempts, _| attempts[0].number = 2), "recorded attempts [2, 2");
    assert_says(&with_record(|attempts, _| attempts[0].took.0 += 1), "recorded PastAttempt");
    assert_says(&with_record(|attempts, _| attempts[0].info = None), "recorded PastAttempt");
    assert_says(&with_record(|attempts, _| attempts[2].abandoned = false), "recorded PastAttempt");
    assert_says(&with_record(|attempts, _| attempts.swap(0, 1)), "recorded PastAttempt");
}

#[test]
fn the_checker_sees_a_wrong_ending() {
    let end = |with: Ending| {
        complaints(|trace| {
            let place = the_settle(trace);
            let Event::Out(Output::Settle { ending, .. }) = &mut trace[place].event else {
                panic!("the end");
            };
            *ending = with;
        })
    };
    assert_says(&end(Ending::Answered(AttemptId(3))), "which did not answer");
    let info = Rc::new(ErrorInfo::new(Kind::Timeout));
    assert_says(&end(Ending::Failed { why: Why::AttemptsUsed, info }), "an answer was lost");
    assert_says(&end(Ending::Cancelled), "an answer was lost");
}

#[test]
fn the_checker_sees_a_wrong_wait() {
    let wait_of = |ms| {
        complaints(|trace| {
            let place = places(trace, |output| matches!(output, Output::Wait { .. }))[0];
            let Event::Out(Output::Wait { wait, .. }) = &mut trace[place].event else { panic!() };
            *wait = Millis(ms);
        })
    };
    assert_says(&wait_of(2_999), "waits 2999 ms where the server said 3000");
    assert_says(&wait_of(3_601), "waits 3601 ms, too long after 3000");
    assert_says(&wait_of(5_001), "waits 5001 ms for a target that has a next one");
    assert_says(&wait_of(60_000), "waits beyond the deadline");
}

#[test]
fn the_checker_sees_a_wrong_wakeup() {
    let wakes = |at: Option<u64>| {
        complaints(|trace| {
            let is_idle = |entry: &&mut Entry| matches!(entry.event, Event::Idle { .. });
            let last = trace.iter_mut().rfind(|entry| is_idle(entry) && entry.at.0 < 4_200);
            let Event::Idle { wakeup, .. } = &mut last.expect("a rest").event else { panic!() };
            *wakeup = at.map(Instant);
        })
    };
    assert_says(&wakes(None), "wakes at None instead of Some");
    assert_says(&wakes(Some(100)), "wakes at Some(Instant(100)) instead of");
    assert_says(&wakes(Some(1)), "what was due was not done");
}

#[test]
fn the_checker_sees_a_call_that_sleeps_for_ever_or_sends_for_ever() {
    let said = complaints(|trace| {
        let waits = places(trace, |output| matches!(output, Output::Wait { .. }))[0];
        trace.remove(waits);
    });
    assert_says(&said, "nothing is due or in flight");
    let said = complaints(|trace| {
        let Event::Started { spec, .. } = &mut trace[0].event else { panic!("the start") };
        spec.targets = Rc::from([spec.targets[0]]);
        let policy = Rc::make_mut(&mut spec.policy);
        (policy.max_attempts, policy.uses_deadline) = (1, false);
    });
    assert_says(&said, "1 attempts at 0 have failed, and one more is sent");
}

/// The complaints about a call over targets of these accounts once its trace was changed.
fn of_chain(
    policy: &Policy,
    accounts: &[u32],
    script: &[Step],
    change: impl FnOnce(&mut Vec<Entry>),
) -> String {
    let mut trace = run(policy, accounts, None, script).trace;
    let violations = check(&trace, true);
    assert!(violations.is_empty(), "{violations:#?}\n{}", show(&trace));
    change(&mut trace);
    check(&trace, true).join("\n")
}

/// Other accounts for the targets of the one call of a trace.
fn with_accounts(accounts: &[u32]) -> impl FnOnce(&mut Vec<Entry>) {
    let targets = spec(Policy::RETRY, accounts, None).targets;
    move |trace| {
        let Event::Started { spec, .. } = &mut trace[0].event else { panic!("the start") };
        spec.targets = targets;
    }
}

/// Another error for the failure of that number, from 0.
fn with_error(trace: &mut [Entry], number: usize, kind: Kind) {
    let mut failures = trace.iter_mut().filter_map(|entry| match &mut entry.event {
        Event::In(Input::Failed { info, .. }) => Some(info),
        _ => None,
    });
    *failures.nth(number).expect("a failure") = Rc::new(ErrorInfo::new(kind));
}

#[test]
fn the_checker_sees_a_target_that_is_returned_to_before_the_others_had_their_turn() {
    let script = [hinted(Kind::Overloaded, 6_000), hinted(Kind::Overloaded, 60_000)];
    let said = of_chain(&Policy::GENERATE, &[0, 1], &script, with_accounts(&[0, 1, 1]));
    assert_says(&said, "comes back to 0 in the first round");
    // The account has refused for good, and with it the last target.
    let script = [of(Kind::Overloaded), of(Kind::Forbidden)];
    let said = of_chain(&Policy::GENERATE, &[0, 1, 1], &script, with_accounts(&[0, 1, 2]));
    assert_says(&said, "comes back to 0 in the first round");
    let script = [of(Kind::Overloaded), hinted(Kind::SpendLimited, 60_000)];
    let said = of_chain(&Policy::GENERATE, &[0, 1, 1], &script, with_accounts(&[0, 1, 2]));
    assert_says(&said, "comes back to 0 in the first round");
}

#[test]
fn the_checker_sees_a_target_that_is_returned_to_though_it_has_refused_for_good() {
    let longer = hinted(Kind::Overloaded, 60_000);
    let script = [hinted(Kind::Overloaded, 6_000), longer.clone(), longer];
    for (number, kind) in [(0, Kind::DailyQuota), (1, Kind::Billing), (1, Kind::SpendLimited)] {
        let said = of_chain(&Policy::GENERATE, &[0, 0, 1], &script, |trace| {
            with_error(trace, number, kind);
        });
        assert_says(&said, "comes back to 0, which has refused for good");
    }
}

#[test]
fn the_checker_sees_that_a_spending_rate_is_the_account_s() {
    let script = [of(Kind::SpendLimited)];
    let said = of_chain(&Policy::GENERATE, &[0, 1], &script, with_accounts(&[0, 0]));
    assert_says(&said, "SpendLimited led to a target of the same account");
    let script = [hinted(Kind::SpendLimited, 10_000), of(Kind::DailyQuota)];
    let said = of_chain(&Policy::GENERATE, &[0, 0, 1], &script, |trace| {
        let place = places(trace, |output| matches!(output, Output::Switch { .. }))[1];
        let Event::Out(Output::Switch { to, .. }) = &mut trace[place].event else { panic!() };
        *to = 1;
        let place = sends(trace)[2];
        trace[place].at = Instant(9_000);
        let Event::Out(Output::Send { target, .. }) = &mut trace[place].event else { panic!() };
        *target = 1;
    });
    assert_says(&said, "sent before the server's time");
}

#[test]
fn the_checker_sees_a_wait_for_a_target_that_was_not_asked() {
    let script = [of(Kind::Overloaded), of(Kind::Overloaded)];
    let said = of_chain(&Policy::GENERATE, &[0, 1], &script, |trace| {
        let waits = places(trace, |output| matches!(output, Output::Wait { .. }))[0];
        let wait = trace[waits].clone();
        let first = sends(trace)[1];
        trace.insert(first, Entry { at: trace[first].at, ..wait });
    });
    assert_says(&said, "waits for 1, which has not been asked");
}

#[test]
fn the_checker_sees_more_free_waits_than_there_are() {
    let policy = Policy { max_attempts: 2, ..Policy::GENERATE };
    let script = vec![per_minute(Some(1_000)); 30];
    let said = of_chain(&policy, &[0], &script, |trace| {
        let Event::Started { spec, .. } = &mut trace[0].event else { panic!("the start") };
        Rc::make_mut(&mut spec.policy).max_attempts = 1;
    });
    assert_says(&said, "call 0 at 2");
    assert_eq!(said.matches("1 attempts at 0 have failed").count(), 1, "{said}");
}

#[test]
fn the_checker_sees_more_lost_answers_than_may_be_billed() {
    let script = vec![of(Kind::Timeout).taking(3_000); 30];
    let policy = Policy { max_attempts: 6, ..Policy::GENERATE };
    let said = of_chain(&policy, &[0, 1], &script, |trace| {
        let Event::Started { spec, .. } = &mut trace[0].event else { panic!("the start") };
        Rc::make_mut(&mut spec.policy).max_attempts = 5;
    });
    assert_says(&said, "sent after 5 that are lost and likely billed");
}

#[test]
fn the_checker_sees_what_nothing_may_follow() {
    let said = of_chain(&Policy::GENERATE, &[0], &[of(Kind::Network)], |trace| {
        with_error(trace, 0, Kind::InvalidRequest);
    });
    assert_says(&said, "the error is final, yet: Wait");
}

#[test]
fn the_checker_sees_a_wrong_switch() {
    let mut world = World::new(2);
    world.start(spec(Policy::GENERATE, &[0, 1], None), &[of(Kind::Billing), answer()]);
    world.run();
    let mut trace = world.trace.clone();
    let Event::Started { spec: call, .. } = &mut trace[0].event else { panic!("the start") };
    call.targets = spec(Policy::RETRY, &[0, 0], None).targets;
    assert_says(&check(&trace, true).join("\n"), "a target of the same account");
    let mut trace = world.trace;
    let place = places(&trace, |output| matches!(output, Output::Switch { .. }))[0];
    let Event::Out(Output::Switch { to, .. }) = &mut trace[place].event else { panic!() };
    *to = 0;
    assert_says(&check(&trace, true).join("\n"), "switched from 0 to 0");
}

/// Twenty exempt calls, then the same trace as of calls that have a budget.
fn assert_budget_is_seen(accounts: &[u32], step: &Step) {
    let mut world = World::new(2);
    let policy = Policy { budgeted: false, max_attempts: 2, ..Policy::RETRY };
    for _ in 0..20 {
        world.start(spec(policy.clone(), accounts, None), core::slice::from_ref(step));
    }
    world.run();
    assert!(check(&world.trace, true).is_empty(), "who is exempt may");
    let mut trace = world.trace;
    for entry in &mut trace {
        if let Event::Started { spec, .. } = &mut entry.event {
            Rc::make_mut(&mut spec.policy).budgeted = true;
        }
    }
    assert_says(&check(&trace, true).join("\n"), "retries beyond the target's budget");
}

#[test]
fn the_checker_sees_retries_beyond_the_budget() {
    assert_budget_is_seen(&[0], &of(Kind::Network));
}

#[test]
fn the_checker_sees_returns_beyond_the_budget() {
    assert_budget_is_seen(&[0, 1], &of(Kind::Overloaded));
}
