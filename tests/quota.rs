//! The rules of usage, one by one: windows, days, learning, sharing.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used
)]

use std::rc::Rc;

use unexhausted::base::pacific::next_midnight;
use unexhausted::base::time::{Millis, WallTime};
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind};
use unexhausted::quota::clock::Clock;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::refusal::Refusal;
use unexhausted::quota::shared::{Delta, Reply, Request, SharedUsage, apply};
use unexhausted::quota::usage::Usage;
use unexhausted::quota::window::Amounts;

const RPM: Dimension = Dimension::RequestsPerMinute;
const TPM: Dimension = Dimension::TokensPerMinute;
const RPD: Dimension = Dimension::RequestsPerDay;
const SPEND: Dimension = Dimension::Spend;

/// Noon of 2026-11-24 in Los Angeles.
const NOON: u64 = 1_795_550_400_000;

const ONE: Amounts = Amounts { requests: 1, tokens: 0, images: 1, nanos: 0 };

fn at(now: u64) -> Clock {
    Clock { now, wall: NOON + now }
}

fn usage(limits: &[(Dimension, u64)]) -> Usage {
    let none = Limits::default();
    let limits = limits.iter().fold(none, |limits, (row, limit)| limits.with(*row, Some(*limit)));
    Usage::new(&limits, &none)
}

/// Takes as many as go now.
fn takes(usage: &mut Usage, clock: Clock, cost: &Amounts) -> usize {
    (0..10_000).take_while(|_| usage.take(clock, cost).is_ok()).count()
}

#[test]
fn a_minute_is_spent_to_the_last_request_and_free_again_half_a_second_after_it() {
    let mut usage = usage(&[(RPM, 20)]);
    assert_eq!(takes(&mut usage, at(5_000), &ONE), 20);
    let denial = usage.take(at(5_000), &ONE).unwrap_err();
    assert_eq!((denial.until, denial.dimension), (65_500, Some(RPM)));
    assert_eq!(takes(&mut usage, at(65_499), &ONE), 0);
    assert_eq!(takes(&mut usage, at(65_500), &ONE), 20);
}

#[test]
fn whatever_is_sent_fits_a_sliding_minute() {
    let mut usage = usage(&[(RPM, 7)]);
    let mut sent: Vec<u64> = Vec::new();
    for now in (0..600_000).step_by(137) {
        let count = takes(&mut usage, at(now), &ONE);
        sent.extend(std::iter::repeat_n(now, count));
    }
    for (index, first) in sent.iter().enumerate() {
        // A request may take from 20 to 420 ms to arrive.
        let within = sent.iter().skip(index).filter(|at| **at + 20 < first + 60_000 + 420).count();
        assert!(within <= 7, "{within} from {first} on");
    }
    assert!(sent.len() >= 67, "{} in ten minutes", sent.len());
}

#[test]
fn tokens_are_settled_by_what_the_answer_says() {
    let mut usage = usage(&[(TPM, 1_000)]);
    let cost = Amounts { tokens: 600, ..ONE };
    usage.take(at(0), &cost).unwrap();
    assert_eq!(usage.take(at(0), &cost).unwrap_err().dimension, Some(TPM));
    usage.settle(0, &cost, &Amounts { tokens: 300, ..ONE });
    usage.take(at(10), &cost).unwrap();
    usage.settle(10, &cost, &Amounts { tokens: 900, ..ONE });
    assert_eq!(usage.used(TPM), 1_200, "more than was reserved counts too");
}

#[test]
fn what_was_never_sent_is_free_again_in_all_windows() {
    let mut usage = usage(&[(RPM, 1), (RPD, 1)]);
    usage.take(at(0), &ONE).unwrap();
    usage.settle(0, &ONE, &Amounts::default());
    usage.take(at(0), &ONE).unwrap();
}

#[test]
fn a_request_larger_than_a_limit_goes_when_nothing_else_is_counted() {
    let mut usage = usage(&[(TPM, 1_000)]);
    let huge = Amounts { tokens: 5_000, ..ONE };
    usage.take(at(0), &huge).unwrap();
    assert_eq!(usage.take(at(1), &huge).unwrap_err().until, 60_500);
}

#[test]
fn a_day_ends_at_midnight_pacific_and_nothing_goes_around_it() {
    let mut usage = usage(&[(RPD, 3)]);
    assert_eq!(takes(&mut usage, at(0), &ONE), 3);
    let denial = usage.take(at(0), &ONE).unwrap_err();
    let midnight = next_midnight(WallTime(NOON)).0 - NOON;
    assert_eq!((denial.until, denial.dimension), (midnight + 4_000, Some(RPD)));
    assert_eq!(takes(&mut usage, at(midnight + 1_999), &ONE), 0);
    assert_eq!(takes(&mut usage, at(midnight + 4_000), &ONE), 3);
}

#[test]
fn what_is_left_of_a_day_is_not_sent_across_its_end() {
    // The service's clock may be ahead, and a request takes a moment to arrive.
    let mut usage = usage(&[(RPD, 2)]);
    let midnight = next_midnight(WallTime(NOON)).0 - NOON;
    usage.take(at(midnight - 60_000), &ONE).unwrap();
    let denial = usage.take(at(midnight - 1_000), &ONE).unwrap_err();
    assert_eq!(denial.until, midnight + 4_000);
}

#[test]
fn a_clock_set_forward_does_not_begin_a_new_day() {
    const DAY: u64 = 86_400_000;
    let mut usage = usage(&[(RPD, 3)]);
    assert_eq!(takes(&mut usage, at(0), &ONE), 3);
    let tomorrow = Clock { now: 60_000, wall: NOON + DAY };
    assert!(usage.doubts_day(tomorrow));
    assert_eq!(takes(&mut usage, tomorrow, &ONE), 1, "it may be a computer that slept");
    usage.refuse(tomorrow, 60_000, &ONE, &refused(Kind::DailyQuota, Some(RPD), Some(3)));
    assert_eq!(takes(&mut usage, tomorrow, &ONE), 0, "it has found out");
    let later = Clock { now: 360_000, wall: NOON + DAY + 300_000 };
    assert_eq!(takes(&mut usage, later, &ONE), 1, "a while later, again");
    usage.refuse(later, 360_000, &ONE, &refused(Kind::DailyQuota, Some(RPD), Some(3)));
    // Nor does one set back an hour end it late by more than that hour.
    let back = Clock { now: DAY, wall: NOON + DAY - 3_600_000 };
    assert_eq!(takes(&mut usage, back, &ONE), 3);
}

#[test]
fn one_request_finds_out_if_a_day_is_over_that_a_computer_slept_through() {
    let mut usage = usage(&[(RPD, 3)]);
    assert_eq!(takes(&mut usage, at(0), &ONE), 3);
    assert!(!usage.proves_day(at(0)));
    // The other clock stood still for the night.
    let morning = Clock { now: 60_000, wall: NOON + 86_400_000 };
    assert_eq!(usage.earliest(morning, &ONE, 0), None, "it may go now");
    assert_eq!(takes(&mut usage, morning, &ONE), 1);
    assert!(usage.proves_day(morning), "if it is served");
    usage.end_doubt(morning);
    assert!(!usage.doubts_day(morning));
    assert_eq!(takes(&mut usage, morning, &ONE), 2, "of three the first has gone");
}

#[test]
fn a_budget_of_the_day_is_in_nobodys_doubt() {
    let mut usage = usage(&[(Dimension::BudgetPerDay, 200_000_000)]);
    let picture = Amounts { nanos: 134_000_000, ..ONE };
    assert_eq!(takes(&mut usage, at(0), &picture), 1);
    let morning = Clock { now: 60_000, wall: NOON + 86_400_000 };
    assert_eq!(takes(&mut usage, morning, &picture), 0);
}

#[test]
fn money_counts_for_ten_minutes() {
    let mut usage = usage(&[(SPEND, 10_000_000_000)]);
    let picture = Amounts { nanos: 134_000_000, ..ONE };
    assert_eq!(takes(&mut usage, at(0), &picture), 74);
    assert_eq!(usage.take(at(0), &picture).unwrap_err().until, 600_500);
    usage.settle(0, &picture, &Amounts { nanos: 34_000_000, ..ONE });
    assert_eq!(takes(&mut usage, at(1), &Amounts { nanos: 100_000_000, ..ONE }), 1);
}

fn refused(kind: Kind, dimension: Option<Dimension>, limit: Option<u64>) -> Refusal {
    let info = ErrorInfo { dimension, quota_limit: limit, ..ErrorInfo::new(kind) };
    Refusal::read(&info).unwrap()
}

#[test]
fn a_limit_in_a_sentence_waits_as_the_sentence_says() {
    let said = ErrorInfo {
        dimension: Some(RPM),
        quota_limit: Some(20),
        retry_after: Some(Millis(1_100)),
        ..ErrorInfo::new(Kind::RateLimited)
    };
    let refusal = Refusal::read(&said).unwrap();
    assert!(!refusal.is_quota && refusal.wait == Some(Millis(1_100)), "it may be a bucket");
    let named = ErrorInfo { quota_id: Some("of a minute".to_owned()), ..said };
    assert!(Refusal::read(&named).unwrap().is_quota);
}

#[test]
fn a_limit_that_the_service_names_is_kept_to() {
    let mut usage = usage(&[]);
    assert_eq!(takes(&mut usage, at(0), &ONE), 10_000, "nothing is known");
    let mut usage = Usage::default();
    for _ in 0..13 {
        usage.take(at(0), &ONE).unwrap();
    }
    let said = refused(Kind::RateLimited, Some(RPM), Some(12));
    let learned = usage.refuse(at(300), 0, &ONE, &said).unwrap();
    assert_eq!((learned.dimension, learned.change.limit), (RPM, 12));
    assert_eq!(learned.change.previous, None);
    assert!(usage.take(at(400), &ONE).is_err());
    assert_eq!(takes(&mut usage, at(60_500), &ONE), 12);
}

#[test]
fn a_refused_request_counts_in_the_minute_but_not_in_the_day_and_costs_nothing() {
    let mut usage = usage(&[(RPM, 2), (RPD, 2), (SPEND, 1_000)]);
    let cost = Amounts { nanos: 1_000, ..ONE };
    usage.take(at(0), &cost).unwrap();
    usage.refuse(at(100), 0, &cost, &refused(Kind::RateLimited, Some(RPM), Some(2)));
    assert_eq!((usage.used(RPM), usage.used(RPD), usage.used(SPEND)), (1, 0, 0));
}

#[test]
fn usage_tells_what_is_used_of_what_and_when_it_frees() {
    let mut usage = usage(&[(RPM, 20), (RPD, 250)]);
    usage.take(at(1_000), &ONE).unwrap();
    let rows: Vec<_> = usage.rows().filter(|usage| usage.limit.is_some()).collect();
    assert_eq!(rows.len(), 2);
    let minute = rows.iter().find(|usage| usage.dimension == RPM).unwrap();
    assert_eq!((minute.used, minute.limit, minute.frees), (1, Some(20), Some(61_500)));
}

/// A process that shares its usage with others.
struct Process {
    id: u64,
    seq: u64,
    seen: Option<Rc<SharedUsage>>,
}

impl Process {
    fn new(id: u64) -> Self {
        Self { id, seq: 0, seen: None }
    }

    fn request(&mut self, costs: usize, deltas: Vec<Delta>) -> Request {
        self.seq += 1;
        Request {
            peer: self.id,
            seq: self.seq,
            given: Limits::default().with(RPM, Some(20)),
            tier: Limits::default(),
            seen: self.seen.clone(),
            deltas,
            costs: vec![ONE; costs],
            waiting: costs as u64,
            epoch: self.id.wrapping_mul(1_000) + self.seq,
        }
    }

    fn asks(&mut self, state: &mut Option<String>, now: u64, costs: usize) -> Reply {
        let request = self.request(costs, Vec::new());
        let (text, reply) = apply(state.as_deref(), now, &request);
        *state = Some(text);
        self.seen = Some(Rc::clone(&reply.shared));
        reply
    }
}

#[test]
fn two_processes_spend_one_minute_between_them() {
    let (mut a, mut b, mut state) = (Process::new(1), Process::new(2), None);
    assert_eq!(a.asks(&mut state, NOON, 12).granted, 12);
    let reply = b.asks(&mut state, NOON + 50, 12);
    assert_eq!(reply.granted, 8);
    assert_eq!(reply.denial.unwrap().until, NOON + 60_550, "a shared minute goes by seconds");
    assert_eq!(a.asks(&mut state, NOON + 60_499, 1).granted, 0);
}

#[test]
fn who_waits_gets_as_much_as_the_others() {
    let (mut a, mut b, mut c, mut state) =
        (Process::new(1), Process::new(2), Process::new(3), None);
    assert_eq!(a.asks(&mut state, NOON, 40).granted, 20, "nobody else waits");
    b.asks(&mut state, NOON, 40);
    c.asks(&mut state, NOON, 40);
    a.asks(&mut state, NOON + 60_000, 40);
    b.asks(&mut state, NOON + 60_000, 40);
    c.asks(&mut state, NOON + 60_000, 40);
    let first = a.asks(&mut state, NOON + 60_500, 40);
    assert_eq!(first.granted, 7);
    assert_eq!(first.denial.unwrap().until, NOON + 60_600, "it comes back for what is left");
    let second = b.asks(&mut state, NOON + 60_510, 40);
    let third = c.asks(&mut state, NOON + 60_520, 40);
    assert!(second.granted >= 4 && third.granted >= 3, "{} {}", second.granted, third.granted);
}

#[test]
fn an_answer_that_got_lost_is_given_again_and_counted_once() {
    let (mut a, mut state) = (Process::new(1), None::<String>);
    let request = a.request(5, Vec::new());
    let (text, first) = apply(state.as_deref(), NOON, &request);
    state = Some(text);
    let (_, again) = apply(state.as_deref(), NOON + 900, &request);
    assert_eq!((first.granted, again.granted), (5, 5));
    assert_eq!(again.shared.usage.used(RPM), 5);
    assert_eq!(again.now, NOON, "the permits are as old as they are");
}

#[test]
fn a_store_that_has_forgotten_is_mended_and_holds_for_a_minute() {
    let (mut a, mut b, mut state) = (Process::new(1), Process::new(2), None);
    a.asks(&mut state, NOON, 10);
    b.asks(&mut state, NOON + 1_000, 10);
    state = None;
    let reply = a.asks(&mut state, NOON + 2_000, 5);
    assert_eq!(reply.granted, 0);
    assert_eq!(reply.denial.unwrap().until, NOON + 62_500);
    b.asks(&mut state, NOON + 3_000, 5);
    let reply = a.asks(&mut state, NOON + 4_000, 0);
    assert_eq!(reply.shared.usage.used(RPM), 20, "both remember what they have sent");
    assert_eq!(a.asks(&mut state, NOON + 62_499, 5).granted, 0);
    assert_eq!(a.asks(&mut state, NOON + 62_500, 5).granted, 5);
}

#[test]
fn a_new_process_on_an_empty_store_does_not_wait() {
    let (mut a, mut state) = (Process::new(1), None);
    assert_eq!(a.asks(&mut state, NOON, 3).granted, 3);
}

#[test]
fn a_state_that_is_none_of_ours_counts_as_forgotten() {
    let (mut a, mut state) = (Process::new(1), None);
    a.asks(&mut state, NOON, 10);
    let mut torn = state.clone().map(|text| text[..text.len() / 2].to_owned());
    assert_eq!(a.asks(&mut torn, NOON + 100, 20).granted, 0);
    assert_eq!(torn.as_deref().and_then(SharedUsage::read).unwrap().usage.used(RPM), 10);
}

#[test]
fn a_clock_set_back_frees_nothing_early_and_blocks_nothing_for_long() {
    let (mut a, mut state) = (Process::new(1), None);
    assert_eq!(a.asks(&mut state, NOON, 20).granted, 20);
    let back = NOON - 3_600_000;
    assert_eq!(a.asks(&mut state, back, 5).granted, 0);
    assert_eq!(a.asks(&mut state, back + 60_499, 5).granted, 0);
    assert_eq!(a.asks(&mut state, back + 60_500, 5).granted, 5);
}

#[test]
fn a_clock_that_was_years_ahead_spends_no_day_but_this() {
    const YEARS: u64 = 10 * 365 * 86_400_000;
    let mut usage = usage(&[(RPD, 3)]);
    assert_eq!(takes(&mut usage, at(YEARS), &ONE), 3);
    let denial = usage.take(at(0), &ONE).unwrap_err();
    assert_eq!(denial.dimension, Some(RPD));
    assert!(denial.until <= 50 * 3_600_000, "{} hours", denial.until / 3_600_000);
    assert_eq!(takes(&mut usage, at(denial.until), &ONE), 3);
}

#[test]
fn a_clock_set_back_holds_what_was_forgotten_no_longer_than_a_minute() {
    let (mut a, mut state) = (Process::new(1), None);
    a.asks(&mut state, NOON, 10);
    let mut lost = None;
    assert_eq!(a.asks(&mut lost, NOON + 100, 1).denial.unwrap().until, NOON + 60_600);
    let back = NOON - 3_600_000;
    assert_eq!(a.asks(&mut lost, back, 1).denial.unwrap().until, back + 60_500);
    assert_eq!(a.asks(&mut lost, back + 60_500, 1).granted, 1);
}

#[test]
fn a_state_that_was_made_up_frees_no_minute_and_holds_nobody_for_long() {
    let (mut b, mut state) = (Process::new(2), None);
    b.asks(&mut state, NOON, 9);
    b.asks(&mut state, NOON + 2_000, 9);
    let said = refused(Kind::RateLimited, Some(RPM), Some(40));
    let delta = Delta::Refuse { at: NOON, said_at: NOON, reserved: ONE, said };
    let request = b.request(0, vec![delta]);
    let good = apply(state.as_deref(), NOON + 2_000, &request).0;
    let words: Vec<&str> = good.split(' ').collect();
    for place in 1..words.len() {
        for odd in ["0", "1", "zz", "1000000", "zzzzzzzzz", "3w5e11264sgsf"] {
            let mut words = words.clone();
            words[place] = odd;
            let (mut a, mut state) = (Process::new(1), Some(words.join(" ")));
            let (mut now, mut granted) = (NOON + 2_000, 0);
            while now < NOON + 120_000 {
                let reply = a.asks(&mut state, now, 30);
                // A state is believed in what it says of its own minute.
                granted += if now > NOON + 62_500 { reply.granted } else { 0 };
                assert!(granted <= 20, "{granted} with {odd} as number {place}");
                let until = reply.denial.map_or(now, |denial| denial.until);
                assert!(until - now <= 366 * 86_400_000, "{until} with {odd} as number {place}");
                now += 2_000;
            }
        }
    }
}

#[test]
fn a_state_is_short_whatever_the_limits() {
    let mut state = None;
    let mut processes: Vec<Process> = (1..=40).map(|id| Process::new(u64::MAX - id)).collect();
    for step in 0..4_000_u64 {
        let now = NOON + step * 50;
        let count = processes.len() as u64;
        let process = &mut processes[(step % count) as usize];
        let mut request = process.request(0, Vec::new());
        request.given = Limits::default().with(TPM, Some(5_000_000_000));
        request.costs = vec![Amounts { requests: 9, tokens: 49_999_999, images: 9, nanos: 0 }; 3];
        let (text, reply) = apply(state.as_deref(), now, &request);
        assert!(text.is_ascii() && text.len() <= 4_096, "{} bytes", text.len());
        process.seen = Some(reply.shared);
        state = Some(text);
    }
}

#[test]
fn what_is_written_reads_back_and_decides_the_same() {
    let (mut a, mut state) = (Process::new(1), None);
    a.asks(&mut state, NOON, 13);
    let said =
        Refusal { wait: Some(Millis(7_000)), ..refused(Kind::RateLimited, Some(RPM), Some(9)) };
    let delta = Delta::Refuse { at: NOON, said_at: NOON + 400, reserved: ONE, said };
    let request = a.request(0, vec![delta]);
    let (text, reply) = apply(state.as_deref(), NOON + 400, &request);
    assert_eq!(reply.learned.len(), 1);
    let read = SharedUsage::read(&text).unwrap();
    assert_eq!(read.write(), text);
    let (mut one, mut other) = (read.usage.clone(), reply.shared.usage.clone());
    let given = Limits::default().with(RPM, Some(20));
    one.set_limits(&given, &Limits::default());
    for step in 0..400 {
        let clock = Clock { now: NOON + 400 + step * 997, wall: NOON + 400 + step * 997 };
        assert_eq!(one.take(clock, &ONE), other.take(clock, &ONE), "at step {step}");
    }
}

/// Takes as many as go now of a limit that the service has named, a minute after another.
fn minutes(usage: &mut Usage, minutes: u64) -> Vec<usize> {
    (0..minutes).map(|minute| takes(usage, at(minute * 60_500), &ONE)).collect()
}

#[test]
fn one_more_is_tried_after_a_burst_and_not_amid_the_idle_part_of_a_minute() {
    let mut usage = Usage::default();
    for _ in 0..21 {
        usage.take(at(0), &ONE).unwrap();
    }
    usage.refuse(at(100), 0, &ONE, &refused(Kind::RateLimited, Some(RPM), Some(20)));
    assert_eq!(minutes(&mut usage, 10).iter().skip(1).sum::<usize>(), 9 * 20);
    // It is due since ten minutes were over, but a refusal would keep a place there.
    assert_eq!(takes(&mut usage, at(601_000), &ONE), 0);
    assert_eq!(takes(&mut usage, at(605_000), &ONE), 21, "it leaves the window with the others");
}

#[test]
fn what_is_large_and_does_not_fit_is_no_sign_of_others() {
    let mut usage = usage(&[(TPM, 49_200)]);
    let sized = |tokens| Amounts { tokens, ..ONE };
    usage.take(at(0), &sized(40_900)).unwrap();
    usage.take(at(10), &sized(8_100)).unwrap();
    // The service has counted a little more than we estimate.
    let info = ErrorInfo {
        dimension: Some(TPM),
        quota_limit: Some(49_200),
        quota_id: Some("of a minute".to_owned()),
        retry_after: Some(Millis(59_000)),
        ..ErrorInfo::new(Kind::RateLimited)
    };
    usage.refuse(at(400), 10, &sized(8_100), &Refusal::read(&info).unwrap());
    assert_eq!(usage.estimator(TPM).limit(), Some(49_200));
    assert_eq!(usage.used(TPM), 40_900, "it fits when the wait is over");
    assert_eq!(takes(&mut usage, at(60_510), &sized(8_100)), 6);
}

/// A service of 20 a minute that takes nothing more of a burst of 21 at 100 s, and says that one
/// more fits after a wait.
fn refused_once(wait: u64) -> Usage {
    let mut usage = Usage::default().finely();
    assert_eq!((0..21).filter(|_| usage.take(at(100_000), &ONE).is_ok()).count(), 21);
    let info = ErrorInfo {
        dimension: Some(RPM),
        quota_limit: Some(20),
        quota_id: Some("of a minute".to_owned()),
        retry_after: Some(Millis(wait)),
        ..ErrorInfo::new(Kind::RateLimited)
    };
    usage.refuse(at(100_300), 100_000, &ONE, &Refusal::read(&info).unwrap());
    usage
}

#[test]
fn a_minute_of_the_clock_is_known_by_the_end_that_a_refusal_names() {
    let mut usage = refused_once(30_000);
    assert_eq!(takes(&mut usage, at(130_299), &ONE), 0);
    assert_eq!(takes(&mut usage, at(130_300), &ONE), 1, "one finds out");
    assert_eq!(usage.take(at(131_299), &ONE).unwrap_err().until, 131_300);
    assert_eq!(takes(&mut usage, at(131_300), &ONE), 19, "it was let in: all of a minute is free");
    assert_eq!(takes(&mut usage, at(190_799), &ONE), 0);
    assert_eq!(takes(&mut usage, at(190_800), &ONE), 1);
}

#[test]
fn a_bucket_is_known_by_the_turn_that_a_refusal_names() {
    let mut usage = refused_once(2_900);
    let times: Vec<u64> = (100_300..170_000)
        .step_by(100)
        .flat_map(|now| vec![now; takes(&mut usage, at(now), &ONE)])
        .collect();
    assert!(times.len() >= 20, "{times:?}");
    // After a turn more, since what was refused may count, one goes a turn.
    assert!(times.iter().all(|time| *time >= 106_200), "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 3_000), "{times:?}");
}

#[test]
fn a_sliding_minute_is_no_other() {
    for wait in [54_700, 59_700] {
        let mut usage = refused_once(wait);
        assert_eq!(takes(&mut usage, at(160_499), &ONE), 0, "{wait}");
        assert_eq!(takes(&mut usage, at(160_500), &ONE), 20, "{wait}");
    }
}

#[test]
fn who_is_refused_when_the_service_said_that_it_fits_believes_no_more() {
    let mut usage = refused_once(30_000);
    usage.take(at(130_300), &ONE).unwrap();
    let info = ErrorInfo {
        dimension: Some(RPM),
        quota_limit: Some(20),
        quota_id: Some("of a minute".to_owned()),
        retry_after: Some(Millis(10_000)),
        ..ErrorInfo::new(Kind::RateLimited)
    };
    usage.refuse(at(130_500), 130_300, &ONE, &Refusal::read(&info).unwrap());
    assert_eq!(takes(&mut usage, at(160_499), &ONE), 0);
}
