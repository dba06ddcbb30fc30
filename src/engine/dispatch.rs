//! Dispatch: the calls of a lane that go now, and the lane's next look if none may.

use std::ops::ControlFlow;
use std::rc::Rc;

use crate::base::time::{Instant, Millis};
use crate::engine::blocker::{Blocker, Reason, has_other, may_probe};
use crate::engine::call::{Call, Permit, waits};
use crate::engine::circuit_breaker::Outage;
use crate::engine::ids::{CallId, ReplicaId, lane_id};
use crate::engine::input::OnDailyLimit;
use crate::engine::lane::Lane;
use crate::engine::placing::peak_ends;
use crate::engine::state_machine::Engine;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::denial::Denial;
use crate::quota::replica::Replica;
use crate::quota::window::Amounts;
use crate::retry::ending::Why;

/// The most waiting calls that are searched for a small enough one.
const BEHIND_MAX: usize = 64;

impl Engine {
    /// Sends the calls that may go, lane by lane, and tells those that wait.
    pub(crate) fn run(&mut self) {
        let now = self.now.mono;
        self.tend_replicas();
        loop {
            self.unpark();
            let is_due = |lane: &Lane| lane.dirty || lane.wake.is_some_and(|wake| wake <= now);
            let Some(index) = self.lanes.iter().position(is_due) else { break };
            self.pump(index);
        }
        self.circuits_closed();
        for id in core::mem::take(&mut self.placed) {
            self.tell(id);
        }
    }

    fn pump(&mut self, index: usize) {
        self.send_from(index);
        // An outage keeps the next call for as long as it sits one out at most, whatever else keeps
        // it.
        let soonest = self.now.mono + Millis(1);
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let Some(outage) = lane.breaker.outage() else { return };
        let (calls, queue) = (&self.calls, ReplicaId::Lane(lane_id(index)));
        let Some(ticket) = lane.queue.peek(|ticket| waits(calls, queue, ticket)) else { return };
        let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref);
        if let Some(call) = call.filter(|call| call.rides(outage)) {
            let latest = sits_out(outage, call).max(soonest);
            lane.wake = Some(lane.wake.map_or(latest, |wake| wake.min(latest)));
        }
    }

    fn send_from(&mut self, index: usize) {
        while let Some(lane) = self.lanes.get_mut(index) {
            lane.dirty = false;
            lane.wake = None;
            let (calls, queue) = (&self.calls, ReplicaId::Lane(lane_id(index)));
            let Some(ticket) = lane.queue.peek(|ticket| waits(calls, queue, ticket)) else {
                return;
            };
            if self.send_next(index, ticket.call).is_break() {
                return;
            }
        }
    }

    /// Sends the next call, or makes it go elsewhere. Breaks if the lane waits.
    fn send_next(&mut self, index: usize, id: CallId) -> ControlFlow<()> {
        let now = self.now.mono;
        let Some(call) = self.call(id) else { return ControlFlow::Break(()) };
        if peak_ends(call, self.now).is_some() {
            let Some(mut call) = self.take(id) else { return ControlFlow::Break(()) };
            self.unqueue(&mut call);
            self.place(id, call);
            return ControlFlow::Continue(());
        }
        if let Some(info) = self.lanes.get(index).and_then(|lane| lane.disabled(now)).cloned() {
            self.evict(id, &Blocker { until: now, reason: Reason::Target(info) });
            return ControlFlow::Continue(());
        }
        if let Some(next) = self.hold_for_outage(index, id) {
            return next;
        }
        let Some(room) = self.room(index) else { return ControlFlow::Break(()) };
        let Some(lane) = self.lanes.get(index) else { return ControlFlow::Break(()) };
        if !self.decides(lane) {
            return self.ask_store(index, id, room);
        }
        let Some(call) = self.call(id) else { return ControlFlow::Break(()) };
        let (cost, insists) = (lane.reserves(&call.cost()), call.insists());
        match self.reserve(index, &cost, insists) {
            Ok(permit) => self.dispatch(id, permit),
            Err(blocker) if self.backfill(index, id, &blocker) => {}
            Err(blocker) if self.evict_or_wait(index, id, &blocker) => {
                return ControlFlow::Break(());
            }
            Err(_) => {}
        }
        ControlFlow::Continue(())
    }

    /// The effect of its target's outage on the next call; `None` if it may go, as a probe or
    /// because there is no outage.
    fn hold_for_outage(&mut self, index: usize, id: CallId) -> Option<ControlFlow<()>> {
        let now = self.now.mono;
        let heard = self.lanes.get_mut(index)?.settle_silent_probe(now);
        let outage = self.lanes.get(index)?.breaker.outage()?;
        let call = self.call(id).filter(|call| call.rides(outage))?;
        let wake = sits_out(outage, call);
        let reason = Reason::Target(Rc::clone(&outage.info));
        if wake <= now {
            self.evict_for(id, Why::Outage, &Blocker { until: now, reason });
            return Some(ControlFlow::Continue(()));
        }
        if may_probe(&self.lanes, outage, call, call.target, now) {
            return None;
        }
        let is_probed = outage.probe.is_some();
        let next = outage.next_of(has_other(&self.lanes, call, call.target));
        let look = heard.unwrap_or(Instant(u64::MAX));
        let wake = if is_probed { look.min(wake) } else { next.min(wake) };
        // The end of a probe is not known beforehand.
        let until = if is_probed { now + outage.takes() } else { next };
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.wake = Some(wake);
        }
        let goes = self.evict(id, &Blocker { until, reason });
        Some(if goes { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    }

    /// The number of requests that may go in a lane now, apart from the quota; `None` if it has to
    /// wait.
    fn room(&mut self, index: usize) -> Option<u64> {
        let lane = self.lanes.get(index).filter(|lane| self.has_slot(lane))?;
        let estimator = lane.replica.usage.estimator(Dimension::RequestsPerMinute);
        let now = self.now.mono;
        let lane = self.lanes.get_mut(index)?;
        match lane.pacer.room(now, estimator.limit(), estimator.is_share()) {
            Ok(room) => Some(room).filter(|_| !lane.asking),
            Err(wake) => {
                lane.wake = Some(wake);
                None
            }
        }
    }

    /// Asks the store of a lane for as many permits as could be used now.
    fn ask_store(&mut self, index: usize, id: CallId, room: u64) -> ControlFlow<()> {
        let now = self.now.mono;
        let is_told = self.is_asked(ReplicaId::Lane(lane_id(index)));
        let Some(lane) = self.lanes.get_mut(index) else { return ControlFlow::Break(()) };
        if is_told {
            // The running exchange with the store is answered first.
            lane.deferred = true;
            return ControlFlow::Break(());
        }
        // The wait may be over already by the store's clock, which may have been set.
        if let Some(denial) = lane.replica.held(self.now) {
            let until = lane.replica.moment(self.now, denial.until);
            let is_blocked =
                self.evict_or_wait(index, id, &Blocker { until, reason: Reason::Lane(denial) });
            return if is_blocked { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        }
        let account = self.accounts.get(lane.account.0 as usize);
        let payers = account.into_iter().chain(&self.budget).map(|payer| &payer.replica);
        let down = payers.chain([&lane.replica]).filter(|replica| replica.is_down());
        let again = down.filter_map(Replica::due).filter(|due| *due > now).max();
        if again.is_some() {
            lane.wake = again;
            return ControlFlow::Break(());
        }
        let slots = self.concurrency.saturating_sub(self.in_flight);
        let room = room.min(slots).min(lane.in_flight_max().saturating_sub(lane.in_flight));
        let room = if lane.breaker.outage().is_some() { 1 } else { room };
        self.ask_permits(index, id, room);
        ControlFlow::Break(())
    }

    /// Sends a smaller call from behind if the next call lacks room for its tokens or pictures, and
    /// is not delayed by it. Returns whether there was one.
    fn backfill(&mut self, index: usize, head: CallId, blocker: &Blocker) -> bool {
        let Reason::Lane(denial) = &blocker.reason else { return false };
        let by_size = [Dimension::TokensPerMinute, Dimension::ImagesPerMinute];
        if !denial.dimension.is_some_and(|dimension| by_size.contains(&dimension)) {
            return false;
        }
        let Some(lane) = self.lanes.get(index) else { return false };
        let costs = |id: CallId| lane.reserves(&self.call(id).map(Call::cost).unwrap_or_default());
        let first = costs(head);
        let queue = ReplicaId::Lane(lane_id(index));
        let behind = lane.queue.iter().filter(|ticket| waits(&self.calls, queue, *ticket));
        let fits = |id: &CallId| {
            let (cost, usage) = (costs(*id), &lane.replica.usage);
            let is_awake = self.call(*id).is_some_and(|call| peak_ends(call, self.now).is_none());
            *id != head
                && is_awake
                && usage.leaves_room(usage.at, &Amounts::default(), &cost)
                && usage.leaves_room(denial.until, &first, &cost)
        };
        // A call that may not probe a paused target keeps its place before those that need not.
        let is_open = |id: &CallId| {
            self.call(*id).is_some_and(|call| may_go(&self.lanes, lane, call, self.now.mono))
        };
        let found = behind.map(|ticket| ticket.call).take(BEHIND_MAX).find(fits);
        let found = found.filter(is_open);
        let Some((id, cost)) = found.map(|id| (id, costs(id))) else { return false };
        let Ok(permit) = self.reserve(index, &cost, false) else { return false };
        let priority = self.call(id).map_or(0, |call| call.spec.priority);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.queue.leave(priority);
        }
        self.send_reserved(id, permit);
        true
    }

    /// The call that may use a permit just granted to this lane; `None` if none may go.
    pub(crate) fn next_call(&mut self, index: usize) -> Option<CallId> {
        let now = self.now.mono;
        let (calls, queue) = (&self.calls, ReplicaId::Lane(lane_id(index)));
        let lane = self.lanes.get_mut(index)?;
        let ticket = lane.queue.peek(|ticket| waits(calls, queue, ticket))?;
        let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref)?;
        // A permit that was asked for before the target was paused is not for a probe.
        let lane = self.lanes.get(index)?;
        let is_open = may_go(&self.lanes, lane, call, now) && lane.disabled(now).is_none();
        let call = self.call(ticket.call).filter(|_| is_open)?;
        peak_ends(call, self.now).is_none().then_some(ticket.call)
    }

    /// Sends the next call of its lane.
    pub(crate) fn dispatch(&mut self, id: CallId, permit: Permit) {
        if let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) {
            lane.queue.pop();
        }
        self.send_reserved(id, permit);
    }

    pub(crate) fn send_reserved(&mut self, id: CallId, mut permit: Permit) {
        let (now, attempt) = (self.now.mono, self.next_attempt());
        let index = permit.lane.0 as usize;
        if let Some(lane) = self.lanes.get_mut(index) {
            permit.in_doubt = lane.replica.usage.doubts_day(lane.replica.clock(self.now));
            lane.in_flight = lane.in_flight.saturating_add(1);
            let others = lane.replica.usage.minute.accepted().saturating_sub(1);
            let is_above = lane.unnamed_limit.count().is_some_and(|count| others >= count);
            lane.pacer.sent(now, attempt, is_above);
            lane.breaker.probes(attempt);
        }
        self.in_flight = self.in_flight.saturating_add(1);
        if mutant!(IgnoresConcurrency) {
            self.in_flight = 0;
        }
        self.alert(index);
        if let Some(call) = self.take(id) {
            self.send(id, call, Some(permit));
        }
    }

    /// Handles a limit that keeps the next call: it goes elsewhere, or the lane waits. Returns
    /// whether the lane waits.
    fn evict_or_wait(&mut self, index: usize, id: CallId, blocker: &Blocker) -> bool {
        self.exhausted(index, blocker);
        if self.evict(id, blocker) {
            return false;
        }
        let soonest = self.now.mono + Millis(1);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.wake = Some(blocker.until.max(soonest));
            if mutant!(Oversleeps) {
                lane.wake = Some(soonest + Millis(2_592_000_000));
            }
        }
        true
    }

    /// Blocks a lane by its store's denial of the next request.
    pub(crate) fn block_lane(&mut self, index: usize, denial: Denial) {
        let Some(lane) = self.lanes.get(index) else { return };
        let until = lane.replica.moment(self.now, denial.until);
        self.block_next(index, &Blocker { until, reason: Reason::Lane(denial) });
    }

    /// Blocks a lane by the denial of its account's store, or of the budget's.
    pub(crate) fn block_payer(&mut self, index: usize, denial: Denial, is_budget: bool) {
        let Some(lane) = self.lanes.get(index) else { return };
        let id = if is_budget { ReplicaId::Budget } else { ReplicaId::Account(lane.account) };
        let Some(replica) = self.replica(id) else { return };
        let until = replica.moment(self.now, denial.until);
        let reason = if is_budget { Reason::Budget(denial) } else { Reason::Account(denial) };
        self.block_next(index, &Blocker { until, reason });
    }

    fn block_next(&mut self, index: usize, blocker: &Blocker) {
        while let Some(id) = self.next_call(index) {
            if self.evict_or_wait(index, id, blocker) {
                if let Some(lane) = self.lanes.get_mut(index) {
                    lane.dirty = false;
                }
                return;
            }
        }
        // No call may go now, whatever the blocker: the reason that keeps them says when to look
        // again.
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.dirty = true;
        }
    }
}

/// The moment until which a call sits out an outage of its target.
fn sits_out(outage: &Outage, call: &Call) -> Instant {
    let is_day = outage.info.kind == Kind::DailyQuota;
    let waits_for_day = is_day && call.spec.on_daily_limit == OnDailyLimit::Wait;
    let longest = if waits_for_day { Millis(u64::MAX) } else { call.spec.max_outage() };
    outage.since.max(call.started).max(call.here.came) + longest
}

/// Whether a call may ask its target, which may be paused.
fn may_go(lanes: &[Lane], lane: &Lane, call: &Call, now: Instant) -> bool {
    let outage = lane.breaker.outage().filter(|outage| call.rides(outage));
    outage.is_none_or(|outage| may_probe(lanes, outage, call, call.target, now))
}
