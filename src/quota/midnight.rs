//! The end of a quota's day, when clocks disagree or the service goes on serving.

use crate::base::pacific::next_midnight;
use crate::base::time::{Millis, WallTime};
use crate::errors::kind::Dimension;
use crate::quota::clock::Clock;
use crate::quota::day::{Day, MIDNIGHT_MARGIN};
use crate::quota::usage::Usage;

/// The pause between two requests that test whether a spent day is over.
const ASK: Millis = Millis(300_000);

impl Usage {
    pub(crate) fn begin_day(&mut self, clock: Clock) {
        let ends = next_midnight(WallTime(clock.wall)).0;
        let ends_at = clock.now.saturating_add(ends.saturating_sub(clock.wall));
        self.day = Day { ends, ends_at, began: clock.now, ..Day::default() };
    }

    /// Whether the day is over by the wall clock alone: one of the clocks was set.
    #[must_use]
    pub const fn doubts_day(&self, clock: Clock) -> bool {
        clock.wall >= self.day.ends.saturating_add(MIDNIGHT_MARGIN.0)
    }

    /// Whether one request may test whether the day is over: a computer that slept knows only by
    /// the wall clock, which may have been set as well.
    pub(crate) const fn asks_for_day(&self, clock: Clock, dimension: Dimension) -> bool {
        // A budget is our own: the service does not know when its day ends.
        let is_service_s = !matches!(dimension, Dimension::BudgetPerDay);
        is_service_s && self.doubts_day(clock) && clock.now >= self.asks_again()
    }

    /// The moment of the next test: a spent day is not hammered.
    pub(crate) const fn asks_again(&self) -> u64 {
        match self.day.asked {
            0 => 0,
            asked => asked.saturating_add(ASK.0),
        }
    }

    /// Whether a request that was sent in doubt and served exceeds the day's limit: then a new day
    /// has begun.
    #[must_use]
    pub fn proves_day(&self, clock: Clock) -> bool {
        let is_over = |dimension| {
            self.estimator(dimension).limit().is_some_and(|limit| self.used(dimension) > limit)
        };
        let spent = [Dimension::RequestsPerDay, Dimension::TokensPerDay].into_iter().any(is_over);
        spent && self.doubts_day(clock)
    }

    /// Ends the day that was in doubt.
    pub fn end_doubt(&mut self, clock: Clock) {
        self.advance(clock);
        if self.doubts_day(clock) {
            let late = self.day.after_midnight;
            self.begin_day(clock);
            self.day.used = late;
        }
    }

    /// Corrects the count after the service served a request of a day that was spent by our count.
    pub fn correct_day(&mut self, clock: Clock) {
        self.advance(clock);
        self.begin_day(clock);
        for dimension in [Dimension::RequestsPerDay, Dimension::TokensPerDay] {
            if let Some(estimator) = self.estimator_mut(dimension) {
                estimator.told = None;
            }
        }
    }

    /// Whether the day is spent by our own count, to a tenth.
    #[must_use]
    pub fn agrees_that_day_is_spent(&self, dimension: Dimension) -> bool {
        self.estimator(dimension)
            .limit()
            .is_some_and(|limit| self.used(dimension).saturating_mul(10) >= limit.saturating_mul(9))
    }

    /// Marks the day as spent, as the service says and our count agrees.
    pub fn end_day(&mut self) {
        for dimension in [Dimension::RequestsPerDay, Dimension::TokensPerDay] {
            let limit = self.estimator(dimension).limit();
            match (dimension, limit) {
                (Dimension::RequestsPerDay, Some(limit)) => {
                    self.day.used.requests = self.day.used.requests.max(limit);
                }
                (_, Some(limit)) => self.day.used.tokens = self.day.used.tokens.max(limit),
                _ => {}
            }
        }
    }

    /// When the new day begins, on the usage's clock.
    #[must_use]
    pub const fn midnight(&self, clock: Clock) -> u64 {
        let ends = self.day.ends.saturating_add(MIDNIGHT_MARGIN.0);
        let left = ends.saturating_sub(clock.wall);
        let least = clock.now.saturating_add(left);
        let ends_at = self.day.ends_at.saturating_add(MIDNIGHT_MARGIN.0);
        if least > ends_at { least } else { ends_at }
    }
}
