//! Days as the service counts them: clocks that are set, nights in which an hour is lost or comes
//! twice. The day of our usage is right, or errs on the side of sending less.

use jiff::civil::date;
use jiff::tz::TimeZone;
use unexhausted::base::pacific::next_midnight;
use unexhausted::base::time::WallTime;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind};
use unexhausted::quota::clock::Clock;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::refusal::Refusal;
use unexhausted::quota::usage::Usage;
use unexhausted::quota::window::Amounts;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// How long after midnight requests may be held back: clocks differ, requests travel.
const MARGIN: u64 = 4_000;
const PER_DAY: u64 = 3;
const ONE: Amounts = Amounts { requests: 1, tokens: 10, images: 1, nanos: 0 };

/// Midnight in Los Angeles at the start of a day, by the time zone database.
fn midnight(year: i16, month: i8, day: i8) -> u64 {
    let zone = TimeZone::get("America/Los_Angeles").expect("the database has Los Angeles");
    let start = date(year, month, day).to_zoned(zone).expect("midnight exists");
    u64::try_from(start.timestamp().as_millisecond()).expect("after 1970")
}

/// The evening before and the morning after, for days of 23, 24 and 25 hours.
fn nights() -> Vec<(u64, u64)> {
    [(2026, 3, 8), (2026, 3, 9), (2026, 11, 1), (2026, 11, 2), (2027, 3, 14), (2027, 7, 1)]
        .map(|(year, month, day)| (midnight(year, month, day), midnight(year, month, day + 1)))
        .to_vec()
}

/// The usage of a limit of some requests a day, its clocks and the true time.
struct Replica {
    quota: Usage,
    truth: u64,
    /// How far the wall clock is from the truth.
    wall: i64,
    /// How far the monotonic one is behind.
    lag: u64,
    /// When requests were served, and how many were refused that asked for a day in doubt.
    served: Vec<u64>,
    probes: u64,
}

impl Replica {
    fn at(truth: u64) -> Self {
        let given = Limits::default().with(Dimension::RequestsPerDay, Some(PER_DAY));
        let quota = Usage::new(&given, &Limits::default()).finely();
        Self { quota, truth, wall: 0, lag: 0, served: Vec::new(), probes: 0 }
    }

    fn clock(&self) -> Clock {
        let now = self.truth - self.lag;
        Clock { now, wall: self.truth.saturating_add_signed(self.wall) }
    }

    /// Asks if the usage lets a request go. The service refuses a request too many where the day is
    /// in doubt, and serves it elsewhere, so that a wrong usage is seen.
    fn asks(&mut self) {
        let clock = self.clock();
        let in_doubt = self.quota.doubts_day(clock);
        if self.quota.take(clock, &ONE).is_err() {
            return;
        }
        let day = |at: &u64| next_midnight(WallTime(*at));
        let today = self.served.iter().filter(|at| day(at) == day(&self.truth)).count() as u64;
        if in_doubt && today >= PER_DAY {
            let dimension = Some(Dimension::RequestsPerDay);
            let said = ErrorInfo { dimension, ..ErrorInfo::new(Kind::DailyQuota) };
            let said = Refusal::read(&said).expect("it is about a quota");
            self.quota.refuse(clock, clock.now, &ONE, &said);
            self.probes += 1;
            return;
        }
        if in_doubt && self.quota.proves_day(clock) {
            self.quota.end_doubt(clock);
        }
        self.served.push(self.truth);
    }

    /// Asks each second until `end`; gives when each request was served.
    fn take_until(&mut self, end: u64) -> Vec<u64> {
        let before = self.served.len();
        while self.truth < end {
            self.asks();
            self.truth += 1_000;
        }
        self.served.iter().skip(before).copied().collect()
    }
}

fn count(taken: &[u64], from: u64, to: u64) -> u64 {
    taken.iter().filter(|at| (from..to).contains(at)).count() as u64
}

#[test]
fn a_day_of_23_24_or_25_hours_ends_at_its_midnight() {
    for (start, end) in nights() {
        let mut replica = Replica::at(start - HOUR);
        let taken = replica.take_until(end + HOUR);
        assert_eq!(count(&taken, start, end), PER_DAY, "in the day from {start}");
        let first = taken.iter().find(|at| **at >= start).expect("a request of the day");
        assert!(*first <= start + MARGIN + 1_000, "the day begins {} ms late", first - start);
        let next = taken.iter().find(|at| **at >= end).expect("a request of the next day");
        assert!(*next <= end + MARGIN + 1_000, "the next begins {} ms late", next - end);
    }
}

#[test]
fn steps_of_seconds_around_midnight_let_nobody_take_two_days_in_one() {
    for (start, _) in nights() {
        for step in [-2_400, -2_000, -1_000, -300, 300, 1_000, 2_400] {
            for before in [500, 1_500, 30_000] {
                let mut replica = Replica::at(start - HOUR);
                let mut taken = replica.take_until(start - before);
                replica.wall = step;
                taken.extend(replica.take_until(start + HOUR));
                assert_eq!(count(&taken, start - HOUR, start), PER_DAY, "{step} {before}");
                assert_eq!(count(&taken, start, start + HOUR), PER_DAY, "{step} {before}");
            }
        }
    }
}

#[test]
fn a_clock_set_back_an_hour_only_makes_the_day_late() {
    for (start, _) in nights() {
        let mut replica = Replica::at(start - 2 * HOUR);
        let mut taken = replica.take_until(start - HOUR / 2);
        replica.wall = -(HOUR as i64);
        taken.extend(replica.take_until(start + 2 * HOUR));
        assert_eq!(count(&taken, start - 2 * HOUR, start), PER_DAY);
        assert!(count(&taken, start, start + 2 * HOUR) <= PER_DAY);
        assert_eq!(count(&taken, start + HOUR, start + 2 * HOUR), PER_DAY, "an hour late, no more");
    }
}

#[test]
fn a_clock_set_forward_a_day_makes_no_new_day() {
    for (start, end) in nights() {
        let mut replica = Replica::at(start + HOUR);
        let mut taken = replica.take_until(start + 2 * HOUR);
        replica.wall = DAY as i64;
        taken.extend(replica.take_until(end - MARGIN));
        assert_eq!(count(&taken, start, end), PER_DAY);
        // For all that is known here the other clock stood still: now and then one finds out.
        assert!(
            replica.probes > 0 && replica.probes <= (end - start) / 300_000,
            "{}",
            replica.probes
        );
        // And back to the truth: the next day begins with its midnight.
        replica.wall = 0;
        taken.extend(replica.take_until(end + HOUR));
        assert_eq!(count(&taken, start, end), PER_DAY);
        assert_eq!(count(&taken, end, end + HOUR), PER_DAY);
    }
}

#[test]
fn a_computer_that_slept_over_midnight_takes_no_day_twice() {
    for (start, end) in nights() {
        let mut replica = Replica::at(start - HOUR);
        let mut taken = replica.take_until(start - HOUR / 2);
        // The monotonic clock stood still for eight hours.
        replica.truth += 8 * HOUR;
        replica.lag = 8 * HOUR;
        taken.extend(replica.take_until(end));
        assert_eq!(count(&taken, start - HOUR, start), PER_DAY);
        assert_eq!(count(&taken, start, end), PER_DAY, "the new day is found at once");
        assert_eq!(replica.probes, 0);
    }
}
