//! Parking: calls wait for the next day of the budget, and are woken.

use std::rc::Rc;

use crate::base::time::Instant;
use crate::engine::blocker::{Blocker, Reason, Resolution};
use crate::engine::call::{Call, waits};
use crate::engine::ids::{CallId, ReplicaId};
use crate::engine::output::Output;
use crate::engine::queue::Ticket;
use crate::engine::state_machine::Engine;
use crate::quota::window::Amounts;

impl Engine {
    /// Parks a call until the budget's next day, or until money comes back before that.
    pub(crate) fn park(&mut self, id: CallId, mut call: Box<Call>, blocker: &Blocker) {
        let now = self.now.mono;
        let told = self.parked.told.take().filter(|told| (told.0, told.1) == (now, blocker.until));
        let info = told.map_or_else(|| self.explain(&call, blocker), |(.., info)| info);
        self.parked.told = Some((now, blocker.until, Rc::clone(&info)));
        call.last = Some(Rc::clone(&info));
        let is_only = self.parked.queue.len() == 0;
        if self.parked.redeem(&mut call) || is_only {
            // A call that was woken in vain is not woken again before the end of the blocker.
            self.parked.sleep(now, blocker.until);
        }
        let ticket = Ticket { call: id, serial: call.serial };
        self.parked.queue.push(call.spec.priority, ticket);
        call.queued = Some(ReplicaId::Budget);
        let (wait, number) = (blocker.until - now, call.attempts);
        let until = self.now.wall + wait;
        self.outputs.push_back(Output::Hold { call: id, number, wait, until, info });
        self.put(id, call);
    }

    /// Wakes the calls that wait for money, one after the other, while there is enough for the
    /// next. A call that does not fit keeps those behind it waiting, until the next day at most.
    pub(crate) fn unpark(&mut self) {
        let now = self.now;
        let is_due = self.parked.wake.is_some_and(|wake| wake <= now.mono);
        if !self.parked.dirty && !is_due {
            return;
        }
        self.parked.dirty = false;
        self.parked.wake = None;
        if let Some(budget) = self.budget.as_mut().filter(|_| self.parked.queue.len() > 0) {
            let clock = budget.replica.clock(now);
            budget.replica.usage.advance(clock);
        }
        while self.parked.wake.is_none() {
            let calls = &self.calls;
            let is_parked = |ticket| waits(calls, ReplicaId::Budget, ticket);
            let Some(ticket) = self.parked.queue.peek(is_parked) else { return };
            let Some(call) = self.call(ticket.call) else { return };
            let target = match self.fits(call) {
                Ok(target) => target,
                Err(until) => {
                    self.parked.sleep(now.mono, until);
                    return;
                }
            };
            let nanos = call.cost_of(target).nanos;
            self.parked.queue.pop();
            let Some(mut call) = self.take(ticket.call) else { return };
            self.parked.promise(&mut call, nanos);
            call.queued = None;
            // Its wait is over; if it has to wait again, that wait goes on from its old place.
            call.waits_until = Some(now.mono);
            self.place(ticket.call, call);
        }
    }

    /// The target that a parked call goes on with now; else when to look again.
    fn fits(&self, call: &Call) -> Result<usize, Instant> {
        let target = match self.short_of(call, call.target, 0) {
            Some(blocker) => match self.resolve(call, &blocker) {
                Resolution::Park => return Err(blocker.until),
                Resolution::Switch(target) => target,
                _ => return Ok(call.target),
            },
            None => call.target,
        };
        let promised = self.parked.promised;
        if promised > 0 && self.short_of(call, target, promised).is_some() {
            return Err(self.next_day());
        }
        Ok(target)
    }

    fn next_day(&self) -> Instant {
        let Some(budget) = &self.budget else { return Instant(u64::MAX) };
        let replica = &budget.replica;
        replica.moment(self.now, replica.usage.midnight(replica.clock(self.now)))
    }

    /// The budget's denial of a call to a target, with so much more money set aside.
    fn short_of(&self, call: &Call, target: usize, beside: u64) -> Option<Blocker> {
        let replica = &self.budget.as_ref()?.replica;
        let nanos = call.cost_of(target).nanos.saturating_add(beside);
        let cost = Amounts { nanos, ..Amounts::default() };
        let denial = replica.usage.earliest(replica.clock(self.now), &cost, 0)?;
        let until = replica.moment(self.now, denial.until);
        (until > self.now.mono).then_some(Blocker { until, reason: Reason::Budget(denial) })
    }
}
