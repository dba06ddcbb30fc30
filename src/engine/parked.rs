//! Calls that wait for the next day of the budget.

use std::rc::Rc;

use crate::base::time::{Instant, Millis};
use crate::engine::call::Call;
use crate::engine::queue::Queue;
use crate::errors::info::ErrorInfo;

/// Those who wait for money, beside the queues of their lanes, so that cheaper calls are not kept by
/// them.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    pub(crate) queue: Queue,
    /// Whether money has come back that the next may have.
    pub(crate) dirty: bool,
    /// When the next is to be looked at again, whatever comes back.
    pub(crate) wake: Option<Instant>,
    /// What those cost that were woken and have not gone yet, in billionths of a USD.
    pub(crate) promised: u64,
    /// What those are told that are kept at this moment until that one: the same, though they be many.
    pub(crate) told: Option<(Instant, Instant, Rc<ErrorInfo>)>,
}

impl Parked {
    /// When the next is to be looked at; `None` where nobody waits.
    pub(crate) fn wake(&self) -> Option<Instant> {
        self.wake.filter(|_| self.queue.len() > 0)
    }

    pub(crate) fn sleep(&mut self, now: Instant, until: Instant) {
        self.wake = Some(until.max(now + Millis(1)));
    }

    pub(crate) fn promise(&mut self, call: &mut Call, nanos: u64) {
        // Of what costs nothing it is told that it was woken, too.
        call.promised = nanos.max(1);
        self.promised = self.promised.saturating_add(call.promised);
    }

    /// A call that was woken has its money, or needs it no more; gives whether it was woken.
    pub(crate) fn redeem(&mut self, call: &mut Call) -> bool {
        let nanos = core::mem::take(&mut call.promised);
        self.promised = self.promised.saturating_sub(nanos);
        nanos > 0
    }
}
