//! One limit and its window of time: a minute in one of three ways, or a day.

use std::collections::VecDeque;

use crate::base::calendar::{MINUTE, next_pacific_midnight};
use crate::model::limits::{Dimension, Discipline};

/// One limit and what was used of it.
#[derive(Clone, Debug)]
pub(crate) enum Window {
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
    pub(crate) fn new(dimension: Dimension, limit: u64, discipline: Discipline, now: u64) -> Self {
        match (dimension, discipline) {
            (Dimension::Rpd, _) => Self::Day { limit, ends: 0, used: 0 },
            (_, Discipline::Fixed) => Self::Fixed { limit, minute: 0, used: 0 },
            (_, Discipline::Sliding) => Self::Sliding { limit, log: VecDeque::new(), used: 0 },
            (_, Discipline::Bucket) => Self::Bucket { limit, level: bucket_size(limit), at: now },
        }
    }

    /// Takes over what was used, if both count in the same way.
    pub(crate) fn inherit(&mut self, old: &Self) {
        match (self, old) {
            (Self::Fixed { minute, used, .. }, Self::Fixed { minute: m, used: u, .. }) => {
                (*minute, *used) = (*m, *u);
            }
            (Self::Sliding { log, used, .. }, Self::Sliding { log: l, used: u, .. }) => {
                log.clone_from(l);
                *used = *u;
            }
            (Self::Bucket { limit, level, at }, Self::Bucket { limit: l, level: old, at: a }) => {
                // The amount missing from a full bucket stays missing.
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

    pub(crate) fn limit(&self) -> u64 {
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
    pub(crate) fn room(&mut self, now: u64, amount: u64) -> Result<(), u64> {
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

    pub(crate) fn take(&mut self, now: u64, amount: u64) {
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
