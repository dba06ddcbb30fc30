//! The usage of one project and model, or of one account's money: the amounts used, the limits, and
//! the moment at which the next request may go.
//!
//! Windows roll over 60 and 600 s by the moment of sending, which is right for a service that
//! counts fixed minutes, a sliding minute or a token bucket: requests that fit the sliding minute
//! fit the others too. A refusal may tell how the service counts. The day is the one in Los
//! Angeles.

use crate::base::pacific::next_midnight;
use crate::base::time::Millis;
use crate::base::time::WallTime;
use crate::errors::kind::Dimension;
use crate::quota::clock::Clock;
use crate::quota::day::{DAYS, Day, MIDNIGHT_MARGIN};
use crate::quota::denial::Denial;
use crate::quota::discipline::Discipline;
use crate::quota::found_limit::Source;
use crate::quota::limit_estimator::LimitEstimator;
use crate::quota::limits::{DIMENSIONS, Limits, meter};
use crate::quota::window::{Amounts, Window};

/// The usage of one dimension.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DimensionUsage {
    /// The dimension.
    pub dimension: Dimension,
    /// Units used now.
    pub used: u64,
    /// The limit that is kept to; `None` if there is none.
    pub limit: Option<u64>,
    /// The limit's source.
    pub source: Option<Source>,
    /// When some of the used units are free again, on the usage's clock; `None` if none are used.
    pub frees: Option<u64>,
}

/// The uses, limits and learned state of one quota.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Usage {
    pub(crate) minute: Window,
    pub(crate) money: Window,
    pub(crate) day: Day,
    /// Money ever used, in billionths of a USD.
    pub(crate) spent: u64,
    pub(crate) estimators: [LimitEstimator; DIMENSIONS.len()],
    /// A block in the way of every request.
    pub(crate) block: Option<Denial>,
    /// How the service counts requests, as far as is known.
    pub(crate) discipline: Discipline,
    /// The newest moment seen.
    pub(crate) at: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            minute: Window::minute(true),
            money: Window::ten_minutes(true),
            day: Day::default(),
            spent: 0,
            estimators: [LimitEstimator::default(); DIMENSIONS.len()],
            block: None,
            discipline: Discipline::default(),
            at: 0,
        }
    }
}

impl Usage {
    /// An empty usage with the caller's limits and those of the tier.
    #[must_use]
    pub fn new(given: &Limits, tier: &Limits) -> Self {
        let mut usage = Self::default();
        usage.set_limits(given, tier);
        usage
    }

    /// The same usage in fine steps: for one process that never has to write it to a store.
    #[must_use]
    pub fn finely(self) -> Self {
        Self { minute: Window::minute(false), money: Window::ten_minutes(false), ..self }
    }

    /// Sets the caller's limits and those of the tier; learned limits stay.
    pub fn set_limits(&mut self, given: &Limits, tier: &Limits) {
        for (estimator, (given, tier)) in
            self.estimators.iter_mut().zip(given.0.into_iter().zip(tier.0))
        {
            estimator.given = given;
            estimator.tier = tier;
        }
    }

    /// Whether its text is short.
    #[must_use]
    pub fn is_small(&self) -> bool {
        const FEW: usize = 32;
        self.minute.entries().count().saturating_add(self.money.entries().count()) < FEW
    }

    /// Whether any limit is known.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.estimators.iter().any(|estimator| estimator.limit().is_some())
    }

    /// The limit of a dimension and its estimate.
    #[must_use]
    pub fn estimator(&self, dimension: Dimension) -> LimitEstimator {
        let found = DIMENSIONS.iter().position(|row| *row == dimension);
        found.and_then(|index| self.estimators.get(index)).copied().unwrap_or_default()
    }

    pub(crate) fn estimator_mut(&mut self, dimension: Dimension) -> Option<&mut LimitEstimator> {
        let index = DIMENSIONS.iter().position(|row| *row == dimension)?;
        self.estimators.get_mut(index)
    }

    /// Brings the usage to this moment: forgets, proves tries, begins a new day.
    pub fn advance(&mut self, clock: Clock) {
        if clock.now < self.at {
            // The clock of a usage that several processes keep can be set back: a use that was a
            // moment ago by the old clock was a moment ago by the new one.
            let by = self.at.saturating_sub(clock.now);
            self.shift(0_i64.saturating_sub_unsigned(by));
        }
        self.at = clock.now;
        self.minute.forget(clock.now);
        self.money.forget(clock.now);
        for estimator in &mut self.estimators {
            estimator.advance(clock.now);
        }
        self.block = self.block.filter(|block| block.until > clock.now);
        self.discipline.advance(clock.now, &self.estimator(Dimension::RequestsPerMinute));
        let over = clock.wall >= self.day.ends.saturating_add(MIDNIGHT_MARGIN.0);
        // A clock that was set forward does not end the service's day. If it was the other clock
        // that stood still, in a computer that slept, the next refusal or probe corrects this.
        let agrees = clock.now >= self.day.ends_at.saturating_add(MIDNIGHT_MARGIN.0);
        if self.day.ends == 0 || (over && agrees) {
            let late = self.day.after_midnight;
            self.begin_day(clock);
            self.day.used = late;
        } else if !over {
            self.day.after_midnight = Amounts::default();
        }
        let is_far = |ends: u64, now: u64| ends > now.saturating_add(DAYS.0);
        if is_far(self.day.ends, clock.wall) || is_far(self.day.ends_at, clock.now) {
            // The clock was far ahead, and no day has so much left: not even the one after this.
            let ends = next_midnight(next_midnight(WallTime(clock.wall))).0;
            self.day.ends = self.day.ends.min(ends);
            let left = ends.saturating_sub(clock.wall);
            self.day.ends_at = self.day.ends_at.min(clock.now.saturating_add(left));
        }
    }

    /// Moves all uses by the same time: the clock was set. The end of the day stays.
    pub(crate) fn shift(&mut self, by: i64) {
        self.minute.shift(by);
        self.money.shift(by);
        self.day.began = self.day.began.saturating_add_signed(by);
        self.day.asked = self.day.asked.saturating_add_signed(by);
        for estimator in &mut self.estimators {
            estimator.shift(by);
        }
        if let Some(block) = &mut self.block {
            block.until = block.until.saturating_add_signed(by);
        }
        self.discipline.shift(by);
    }

    /// Moves the usage with a clock that was set forward: recent uses are not forgotten, and the
    /// day does not end before as much time has passed as was left of it. It is in doubt meanwhile.
    pub(crate) fn set_forward(&mut self, by: u64) {
        self.shift(i64::try_from(by).unwrap_or(i64::MAX));
        self.day.ends_at = self.day.ends_at.saturating_add(by);
    }

    pub(crate) fn count(&mut self, clock: Clock, cost: &Amounts) {
        if self.excess(Dimension::RequestsPerMinute, cost) > 0 {
            self.discipline.exceeds(clock.now);
        }
        self.add(clock.now, cost);
        if cost.requests > 0 {
            let dimension = Dimension::RequestsPerMinute;
            let pause = self.estimator(dimension).pause(clock.now);
            if pause > Millis::ZERO {
                self.hold(clock.now.saturating_add(pause.0), Some(dimension));
            }
        }
        self.add_to_day(clock, cost);
    }

    pub(crate) fn add(&mut self, at: u64, cost: &Amounts) {
        let (minute, money) = cost.split();
        if !minute.is_zero() {
            self.minute.add(at, &minute);
        }
        if !money.is_zero() {
            self.money.add(at, &money);
        }
    }

    pub(crate) fn add_to_day(&mut self, clock: Clock, used: &Amounts) {
        let is_late = self.doubts_day(clock);
        self.spent = self.spent.saturating_add(used.nanos);
        self.day.used = self.day.used.plus(used);
        if is_late {
            self.day.after_midnight = self.day.after_midnight.plus(used);
            self.day.asked = clock.now.max(1);
        }
    }

    /// Counts a use that was not asked for, at a moment that may have passed.
    pub fn record(&mut self, clock: Clock, at: u64, used: &Amounts) {
        self.advance(clock);
        self.add(at, used);
        self.add_to_day(clock, used);
        self.advance(clock);
    }

    /// Settles a request counted at `at` that took another amount than was reserved for it.
    pub fn settle(&mut self, at: u64, reserved: &Amounts, used: &Amounts) {
        let (more, less) = (used.minus(reserved), reserved.minus(used));
        if !more.is_zero() {
            self.add(at, &more);
        }
        let (minute, money) = less.split();
        self.minute.take_back(self.at, at, &minute);
        self.money.take_back(self.at, at, &money);
        self.spent = self.spent.saturating_add(more.nanos).saturating_sub(less.nanos);
        if at >= self.day.began {
            // A request that took more of something does not count as another request.
            self.day.used = self.day.used.plus(&Amounts { requests: 0, ..more }).minus(&less);
            self.day.after_midnight = self.day.after_midnight.minus(&less);
            if less.requests > 0 && at.max(1) == self.day.asked {
                // It was never sent, and has tested nothing.
                self.day.asked = 0;
            }
        }
    }

    /// The usage of every dimension, in the order of [`DIMENSIONS`].
    pub fn rows(&self) -> impl Iterator<Item = DimensionUsage> {
        DIMENSIONS.into_iter().map(|dimension| {
            let used = self.used(dimension);
            let estimator = self.estimator(dimension);
            let frees = match dimension {
                _ if used == 0 => None,
                Dimension::Budget => None,
                _ if dimension.is_per_day() => Some(self.day.ends_at),
                _ => self.window(dimension).falls_to(meter(dimension), used.saturating_sub(1)),
            };
            let (limit, source) = (estimator.limit(), estimator.source());
            DimensionUsage { dimension, used, limit, source, frees }
        })
    }

    /// The wall time at which some of the used units are free again.
    #[must_use]
    pub fn frees_at(&self, clock: Clock, usage: &DimensionUsage) -> Option<u64> {
        let left = usage.frees?.saturating_sub(clock.now);
        let is_daily = usage.dimension.is_per_day() && !self.doubts_day(clock);
        Some(if is_daily { self.day.ends } else { clock.wall.saturating_add(left) })
    }

    /// Units of a dimension used now.
    #[must_use]
    pub fn used(&self, dimension: Dimension) -> u64 {
        match dimension {
            Dimension::RequestsPerDay => self.day.used.requests,
            Dimension::TokensPerDay => self.day.used.tokens,
            Dimension::BudgetPerDay => self.day.used.nanos,
            Dimension::Budget => self.spent,
            _ => self.window(dimension).total().of(meter(dimension)),
        }
    }

    /// Merges another record of the same uses: the larger of both is true.
    pub fn merge(&mut self, other: &Self) {
        self.minute.merge(&other.minute);
        self.money.merge(&other.money);
        if other.day.ends > self.day.ends {
            self.day = other.day;
        } else if other.day.ends == self.day.ends {
            self.day.used = self.day.used.max(&other.day.used);
            self.day.began = self.day.began.min(other.day.began);
        }
        self.spent = self.spent.max(other.spent);
        for (ours, theirs) in self.estimators.iter_mut().zip(&other.estimators) {
            ours.told = ours.told.or(theirs.told);
            ours.found = ours.found.or(theirs.found);
        }
        if let Some(block) = other.block {
            self.keep(block);
        }
        self.at = self.at.max(other.at);
    }

    /// The amount by which a request exceeds the free part of a dimension.
    pub(crate) fn excess(&self, dimension: Dimension, cost: &Amounts) -> u64 {
        let limit = self.estimator(dimension).limit().unwrap_or(u64::MAX);
        let needed = self.used(dimension).saturating_add(cost.of(meter(dimension)));
        needed.saturating_sub(limit)
    }

    pub(crate) const fn window(&self, dimension: Dimension) -> &Window {
        match dimension {
            Dimension::Spend => &self.money,
            _ => &self.minute,
        }
    }
}
