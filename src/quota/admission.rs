//! Admission: whether a request may go now, which limit is in its way, and until when.

use crate::base::time::Millis;
use crate::errors::kind::Dimension;
use crate::quota::clock::Clock;
use crate::quota::day::MIDNIGHT_MARGIN;
use crate::quota::denial::{Basis, Denial};
use crate::quota::limits::{DIMENSIONS, is_minute_or_money, meter};
use crate::quota::usage::Usage;
use crate::quota::window::{Amounts, Meter};

/// The longest time after the last request of a burst at which one more still belongs to it.
const BURST: Millis = Millis(1_500);

impl Usage {
    /// Whether a request of this size may go now.
    ///
    /// # Errors
    ///
    /// The strictest limit in the way, and when it lets the request pass.
    pub fn check(&mut self, clock: Clock, cost: &Amounts) -> Result<(), Denial> {
        self.advance(clock);
        self.denial(clock, cost, 1, Basis::Limits).map_or(Ok(()), Err)
    }

    /// As [`Usage::check`], and counts the request if it may go. A try of a higher limit is made if
    /// one is due and only a limit that was found by trying is in the way.
    ///
    /// # Errors
    ///
    /// As [`Usage::check`].
    pub fn take(&mut self, clock: Clock, cost: &Amounts) -> Result<(), Denial> {
        self.take_part(clock, cost, 1)
    }

    /// As [`Usage::take`], within one of `parts` equal parts of each limit.
    ///
    /// # Errors
    ///
    /// As [`Usage::check`].
    pub fn take_part(&mut self, clock: Clock, cost: &Amounts, parts: u64) -> Result<(), Denial> {
        self.advance(clock);
        if let Some(denial) = self.denial(clock, cost, parts, Basis::WithDiscipline) {
            let need = denial.dimension.map_or(1, |dimension| self.excess(dimension, cost));
            let size = denial.dimension.map_or(1, |dimension| cost.of(meter(dimension)));
            let is_time = self.may_try(clock, &denial);
            let estimator = denial.dimension.and_then(|dimension| self.estimator_mut(dimension));
            let Some(estimator) = estimator else { return Err(denial) };
            if !is_time || !estimator.try_more(clock.now, need, size) {
                let next = estimator.next_try().filter(|next| *next > clock.now);
                let until = denial.until.min(next.unwrap_or(u64::MAX));
                return Err(Denial { until, ..denial });
            }
            if let Some(denial) = self.denial(clock, cost, parts, Basis::WithDiscipline) {
                return Err(denial);
            }
        }
        self.count(clock, cost);
        Ok(())
    }

    /// As [`Usage::take_part`], but ignores every limit and wait that is only a guess.
    ///
    /// # Errors
    ///
    /// As [`Usage::check`].
    pub fn insist(&mut self, clock: Clock, cost: &Amounts, parts: u64) -> Result<(), Denial> {
        self.advance(clock);
        if let Some(denial) = self.denial(clock, cost, parts, Basis::Stated) {
            return Err(denial);
        }
        self.count(clock, cost);
        Ok(())
    }

    /// Whether a request that goes now leaves room for one that is due at a later moment. If it
    /// does, it may overtake that one without delaying it.
    #[must_use]
    pub fn leaves_room(&self, due: u64, first: &Amounts, second: &Amounts) -> bool {
        DIMENSIONS.into_iter().filter(|dimension| dimension.is_per_minute()).all(|dimension| {
            let Some(limit) = self.estimator(dimension).limit() else { return true };
            let meter = meter(dimension);
            let left = self.minute.left_at(meter, due);
            let both = first.of(meter).saturating_add(second.of(meter));
            left.saturating_add(both) <= limit
        })
    }

    /// Lets nothing go before this moment, as a guess of this client's.
    pub fn hold(&mut self, until: u64, dimension: Option<Dimension>) {
        self.keep(Denial::counted(until, dimension));
    }

    pub(crate) fn keep(&mut self, block: Denial) {
        if self.block.is_none_or(|known| known.until < block.until) {
            self.block = Some(block);
        }
    }

    /// The limit in the way of a request behind `ahead` others, and the earliest moment at which it
    /// may let the request pass: never too late.
    #[must_use]
    pub fn earliest(&self, clock: Clock, cost: &Amounts, ahead: u64) -> Option<Denial> {
        let behind = |dimension: Dimension| {
            let estimator = self.estimator(dimension);
            let limit = estimator.limit().filter(|_| estimator.next_try().is_none())?;
            Some((limit, ahead.checked_sub(limit.saturating_sub(self.used(dimension)))?))
        };
        let is_sliding = self.discipline.is_sliding();
        let minute = behind(Dimension::RequestsPerMinute);
        let minute = minute.filter(|_| cost.requests > 0 && is_sliding);
        let minute = minute.map(|(limit, behind)| {
            // Whole windows pass first, and the remainder goes before it in the next one.
            let rounds = behind.checked_div(limit).unwrap_or_default();
            let rest = behind.checked_rem(limit).unwrap_or_default();
            let most = self.minute.total().requests.saturating_sub(rest.saturating_add(1));
            let first = self.minute.falls_to(Meter::Requests, most).unwrap_or(clock.now);
            let until = first.saturating_add(rounds.saturating_mul(60_000));
            Denial::counted(until, Some(Dimension::RequestsPerMinute))
        });
        let is_asked = self.asks_for_day(clock, Dimension::RequestsPerDay);
        let day = behind(Dimension::RequestsPerDay).filter(|_| cost.requests > 0 && !is_asked);
        let midnight = self.midnight(clock);
        let day = day.map(|_| Denial::counted(midnight, Some(Dimension::RequestsPerDay)));
        let denials =
            [self.denial(clock, cost, 1, Basis::WithDiscipline), minute, day].into_iter().flatten();
        denials.filter(|denial| denial.until > clock.now).max_by_key(|denial| denial.until)
    }

    /// As [`Usage::earliest`] for a request with none before it; limits that are only guessed are
    /// ignored.
    #[must_use]
    pub fn earliest_said(&self, clock: Clock, cost: &Amounts) -> Option<Denial> {
        self.denial(clock, cost, 1, Basis::Stated).filter(|denial| denial.until > clock.now)
    }

    /// The strictest limit in the way of a request: of all limits that are kept to, or of those
    /// that somebody stated.
    pub(crate) fn denial(
        &self,
        clock: Clock,
        cost: &Amounts,
        parts: u64,
        basis: Basis,
    ) -> Option<Denial> {
        let block = self.block.filter(|block| block.is_named || basis != Basis::Stated);
        let limits = DIMENSIONS.into_iter().filter_map(|dimension| {
            let estimator = self.estimator(dimension);
            let limit = if basis == Basis::Stated { estimator.said() } else { estimator.limit() }?;
            let amount = cost.of(meter(dimension));
            if matches!(dimension, Dimension::Budget | Dimension::BudgetPerDay) {
                // A part is taken of the money that is left, not of the whole: all parts have used
                // that.
                let left = limit.saturating_sub(self.used(dimension));
                let is_free = amount <= left.checked_div(parts).unwrap_or(left);
                // No day has room for a request that costs more than is allowed in one.
                let until = match dimension {
                    Dimension::BudgetPerDay if amount <= limit => self.midnight(clock),
                    _ => u64::MAX,
                };
                let is_kept = amount > 0 && !is_free;
                return is_kept.then_some(Denial::counted(until, Some(dimension)));
            }
            let limit = limit.checked_div(parts).unwrap_or(limit).max(1).min(limit);
            // A request that exceeds a limit all by itself is left to the service to judge.
            let amount = amount.min(limit);
            let room = limit.saturating_sub(amount);
            if amount == 0 {
                return None;
            }
            let until = if is_minute_or_money(dimension) {
                // A limit that others use too: requests of ours that the service refused are not
                // part of our share, since its hints say when the next request fits.
                let is_shared = dimension == Dimension::RequestsPerMinute
                    && self.estimator(dimension).is_share();
                let is_learned =
                    dimension == Dimension::RequestsPerMinute && basis != Basis::Limits;
                if is_learned && !is_shared {
                    self.discipline.falls_to(&self.minute, clock.now, room)?
                } else {
                    let used =
                        if is_shared { self.minute.accepted() } else { self.used(dimension) };
                    if used <= room {
                        return None;
                    }
                    self.window(dimension).falls_to(meter(dimension), room)?
                }
            } else {
                if self.asks_for_day(clock, dimension) {
                    return None;
                }
                let ends_soon = clock.wall.saturating_add(MIDNIGHT_MARGIN.0) >= self.day.ends;
                if self.used(dimension) <= room && (!ends_soon || self.doubts_day(clock)) {
                    return None;
                }
                let again = if self.doubts_day(clock) { self.asks_again() } else { u64::MAX };
                self.midnight(clock).min(again)
            };
            Some(Denial::counted(until, Some(dimension)))
        });
        block.into_iter().chain(limits).max_by_key(|denial| denial.until)
    }

    /// Whether a burst is just over. A try right after a burst leaves the window together with it
    /// if it is refused, while one amid the idle part of a minute keeps a place there for good; and
    /// a bucket has had no time to refill, nor a minute of the clock to end. Other users have the
    /// rest of a share, and no burst of ours says when that is used.
    pub(crate) fn may_try(&self, clock: Clock, denial: &Denial) -> bool {
        let Some(dimension) = denial.dimension else { return false };
        let estimator = self.estimator(dimension);
        let last = self.window(dimension).entries().last().map_or(0, |entry| entry.last);
        let pause = BURST.min(Millis(estimator.turn().0 / 2));
        let is_over = denial.until >= clock.now.saturating_add(pause.0);
        estimator.is_share() || is_over && clock.now <= last.saturating_add(BURST.0)
    }
}
