//! One limit: where it comes from, and how it is learned where nobody says it.
//!
//! Without a word from the service a limit is *found*: what was accepted when something was refused
//! is the first guess. From then on one more is tried now and then. Where that is accepted, twice
//! as many more are tried a minute later; where it is refused, the next try is twice as far away.

use crate::base::time::Millis;
use crate::quota::found_limit::{Change, Found, Source};

/// How long one more is accepted before it counts as allowed: every window has turned by then.
const PROVEN: Millis = Millis(61_000);
/// The same of a share of a limit that others use too: what they leave free is lost within a minute,
/// and who comes back for it is refused at once (measured with two to six processes).
const PROVEN_SHARE: Millis = Millis(20_000);
/// How long refusals are of one wave: what was sent before the first of them came back.
const WAVE: Millis = Millis(3_000);
/// How long a wave has consequences: some services count what they refuse, and owe it to
/// themselves for a window.
const AFTERMATH: Millis = Millis(65_000);
/// When a found limit is first tried again: after what was refused has left every window, also
/// where it counts. The pause doubles with each refusal.
const PAUSE_FOUND: Millis = Millis(125_000);
const PAUSE_FOUND_MAX: Millis = Millis(500_000);
/// The same where others use the rest of a limit that the service named: they may be done soon.
const PAUSE_SHARE: Millis = Millis(35_000);
/// The same after a refusal, if nearly all of the limit were ours: every try that fails is a refusal for
/// somebody, and costs the more the more there are (measured with two to six processes).
const PAUSE_WHOLE: Millis = Millis(400_000);
/// The same for a limit that the service named and that our own count agrees with.
const PAUSE_TOLD: Millis = Millis(600_000);
const PAUSE_TOLD_MAX: Millis = Millis(3_600_000);

/// One limit. Moments are milliseconds of the usage's clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LimitEstimator {
    /// What the caller gave: it is never exceeded.
    pub given: Option<u64>,
    /// The published limit of the caller's tier.
    pub tier: Option<u64>,
    /// What the service named last.
    pub told: Option<u64>,
    /// What is kept to instead, where something was learned.
    pub found: Option<Found>,
}

impl LimitEstimator {
    /// The limit that is kept to; `None` where nothing is known.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        let learned = self.found.map(|found| found.value).or(self.told);
        let open = learned.or(self.tier);
        match (self.given, open) {
            (Some(given), Some(open)) => Some(given.min(open)),
            (given, open) => given.or(open),
        }
    }

    /// The limit as somebody said it: without what was found by trying alone.
    #[must_use]
    pub fn said(&self) -> Option<u64> {
        let is_guess = self.told.is_none();
        Self { found: self.found.filter(|_| !is_guess), ..*self }.limit()
    }

    /// Where the limit comes from.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        let limit = self.limit()?;
        if self.given == Some(limit) {
            return Some(Source::Given);
        }
        let learned = self.found.is_some() || self.told.is_some();
        Some(if learned { Source::Learned } else { Source::Tier })
    }

    /// What the service is believed to allow this project in all, whoever uses it.
    #[must_use]
    pub fn whole(&self) -> Option<u64> {
        self.told.or_else(|| self.limit())
    }

    /// Whether others are known to use a limit that the service named.
    #[must_use]
    pub fn is_share(&self) -> bool {
        self.found.is_some_and(|found| self.told.is_some_and(|told| found.value < told))
    }

    /// Takes note of the time: a try that nobody refused is proven.
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
            // Where others use the limit too, who has been refused lately goes on by one.
            let told = self.told.filter(|told| found.value < *told);
            let recent = now < found.refused.saturating_add(AFTERMATH.0);
            let is_contested = told.is_some() && recent;
            found.step = if is_contested { 1 } else { found.step.saturating_mul(2) };
            found.next = now;
        }
    }

    /// Where a limit keeps a request of this size waiting that exceeds it by `need`: raises it for a
    /// try, if one is due and is enough.
    pub fn try_more(&mut self, now: u64, need: u64, size: u64) -> bool {
        let given = self.given.unwrap_or(u64::MAX);
        let Some(found) = &mut self.found else { return false };
        // Halfway to what was too much before; past that, nobody knows.
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

    /// Whether [`LimitEstimator::try_more`] could raise the limit one day, and when.
    #[must_use]
    pub fn next_try(&self) -> Option<u64> {
        let found = self.found.filter(|found| found.tried.is_none())?;
        (found.value < self.given.unwrap_or(u64::MAX)).then_some(found.next)
    }

    /// The service named the limit when it refused so much and had accepted so much of us; gives the
    /// limit that was kept to before, where it was another.
    pub fn tell(&mut self, now: u64, told: u64, accepted: u64, size: u64) -> Option<Change> {
        let (whole, before) = (self.whole(), self.limit());
        let is_news = self.told != Some(told);
        self.told = Some(told);
        // Where we were far below the limit, others use the rest of it; what is large does not fit
        // though much is free.
        let asked = accepted.saturating_add(size.saturating_sub(1));
        let is_shared = asked.saturating_mul(10) < told.saturating_mul(9);
        let share = accepted.max(least_share(told));
        let kept = self.found.filter(|found| found.value <= told);
        match kept {
            Some(found) if !is_news && found.value < told => {
                self.share_less(now, found, told, accepted);
            }
            // Tokens are estimated: a guess that was too low is no lower limit.
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

    /// Others use the rest of a limit, and together we exceeded it: what was accepted of us is our
    /// share, but for a little that everybody may keep. A try is taken back.
    fn share_less(&mut self, now: u64, mut found: Found, told: u64, accepted: u64) {
        let had = if found.tried.take().is_some() { found.step } else { 0 };
        let share = accepted.max(least_share(told));
        found.value = found.value.saturating_sub(had).min(share).max(1);
        found.step = 1;
        found.next = now.saturating_add(pause_in_share(now, found.value, told).0);
        found.refused = now;
        self.found = Some(found);
    }

    /// Refused within what was taken for ours: a try is taken back. Without one the next requests
    /// go evenly, since what was refused may be owed for a while; where that does not help, the
    /// limit is lower than was thought.
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

    /// The service refused without a number, when it had accepted so much of us.
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
            // Where what is refused counts, little is accepted though the limit is higher.
            let least = self.found.filter(|found| now < found.refused.saturating_add(AFTERMATH.0));
            let least = least.map_or(1, |found| (found.value / 2).max(1));
            let value = accepted.max(least).min(most);
            // In a wave the first refusal tells what was too much.
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

    /// The pause between two requests that go evenly.
    #[must_use]
    pub fn turn(&self) -> Millis {
        Millis(60_500_u64.checked_div(self.limit().unwrap_or_default()).unwrap_or_default())
    }

    /// The pause that the next request keeps from the one that goes now.
    #[must_use]
    pub fn pause(&self, now: u64) -> Millis {
        let is_even = self.found.is_some_and(|found| now < found.even_until);
        if is_even { self.turn() } else { Millis::ZERO }
    }

    /// Whether what we sent in the last wave may be why the service refuses now.
    fn is_aftermath(&self, now: u64, accepted: u64) -> bool {
        let Some(found) = self.found else { return false };
        if self.is_wave(now) {
            // Of one wave all refusals mean the same as the first.
            return found.strikes > 0;
        }
        let since = now.saturating_sub(found.refused);
        since < AFTERMATH.0 && accepted.saturating_mul(2) >= found.value
    }

    fn is_wave(&self, now: u64) -> bool {
        self.found.is_some_and(|found| {
            let length = if found.strikes > 0 { WAVE.times(10) } else { WAVE };
            // Refusals that go on and on are of no wave: what was owed has been paid by then.
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

/// What everybody may keep of a limit that others use too: a sixth of it, and two requests, so that
/// one refusal of a call that is alone is waited for as the service says and no longer.
fn least_share(told: u64) -> u64 {
    (told / 6).max(2).min(told)
}

/// The pause before the next try of a share. Who has less of the limit tries more often, so that shares
/// become equal; and nobody tries in step with the others, whose clocks began at another time.
fn pause_in_share(now: u64, value: u64, told: u64) -> Millis {
    let part = PAUSE_WHOLE.0.saturating_mul(value).checked_div(told).unwrap_or_default();
    // The multiplier is that of Knuth's multiplicative hash.
    let spread = now.wrapping_mul(2_654_435_761) % PAUSE_SHARE.0;
    Millis(part.saturating_add(spread))
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
        // What is refused is owed for a minute, and not for ten.
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
