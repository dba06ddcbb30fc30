//! The ledger of one project and model, or of one account's money: what was used, what is allowed,
//! and when the next request may go.
//!
//! Windows roll over 60 and 600 s by the moment of sending, which is right for a service that counts
//! fixed minutes, a sliding minute or a token bucket: whatever fits the sliding minute fits the
//! others too; a refusal may tell how it counts. The day is the one in Los Angeles.

use crate::base::pacific::next_midnight;
use crate::base::time::{Millis, WallTime};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::discipline::Discipline;
use crate::quota::limit_estimator::{Change, Gauge, Source};
use crate::quota::window::{Amounts, Meter, Window};

/// The limits that a ledger keeps, in the order in which they are told.
pub const DIMENSIONS: [Dimension; 8] = [
    Dimension::RequestsPerMinute,
    Dimension::TokensPerMinute,
    Dimension::ImagesPerMinute,
    Dimension::RequestsPerDay,
    Dimension::TokensPerDay,
    Dimension::Spend,
    Dimension::Budget,
    Dimension::BudgetPerDay,
];

/// How far the service's clock may be from ours around midnight: it is off by up to 1.5 s, and ours
/// is set by a second or two now and then.
const MIDNIGHT_MARGIN: Millis = Millis(4_000);

/// Two days, each as long as one is when the clocks are put back.
pub(crate) const DAYS: Millis = Millis(2 * 25 * 3_600_000);

/// How long a spent day is left alone between two requests that find out if it is over.
const ASK: Millis = Millis(300_000);

/// How long after the last request of a burst one more still belongs to it.
const BURST: Millis = Millis(1_500);

/// What the clocks of a ledger show, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Clock {
    /// The clock by which minutes are counted: monotonic where one process keeps the ledger, the
    /// store's where several do.
    pub now: u64,
    /// The wall clock, by which the day ends.
    pub wall: u64,
}

/// The limits that callers give, or that their tier has; `None` where nothing is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Limits([Option<u64>; DIMENSIONS.len()]);

impl Limits {
    /// The limit of one dimension.
    #[must_use]
    pub fn get(&self, dimension: Dimension) -> Option<u64> {
        DIMENSIONS.iter().zip(self.0).find(|(row, _)| **row == dimension)?.1
    }

    /// The same limits with this one in place.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, limit: Option<u64>) -> Self {
        for (row, slot) in DIMENSIONS.iter().zip(&mut self.0) {
            if *row == dimension {
                *slot = limit;
            }
        }
        self
    }
}

/// Why a request may not go now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Denial {
    /// When it may, on the ledger's clock.
    pub until: u64,
    /// The limit that keeps it; `None` where the service said to wait and not for what.
    pub dimension: Option<Dimension>,
    /// Whether the service itself named that wait.
    pub is_named: bool,
}

impl Denial {
    /// What our own count denies.
    pub(crate) const fn counted(until: u64, dimension: Option<Dimension>) -> Self {
        Self { until, dimension, is_named: false }
    }
}

/// What the service said when it refused for a quota.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Refusal {
    /// Which limit, where it said.
    pub dimension: Option<Dimension>,
    /// The limit's value, where it said.
    pub limit: Option<u64>,
    /// How long to wait, where it said.
    pub wait: Option<Millis>,
    /// Whether a refusal without details is believed to be about our requests a minute.
    pub is_quota: bool,
    /// At which count the service refused first, where that is believed.
    pub count: Option<u64>,
}

impl Refusal {
    /// Reads the error of a refused request; `None` where it is about no quota.
    #[must_use]
    pub fn read(info: &ErrorInfo) -> Option<Self> {
        // A sentence alone may be of a bucket, as OpenAI's `on requests per min (RPM): Limit 20 …
        // try again in 1.1s`: where it names its wait, that is what counts.
        let is_named = info.quota_id.is_some() || !info.violations.is_empty();
        let is_bucket = !is_named && info.retry_after.is_some();
        let dimension = match info.kind {
            Kind::RateLimited => info.dimension.filter(|_| !is_bucket),
            Kind::DailyQuota => info.dimension.or(Some(Dimension::RequestsPerDay)),
            Kind::SpendLimited => Some(Dimension::Spend),
            _ => return None,
        };
        let limit = info.quota_limit.filter(|limit| *limit > 0);
        let is_quota = dimension.is_some();
        Some(Self { dimension, limit, wait: info.retry_after, is_quota, count: None })
    }
}

/// A limit that is now known, or known to be another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Learned {
    /// Which.
    pub dimension: Dimension,
    /// What it is and was.
    pub change: Change,
}

/// The use of one dimension.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Usage {
    /// Which.
    pub dimension: Dimension,
    /// What is used of it now.
    pub used: u64,
    /// What is kept to.
    pub limit: Option<u64>,
    /// Where the limit comes from.
    pub source: Option<Source>,
    /// When some of what is used is free again, on the ledger's clock; `None` where nothing is used.
    pub frees: Option<u64>,
}

/// What a request is kept by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Basis {
    /// All that is known, and how the service counts.
    Learned,
    All,
    /// What somebody said, without what is only guessed.
    Said,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Day {
    /// Midnight, on the wall clock; 0 before the first use.
    pub(crate) ends: u64,
    /// The same moment on the ledger's clock, as it was expected then.
    pub(crate) ends_at: u64,
    /// When it began on the ledger's clock, or was first used.
    pub(crate) began: u64,
    pub(crate) used: Amounts,
    /// What of it was used when the day was over by the wall clock alone: it may be the next day's.
    pub(crate) late: Amounts,
    /// When a request was sent last that finds out, on the ledger's clock; 0 for never.
    pub(crate) asked: u64,
}

/// The ledger.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quota {
    pub(crate) minute: Window,
    pub(crate) money: Window,
    pub(crate) day: Day,
    /// Money that was ever used, in billionths of a USD.
    pub(crate) spent: u64,
    pub(crate) gauges: [Gauge; DIMENSIONS.len()],
    /// What keeps every request.
    pub(crate) block: Option<Denial>,
    /// How the service counts requests, as far as is known.
    pub(crate) discipline: Discipline,
    /// The newest moment seen.
    pub(crate) at: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            minute: Window::minute(true),
            money: Window::ten_minutes(true),
            day: Day::default(),
            spent: 0,
            gauges: [Gauge::default(); DIMENSIONS.len()],
            block: None,
            discipline: Discipline::default(),
            at: 0,
        }
    }
}

impl Quota {
    /// A ledger without uses that keeps to what was given and to what the tier has.
    #[must_use]
    pub fn new(given: &Limits, tier: &Limits) -> Self {
        let mut quota = Self::default();
        quota.set_limits(given, tier);
        quota
    }

    /// The same ledger, kept finely: by one process that never has to write it small.
    #[must_use]
    pub fn finely(self) -> Self {
        Self { minute: Window::minute(false), money: Window::ten_minutes(false), ..self }
    }

    /// Sets what was given and what the tier has; what was learned stays.
    pub fn set_limits(&mut self, given: &Limits, tier: &Limits) {
        for (gauge, (given, tier)) in self.gauges.iter_mut().zip(given.0.into_iter().zip(tier.0)) {
            gauge.given = given;
            gauge.tier = tier;
        }
    }

    /// Whether there is little to write.
    #[must_use]
    pub fn is_small(&self) -> bool {
        const FEW: usize = 32;
        self.minute.entries().count().saturating_add(self.money.entries().count()) < FEW
    }

    /// Whether any limit is known.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.gauges.iter().any(|gauge| gauge.limit().is_some())
    }

    /// The newest moment that the ledger has seen, on its own clock.
    #[must_use]
    pub const fn at_moment(&self) -> u64 {
        self.at
    }

    /// The limit of a dimension and what is learned of it.
    #[must_use]
    pub fn gauge(&self, dimension: Dimension) -> Gauge {
        let found = DIMENSIONS.iter().position(|row| *row == dimension);
        found.and_then(|index| self.gauges.get(index)).copied().unwrap_or_default()
    }

    fn gauge_mut(&mut self, dimension: Dimension) -> Option<&mut Gauge> {
        let index = DIMENSIONS.iter().position(|row| *row == dimension)?;
        self.gauges.get_mut(index)
    }

    /// Brings the ledger to this moment: forgets, proves tries, begins a new day.
    pub fn advance(&mut self, clock: Clock) {
        if clock.now < self.at {
            // Where several processes keep the ledger, the clock can be set back: what was used a
            // moment ago by the old clock was used a moment ago by the new one.
            let by = self.at.saturating_sub(clock.now);
            self.shift(0_i64.saturating_sub_unsigned(by));
        }
        self.at = clock.now;
        self.minute.forget(clock.now);
        self.money.forget(clock.now);
        for gauge in &mut self.gauges {
            gauge.advance(clock.now);
        }
        self.block = self.block.filter(|block| block.until > clock.now);
        self.discipline.advance(clock.now, &self.gauge(Dimension::RequestsPerMinute));
        let over = clock.wall >= self.day.ends.saturating_add(MIDNIGHT_MARGIN.0);
        // A clock that was set forward does not end the service's day. Where it was the other clock
        // that stood still, in a computer that slept, the next refusal or probe sets this right.
        let agrees = clock.now >= self.day.ends_at.saturating_add(MIDNIGHT_MARGIN.0);
        if self.day.ends == 0 || (over && agrees) {
            let late = self.day.late;
            self.begin_day(clock);
            self.day.used = late;
        } else if !over {
            self.day.late = Amounts::default();
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

    /// Moves what was used by the same time: the clock was set. The day ends when it did.
    fn shift(&mut self, by: i64) {
        self.minute.shift(by);
        self.money.shift(by);
        self.day.began = self.day.began.saturating_add_signed(by);
        self.day.asked = self.day.asked.saturating_add_signed(by);
        for gauge in &mut self.gauges {
            gauge.shift(by);
        }
        if let Some(block) = &mut self.block {
            block.until = block.until.saturating_add_signed(by);
        }
        self.discipline.shift(by);
    }

    /// The clock was set forward: what was used a moment ago is not forgotten, and the day does not
    /// end before as much time has passed as was left of it. It is in doubt meanwhile.
    pub(crate) fn set_forward(&mut self, by: u64) {
        self.shift(i64::try_from(by).unwrap_or(i64::MAX));
        self.day.ends_at = self.day.ends_at.saturating_add(by);
    }

    fn begin_day(&mut self, clock: Clock) {
        let ends = next_midnight(WallTime(clock.wall)).0;
        let ends_at = clock.now.saturating_add(ends.saturating_sub(clock.wall));
        self.day = Day { ends, ends_at, began: clock.now, ..Day::default() };
    }

    /// Whether the day is over by the wall clock alone: one of the clocks was set.
    #[must_use]
    pub const fn doubts_day(&self, clock: Clock) -> bool {
        clock.wall >= self.day.ends.saturating_add(MIDNIGHT_MARGIN.0)
    }

    /// Whether one request may find out if the day is over: a computer that slept knows only by the
    /// wall clock, which somebody may have set as well.
    const fn asks_for_day(&self, clock: Clock, dimension: Dimension) -> bool {
        // A budget is our own: nobody else knows when its day ends.
        let is_service_s = !matches!(dimension, Dimension::BudgetPerDay);
        is_service_s && self.doubts_day(clock) && clock.now >= self.asks_again()
    }

    /// When it is time to find out again: a spent day is not hammered.
    const fn asks_again(&self) -> u64 {
        match self.day.asked {
            0 => 0,
            asked => asked.saturating_add(ASK.0),
        }
    }

    /// Whether a request that was sent in doubt, and served, is too many for the day: it is another.
    #[must_use]
    pub fn proves_day(&self, clock: Clock) -> bool {
        let is_over = |dimension| {
            self.gauge(dimension).limit().is_some_and(|limit| self.used(dimension) > limit)
        };
        let spent = [Dimension::RequestsPerDay, Dimension::TokensPerDay].into_iter().any(is_over);
        spent && self.doubts_day(clock)
    }

    /// The day that was in doubt is over.
    pub fn end_doubt(&mut self, clock: Clock) {
        self.advance(clock);
        if self.doubts_day(clock) {
            let late = self.day.late;
            self.begin_day(clock);
            self.day.used = late;
        }
    }

    /// The service served a request though the day was spent by our count: the count was wrong.
    pub fn correct_day(&mut self, clock: Clock) {
        self.advance(clock);
        self.begin_day(clock);
        for dimension in [Dimension::RequestsPerDay, Dimension::TokensPerDay] {
            if let Some(gauge) = self.gauge_mut(dimension) {
                gauge.told = None;
            }
        }
    }

    /// Whether a request of this size may go now.
    ///
    /// # Errors
    /// The strictest limit in the way, and when it lets the request pass.
    pub fn check(&mut self, clock: Clock, want: &Amounts) -> Result<(), Denial> {
        self.advance(clock);
        self.denial(clock, want, 1, Basis::All).map_or(Ok(()), Err)
    }

    /// As [`Quota::check`], and counts the request where it may go. Where only a limit that was
    /// found by trying is in the way, and it is time to try more, that is tried.
    ///
    /// # Errors
    /// As [`Quota::check`].
    pub fn take(&mut self, clock: Clock, want: &Amounts) -> Result<(), Denial> {
        self.take_part(clock, want, 1)
    }

    /// As [`Quota::take`], of one of so many equal parts of each limit.
    ///
    /// # Errors
    /// As [`Quota::check`].
    pub fn take_part(&mut self, clock: Clock, want: &Amounts, parts: u64) -> Result<(), Denial> {
        self.advance(clock);
        if let Some(denial) = self.denial(clock, want, parts, Basis::Learned) {
            let need = denial.dimension.map_or(1, |dimension| self.excess(dimension, want));
            let size = denial.dimension.map_or(1, |dimension| want.of(meter(dimension)));
            let is_time = self.may_try(clock, &denial);
            let gauge = denial.dimension.and_then(|dimension| self.gauge_mut(dimension));
            let Some(gauge) = gauge else { return Err(denial) };
            if !is_time || !gauge.try_more(clock.now, need, size) {
                let next = gauge.next_try().filter(|next| *next > clock.now);
                let until = denial.until.min(next.unwrap_or(u64::MAX));
                return Err(Denial { until, ..denial });
            }
            if let Some(denial) = self.denial(clock, want, parts, Basis::Learned) {
                return Err(denial);
            }
        }
        self.count(clock, want);
        Ok(())
    }

    /// As [`Quota::take_part`], past every limit and wait that is only guessed.
    ///
    /// # Errors
    /// As [`Quota::check`].
    pub fn insist(&mut self, clock: Clock, want: &Amounts, parts: u64) -> Result<(), Denial> {
        self.advance(clock);
        if let Some(denial) = self.denial(clock, want, parts, Basis::Said) {
            return Err(denial);
        }
        self.count(clock, want);
        Ok(())
    }

    fn count(&mut self, clock: Clock, want: &Amounts) {
        if self.excess(Dimension::RequestsPerMinute, want) > 0 {
            self.discipline.exceeds(clock.now);
        }
        self.add(clock.now, want);
        if want.requests > 0 {
            let dimension = Dimension::RequestsPerMinute;
            let pause = self.gauge(dimension).pause(clock.now);
            if pause > Millis::ZERO {
                self.hold(clock.now.saturating_add(pause.0), Some(dimension));
            }
        }
        self.add_to_day(clock, want);
    }

    fn add(&mut self, at: u64, want: &Amounts) {
        let (minute, money) = want.split();
        if !minute.is_zero() {
            self.minute.add(at, &minute);
        }
        if !money.is_zero() {
            self.money.add(at, &money);
        }
    }

    fn add_to_day(&mut self, clock: Clock, used: &Amounts) {
        let is_late = self.doubts_day(clock);
        self.spent = self.spent.saturating_add(used.nanos);
        self.day.used = self.day.used.plus(used);
        if is_late {
            self.day.late = self.day.late.plus(used);
            self.day.asked = clock.now.max(1);
        }
    }

    /// Counts what was used without asking, at a moment that may have passed.
    pub fn record(&mut self, clock: Clock, at: u64, used: &Amounts) {
        self.advance(clock);
        self.add(at, used);
        self.add_to_day(clock, used);
        self.advance(clock);
    }

    /// A request that was counted at `at` took another amount than was reserved for it.
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
            // A request that took more of something is no further request.
            self.day.used = self.day.used.plus(&Amounts { requests: 0, ..more }).minus(&less);
            self.day.late = self.day.late.minus(&less);
            if less.requests > 0 && at.max(1) == self.day.asked {
                // It was never sent, and has found out nothing.
                self.day.asked = 0;
            }
        }
    }

    /// A request was refused for what another ledger keeps.
    pub fn settle_refused(&mut self, at: u64, reserved: &Amounts) {
        self.minute.refuse(self.at, at);
        self.spent = self.spent.saturating_sub(reserved.nanos);
        if at >= self.day.began {
            self.day.used = self.day.used.minus(reserved);
            self.day.late = self.day.late.minus(reserved);
        }
    }

    /// The service refused a request that was counted at `at`. It keeps its place in the minute,
    /// since some services count what they refuse, but not in the day, and it cost nothing.
    pub fn refuse(
        &mut self,
        clock: Clock,
        at: u64,
        reserved: &Amounts,
        said: &Refusal,
    ) -> Option<Learned> {
        self.advance(clock);
        self.settle_refused(at, reserved);
        let (_, money) = reserved.split();
        self.money.take_back(self.at, at, &money);
        if let Some(wait) = said.wait.filter(|_| said.dimension.is_none_or(is_minute_or_money)) {
            let until = clock.now.saturating_add(wait.0);
            self.keep(Denial { until, dimension: said.dimension, is_named: true });
        }
        let dimension = match said.dimension {
            Some(dimension) => dimension,
            None if said.is_quota => Dimension::RequestsPerMinute,
            None => return None,
        };
        let accepted = said.count.unwrap_or_else(|| self.accepted(dimension, reserved));
        if said.wait.is_none() && is_minute_or_money(dimension) && said.dimension.is_none() {
            let turn = self.gauge(dimension).turn();
            // A turn for each that is owed, and one more, since the limit is a guess.
            let from = self.block.map_or(clock.now.saturating_add(turn.0), |block| block.until);
            self.hold(from.saturating_add(turn.0), Some(dimension));
        }
        let is_sized = matches!(meter(dimension), Meter::Tokens | Meter::Images);
        if said.wait.is_some() && dimension.is_per_minute() && is_sized {
            // By then it fits, as the service says: what was refused takes no room.
            let size = Amounts { requests: 0, nanos: 0, ..*reserved };
            self.minute.take_back(self.at, at, &size);
        }
        let change = if is_minute_or_money(dimension) {
            let gauge = self.gauge_mut(dimension)?;
            match said.limit {
                Some(limit) => {
                    gauge.tell(clock.now, limit, accepted, reserved.of(meter(dimension)))
                }
                None => gauge.refuse(clock.now, accepted),
            }
        } else {
            let gauge = self.gauge_mut(dimension)?;
            let before = gauge.whole();
            gauge.told = said.limit.or(gauge.told);
            let limit = gauge.told.filter(|told| before != Some(*told));
            limit.map(|limit| Change { limit, previous: before })
        };
        if let (Dimension::RequestsPerMinute, Some(_), Some(wait)) =
            (dimension, said.limit, said.wait)
        {
            let gauge = self.gauge(dimension);
            self.discipline.refused(&self.minute, (clock.now, at), wait, &gauge);
        }
        // As much as the whole limit was refused, and nothing was accepted: where a service counts
        // what it refuses, its hint may not say so.
        let whole = self.gauge(dimension).whole().unwrap_or(u64::MAX);
        let is_owed = accepted == 0 && self.minute.total().requests >= whole.max(2);
        if let Some(wait) = said.wait.filter(|_| is_owed)
            && dimension == Dimension::RequestsPerMinute
        {
            let until = clock.now.saturating_add(wait.0);
            let until = until.saturating_add(self.gauge(dimension).turn().0);
            self.keep(Denial { until, dimension: Some(dimension), is_named: true });
        }
        if said.wait.is_none() && dimension == Dimension::Spend {
            // Others may have spent it all: our own count does not say when some is free.
            let pause = self.gauge(dimension).found.map_or(Millis::ZERO, |found| found.pause);
            self.hold(clock.now.saturating_add(pause.0 / 4), Some(dimension));
        }
        change.map(|change| Learned { dimension, change })
    }

    /// Whether the day is spent by our own count, to a tenth.
    #[must_use]
    pub fn agrees_that_day_is_spent(&self, dimension: Dimension) -> bool {
        self.gauge(dimension)
            .limit()
            .is_some_and(|limit| self.used(dimension).saturating_mul(10) >= limit.saturating_mul(9))
    }

    /// The day is spent, as the service says and our count agrees.
    pub fn end_day(&mut self) {
        for dimension in [Dimension::RequestsPerDay, Dimension::TokensPerDay] {
            let limit = self.gauge(dimension).limit();
            match (dimension, limit) {
                (Dimension::RequestsPerDay, Some(limit)) => {
                    self.day.used.requests = self.day.used.requests.max(limit);
                }
                (_, Some(limit)) => self.day.used.tokens = self.day.used.tokens.max(limit),
                _ => {}
            }
        }
    }

    /// Whether a request that goes now leaves room for one that is due at a later moment: then it may
    /// overtake that one, which it does not delay.
    #[must_use]
    pub fn leaves_room(&self, due: u64, first: &Amounts, second: &Amounts) -> bool {
        DIMENSIONS.into_iter().filter(|dimension| dimension.is_per_minute()).all(|dimension| {
            let Some(limit) = self.gauge(dimension).limit() else { return true };
            let meter = meter(dimension);
            let left = self.minute.left_at(meter, due);
            let both = first.of(meter).saturating_add(second.of(meter));
            left.saturating_add(both) <= limit
        })
    }

    /// Nothing goes before this moment, as we guess.
    pub fn hold(&mut self, until: u64, dimension: Option<Dimension>) {
        self.keep(Denial::counted(until, dimension));
    }

    fn keep(&mut self, block: Denial) {
        if self.block.is_none_or(|known| known.until < block.until) {
            self.block = Some(block);
        }
    }

    /// What is used of every dimension that is used or limited.
    pub fn usage(&self) -> impl Iterator<Item = Usage> {
        DIMENSIONS.into_iter().map(|dimension| {
            let used = self.used(dimension);
            let gauge = self.gauge(dimension);
            let frees = match dimension {
                _ if used == 0 => None,
                Dimension::Budget => None,
                _ if dimension.is_per_day() => Some(self.day.ends_at),
                _ => self.window(dimension).falls_to(meter(dimension), used.saturating_sub(1)),
            };
            let (limit, source) = (gauge.limit(), gauge.source());
            Usage { dimension, used, limit, source, frees }
        })
    }

    /// The wall time at which some of what is used is free again.
    #[must_use]
    pub fn frees_at(&self, clock: Clock, usage: &Usage) -> Option<u64> {
        let left = usage.frees?.saturating_sub(clock.now);
        let is_daily = usage.dimension.is_per_day() && !self.doubts_day(clock);
        Some(if is_daily { self.day.ends } else { clock.wall.saturating_add(left) })
    }

    /// What is used of a dimension now.
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

    /// What keeps a request behind `ahead` others, and until when at least: never too late.
    #[must_use]
    pub fn earliest(&self, clock: Clock, want: &Amounts, ahead: u64) -> Option<Denial> {
        let behind = |dimension: Dimension| {
            let gauge = self.gauge(dimension);
            let limit = gauge.limit().filter(|_| gauge.next_try().is_none())?;
            Some((limit, ahead.checked_sub(limit.saturating_sub(self.used(dimension)))?))
        };
        let is_sliding = self.discipline.is_sliding();
        let minute = behind(Dimension::RequestsPerMinute);
        let minute = minute.filter(|_| want.requests > 0 && is_sliding);
        let minute = minute.map(|(limit, behind)| {
            // Whole windows, and what of the next one goes before.
            let rounds = behind.checked_div(limit).unwrap_or_default();
            let rest = behind.checked_rem(limit).unwrap_or_default();
            let most = self.minute.total().requests.saturating_sub(rest.saturating_add(1));
            let first = self.minute.falls_to(Meter::Requests, most).unwrap_or(clock.now);
            let until = first.saturating_add(rounds.saturating_mul(60_000));
            Denial::counted(until, Some(Dimension::RequestsPerMinute))
        });
        let is_asked = self.asks_for_day(clock, Dimension::RequestsPerDay);
        let day = behind(Dimension::RequestsPerDay).filter(|_| want.requests > 0 && !is_asked);
        let midnight = self.midnight(clock);
        let day = day.map(|_| Denial::counted(midnight, Some(Dimension::RequestsPerDay)));
        let denials =
            [self.denial(clock, want, 1, Basis::Learned), minute, day].into_iter().flatten();
        denials.filter(|denial| denial.until > clock.now).max_by_key(|denial| denial.until)
    }

    /// As [`Quota::earliest`] for a request that nobody is before, past what is only guessed.
    #[must_use]
    pub fn earliest_said(&self, clock: Clock, want: &Amounts) -> Option<Denial> {
        self.denial(clock, want, 1, Basis::Said).filter(|denial| denial.until > clock.now)
    }

    /// When the new day begins, on the ledger's clock.
    #[must_use]
    pub const fn midnight(&self, clock: Clock) -> u64 {
        let ends = self.day.ends.saturating_add(MIDNIGHT_MARGIN.0);
        let left = ends.saturating_sub(clock.wall);
        let least = clock.now.saturating_add(left);
        let ends_at = self.day.ends_at.saturating_add(MIDNIGHT_MARGIN.0);
        if least > ends_at { least } else { ends_at }
    }

    /// Another record of the same uses: the larger of both is true.
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
        for (ours, theirs) in self.gauges.iter_mut().zip(&other.gauges) {
            ours.told = ours.told.or(theirs.told);
            ours.found = ours.found.or(theirs.found);
        }
        if let Some(block) = other.block {
            self.keep(block);
        }
        self.at = self.at.max(other.at);
    }

    /// What of a dimension the service accepted of us, without the request that it refused.
    fn accepted(&self, dimension: Dimension, refused: &Amounts) -> u64 {
        match dimension {
            Dimension::RequestsPerMinute => self.minute.accepted(),
            Dimension::Spend => self.money.total().nanos,
            _ => self.used(dimension).saturating_sub(refused.of(meter(dimension))),
        }
    }

    /// The strictest limit in the way of a request: all that are kept to, or those that somebody said.
    fn denial(&self, clock: Clock, want: &Amounts, parts: u64, basis: Basis) -> Option<Denial> {
        let block = self.block.filter(|block| block.is_named || basis != Basis::Said);
        let limits = DIMENSIONS.into_iter().filter_map(|dimension| {
            let gauge = self.gauge(dimension);
            let limit = if basis == Basis::Said { gauge.said() } else { gauge.limit() }?;
            let amount = want.of(meter(dimension));
            if matches!(dimension, Dimension::Budget | Dimension::BudgetPerDay) {
                // Of what is left, and not of the whole: that was used by all.
                let left = limit.saturating_sub(self.used(dimension));
                let is_free = amount <= left.checked_div(parts).unwrap_or(left);
                // No day has room for what costs more than is allowed in one.
                let until = match dimension {
                    Dimension::BudgetPerDay if amount <= limit => self.midnight(clock),
                    _ => u64::MAX,
                };
                let is_kept = amount > 0 && !is_free;
                return is_kept.then_some(Denial::counted(until, Some(dimension)));
            }
            let limit = limit.checked_div(parts).unwrap_or(limit).max(1).min(limit);
            // What exceeds a limit all by itself is left to the service to judge.
            let amount = amount.min(limit);
            let room = limit.saturating_sub(amount);
            if amount == 0 {
                return None;
            }
            let until = if is_minute_or_money(dimension) {
                // Where others use the limit too, what the service refused of ours is not our share:
                // its hints say when the next request fits.
                let is_shared =
                    dimension == Dimension::RequestsPerMinute && self.gauge(dimension).is_share();
                let is_learned =
                    dimension == Dimension::RequestsPerMinute && basis == Basis::Learned;
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

    /// Whether a burst is just over. A try that follows on one leaves the window with it where it is
    /// refused, while one amid the idle part of a minute keeps a place there for good; and a bucket
    /// has had no time to refill, nor a minute of the clock to end. Of a share others have the rest,
    /// and no burst of ours says when that is used.
    fn may_try(&self, clock: Clock, denial: &Denial) -> bool {
        let Some(dimension) = denial.dimension else { return false };
        let gauge = self.gauge(dimension);
        let last = self.window(dimension).entries().last().map_or(0, |entry| entry.last);
        let pause = BURST.min(Millis(gauge.turn().0 / 2));
        let is_over = denial.until >= clock.now.saturating_add(pause.0);
        gauge.is_share() || is_over && clock.now <= last.saturating_add(BURST.0)
    }

    /// By how much a request exceeds what is free of a dimension.
    fn excess(&self, dimension: Dimension, want: &Amounts) -> u64 {
        let limit = self.gauge(dimension).limit().unwrap_or(u64::MAX);
        let needed = self.used(dimension).saturating_add(want.of(meter(dimension)));
        needed.saturating_sub(limit)
    }

    const fn window(&self, dimension: Dimension) -> &Window {
        match dimension {
            Dimension::Spend => &self.money,
            _ => &self.minute,
        }
    }
}

const fn meter(dimension: Dimension) -> Meter {
    match dimension {
        Dimension::TokensPerMinute | Dimension::TokensPerDay | Dimension::EnqueuedTokens => {
            Meter::Tokens
        }
        Dimension::ImagesPerMinute => Meter::Images,
        Dimension::Spend | Dimension::Budget | Dimension::BudgetPerDay => Meter::Nanos,
        Dimension::RequestsPerMinute | Dimension::RequestsPerDay => Meter::Requests,
    }
}

/// Whether a limit frees as time passes, rather than at midnight.
const fn is_minute_or_money(dimension: Dimension) -> bool {
    dimension.is_per_minute() || matches!(dimension, Dimension::Spend)
}
