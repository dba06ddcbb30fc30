//! Evidence from 429s without details: of load, which passes, or of a limit per minute that the
//! service does not name.
//!
//! A limit refuses again and again at the count at which it refused first, for about a minute, and
//! admits little above that count. Load refuses at any count, and admits most of the requests that
//! come next.

use crate::base::time::{Instant, Millis};
use crate::quota::limit_estimator::LimitEstimator;

/// The shortest time for which the refusals of a limit go on: most of a minute, since the first may
/// have come when a part of it was over.
const LASTS: Millis = Millis(45_000);
/// How long a case is remembered without another refusal: two minutes, and a little.
const REMEMBERED: Millis = Millis(125_000);
/// Refusals after which a limit is likely, and those that it takes to find it.
const LIKELY: u64 = 5;
const ENOUGH: u64 = 8;
/// Refusals within this time are of one wave: of requests sent before the first refusal came back.
const WAVE: Millis = Millis(3_000);
/// Requests admitted above the count, for each refusal, that show it is load. A limit by minutes of
/// the clock admits as many as before when a minute begins, and refuses some of them twice.
const TAKEN: u64 = 3;

/// The case for a limit that the service does not name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnnamedLimitDetector {
    case: Option<Case>,
    /// The last refusal, and the call that it refused.
    last: Option<(Instant, u64)>,
    /// The last refusal of a second call within a minute of another's.
    shared: Option<Instant>,
    /// The count that was last taken for a limit, and when.
    found: Option<(u64, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    /// Requests accepted in the minute before the first refusal.
    accepted: u64,
    since: Instant,
    last: Instant,
    refused: u64,
    /// Requests ever admitted above that count, when the case began.
    above: u64,
}

impl UnnamedLimitDetector {
    /// The count at which the service refused first.
    pub(crate) fn count(&self) -> Option<u64> {
        self.case.map(|case| case.accepted)
    }

    /// The limit, if it has just become clear: other refusals of that time say nothing new.
    pub(crate) fn found(&self, now: Instant) -> Option<u64> {
        self.found.filter(|(_, at)| now - *at <= WAVE).map(|(count, _)| count)
    }

    /// Whether a limit is likely enough to send one request at a time.
    pub(crate) fn is_likely(&self) -> bool {
        self.case.is_some_and(|case| case.refused >= LIKELY)
    }

    /// Notes the refusal of a call's request. Returns whether another call's was refused within a
    /// minute: refusals of one call alone may be that request's own fault.
    pub(crate) fn confirms(&mut self, now: Instant, call: u64) -> bool {
        let recent = self.last.filter(|(at, _)| now - *at <= Millis(60_000));
        // The first call is kept, so that every other call confirms it.
        let first = recent.filter(|(_, first)| *first != call);
        self.last = Some((now, first.map_or(call, |(_, first)| first)));
        self.shared = first.map(|_| now).or(self.shared);
        first.is_some()
    }

    /// Whether the service refuses, rather than one request being at fault: several calls were
    /// refused within a minute.
    pub(crate) fn is_shared(&self, now: Instant) -> bool {
        self.shared.is_some_and(|at| now - at <= Millis(60_000))
    }

    /// Whether this refusal is a limit's. The requests accepted decide if a limit is known or was
    /// found; else the refusals since the first one do.
    pub(crate) fn is_limit(
        &mut self,
        now: Instant,
        estimator: &LimitEstimator,
        is_confirmed: bool,
        (accepted, total, above): (u64, u64, u64),
    ) -> bool {
        let near = |limit: u64| accepted.saturating_mul(10) >= limit.saturating_mul(9);
        match (estimator.found, estimator.limit().is_some_and(near)) {
            (Some(_), is_near) => is_near || is_confirmed,
            (None, true) => is_confirmed,
            (None, false) => self.refused(now, accepted, total, above),
        }
    }

    /// Notes a refusal, with the requests accepted and sent in the last minute and those ever
    /// admitted above [`UnnamedLimitDetector::count`]. Returns whether there is a limit.
    fn refused(&mut self, now: Instant, accepted: u64, total: u64, above: u64) -> bool {
        let fresh = Case { accepted, since: now, last: now, refused: 0, above };
        let is_open = |case: &Case| {
            let taken = above.saturating_sub(case.above);
            // A service that counts refused requests too accepts that many fewer.
            let is_like = total.saturating_mul(5) >= case.accepted.saturating_mul(4);
            now - case.last <= REMEMBERED && is_like && taken < case.refused.saturating_mul(TAKEN)
        };
        let mut case = self.case.filter(is_open).unwrap_or(fresh);
        if now - case.since < WAVE {
            // Some of the requests that counted as accepted were refused too, but not heard of yet.
            case.accepted = case.accepted.min(accepted);
        }
        case.refused = case.refused.saturating_add(1);
        case.last = now;
        let is_limit = now - case.since >= LASTS && case.refused >= ENOUGH;
        if is_limit {
            self.found = Some((case.accepted, now));
        }
        self.case = Some(case).filter(|_| !is_limit);
        is_limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Instant {
        Instant(1_000_000 + seconds * 1_000)
    }

    /// Whether a limit is found by refusals at these seconds, each with the requests accepted and
    /// those admitted above the count by then.
    fn finds(refusals: impl IntoIterator<Item = (u64, u64, u64)>) -> bool {
        let mut bare = UnnamedLimitDetector::default();
        let mut found = false;
        for (seconds, accepted, above) in refusals {
            found |= bare.refused(at(seconds), accepted, accepted, above);
        }
        found
    }

    #[test]
    fn refusals_for_most_of_a_minute_at_one_count_are_a_limit() {
        assert!(finds((0..8).map(|wave| (wave * 7, 20, 0))));
        assert!(!finds((0..8).map(|wave| (wave * 6, 20, 0))), "in 42 s load may refuse as often");
        assert!(!finds((0..7).map(|wave| (wave * 9, 20, 0))), "seven are too few");
    }

    #[test]
    fn what_is_taken_in_above_the_count_says_it_is_load() {
        assert!(finds((0..9).map(|wave| (wave * 7, 20, wave * 2))), "a minute begins anew");
        assert!(!finds((0..40).map(|wave| (wave * 7, 20, wave * 3))));
    }

    #[test]
    fn a_much_lower_count_begins_a_case_anew() {
        assert!(!finds(
            [20, 15, 12, 9, 7, 5, 4, 3]
                .into_iter()
                .zip(0..)
                .map(|(count, wave)| { (wave * 7, count, 0) })
        ));
    }

    #[test]
    fn a_case_is_forgotten_after_two_minutes_of_silence() {
        let refusals = |pause: u64| (0..8).map(move |wave| (wave * 7 + (wave / 7) * pause, 20, 0));
        assert!(finds(refusals(60)));
        assert!(!finds(refusals(126)));
    }

    #[test]
    fn the_count_of_the_first_wave_is_its_least() {
        let mut bare = UnnamedLimitDetector::default();
        for (seconds, accepted) in [(0, 24), (1, 20), (2, 22), (4, 18)] {
            bare.refused(at(seconds), accepted, accepted, 0);
        }
        assert_eq!(bare.count(), Some(20), "the later wave is another");
    }

    #[test]
    fn five_refusals_make_a_limit_likely() {
        let mut bare = UnnamedLimitDetector::default();
        for wave in 0..5 {
            assert!(!bare.is_likely(), "after {wave}");
            bare.refused(at(wave), 20, 20, 0);
        }
        assert!(bare.is_likely());
    }

    #[test]
    fn another_call_s_refusal_within_a_minute_confirms_one() {
        let mut bare = UnnamedLimitDetector::default();
        assert!(!bare.confirms(at(0), 1));
        assert!(!bare.confirms(at(1), 1), "the same call again may be that request's own fault");
        assert!(bare.confirms(at(2), 2));
        assert!(bare.confirms(at(3), 2), "the first is still another's");
        assert!(!bare.confirms(at(64), 2), "that was a minute ago");
        assert!(bare.is_shared(at(63)) && !bare.is_shared(at(64)));
    }

    #[test]
    fn a_found_limit_is_told_of_for_one_wave() {
        let mut bare = UnnamedLimitDetector::default();
        for wave in 0..8 {
            bare.refused(at(wave * 7), 20, 20, 0);
        }
        assert_eq!(bare.found(at(49)), Some(20));
        assert_eq!(bare.found(at(53)), None);
        assert_eq!(bare.count(), None, "the case is closed");
    }
}
