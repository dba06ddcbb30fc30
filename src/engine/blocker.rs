//! Blockers, which keep a call from a target, and the call's way around them.

use std::rc::Rc;

use crate::base::time::{Instant, Millis, WallTime};
use crate::engine::call::Call;
use crate::engine::circuit_breaker::Outage;
use crate::engine::ids::{CallId, ReplicaId};
use crate::engine::input::OnDailyLimit;
use crate::engine::lane::{Lane, denied, disables, over_budget};
use crate::engine::output::{Leave, Output};
use crate::engine::state_machine::Engine;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::denial::Denial;
use crate::quota::replica::Replica;
use crate::quota::window::Amounts;
use crate::retry::ending::Why;
use crate::retry::fallback::{self, Action};
use crate::retry::policy::is_long;

/// The reason that keeps a call from a target, and the earliest time at which it may end.
pub(crate) struct Blocker {
    pub(crate) until: Instant,
    pub(crate) reason: Reason,
}

pub(crate) enum Reason {
    /// The target refuses every request, or has an outage.
    Target(Rc<ErrorInfo>),
    /// A limit of the lane.
    Lane(Denial),
    /// The account's money.
    Account(Denial),
    /// The client's budget.
    Budget(Denial),
    /// The limit on the call's own cost.
    Price,
}

/// The step of a call that is kept from its target.
pub(crate) enum Resolution {
    Stay,
    /// Leaves the queue until then, so that cheaper calls are not kept waiting by it.
    Park,
    /// Goes to another target.
    Switch(usize),
    /// Goes to the target that the fallback table names for this kind of error; if there is none,
    /// ends.
    Leave(Why),
    Fail(Why),
}

impl Engine {
    /// The blocker between a call and a target, with `ahead` others before it in the queue.
    pub(crate) fn blocker(&self, call: &Call, index: usize, ahead: u64) -> Option<Blocker> {
        let target = call.spec.targets.get(index)?;
        let lane = self.lanes.get(target.lane?.0 as usize)?;
        let now = self.now.mono;
        if let Some(info) = lane.disabled(now) {
            return Some(Blocker {
                until: now + Millis(60_000),
                reason: Reason::Target(Rc::clone(info)),
            });
        }
        let mut blocker = None;
        let mut strictest = |until: Instant, reason: Reason| {
            if until > now && blocker.as_ref().is_none_or(|blocker: &Blocker| blocker.until < until)
            {
                blocker = Some(Blocker { until, reason });
            }
        };
        if let Some(outage) = lane.breaker.outage()
            && call.rides(outage)
            && !may_probe(&self.lanes, outage, call, index, now)
        {
            let next = outage.next_of(has_other(&self.lanes, call, index));
            let until = if outage.probe.is_some() { now + outage.takes() } else { next };
            strictest(until, Reason::Target(Rc::clone(&outage.info)));
        }
        let (amounts, money) = lane.reserves(&call.cost_of(index)).split();
        let timed =
            |replica: &Replica, denial: Denial| (replica.moment(self.now, denial.until), denial);
        let earliest = |replica: &Replica, cost: &Amounts, ahead: u64| {
            let denial = replica.usage.earliest(replica.clock(self.now), cost, ahead)?;
            Some(timed(replica, denial))
        };
        let denial = if call.insists() && call.target == index {
            let denial = lane.replica.usage.earliest_said(lane.replica.clock(self.now), &amounts);
            denial.map(|denial| timed(&lane.replica, denial))
        } else {
            earliest(&lane.replica, &amounts, ahead)
        };
        if let Some((until, denial)) = denial {
            strictest(until, Reason::Lane(denial));
        }
        if let Some(account) = self.accounts.get(lane.account.0 as usize)
            && let Some((until, denial)) = earliest(&account.replica, &money, 0)
        {
            strictest(until, Reason::Account(denial));
        }
        if let Some(budget) = &self.budget
            && let Some((until, denial)) = earliest(&budget.replica, &money, 0)
        {
            strictest(until, Reason::Budget(denial));
        }
        blocker
    }

    /// The step of a call that meets a blocker.
    pub(crate) fn resolve(&self, call: &Call, blocker: &Blocker) -> Resolution {
        let (now, policy) = (self.now.mono, &call.spec.policy);
        match &blocker.reason {
            Reason::Target(info) if disables(info.kind) => return Resolution::Leave(Why::Blocked),
            Reason::Target(info)
                if info.kind == Kind::DailyQuota
                    && call.spec.on_daily_limit != OnDailyLimit::Wait =>
            {
                return daily(call);
            }
            Reason::Lane(Denial { dimension: Some(dimension), .. })
                if dimension.is_per_day() && call.spec.on_daily_limit != OnDailyLimit::Wait =>
            {
                return daily(call);
            }
            Reason::Account(Denial { dimension: Some(Dimension::Spend), .. })
                if !call.spec.is_background()
                    && !policy.waits_for_spend
                    && blocker.until > now + policy.max_wait_per_target =>
            {
                return Resolution::Leave(Why::Blocked);
            }
            // A store that has forgotten or is away holds all calls for a while: that is no end of
            // the budget.
            Reason::Budget(Denial { dimension: Some(_), until, .. }) => {
                if let Some(cheaper) = self.sooner(call, blocker.until) {
                    return Resolution::Switch(cheaper);
                }
                let waits = call.spec.on_daily_limit == OnDailyLimit::Wait;
                let has_day = *until < u64::MAX;
                let fits = call.deadline().is_none_or(|deadline| blocker.until < deadline);
                let is_kept = has_day && waits && fits;
                return if is_kept { Resolution::Park } else { Resolution::Fail(Why::OverBudget) };
            }
            _ => {}
        }
        if !call.spec.is_background() && self.is_named_long(call, blocker) {
            return Resolution::Leave(Why::ServerDelay);
        }
        if call.deadline().is_some_and(|deadline| deadline <= blocker.until) {
            return self
                .sooner(call, blocker.until)
                .map_or(Resolution::Fail(Why::Deadline), Resolution::Switch);
        }
        // A background call is not urgent, but it need not wait either.
        if call.spec.is_background()
            && let Some(target) = self.sooner(call, now + Millis(1))
        {
            return Resolution::Switch(target);
        }
        let is_long = blocker.until > now + policy.max_wait_per_target;
        let is_past_share = call.share.is_some_and(|share| share <= blocker.until);
        if (is_past_share || (is_long && !call.spec.is_background()))
            && let Some(target) = self.sooner(call, blocker.until)
        {
            return Resolution::Switch(target);
        }
        Resolution::Stay
    }

    /// Whether the service itself named a longer wait than the call sits through.
    fn is_named_long(&self, call: &Call, blocker: &Blocker) -> bool {
        let most = call.spec.policy.max_server_delay;
        match &blocker.reason {
            Reason::Target(info) => info.kind != Kind::DailyQuota && is_long(info, most),
            Reason::Lane(denial) | Reason::Account(denial) => {
                denial.is_named && blocker.until > self.now.mono + most
            }
            Reason::Budget(_) | Reason::Price => false,
        }
    }

    /// Takes a queued call out if it does not wait for this blocker; returns whether it did.
    pub(crate) fn evict(&mut self, id: CallId, blocker: &Blocker) -> bool {
        let Some(call) = self.call(id) else { return true };
        let next = self.resolve(call, blocker);
        if matches!(next, Resolution::Stay) {
            return false;
        }
        let Some(mut call) = self.take(id) else { return true };
        self.unqueue(&mut call);
        self.apply_resolution(id, call, next, blocker);
        true
    }

    pub(crate) fn evict_for(&mut self, id: CallId, why: Why, blocker: &Blocker) {
        let Some(mut call) = self.take(id) else { return };
        self.unqueue(&mut call);
        let info = self.explain(&call, blocker);
        call.give_up(Action::Next);
        self.go_elsewhere(id, call, why, info);
    }

    pub(crate) fn unqueue(&mut self, call: &mut Call) {
        call.patience = None;
        match call.queued.take() {
            Some(ReplicaId::Lane(lane)) => {
                if let Some(lane) = self.lanes.get_mut(lane.0 as usize) {
                    lane.queue.leave(call.spec.priority);
                    lane.dirty = true;
                }
            }
            Some(_) => {
                self.parked.queue.leave(call.spec.priority);
                self.parked.dirty = true;
            }
            None => {}
        }
        call.record.waited = call.record.waited + (self.now.mono - call.waiting_since);
        call.waiting_since = self.now.mono;
    }

    pub(crate) fn apply_resolution(
        &mut self,
        id: CallId,
        mut call: Box<Call>,
        next: Resolution,
        blocker: &Blocker,
    ) {
        if matches!(next, Resolution::Park) {
            self.park(id, call, blocker);
            return;
        }
        let info = self.explain(&call, blocker);
        call.last = Some(Rc::clone(&info));
        let target = match next {
            Resolution::Switch(target) => {
                // The blocker here is not over yet, so that the call does not come back at once.
                let patience = call.spec.policy.max_wait_per_target.max(Millis(100));
                let soon = blocker.until.min(self.now.mono + patience);
                call.here.ready = call.here.ready.max(soon);
                Some(target)
            }
            Resolution::Fail(why) => {
                self.fail(id, *call, why);
                return;
            }
            Resolution::Leave(_) | Resolution::Park | Resolution::Stay => {
                let action = match fallback::action(info.kind) {
                    Action::NextAccount => Action::NextAccount,
                    _ => Action::Next,
                };
                call.give_up(if info.kind == Kind::SpendLimited { Action::Next } else { action });
                call.next_new(action)
            }
        };
        let why = if let Resolution::Leave(why) = next { why } else { Why::Blocked };
        match target {
            Some(target) => self.switch(id, call, target, info),
            None => self.go_elsewhere(id, call, why, info),
        }
    }

    /// Sends a call to another target, where it goes on from its last state there.
    pub(crate) fn switch(
        &mut self,
        id: CallId,
        mut call: Box<Call>,
        to: usize,
        info: Rc<ErrorInfo>,
    ) {
        let last = call.spec.targets.len().saturating_sub(1);
        let to = mutant!(SkipsTarget, to, to.saturating_add(1).min(last));
        let (now, visit) = (self.now.mono, call.visit(to));
        let is_retry = visit.tries > 0 && !visit.is_paid;
        if is_retry && !self.retry_budget_of(&call, to).take(now) {
            // It would be one retry too many of that target: the call cannot come back to it.
            call.close(to);
            self.go_elsewhere(id, call, Why::RetryBudget, info);
            return;
        }
        let from = call.target;
        call.move_to(to, now);
        call.share_out(self.now.mono);
        call.record.switches.push(Leave { from, to, info: Rc::clone(&info) });
        self.outputs.push_back(Output::Switch { call: id, from, to, info: Rc::clone(&info) });
        let wait = call.here.ready - self.now.mono;
        if wait > Millis::ZERO {
            self.wait(id, call, wait, info);
        } else {
            self.place(id, call);
        }
    }

    /// The error that tells a call of a blocker.
    pub(crate) fn explain(&self, call: &Call, blocker: &Blocker) -> Rc<ErrorInfo> {
        let lane = call.lane().and_then(|lane| self.lanes.get(lane.0 as usize));
        let account = lane.and_then(|lane| self.accounts.get(lane.account.0 as usize));
        match (&blocker.reason, lane, account) {
            (Reason::Lane(denial), Some(lane), _) => {
                Rc::new(denied(denial, &lane.replica, self.now))
            }
            (Reason::Account(denial), _, Some(account)) => {
                Rc::new(denied(denial, &account.replica, self.now))
            }
            (Reason::Budget(denial), ..) => match &self.budget {
                Some(budget) => Rc::new(denied(denial, &budget.replica, self.now)),
                None => Rc::new(ErrorInfo::new(Kind::OverBudget)),
            },
            (Reason::Price, ..) => {
                Rc::new(over_budget("Allow a higher `maxCost`, or use a cheaper model."))
            }
            (Reason::Target(info), ..) => {
                // The call's own error says more.
                let own = call.last.as_ref().filter(|last| last.kind == info.kind);
                if let Some(own) = own {
                    return Rc::clone(own);
                }
                // A part of the wait that the service named has passed.
                let left = |at: WallTime| Millis(at.0.saturating_sub(self.now.wall.0));
                let remaining = info.retry_after.and(info.retry_at).map(left);
                let retry_after = remaining.or(info.retry_after);
                Rc::new(ErrorInfo { retry_after, ..(**info).clone() })
            }
            _ => Rc::new(ErrorInfo::new(Kind::RateLimited)),
        }
    }

    /// Tells a call that has just been queued that it has to wait.
    pub(crate) fn tell(&mut self, id: CallId) {
        let Some(call) = self.call(id) else { return };
        let Some(ReplicaId::Lane(lane)) = call.queued else { return };
        let Some(lane) = self.lanes.get(lane.0 as usize) else { return };
        let ahead = lane.queue.ahead_of(call.spec.priority).saturating_sub(1);
        let Some(blocker) = self.blocker(call, call.target, ahead) else { return };
        let (number, info) = (call.attempts, self.explain(call, &blocker));
        let wait = blocker.until - self.now.mono;
        let until = self.now.wall + wait;
        self.outputs.push_back(Output::Hold { call: id, number, wait, until, info });
    }
}

/// Whether a call may ask a target of its chain that is paused.
pub(crate) fn may_probe(
    lanes: &[Lane],
    outage: &Outage,
    call: &Call,
    target: usize,
    now: Instant,
) -> bool {
    let is_day = outage.info.kind == Kind::DailyQuota;
    // A call that has backed off by itself is as good a probe as any. A crowd that a limit refused
    // would use up its attempts on probes, though one of them is enough.
    let is_load = outage.info.kind == Kind::RateLimited;
    let has_waited = call.visit(target).tries > 0
        && !is_day
        && !is_load
        && !call.spec.is_background()
        && is_alone(lanes, call);
    let is_due = outage.next_of(has_other(lanes, call, target)) <= now;
    outage.probe.is_none() && (is_due || has_waited)
}

/// Whether no other call waits for the targets of a chain. Each call of a crowd would probe all of
/// them.
fn is_alone(lanes: &[Lane], call: &Call) -> bool {
    let targets = &call.spec.targets;
    let lanes = targets.iter().filter_map(|target| lanes.get(target.lane?.0 as usize));
    targets.len() == 1 || lanes.map(|lane| lane.queue.len()).fold(0, u64::saturating_add) <= 1
}

/// Whether an interactive call has another target than this one that is not paused itself.
pub(crate) fn has_other(lanes: &[Lane], call: &Call, target: usize) -> bool {
    let is_paused = |index: usize| {
        let lane = call.spec.targets.get(index).and_then(|target| target.lane);
        lane.and_then(|lane| lanes.get(lane.0 as usize))
            .is_some_and(|lane| lane.breaker.outage().is_some_and(|outage| call.rides(outage)))
    };
    let here = Some(call.target).filter(|here| *here != target);
    let mut others = call.others().filter(|other| *other != target).chain(here);
    !call.spec.is_background() && others.any(|other| !is_paused(other))
}

/// The step of a call that does not wait for the next day.
fn daily(call: &Call) -> Resolution {
    match call.spec.on_daily_limit {
        OnDailyLimit::Fail => Resolution::Fail(Why::Blocked),
        _ => Resolution::Leave(Why::Blocked),
    }
}
