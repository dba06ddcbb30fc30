//! The way in which a service counts a minute, learned from the moment at which a refusal says that
//! the request fits.
//!
//! Requests are sent so that they fit a minute of the clock, a sliding one and a bucket alike,
//! which costs most of a minute once if the service has no sliding one. A sliding minute has room
//! when the first request of the last sixty seconds leaves it. If the service names an earlier
//! moment, and admits a request then, its minute is not a sliding one. If that moment is long
//! before a bucket has refilled, it is a minute of the clock that ends, and all of it is free; else
//! there is room for one request a turn, which is right for both.

use crate::base::time::Millis;
use crate::quota::limit_estimator::LimitEstimator;
use crate::quota::window::{Meter, Window};

/// How much earlier than a sliding minute that moment is at least: the first requests count two
/// seconds longer than they were sent, and hints may be rounded.
const EARLY: Millis = Millis(5_000);
/// The longest time until a refusal is known: 420 ms for the request to arrive, and the way back.
const HEARD: Millis = Millis(1_000);

/// The shortest turn for which moments that are heard of up to 420 ms late can be told apart.
const TURN: Millis = Millis(1_000);

/// The shortest turn of a low limit: there the wait that is named is believed at once, since another
/// turn on top of it is long, and costs one refusal at most if a bucket counts what it refuses.
const LONG_TURN: Millis = Millis(10_000);

/// How long a use stays in a sliding minute: a minute, and the way of a request.
const MINUTE: Millis = Millis(60_500);

/// Knowledge of how a service counts; it is not written to a store. Moments are milliseconds of the
/// usage's clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Discipline {
    hunch: Option<Guess>,
    turned: Option<Turned>,
    /// Whether the service counts in none of the known ways.
    is_odd: bool,
}

impl Discipline {
    /// Takes note of the time: a request that was not refused was admitted when no sliding minute
    /// had room.
    pub fn advance(&mut self, now: u64, estimator: &LimitEstimator) {
        let is_recent = |turned: &Turned| turned.from.saturating_add(MINUTE.0) > now;
        self.turned = self.turned.filter(is_recent);
        self.hunch = self.hunch.filter(|hunch| hunch.asked.is_some() || now < hunch.until);
        if let Some(hunch) = self.hunch.take_if(|hunch| hunch.is_proven(now)) {
            let left = estimator.limit().unwrap_or_default().saturating_sub(1);
            let left = if hunch.is_minute { 0 } else { left };
            self.turned = Some(Turned { from: hunch.from, left, turn: estimator.turn() });
        }
    }

    /// Notes a request that goes although a sliding minute is full.
    pub fn exceeds(&mut self, now: u64) {
        if let Some(hunch) = self.hunch.as_mut().filter(|hunch| hunch.may_ask(now)) {
            hunch.asked = Some(now);
        }
    }

    /// Notes that a request counted at `at` was refused, and fits after a wait.
    pub fn refused(
        &mut self,
        minute: &Window,
        (now, at): (u64, u64),
        wait: Millis,
        limit: &LimitEstimator,
    ) {
        if self.hunch.is_some_and(|hunch| hunch.asked.is_some_and(|asked| at >= asked)) {
            self.is_odd = true;
        }
        let (accepted, total) = (minute.accepted(), minute.total().requests);
        // If others use the limit too, it is their requests that leave a sliding minute.
        let is_ours = limit.told.is_some_and(|told| accepted >= told) && !minute.is_small();
        let frees = minute.falls_to(Meter::Requests, total.saturating_sub(1));
        let frees = frees.filter(|_| is_ours && !self.is_odd);
        self.hunch = frees.and_then(|frees| {
            let sliding = (frees, total.saturating_sub(accepted), limit.turn());
            Guess::read(now.saturating_add(wait.0), wait, sliding, self.hunch.as_ref())
        });
    }

    /// When no more than `most` requests of a minute are used; `None` if that is so now.
    #[must_use]
    pub fn falls_to(&self, minute: &Window, now: u64, most: u64) -> Option<u64> {
        if self.hunch.is_some_and(|hunch| hunch.may_ask(now)) {
            return None;
        }
        let since = self.turned.map(|turned| (turned, minute.requests_since(turned.from)));
        let used = since.map_or(minute.total().requests, |(turned, since)| {
            since.saturating_add(turned.left_at(now))
        });
        if used <= most {
            return None;
        }
        let turned = since.and_then(|(turned, since)| turned.falls_to(most, since));
        let until = turned.or_else(|| minute.falls_to(Meter::Requests, most))?;
        Some(self.hunch.map_or(until, |hunch| until.min(hunch.next())))
    }

    /// Whether the sliding minute says when there is room.
    #[must_use]
    pub const fn is_sliding(&self) -> bool {
        self.hunch.is_none() && self.turned.is_none()
    }

    /// Moves all moments by the same time: the clock was set.
    pub fn shift(&mut self, by: i64) {
        if let Some(hunch) = &mut self.hunch {
            hunch.at = hunch.at.saturating_add_signed(by);
            hunch.from = hunch.from.saturating_add_signed(by);
            hunch.until = hunch.until.saturating_add_signed(by);
            hunch.asked = hunch.asked.map(|asked| asked.saturating_add_signed(by));
        }
        if let Some(turned) = &mut self.turned {
            turned.from = turned.from.saturating_add_signed(by);
        }
    }
}

/// A guess at how the service counts, which a request tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Guess {
    /// When the service says that one more fits.
    at: u64,
    /// The time in which a request tests it; after that a sliding minute has room soon.
    from: u64,
    until: u64,
    /// Whether it is a minute of the clock, unless it is a sliding one; if not, it may be a bucket.
    is_minute: bool,
    /// When the request that tests it went.
    asked: Option<u64>,
}

impl Guess {
    /// The guess from a refusal that names this moment after so many refusals in a minute; `frees`
    /// is when a sliding minute has room.
    fn read(
        at: u64,
        wait: Millis,
        (frees, refused, turn): (u64, u64, Millis),
        before: Option<&Self>,
    ) -> Option<Self> {
        // A bucket has one more after a turn, and a turn later for each refusal if it counts those.
        let is_late = wait.0 > turn.0.saturating_mul(refused.saturating_add(2));
        let is_same = before.is_some_and(|before| before.at.abs_diff(at) < turn.0 / 2);
        let is_minute = is_late || (is_same && wait > turn.times(2) && turn >= TURN);
        // The request that was just refused may have to be paid off, too.
        let pays = !is_minute && turn < LONG_TURN;
        let from = if pays { at.saturating_add(turn.0) } else { at };
        let until = frees.saturating_sub(EARLY.0);
        (from < until).then_some(Self { at, from, until, is_minute, asked: None })
    }

    /// Whether a request that tests it may go.
    const fn may_ask(&self, now: u64) -> bool {
        self.asked.is_none() && now >= self.from && now < self.until
    }

    /// Whether the request that tests it was admitted.
    const fn is_proven(&self, now: u64) -> bool {
        matches!(self.asked, Some(asked) if now >= asked.saturating_add(HEARD.0))
    }

    /// When there is more to do.
    const fn next(&self) -> u64 {
        match self.asked {
            Some(asked) => asked.saturating_add(HEARD.0),
            None => self.from,
        }
    }
}

/// A window that the service has reset at a moment: of the requests before it only some still count,
/// as those that a bucket has not refilled yet, and one of them expires after the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Turned {
    /// The moment of the reset.
    from: u64,
    /// Requests from before that still counted.
    left: u64,
    /// The time after which one of them expires.
    turn: Millis,
}

impl Turned {
    /// Requests that are not free yet.
    fn left_at(&self, now: u64) -> u64 {
        let freed = now.saturating_sub(self.from).checked_div(self.turn.0);
        self.left.saturating_sub(freed.unwrap_or(u64::MAX))
    }

    /// When no more than `most` are used, with `since` used after the turn; `None` if some of those
    /// have to leave first.
    fn falls_to(&self, most: u64, since: u64) -> Option<u64> {
        let turns = since.saturating_add(self.left).saturating_sub(most);
        let at = self.from.saturating_add(self.turn.0.saturating_mul(turns));
        (turns <= self.left).then_some(at)
    }
}
