//! The money of a billing account.

use std::collections::VecDeque;

/// The spending of one billing account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) spend: Spend,
    /// The sum over its whole life, in billionths of a USD.
    pub(crate) ever: u64,
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
