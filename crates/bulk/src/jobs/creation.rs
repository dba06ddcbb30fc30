//! The next step when a job could not be created, or nobody knows whether it was.

use crate::jobs::pace;
use unexhausted::base::random::Random;
use unexhausted::base::time::Millis;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind};
use unexhausted::retry::backoff::retry_delay;

/// Tries that may fail, beside those that wait for room.
const TRIES_MAX: usize = 5;

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// There is no room: wait so long and create again.
    Room(Millis),
    /// It may be there: look for it by its name. Only where it is not found is it created again,
    /// and not even then where this was the `last` try.
    Search {
        /// Whether it was tried often enough.
        last: bool,
    },
    /// It was not sent: wait so long and create again.
    Again(Millis),
    /// Trying again cannot help.
    Stop,
}

/// The words for a wait for room: the service does not say which of these it is.
pub const FULL: &str = "there is no room: 100 jobs or as many tokens as the tier allows wait already, \
    or the 20 GB of the store of files are used";

/// How often it was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tries {
    /// Refusals for want of room in a row, this one included.
    pub room: usize,
    /// Other failures, this one included.
    pub other: usize,
}

/// Whether a create was refused since the pool is full: 100 jobs, or the tokens that may wait. The
/// service says it with a 429 that names nothing (googleapis/js-genai#1264), as it does where the
/// store of files is full.
#[must_use]
pub fn is_full(info: &ErrorInfo) -> bool {
    match info.kind {
        Kind::RateLimited => true,
        Kind::DailyQuota | Kind::SpendLimited => {
            info.dimension == Some(Dimension::EnqueuedTokens) || info.kind == Kind::SpendLimited
        }
        _ => false,
    }
}

/// The next step after a create that failed with this.
///
/// A create is not idempotent: the same one sent twice makes two paid jobs (batch guide of 2026).
/// Only a refusal, and a connection that was never made, say for sure that there is none.
#[must_use]
pub fn after(info: &ErrorInfo, tries: Tries, seed: u64, random: f64) -> Next {
    if is_full(info) {
        let named = info.retry_after;
        return Next::Room(pace::room(tries.room, named, random));
    }
    let last = tries.other >= TRIES_MAX;
    if info.unsent {
        if last {
            return Next::Stop;
        }
        let attempt = u32::try_from(tries.other).unwrap_or(u32::MAX);
        let delay = retry_delay(info, attempt, &mut Random::new(seed));
        return delay.map_or(Next::Stop, Next::Again);
    }
    match info.kind {
        Kind::Network | Kind::Timeout | Kind::ServerError | Kind::Overloaded => {
            Next::Search { last }
        }
        // Nothing was sent where an address leads.
        Kind::Unknown if info.foreign => Next::Stop,
        // A relay may have made an answer of ours unreadable.
        Kind::Unknown if info.status.is_none_or(|status| status < 400) => Next::Search { last },
        _ => Next::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(info: &ErrorInfo, other: usize) -> Next {
        after(info, Tries { room: 1, other }, 1, 0.0)
    }

    #[test]
    fn a_bare_429_waits_for_room_however_often() {
        let info = ErrorInfo { status: Some(429), ..ErrorInfo::new(Kind::RateLimited) };
        assert_eq!(next(&info, 1), Next::Room(Millis(30_000)));
        assert_eq!(next(&info, 99), Next::Room(Millis(30_000)));
        let tries = Tries { room: 50, other: 0 };
        assert_eq!(after(&info, tries, 1, 0.0), Next::Room(Millis(600_000)));
    }

    #[test]
    fn a_lost_answer_is_looked_for() {
        for kind in [Kind::Network, Kind::Timeout, Kind::ServerError, Kind::Overloaded] {
            let tried = |other| next(&ErrorInfo::new(kind), other);
            assert_eq!(tried(1), Next::Search { last: false }, "{kind:?}");
            assert_eq!(tried(TRIES_MAX), Next::Search { last: true }, "{kind:?}");
        }
    }

    #[test]
    fn what_was_never_sent_is_sent_again() {
        let info = ErrorInfo { unsent: true, ..ErrorInfo::new(Kind::Network) };
        assert!(matches!(next(&info, 1), Next::Again(_)));
        assert_eq!(next(&info, TRIES_MAX), Next::Stop);
    }

    #[test]
    fn a_refusal_is_one() {
        for kind in [
            Kind::InvalidRequest,
            Kind::Unauthenticated,
            Kind::NotInTier,
            Kind::Billing,
            Kind::ModelNotFound,
            Kind::DailyQuota,
            Kind::Closed,
        ] {
            let info = ErrorInfo { status: Some(400), ..ErrorInfo::new(kind) };
            assert_eq!(next(&info, 1), Next::Stop, "{kind:?}");
        }
        let moved = unexhausted::errors::local::redirected(Some(302), None);
        assert_eq!(next(&moved, 1), Next::Stop);
    }
}
