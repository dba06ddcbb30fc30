//! The pace of requests whose outcome is not heard of yet.
//!
//! A refusal comes within half a second; an answer takes ten. So a request of which nothing is
//! heard for a moment has been admitted, and more may follow it: two at first, then by fours, then
//! by a quarter of the requests that the last minutes admitted. A crowd that meets an unknown limit
//! loses a few requests and not all.

use crate::base::time::{Instant, Millis};
use crate::engine::ids::AttemptId;

/// The longest time that a refusal takes: 420 ms to arrive, and the way back.
pub(crate) const HEARD: Millis = Millis(600);
/// Requests at once to a target that has never admitted one.
const COLD: u64 = 2;
/// Requests at once to a target that has admitted some.
const WARM: u64 = 4;
/// The most requests at once: the last of hundreds leave a process late, and arrive in another
/// minute than the one in which they were counted.
const MOST: u64 = 100;
const MINUTE: u64 = 60_000;

/// Counts the requests whose outcome is not heard of yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pacer {
    fresh: Vec<Fresh>,
    /// Whether a request was ever admitted.
    warm: bool,
    /// The number of the minute of `taken`, the requests admitted in it; `taken_before` are those
    /// of the minute before.
    minute: u64,
    taken: u64,
    taken_before: u64,
    /// Requests ever admitted.
    total: u64,
    /// Those sent above the count at which the service refuses, if that is a limit.
    above: u64,
}

/// A request whose outcome is not heard of yet.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    sent: Instant,
    attempt: AttemptId,
    is_above: bool,
    /// Whether it was refused. Its place is free when it would have been admitted, so that a limit
    /// that was just reached is not tried again at once.
    is_refused: bool,
}

/// The evidence for a target while some requests fail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Admitted {
    /// Requests that it has ever admitted.
    pub(crate) taken: u64,
    /// Those sent above the count at which the service refuses, if that is a limit.
    pub(crate) above: u64,
    /// Requests whose outcome is not heard of yet.
    pub(crate) unheard: u64,
    /// Whether it admitted any within a minute or two.
    pub(crate) is_warm: bool,
}

impl Pacer {
    /// The number of requests that may go now; if that is none, the moment at which the next may.
    /// `limit` is the number that a minute allows, if that is known.
    ///
    /// Requests go two by two if others use the limit too: a process that has taken more than the
    /// others then comes last, and is the one that is refused.
    pub(crate) fn room(
        &mut self,
        now: Instant,
        limit: Option<u64>,
        is_shared: bool,
    ) -> Result<u64, Instant> {
        self.age(now);
        let most = if self.warm && !is_shared {
            let taken = self.taken.saturating_add(self.taken_before);
            WARM.max(taken / 4).max(limit.unwrap_or_default() / 4).min(MOST)
        } else {
            COLD
        };
        let fresh = u64::try_from(self.fresh.len()).unwrap_or(u64::MAX);
        match self.fresh.first() {
            Some(first) if fresh >= most => Err(first.sent + HEARD),
            _ => Ok(most.saturating_sub(fresh)),
        }
    }

    /// When a request counts as admitted; `None` if it already does, or was refused.
    pub(crate) fn hears_of(&mut self, now: Instant, attempt: AttemptId) -> Option<Instant> {
        self.age(now);
        let fresh =
            self.fresh.iter().find(|fresh| fresh.attempt == attempt && !fresh.is_refused)?;
        Some(fresh.sent + HEARD)
    }

    /// The evidence for the target now.
    pub(crate) fn admitted(&mut self, now: Instant) -> Admitted {
        self.age(now);
        let unheard = self.fresh.iter().filter(|fresh| !fresh.is_refused).count();
        let unheard = u64::try_from(unheard).unwrap_or(u64::MAX);
        let is_recent = now.0 / MINUTE <= self.minute.saturating_add(1);
        let is_warm = self.warm && is_recent && self.taken.saturating_add(self.taken_before) > 0;
        Admitted { taken: self.total, above: self.above, unheard, is_warm }
    }

    /// Counts older requests of which nothing was heard as admitted.
    fn age(&mut self, now: Instant) {
        let is_old = |fresh: &Fresh| fresh.sent + HEARD <= now;
        if !self.fresh.first().is_some_and(is_old) {
            return;
        }
        let (old, fresh): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.fresh).into_iter().partition(is_old);
        self.fresh = fresh;
        for one in old.into_iter().filter(|one| !one.is_refused) {
            self.take_in(now, one);
        }
    }

    /// Notes a request that goes out.
    pub(crate) fn sent(&mut self, now: Instant, attempt: AttemptId, is_above: bool) {
        self.fresh.push(Fresh { sent: now, attempt, is_above, is_refused: false });
    }

    /// Notes a request that was answered as hoped.
    pub(crate) fn served(&mut self, now: Instant, attempt: AttemptId) {
        if let Some(fresh) = self.drop(attempt) {
            self.take_in(now, fresh);
        }
    }

    /// Notes a request that was refused.
    pub(crate) fn refused(&mut self, attempt: AttemptId) {
        for fresh in self.fresh.iter_mut().filter(|fresh| fresh.attempt == attempt) {
            fresh.is_refused = true;
        }
    }

    /// Forgets a request that is no longer waited for.
    pub(crate) fn gave_up(&mut self, attempt: AttemptId) {
        self.drop(attempt);
    }

    /// Begins anew, as after an outage.
    pub(crate) fn cool(&mut self) {
        self.warm = false;
        self.taken = 0;
        self.taken_before = 0;
    }

    fn drop(&mut self, attempt: AttemptId) -> Option<Fresh> {
        let found = self.fresh.iter().find(|fresh| fresh.attempt == attempt).copied()?;
        self.fresh.retain(|fresh| fresh.attempt != attempt);
        Some(found)
    }

    fn take_in(&mut self, now: Instant, fresh: Fresh) {
        self.warm = true;
        self.total = self.total.saturating_add(1);
        self.above = self.above.saturating_add(u64::from(fresh.is_above));
        let minute = now.0 / MINUTE;
        if minute != self.minute {
            let is_next = minute == self.minute.saturating_add(1);
            self.taken_before = if is_next { self.taken } else { 0 };
            self.taken = 0;
            self.minute = minute;
        }
        self.taken = self.taken.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of requests that go at each step of 600 ms if none is refused.
    fn steps(limit: Option<u64>, count: usize) -> Vec<u64> {
        let mut pacer = Pacer::default();
        let mut attempt = 0;
        (0..count as u64)
            .map(|step| {
                let now = Instant(step * 600);
                let before = attempt;
                while pacer.room(now, limit, false).is_ok() {
                    attempt += 1;
                    pacer.sent(now, AttemptId(attempt), false);
                }
                u64::from(attempt - before)
            })
            .collect()
    }

    #[test]
    fn two_go_first_then_four_then_a_quarter_of_all() {
        assert_eq!(steps(None, 8), [2, 4, 4, 4, 4, 4, 5, 6]);
        assert_eq!(steps(Some(100), 4), [2, 25, 25, 25]);
    }

    #[test]
    fn answers_make_room_at_once() {
        let mut pacer = Pacer::default();
        for attempt in 0..1000 {
            assert!(pacer.room(Instant(0), None, false).is_ok());
            pacer.sent(Instant(0), AttemptId(attempt), false);
            pacer.served(Instant(0), AttemptId(attempt));
        }
    }

    #[test]
    fn after_an_outage_two_go_first_again() {
        let mut pacer = Pacer::default();
        pacer.sent(Instant(0), AttemptId(1), false);
        pacer.served(Instant(0), AttemptId(1));
        pacer.cool();
        pacer.sent(Instant(0), AttemptId(2), false);
        pacer.sent(Instant(0), AttemptId(3), false);
        assert_eq!(pacer.room(Instant(0), Some(1000), false), Err(Instant(600)));
    }
}
