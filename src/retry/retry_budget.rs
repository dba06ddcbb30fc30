//! The number of retries of one target that a client may make: ten, and a fifth of the last
//! minute's calls to it.
//!
//! A thousand calls with five tries each are a storm, however well each of them backs off. The idea
//! is Finagle's retry budget; the numbers are this project's.

use crate::base::time::Instant;

const SLOTS: usize = 12;
const SLOT_MS: u64 = 5_000;
const RESERVE: u32 = 10;
const CALLS_PER_RETRY: u32 = 5;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The number of the five seconds, since the clock's start, that this slot counts.
    epoch: u64,
    calls: u32,
    retries: u32,
}

/// Counts calls and retries of the last minute, in slots of five seconds.
#[derive(Clone, Debug, Default)]
pub struct RetryBudget {
    slots: [Slot; SLOTS],
}

impl RetryBudget {
    /// Counts a call that began now.
    pub fn call(&mut self, now: Instant) {
        if let Some(slot) = self.slot(now) {
            slot.calls = slot.calls.saturating_add(1);
        }
    }

    /// Takes one retry, if the budget has one.
    #[must_use]
    pub fn take(&mut self, now: Instant) -> bool {
        let epoch = now.0 / SLOT_MS;
        let (mut calls, mut retries) = (0_u32, 0_u32);
        for slot in &self.slots {
            if epoch.saturating_sub(slot.epoch) < SLOTS as u64 {
                calls = calls.saturating_add(slot.calls);
                retries = retries.saturating_add(slot.retries);
            }
        }
        if retries >= RESERVE.saturating_add(calls / CALLS_PER_RETRY) {
            return false;
        }
        if let Some(slot) = self.slot(now) {
            slot.retries = slot.retries.saturating_add(1);
        }
        true
    }

    /// The slot of this moment, emptied where it still counts an earlier minute.
    fn slot(&mut self, now: Instant) -> Option<&mut Slot> {
        let epoch = now.0 / SLOT_MS;
        let index = usize::try_from(epoch.checked_rem(SLOTS as u64)?).ok()?;
        let slot = self.slots.get_mut(index)?;
        if slot.epoch != epoch {
            *slot = Slot { epoch, calls: 0, retries: 0 };
        }
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(budget: &mut RetryBudget, now: u64) -> usize {
        (0..1000).take_while(|_| budget.take(Instant(now))).count()
    }

    #[test]
    fn an_idle_client_has_ten_retries_a_minute() {
        let mut budget = RetryBudget::default();
        assert_eq!(takes(&mut budget, 0), 10);
        assert_eq!(takes(&mut budget, 54_999), 0);
        assert_eq!(takes(&mut budget, 60_000), 10);
    }

    #[test]
    fn every_fifth_call_of_the_last_minute_adds_one() {
        let mut budget = RetryBudget::default();
        for at in 0..100 {
            budget.call(Instant(at * 500));
        }
        assert_eq!(takes(&mut budget, 50_000), 30);
        assert_eq!(takes(&mut budget, 300_000), 10, "calls of long ago count no more");
    }
}
