//! The first place of a call: the queue of its target, straight to the target, or elsewhere.

use std::rc::Rc;

use crate::base::time::{Instant, Millis, Now};
use crate::engine::blocker::{Blocker, Reason, Resolution};
use crate::engine::call::Call;
use crate::engine::ids::{CallId, LaneId, ReplicaId};
use crate::engine::output::Output;
use crate::engine::queue::Ticket;
use crate::engine::state_machine::Engine;
use crate::errors::local;
use crate::retry::ending::Why;

impl Engine {
    /// Puts a call into the queue of its target, or sends it if that has none.
    pub(crate) fn place(&mut self, id: CallId, call: Box<Call>) {
        let Some(mut call) = self.goes_no_further(id, call) else { return };
        if let Some(until) = peak_ends(&call, self.now) {
            self.hold_for_peak(id, call, until);
            return;
        }
        if !call.affords(call.target) {
            self.place_cheaper(id, call);
            return;
        }
        let Some(lane_id) = call.lane() else {
            self.send(id, call, None);
            return;
        };
        if call.waits_until.take().is_none() {
            call.waiting_since = self.now.mono;
        }
        let Some(lane) = self.lanes.get(lane_id.0 as usize) else { return };
        let ahead = lane.queue.ahead_of(call.spec.priority);
        if let Some(blocker) = self.blocker(&call, call.target, ahead) {
            match self.resolve(&call, &blocker) {
                Resolution::Stay => {}
                other => {
                    self.apply_resolution(id, call, other, &blocker);
                    return;
                }
            }
        }
        if call.insists()
            && let Some(permit) = self.permit_now(lane_id.0 as usize, &call)
        {
            self.put(id, call);
            self.send_reserved(id, permit);
            return;
        }
        self.enqueue(id, call, lane_id);
    }

    /// Holds a background call that keeps out of the hours of overload.
    fn hold_for_peak(&mut self, id: CallId, mut call: Box<Call>, until: Instant) {
        let wait = until - self.now.mono;
        if call.waits_until.replace(until).is_none() {
            call.waiting_since = self.now.mono;
        }
        self.parked.dirty |= self.parked.redeem(&mut call);
        let (number, until) = (call.attempts, self.now.wall + wait);
        let info = Rc::new(local::peak_hours(wait, until));
        self.outputs.push_back(Output::Hold { call: id, number, wait, until, info });
        self.put(id, call);
    }

    /// Moves a call that may not pay for its target to a later one that it may pay for, or ends it.
    fn place_cheaper(&mut self, id: CallId, call: Box<Call>) {
        let later = call.target.saturating_add(1)..call.spec.targets.len();
        let is_whole =
            |index: usize| call.spec.targets.get(index).is_some_and(|target| !target.is_smaller);
        let cheaper = later.into_iter().find(|index| is_whole(*index) && call.affords(*index));
        if cheaper.is_none() && call.late.is_some() {
            // A picture of the call may be paid for already, and may still come.
            self.put(id, call);
            return;
        }
        let next = cheaper.map_or(Resolution::Fail(Why::OverBudget), Resolution::Switch);
        self.apply_resolution(
            id,
            call,
            next,
            &Blocker { until: self.now.mono, reason: Reason::Price },
        );
    }

    /// Puts a call at the end of its lane's queue.
    fn enqueue(&mut self, id: CallId, mut call: Box<Call>, lane_id: LaneId) {
        let Some(lane) = self.lanes.get_mut(lane_id.0 as usize) else { return };
        lane.queue.push(call.spec.priority, Ticket { call: id, serial: call.serial });
        lane.dirty = true;
        call.queued = Some(ReplicaId::Lane(lane_id));
        let has_next = call.others().next().is_some();
        if has_next && !call.spec.is_background() {
            call.patience = Some(self.now.mono + patience(&call));
        }
        let share = call.share.filter(|_| has_next);
        call.patience = [call.patience, share].into_iter().flatten().min();
        self.placed.push(id);
        self.put(id, call);
    }

    /// Looks at the other targets of a queued call that has waited for as long as it may while one
    /// of them could start sooner.
    pub(crate) fn reconsider(&mut self, id: CallId, mut call: Box<Call>) {
        // The call may be next at any moment, so that only the blocker of the whole queue counts.
        let Some(blocker) = self.blocker(&call, call.target, 0) else {
            call.patience = None;
            self.put(id, call);
            return;
        };
        let sooner = self.sooner(&call, blocker.until);
        match sooner {
            Some(target) => {
                self.unqueue(&mut call);
                self.apply_resolution(id, call, Resolution::Switch(target), &blocker);
            }
            None => {
                call.patience = Some(self.now.mono + patience(&call));
                self.put(id, call);
            }
        }
    }
}

/// The end of the hours that a call keeps out of; `None` if it may go, or has to because of its
/// deadline.
pub(crate) fn peak_ends(call: &Call, now: Now) -> Option<Instant> {
    let hours = call.spec.avoid.filter(|_| call.spec.is_background())?;
    if mutant!(IgnoresPeak) {
        return None;
    }
    let wait = hours.next_outside(now.wall).0.saturating_sub(now.wall.0);
    let until = now.mono + Millis(wait);
    let fits = call.deadline().is_none_or(|deadline| until < deadline);
    (wait > 0 && fits).then_some(until)
}

/// How long a queued call waits before it looks at its other targets again.
fn patience(call: &Call) -> Millis {
    call.spec.policy.max_wait_per_target.max(Millis(100))
}
