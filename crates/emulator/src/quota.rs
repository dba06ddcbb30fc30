//! Limits of one project and model: requests, input tokens and pictures a minute, requests a day.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::clock::{MINUTE, next_pacific_midnight};

/// How the service counts a minute. Google does not say which it uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Discipline {
    /// Minutes of the service's clock, each starting from nothing.
    #[default]
    Fixed,
    /// The last 60 seconds at any moment.
    Sliding,
    /// A bucket that holds one minute's worth, starts full and refills steadily.
    Bucket,
}

/// Limits of one model; an absent one does not bind, 0 means "not on this tier".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Input tokens a minute.
    pub tpm: Option<u64>,
    /// Pictures a minute.
    pub ipm: Option<u64>,
    /// Requests a day, which ends at midnight Pacific.
    pub rpd: Option<u64>,
    /// Instead of the configuration's `discipline`.
    pub discipline: Option<Discipline>,
    /// Instead of the configuration's `rejectedCount`.
    pub rejected_count: Option<bool>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dimension {
    /// Requests a minute.
    Rpm,
    /// Input tokens a minute.
    Tpm,
    /// Pictures a minute.
    Ipm,
    /// Requests a day.
    Rpd,
}

/// What one request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Input tokens, by the service's own count.
    pub(crate) tokens: u64,
    /// Pictures asked for.
    pub(crate) images: u64,
}

impl Cost {
    fn of(self, dimension: Dimension) -> u64 {
        match dimension {
            Dimension::Rpm | Dimension::Rpd => 1,
            Dimension::Tpm => self.tokens,
            Dimension::Ipm => self.images,
        }
    }
}

/// A limit that a request would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which one.
    pub(crate) dimension: Dimension,
    /// Its value.
    pub(crate) limit: u64,
    /// Milliseconds of the service's time until the same request would fit.
    pub(crate) wait: u64,
}

/// One limit and what was used of it.
#[derive(Clone, Debug)]
enum Window {
    Fixed {
        limit: u64,
        minute: u64,
        used: u64,
    },
    Sliding {
        limit: u64,
        log: VecDeque<(u64, u64)>,
        used: u64,
    },
    /// Amounts are in 1/60000 of a unit, so that a refill is a whole number each millisecond.
    Bucket {
        limit: u64,
        level: i64,
        at: u64,
    },
    Day {
        limit: u64,
        ends: u64,
        used: u64,
    },
}

fn bucket_size(limit: u64) -> i64 {
    i64::try_from(limit.saturating_mul(MINUTE)).unwrap_or(i64::MAX)
}

impl Window {
    fn new(dimension: Dimension, limit: u64, discipline: Discipline, now: u64) -> Self {
        match (dimension, discipline) {
            (Dimension::Rpd, _) => Self::Day { limit, ends: 0, used: 0 },
            (_, Discipline::Fixed) => Self::Fixed { limit, minute: 0, used: 0 },
            (_, Discipline::Sliding) => Self::Sliding { limit, log: VecDeque::new(), used: 0 },
            (_, Discipline::Bucket) => Self::Bucket { limit, level: bucket_size(limit), at: now },
        }
    }

    /// Takes over what was used, if both count in the same way.
    fn inherit(&mut self, old: &Self) {
        match (self, old) {
            (Self::Fixed { minute, used, .. }, Self::Fixed { minute: m, used: u, .. }) => {
                (*minute, *used) = (*m, *u);
            }
            (Self::Sliding { log, used, .. }, Self::Sliding { log: l, used: u, .. }) => {
                log.clone_from(l);
                *used = *u;
            }
            (Self::Bucket { limit, level, at }, Self::Bucket { limit: l, level: old, at: a }) => {
                // What is missing from full stays missing.
                let missing = bucket_size(*l).saturating_sub(*old);
                *level = bucket_size(*limit).saturating_sub(missing);
                *at = *a;
            }
            (Self::Day { ends, used, .. }, Self::Day { ends: e, used: u, .. }) => {
                (*ends, *used) = (*e, *u);
            }
            _ => {}
        }
    }

    fn limit(&self) -> u64 {
        match self {
            Self::Fixed { limit, .. }
            | Self::Sliding { limit, .. }
            | Self::Bucket { limit, .. }
            | Self::Day { limit, .. } => *limit,
        }
    }

    /// Brings the window to `now`.
    fn advance(&mut self, now: u64) {
        match self {
            Self::Fixed { minute, used, .. } => {
                if now / MINUTE != *minute {
                    *minute = now / MINUTE;
                    *used = 0;
                }
            }
            Self::Sliding { log, used, .. } => {
                while let Some((at, amount)) = log.front().copied() {
                    if at.saturating_add(MINUTE) > now {
                        break;
                    }
                    *used = used.saturating_sub(amount);
                    log.pop_front();
                }
            }
            Self::Bucket { limit, level, at } => {
                let passed = now.saturating_sub(*at);
                let refill = i64::try_from(passed.saturating_mul(*limit)).unwrap_or(i64::MAX);
                *level = level.saturating_add(refill).min(bucket_size(*limit));
                *at = now.max(*at);
            }
            Self::Day { ends, used, .. } => {
                if now >= *ends {
                    *ends = next_pacific_midnight(now);
                    *used = 0;
                }
            }
        }
    }

    /// Whether `amount` fits now; if not, in how many milliseconds it would.
    fn room(&mut self, now: u64, amount: u64) -> Result<(), u64> {
        self.advance(now);
        match self {
            Self::Fixed { limit, used, .. } => {
                if used.saturating_add(amount) <= *limit {
                    return Ok(());
                }
                Err(MINUTE.saturating_sub(now % MINUTE))
            }
            Self::Sliding { limit, log, used } => {
                let mut left = used.saturating_add(amount);
                if left <= *limit {
                    return Ok(());
                }
                for (at, gone) in log.iter() {
                    left = left.saturating_sub(*gone);
                    if left <= *limit {
                        return Err(at.saturating_add(MINUTE).saturating_sub(now));
                    }
                }
                Err(MINUTE)
            }
            Self::Bucket { limit, level, .. } => {
                let need = bucket_size(amount);
                if need <= *level {
                    return Ok(());
                }
                let lacking = u64::try_from(need.saturating_sub(*level)).unwrap_or(u64::MAX);
                Err(lacking.checked_div_ceil(*limit).unwrap_or(MINUTE))
            }
            Self::Day { limit, ends, used } => {
                if used.saturating_add(amount) <= *limit {
                    return Ok(());
                }
                Err(ends.saturating_sub(now))
            }
        }
    }

    fn take(&mut self, now: u64, amount: u64) {
        self.advance(now);
        match self {
            Self::Fixed { used, .. } | Self::Day { used, .. } => {
                *used = used.saturating_add(amount);
            }
            Self::Sliding { log, used, .. } => {
                log.push_back((now, amount));
                *used = used.saturating_add(amount);
            }
            Self::Bucket { limit, level, .. } => {
                // However much is hammered in, an idle minute more than full heals it.
                let floor = bucket_size(*limit).saturating_neg();
                *level = level.saturating_sub(bucket_size(amount)).max(floor);
            }
        }
    }
}

trait CheckedDivCeil {
    fn checked_div_ceil(self, by: u64) -> Option<u64>;
}

impl CheckedDivCeil for u64 {
    fn checked_div_ceil(self, by: u64) -> Option<u64> {
        self.saturating_add(by.saturating_sub(1)).checked_div(by)
    }
}

/// All limits of one project and model.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    rules: Limits,
    discipline: Discipline,
    rejected_count: bool,
    windows: Vec<(Dimension, Window)>,
}

impl Quota {
    /// Nothing used yet. `now` is on the service's clock, as everywhere here.
    pub(crate) fn new(
        rules: Limits,
        discipline: Discipline,
        rejected_count: bool,
        now: u64,
    ) -> Self {
        let discipline = rules.discipline.unwrap_or(discipline);
        let rejected_count = rules.rejected_count.unwrap_or(rejected_count);
        let listed = [
            (Dimension::Rpm, rules.rpm),
            (Dimension::Tpm, rules.tpm),
            (Dimension::Ipm, rules.ipm),
            (Dimension::Rpd, rules.rpd),
        ];
        let windows = listed
            .into_iter()
            .filter_map(|(dimension, limit)| {
                Some((dimension, Window::new(dimension, limit?, discipline, now)))
            })
            .collect();
        Self { rules, discipline, rejected_count, windows }
    }

    /// Whether it was made from these rules.
    pub(crate) fn follows(
        &self,
        rules: &Limits,
        discipline: Discipline,
        rejected_count: bool,
    ) -> bool {
        self.rules == *rules
            && self.discipline == rules.discipline.unwrap_or(discipline)
            && self.rejected_count == rules.rejected_count.unwrap_or(rejected_count)
    }

    /// Every limit that the request would break, the day first. Nothing is taken yet.
    pub(crate) fn violations(&mut self, now: u64, cost: Cost) -> Vec<Violation> {
        let mut broken = Vec::new();
        for (dimension, window) in self.windows.iter_mut().rev() {
            let limit = window.limit();
            if let Err(wait) = window.room(now, cost.of(*dimension)) {
                broken.push(Violation { dimension: *dimension, limit, wait });
            }
        }
        broken
    }

    /// Counts a request, whether it fits or not.
    pub(crate) fn take(&mut self, now: u64, cost: Cost) {
        for (dimension, window) in &mut self.windows {
            window.take(now, cost.of(*dimension));
        }
    }

    /// Whether rejected calls count too.
    pub(crate) fn counts_rejected(&self) -> bool {
        self.rejected_count
    }

    /// Takes new rules over; a window whose discipline stays keeps what was used of it.
    pub(crate) fn adopt(&mut self, mut new: Self) {
        for (dimension, window) in &mut new.windows {
            if let Some((_, old)) = self.windows.iter().find(|(known, _)| known == dimension) {
                window.inherit(old);
            }
        }
        *self = new;
    }
}

/// Money that one account may spend in any 600 seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spend {
    log: VecDeque<(u64, u64)>,
    total: u64,
}

/// Milliseconds of the spend window.
const SPEND_WINDOW: u64 = 600_000;

impl Spend {
    fn advance(&mut self, now: u64) {
        while let Some((at, amount)) = self.log.front().copied() {
            if at.saturating_add(SPEND_WINDOW) > now {
                break;
            }
            self.total = self.total.saturating_sub(amount);
            self.log.pop_front();
        }
    }

    /// Whether `amount` (billionths of a USD) fits; if not, in how many milliseconds it would.
    pub(crate) fn room(&mut self, now: u64, amount: u64, limit: u64) -> Result<(), u64> {
        self.advance(now);
        let mut left = self.total.saturating_add(amount);
        if left <= limit {
            return Ok(());
        }
        for (at, gone) in &self.log {
            left = left.saturating_sub(*gone);
            if left <= limit {
                return Err(at.saturating_add(SPEND_WINDOW).saturating_sub(now));
            }
        }
        Err(SPEND_WINDOW)
    }

    /// Books what a request will cost.
    pub(crate) fn take(&mut self, now: u64, amount: u64) {
        self.log.push_back((now, amount));
        self.total = self.total.saturating_add(amount);
    }

    /// Spent and booked in the last 600 seconds.
    pub(crate) fn spent(&mut self, now: u64) -> u64 {
        self.advance(now);
        self.total
    }
}
