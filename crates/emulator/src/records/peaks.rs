//! The largest use in any window of time.

use std::collections::VecDeque;

use serde::Serialize;

use crate::base::calendar::{MINUTE, next_pacific_midnight};
use crate::model::limits::Cost;

/// Requests, input tokens and pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Requests.
    pub requests: u64,
    /// Input tokens.
    pub tokens: u64,
    /// Pictures.
    pub images: u64,
}

impl Amounts {
    pub(crate) fn add(&mut self, cost: Cost) {
        self.requests = self.requests.saturating_add(1);
        self.tokens = self.tokens.saturating_add(cost.tokens);
        self.images = self.images.saturating_add(cost.images);
    }

    fn subtract(&mut self, cost: Cost) {
        self.requests = self.requests.saturating_sub(1);
        self.tokens = self.tokens.saturating_sub(cost.tokens);
        self.images = self.images.saturating_sub(cost.images);
    }

    fn raise(&mut self, other: Self) {
        self.requests = self.requests.max(other.requests);
        self.tokens = self.tokens.max(other.tokens);
        self.images = self.images.max(other.images);
    }
}

/// The largest use in any window, by the service's clock, whichever way the service counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peaks {
    minute: u64,
    in_minute: Amounts,
    fixed: Amounts,
    log: VecDeque<(u64, Cost)>,
    in_log: Amounts,
    sliding: Amounts,
    day_ends: u64,
    in_day: u64,
    day: u64,
}

impl Peaks {
    pub(crate) fn add(&mut self, now: u64, cost: Cost) {
        if now / MINUTE != self.minute {
            self.minute = now / MINUTE;
            self.in_minute = Amounts::default();
        }
        self.in_minute.add(cost);
        self.fixed.raise(self.in_minute);
        while let Some((at, gone)) = self.log.front().copied() {
            if at.saturating_add(MINUTE) > now {
                break;
            }
            self.in_log.subtract(gone);
            self.log.pop_front();
        }
        self.log.push_back((now, cost));
        self.in_log.add(cost);
        self.sliding.raise(self.in_log);
        if now >= self.day_ends {
            self.day_ends = next_pacific_midnight(now);
            self.in_day = 0;
        }
        self.in_day = self.in_day.saturating_add(1);
        self.day = self.day.max(self.in_day);
    }

    pub(crate) fn show(&self) -> WindowPeaks {
        WindowPeaks { fixed_minute: self.fixed, sliding_minute: self.sliding, day: self.day }
    }
}

/// The largest use in any window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowPeaks {
    /// In any minute of the service's clock.
    pub fixed_minute: Amounts,
    /// In any 60 seconds.
    pub sliding_minute: Amounts,
    /// Requests in any day, midnight to midnight Pacific.
    pub day: u64,
}
