//! Where a call goes first: into the queue of its target, straight away, or elsewhere.

use std::rc::Rc;

use crate::base::time::{Instant, Millis, Now};
use crate::engine::blocker::{Bar, Move, Reason};
use crate::engine::call::Call;
use crate::engine::ids::{BookId, CallId, LaneId};
use crate::engine::output::Output;
use crate::engine::queue::Ticket;
use crate::engine::state_machine::Engine;
use crate::errors::local;
use crate::retry::ending::Why;

impl Engine {
    /// Puts a call into the queue of its target, or sends it where there is none.
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
        if let Some(bar) = self.bar(&call, call.target, ahead) {
            match self.weigh(&call, &bar) {
                Move::Stay => {}
                other => {
                    self.follow(id, call, other, &bar);
                    return;
                }
            }
        }
        if call.insists()
            && let Some(permit) = self.permit_now(lane_id.0 as usize, &call)
        {
            self.put(id, call);
            self.fly(id, permit);
            return;
        }
        self.enqueue(id, call, lane_id);
    }

    /// A background call keeps out of the hours of overload.
    fn hold_for_peak(&mut self, id: CallId, mut call: Box<Call>, until: Instant) {
        let wait = until - self.now.mono;
        if call.waits_until.replace(until).is_none() {
            call.waiting_since = self.now.mono;
        }
        self.parked.dirty |= self.parked.redeem(&mut call);
        let (attempt, until) = (call.attempts, self.now.wall + wait);
        let info = Rc::new(local::peak_hours(wait, until));
        self.outputs.push_back(Output::Hold { call: id, attempt, wait, until, info });
        self.put(id, call);
    }

    /// A call that may not pay for its target goes to a later one that it can, or ends.
    fn place_cheaper(&mut self, id: CallId, call: Box<Call>) {
        let later = call.target.saturating_add(1)..call.spec.targets.len();
        let is_whole =
            |index: usize| call.spec.targets.get(index).is_some_and(|target| !target.is_smaller);
        let cheaper = later.into_iter().find(|index| is_whole(*index) && call.affords(*index));
        if cheaper.is_none() && call.overtime.is_some() {
            // Its picture may be paid for already, and may still come.
            self.put(id, call);
            return;
        }
        let next = cheaper.map_or(Move::Fail(Why::OverBudget), Move::Switch);
        self.follow(id, call, next, &Bar { until: self.now.mono, reason: Reason::Price });
    }

    /// Puts a call at the end of its lane's queue.
    fn enqueue(&mut self, id: CallId, mut call: Box<Call>, lane_id: LaneId) {
        let Some(lane) = self.lanes.get_mut(lane_id.0 as usize) else { return };
        lane.queue.push(call.spec.priority, Ticket { call: id, serial: call.serial });
        lane.dirty = true;
        call.queued = Some(BookId::Lane(lane_id));
        let has_next = call.others().next().is_some();
        if has_next && !call.spec.is_background() {
            call.patience = Some(self.now.mono + patience(&call));
        }
        let share = call.share.filter(|_| has_next);
        call.patience = [call.patience, share].into_iter().flatten().min();
        self.placed.push(id);
        self.put(id, call);
    }

    /// A queued call has waited as long as it may while another target could start sooner.
    pub(crate) fn reconsider(&mut self, id: CallId, mut call: Box<Call>) {
        // It may be next at any moment; what counts is what is in the way of the queue.
        let Some(bar) = self.bar(&call, call.target, 0) else {
            call.patience = None;
            self.put(id, call);
            return;
        };
        let sooner = self.sooner(&call, bar.until);
        match sooner {
            Some(target) => {
                self.unqueue(&mut call);
                self.follow(id, call, Move::Switch(target), &bar);
            }
            None => {
                call.patience = Some(self.now.mono + patience(&call));
                self.put(id, call);
            }
        }
    }
}

/// When the hours are over that a call keeps out of; `None` where it may go, or has to because
/// of its deadline.
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
