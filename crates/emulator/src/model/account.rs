//! The spending of a billing account. Amounts are billionths of a USD, so that sums are exact.

use std::collections::VecDeque;

/// Milliseconds of the window in which spending is limited.
const WINDOW: u64 = 600_000;

/// The spending of one account: in its whole life, and in the last 600 seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    ever: u64,
    /// Moments and amounts of the window.
    log: VecDeque<(u64, u64)>,
    in_window: u64,
}

impl Account {
    /// Whether another `price` is more than is left of a balance that was paid in advance.
    pub(crate) fn exhausts(&self, balance: u64, price: u64) -> bool {
        self.ever.saturating_add(price) > balance
    }

    /// Whether another `price` breaks the limit of the window.
    pub(crate) fn overspends(&mut self, now: u64, limit: u64, price: u64) -> bool {
        self.advance(now);
        self.in_window.saturating_add(price) > limit
    }

    /// Books a price; the sum of the window with it.
    pub(crate) fn book(&mut self, now: u64, price: u64) -> u64 {
        self.ever = self.ever.saturating_add(price);
        self.log.push_back((now, price));
        self.in_window = self.in_window.saturating_add(price);
        self.advance(now);
        self.in_window
    }

    fn advance(&mut self, now: u64) {
        while let Some((at, amount)) = self.log.front().copied() {
            if at.saturating_add(WINDOW) > now {
                break;
            }
            self.in_window = self.in_window.saturating_sub(amount);
            self.log.pop_front();
        }
    }
}
