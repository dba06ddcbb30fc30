//! One limit: its source, and how it is learned if the service does not name it.
//!
//! A limit that the service does not name is *found*: the amount accepted when something was
//! refused is the first guess. From then on one more is tried now and then. If that is accepted,
//! twice as many more are tried a minute later; if it is refused, the next try is twice as far
//! away.

use crate::base::random::Random;
use crate::base::time::Millis;
use crate::quota::found_limit::{Change, Found, Source};

/// How long one more is accepted before it counts as allowed: every window has passed by then.
const PROVEN: Millis = Millis(61_000);
/// The same for a share of a limit that others use too: room that they leave is lost within a
/// minute, and a process that comes back for it is refused at once (measured with two to six
/// processes).
const PROVEN_SHARE: Millis = Millis(20_000);
/// Refusals within this time are of one wave: of requests sent before the first refusal came back.
const WAVE: Millis = Millis(3_000);
/// How long a wave has consequences: some services count refused requests, which then take up room
/// for a window.
const AFTERMATH: Millis = Millis(65_000);
/// The time until a found limit is first tried again: refused requests have left every window by
/// then, even if they count. The pause doubles with each refusal.
const PAUSE_FOUND: Millis = Millis(125_000);
const PAUSE_FOUND_MAX: Millis = Millis(500_000);
/// The same if others use the rest of a limit that the service named: they may be done soon.
const PAUSE_SHARE: Millis = Millis(35_000);
/// The same after a refusal, if nearly all of the limit were ours: every failed try is a refusal
/// for some process, and costs more the more processes there are (measured with two to six).
const PAUSE_WHOLE: Millis = Millis(400_000);
/// The same for a limit that the service named and that our own count agrees with.
const PAUSE_TOLD: Millis = Millis(600_000);
const PAUSE_TOLD_MAX: Millis = Millis(3_600_000);

/// One limit. Moments are milliseconds of the usage's clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LimitEstimator {
    /// The caller's own limit, which is never exceeded.
    pub given: Option<u64>,
    /// The published limit of the caller's tier.
    pub tier: Option<u64>,
    /// The limit that the service named last.
    pub told: Option<u64>,
    /// The learned limit, which is kept to instead of the others.
    pub found: Option<Found>,
}

impl LimitEstimator {
    /// The limit that is kept to; `None` if none is known.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        let learned = self.found.map(|found| found.value).or(self.told);
        let open = learned.or(self.tier);
        match (self.given, open) {
            (Some(given), Some(open)) => Some(given.min(open)),
            (given, open) => given.or(open),
        }
    }

    /// The limit as somebody stated it: without one that was found by trying alone.
    #[must_use]
    pub fn said(&self) -> Option<u64> {
        let is_guess = self.told.is_none();
        Self { found: self.found.filter(|_| !is_guess), ..*self }.limit()
    }

    /// The source of the limit.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        let limit = self.limit()?;
        if self.given == Some(limit) {
            return Some(Source::Given);
        }
        let learned = self.found.is_some() || self.told.is_some();
        Some(if learned { Source::Learned } else { Source::Tier })
    }

    /// The limit that the service is believed to have for this project in all, whoever uses it.
    #[must_use]
    pub fn whole(&self) -> Option<u64> {
        self.told.or_else(|| self.limit())
    }

    /// Whether others are known to use a limit that the service named.
    #[must_use]
    pub fn is_share(&self) -> bool {
        self.found.is_some_and(|found| self.told.is_some_and(|told| found.value < told))
    }

    /// Takes note of the time: a try that was not refused is proven.
    pub fn advance(&mut self, now: u64) {
        let proven = if self.is_share() { PROVEN_SHARE } else { PROVEN };
        if let Some(found) = &mut self.found
            && let Some(tried) = found.tried
            && now >= tried.saturating_add(proven.0)
        {
            found.tried = None;
            if found.value >= found.bad {
                found.bad = u64::MAX;
            }
            // A process that uses the limit beside others and was refused lately goes on by one.
            let told = self.told.filter(|told| found.value < *told);
            let recent = now < found.refused.saturating_add(AFTERMATH.0);
            let is_contested = told.is_some() && recent;
            found.step = if is_contested { 1 } else { found.step.saturating_mul(2) };
            found.next = now;
        }
    }

    /// Raises a limit for a try, if one is due and is enough for a request of size `size` that
    /// exceeds the limit by `need`.
    pub fn try_more(&mut self, now: u64, need: u64, size: u64) -> bool {
        let given = self.given.unwrap_or(u64::MAX);
        let Some(found) = &mut self.found else { return false };
        // The step is at most halfway to the value that was too much before; above that nothing is
        // known.
        let halfway = (found.bad.saturating_sub(found.value) / 2).max(1);
        let step = found.step.min(halfway).max(size);
        let raised = found.value.saturating_add(step);
        if found.tried.is_some() || now < found.next || raised > given || need > step {
            return false;
        }
        found.step = step;
        found.value = raised;
        found.tried = Some(now);
        true
    }

    /// When [`LimitEstimator::try_more`] could raise the limit; `None` if it cannot.
    #[must_use]
    pub fn next_try(&self) -> Option<u64> {
        let found = self.found.filter(|found| found.tried.is_none())?;
        (found.value < self.given.unwrap_or(u64::MAX)).then_some(found.next)
    }

    /// Notes that the service named the limit when it refused `size` and had accepted `accepted` of
    /// us. Returns the change from the limit that was kept to before, if it is another.
    pub fn tell(&mut self, now: u64, told: u64, accepted: u64, size: u64) -> Option<Change> {
        let (whole, before) = (self.whole(), self.limit());
        let is_news = self.told != Some(told);
        self.told = Some(told);
        // Others use the rest of the limit if we were far below it. A large request may not fit
        // although much is free.
        let asked = accepted.saturating_add(size.saturating_sub(1));
        let is_shared = asked.saturating_mul(10) < told.saturating_mul(9);
        let share = accepted.max(least_share(told));
        let kept = self.found.filter(|found| found.value <= told);
        match kept {
            Some(found) if !is_news && found.value < told => {
                self.share_less(now, found, told, accepted);
            }
            // Tokens are estimated: an estimate that was too low does not make the limit lower.
            Some(found) if !is_news && size <= 1 && self.is_aftermath(now, accepted) => {
                self.give_way(now, found, accepted);
            }
            _ if is_shared && share < told => {
                self.found = Some(Found::new(share, u64::MAX, PAUSE_SHARE, now));
            }
            _ => {
                let pause = match self.found {
                    Some(found) if self.is_wave(now) => found.pause,
                    Some(found) if found.pause >= PAUSE_TOLD => found.pause.times(2),
                    _ => PAUSE_TOLD,
                };
                self.found = Some(Found::new(told, u64::MAX, pause.min(PAUSE_TOLD_MAX), now));
            }
        }
        let limit = self.limit().unwrap_or(told);
        let previous = if whole == Some(told) { before } else { whole };
        (previous != Some(limit)).then_some(Change { limit, previous })
    }

    /// Others use the rest of a limit, and together we exceeded it: our share is the amount that
    /// was accepted of us, or the small part that every process may keep. A try is taken back.
    fn share_less(&mut self, now: u64, mut found: Found, told: u64, accepted: u64) {
        let had = if found.tried.take().is_some() { found.step } else { 0 };
        let share = accepted.max(least_share(told));
        found.value = found.value.saturating_sub(had).min(share).max(1);
        found.step = 1;
        found.next = now.saturating_add(pause_in_share(now, found.value, told).0);
        found.refused = now;
        self.found = Some(found);
    }

    /// A refusal within the limit that was believed to be ours takes a try back. If there was none,
    /// the next requests are spread evenly, since refused ones may count for a while; if that does
    /// not help, the limit is lower than believed.
    fn give_way(&mut self, now: u64, mut found: Found, accepted: u64) {
        let is_wave = self.is_wave(now);
        if now >= found.refused.saturating_add(AFTERMATH.times(2).0) {
            found.strikes = 0;
        }
        if found.tried.take().is_some() {
            found.bad = found.value;
            found.value = found.value.saturating_sub(found.step).max(1);
            found.step = 1;
            found.pause = found.pause.times(2).min(PAUSE_FOUND_MAX);
            found.next = now.saturating_add(found.pause.0);
        } else if !is_wave {
            found.strikes = found.strikes.saturating_add(1);
            found.next = found.next.max(now.saturating_add(PAUSE_FOUND.0));
            if found.strikes > 1 {
                let less = found.value.saturating_mul(4) / 5;
                found.value = accepted.max(less).min(found.value.saturating_sub(1)).max(1);
                found.step = 1;
                found.strikes = 1;
            }
            found.even_until = now.saturating_add(AFTERMATH.0);
        }
        found.refused = now;
        self.found = Some(found);
    }

    /// Notes that the service refused without naming the limit, when it had accepted `accepted` of
    /// us.
    pub fn refuse(&mut self, now: u64, accepted: u64) -> Option<Change> {
        let before = self.limit();
        if let Some(found) = self.found
            && self.is_aftermath(now, accepted)
        {
            self.give_way(now, found, accepted);
        } else {
            let is_wave = self.is_wave(now);
            let pause = match self.found {
                Some(found) if is_wave => found.pause,
                Some(found) => found.pause.times(2).min(PAUSE_FOUND_MAX),
                None => PAUSE_FOUND,
            };
            let most = before.filter(|_| is_wave).unwrap_or(u64::MAX);
            // A service that counts refused requests accepts few even though the limit is higher.
            let least = self.found.filter(|found| now < found.refused.saturating_add(AFTERMATH.0));
            let least = least.map_or(1, |found| (found.value / 2).max(1));
            let value = accepted.max(least).min(most);
            // The first refusal of a wave tells the value that was too much.
            let bad = match self.found {
                Some(found) if is_wave => found.bad,
                Some(found) => found.value,
                None => value,
            };
            let bad = bad.max(value.saturating_add(1));
            self.found = Some(Found::new(value, bad, pause, now));
        }
        let limit = self.limit()?;
        (before != Some(limit)).then_some(Change { limit, previous: before })
    }

    /// The pause between two requests that are spread evenly.
    #[must_use]
    pub fn turn(&self) -> Millis {
        Millis(60_500_u64.checked_div(self.limit().unwrap_or_default()).unwrap_or_default())
    }

    /// The pause between a request that goes now and the next one.
    #[must_use]
    pub fn pause(&self, now: u64) -> Millis {
        let is_even = self.found.is_some_and(|found| now < found.even_until);
        if is_even { self.turn() } else { Millis::ZERO }
    }

    /// Whether requests of ours in the last wave may be why the service refuses now.
    fn is_aftermath(&self, now: u64, accepted: u64) -> bool {
        let Some(found) = self.found else { return false };
        if self.is_wave(now) {
            // All refusals of one wave mean the same as the first.
            return found.strikes > 0;
        }
        let since = now.saturating_sub(found.refused);
        since < AFTERMATH.0 && accepted.saturating_mul(2) >= found.value
    }

    fn is_wave(&self, now: u64) -> bool {
        self.found.is_some_and(|found| {
            let length = if found.strikes > 0 { WAVE.times(10) } else { WAVE };
            // Refusals that go on and on are of no wave: earlier refused requests no longer count
            // by then.
            let is_over = found.strikes > 0 && now >= found.even_until;
            !is_over && now < found.refused.saturating_add(length.0)
        })
    }

    /// Moves all moments by the same time: the clock was set.
    pub fn shift(&mut self, by: i64) {
        if let Some(found) = &mut self.found {
            found.next = found.next.saturating_add_signed(by);
            found.refused = found.refused.saturating_add_signed(by);
            found.tried = found.tried.map(|tried| tried.saturating_add_signed(by));
            found.even_until = found.even_until.saturating_add_signed(by);
        }
    }
}

/// The part that every process may keep of a limit that others use too: a sixth of it, and at least
/// two requests, so that one refusal of a lone call is waited for as long as the service says and
/// no longer.
fn least_share(told: u64) -> u64 {
    (told / 6).max(2).min(told)
}

/// The pause before the next try of a share. A process with less of the limit tries more often, so
/// that shares become equal. No two processes try in step, since their clocks began at different
/// times.
fn pause_in_share(now: u64, value: u64, told: u64) -> Millis {
    let part = PAUSE_WHOLE.0.saturating_mul(value).checked_div(told).unwrap_or_default();
    Millis(part.saturating_add(Random::new(now).up_to(PAUSE_SHARE).0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_a_cap_and_what_the_tier_says_is_a_guess() {
        let mut estimator = LimitEstimator { given: Some(20), ..LimitEstimator::default() };
        assert_eq!((estimator.limit(), estimator.source()), (Some(20), Some(Source::Given)));
        estimator.tell(0, 500, 500, 1);
        assert_eq!(estimator.limit(), Some(20));
        estimator.tell(0, 12, 12, 1);
        assert_eq!((estimator.limit(), estimator.source()), (Some(12), Some(Source::Learned)));

        let mut estimator = LimitEstimator { tier: Some(20), ..LimitEstimator::default() };
        assert_eq!(estimator.source(), Some(Source::Tier));
        let change = estimator.tell(0, 500, 500, 1);
        assert_eq!(change, Some(Change { limit: 500, previous: Some(20) }));
        assert_eq!(estimator.limit(), Some(500));
    }

    #[test]
    fn refused_below_the_limit_means_that_others_use_it_too() {
        let mut estimator = LimitEstimator { given: Some(20), ..LimitEstimator::default() };
        assert_eq!(estimator.tell(0, 20, 5, 1), Some(Change { limit: 5, previous: Some(20) }));
        assert_eq!((estimator.limit(), estimator.whole()), (Some(5), Some(20)));
    }

    #[test]
    fn a_wave_of_refusals_is_one() {
        let mut estimator = LimitEstimator::default();
        for (at, accepted) in [(0, 24), (100, 23), (200, 22)] {
            estimator.refuse(at, accepted);
        }
        let found = estimator.found.unwrap();
        assert_eq!((found.value, found.pause), (22, PAUSE_FOUND));
        estimator.refuse(90_000, 20);
        assert_eq!(estimator.found.unwrap().pause, PAUSE_FOUND.times(2));
    }

    #[test]
    fn one_more_is_tried_and_twice_as_many_where_that_holds() {
        let mut estimator = LimitEstimator::default();
        estimator.refuse(0, 10);
        assert!(!estimator.try_more(124_999, 1, 1));
        assert!(estimator.try_more(125_000, 1, 1));
        assert_eq!(estimator.limit(), Some(11));
        assert!(!estimator.try_more(150_000, 1, 1), "one try at a time");
        estimator.advance(186_000);
        assert!(estimator.try_more(186_000, 1, 1));
        assert_eq!(estimator.limit(), Some(13));
        estimator.refuse(190_000, 11);
        assert_eq!((estimator.limit(), estimator.found.unwrap().step), (Some(11), 1));
    }

    #[test]
    fn who_has_less_of_a_limit_tries_more_often() {
        let pause = |share| {
            let mut estimator = LimitEstimator { given: Some(20), ..LimitEstimator::default() };
            estimator.tell(0, 20, share, 1);
            estimator.tell(1_000, 20, share, 1);
            estimator.next_try().unwrap_or_default()
        };
        assert!(pause(3) + 40_000 < pause(7), "{} and {}", pause(3), pause(7));
    }

    #[test]
    fn refusals_that_go_on_and_on_lower_a_limit() {
        let mut estimator = LimitEstimator::default();
        estimator.refuse(0, 26);
        // Refused requests count for a minute, and not for ten.
        for second in 1..=60 {
            estimator.refuse(second * 10_000, 14);
        }
        assert!(estimator.limit().is_some_and(|limit| limit < 15), "{:?}", estimator.limit());
    }

    #[test]
    fn more_of_a_share_is_proven_within_the_minute() {
        let mut estimator = LimitEstimator { given: Some(20), ..LimitEstimator::default() };
        estimator.tell(0, 20, 5, 1);
        assert!(estimator.try_more(35_000, 1, 1));
        estimator.advance(54_999);
        assert!(!estimator.try_more(54_999, 1, 1), "one try at a time");
        estimator.advance(55_000);
        assert!(estimator.try_more(55_000, 1, 1));
        assert_eq!((estimator.limit(), estimator.is_share()), (Some(7), true));
    }

    #[test]
    fn a_limit_of_one_is_still_tried() {
        let mut estimator = LimitEstimator::default();
        estimator.refuse(0, 0);
        assert_eq!(estimator.limit(), Some(1));
        assert!(estimator.try_more(125_000, 1, 1));
    }

    #[test]
    fn nothing_is_tried_above_what_was_given() {
        let mut estimator = LimitEstimator { given: Some(20), ..LimitEstimator::default() };
        estimator.tell(0, 20, 20, 1);
        assert!(!estimator.try_more(u64::MAX, 1, 1));
        assert_eq!(estimator.next_try(), None);
    }
}
