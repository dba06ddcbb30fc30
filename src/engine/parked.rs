//! Parked calls, which wait for the next day of the budget.

use std::rc::Rc;

use crate::base::time::{Instant, Millis};
use crate::engine::call::Call;
use crate::engine::queue::Queue;
use crate::errors::info::ErrorInfo;

/// Calls that wait for money, apart from the queues of their lanes, so that cheaper calls are not
/// kept waiting by them.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    pub(crate) queue: Queue,
    /// Whether money has come back that the next call may have.
    pub(crate) dirty: bool,
    /// When the next call is to be looked at again, even if no money comes back.
    pub(crate) wake: Option<Instant>,
    /// The cost of calls that were woken and have not gone yet, in billionths of a USD.
    pub(crate) promised: u64,
    /// The error of calls parked at the first moment until the second: one for all of them, as they
    /// may be many.
    pub(crate) told: Option<(Instant, Instant, Rc<ErrorInfo>)>,
}

impl Parked {
    /// When the next call is to be looked at; `None` if none waits.
    pub(crate) fn wake(&self) -> Option<Instant> {
        self.wake.filter(|_| self.queue.len() > 0)
    }

    pub(crate) fn sleep(&mut self, now: Instant, until: Instant) {
        self.wake = Some(until.max(now + Millis(1)));
    }

    pub(crate) fn promise(&mut self, call: &mut Call, nanos: u64) {
        // A call without a cost needs a mark that it was woken, too.
        call.promised = nanos.max(1);
        self.promised = self.promised.saturating_add(call.promised);
    }

    /// Notes that a call that was woken has its money, or no longer needs it; returns whether it
    /// was woken.
    pub(crate) fn redeem(&mut self, call: &mut Call) -> bool {
        let nanos = core::mem::take(&mut call.promised);
        self.promised = self.promised.saturating_sub(nanos);
        nanos > 0
    }
}
