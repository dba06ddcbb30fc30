//! What keeps a call from a target, and what the call does about it.

use std::rc::Rc;

use crate::base::time::{Instant, Millis, WallTime};
use crate::engine::call::Call;
use crate::engine::ids::{BookId, CallId};
use crate::engine::input::OnDailyLimit;
use crate::engine::lane::{Lane, denied, is_shutting, over_budget};
use crate::engine::outage::Outage;
use crate::engine::output::{Leave, Output};
use crate::engine::state_machine::Engine;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::denial::Denial;
use crate::quota::replica::Book;
use crate::quota::window::Amounts;
use crate::retry::ending::Why;
use crate::retry::fallback::{self, Action};
use crate::retry::policy::is_long;

/// What keeps a call from a target, and until when at least.
pub(crate) struct Bar {
    pub(crate) until: Instant,
    pub(crate) reason: Reason,
}

pub(crate) enum Reason {
    /// The target refuses everything, or has an outage.
    Target(Rc<ErrorInfo>),
    /// A limit of the lane.
    Lane(Denial),
    /// The account's money.
    Account(Denial),
    /// The client's budget.
    Budget(Denial),
    /// What the call may cost.
    Price,
}

/// What a call does that is kept from its target.
pub(crate) enum Move {
    Stay,
    /// Out of the queue until then, so that cheaper calls are not kept by it.
    Park,
    /// To another target.
    Switch(usize),
    /// To whatever target the chain's table names for this kind; where there is none, the end.
    Leave(Why),
    Fail(Why),
}

impl Engine {
    /// What would keep a call from a target, with so many others before it in the queue.
    pub(crate) fn bar(&self, call: &Call, index: usize, ahead: u64) -> Option<Bar> {
        let target = call.spec.targets.get(index)?;
        let lane = self.lanes.get(target.lane?.0 as usize)?;
        let now = self.now.mono;
        if let Some(info) = lane.shut(now) {
            return Some(Bar {
                until: now + Millis(60_000),
                reason: Reason::Target(Rc::clone(info)),
            });
        }
        let mut bar = None;
        let mut strictest = |until: Instant, reason: Reason| {
            if until > now && bar.as_ref().is_none_or(|bar: &Bar| bar.until < until) {
                bar = Some(Bar { until, reason });
            }
        };
        if let Some(outage) = lane.health.outage()
            && call.rides(outage)
            && !may_probe(&self.lanes, outage, call, index, now)
        {
            let next = outage.next_of(has_other(&self.lanes, call, index));
            let until = if outage.probe.is_some() { now + outage.takes() } else { next };
            strictest(until, Reason::Target(Rc::clone(&outage.info)));
        }
        let (wanted, money) = lane.reserves(&call.want_of(index)).split();
        let timed = |book: &Book, denial: Denial| (book.moment(self.now, denial.until), denial);
        let earliest = |book: &Book, want: &Amounts, ahead: u64| {
            let denial = book.quota.earliest(book.clock(self.now), want, ahead)?;
            Some(timed(book, denial))
        };
        let denial = if call.insists() && call.target == index {
            let denial = lane.book.quota.earliest_said(lane.book.clock(self.now), &wanted);
            denial.map(|denial| timed(&lane.book, denial))
        } else {
            earliest(&lane.book, &wanted, ahead)
        };
        if let Some((until, denial)) = denial {
            strictest(until, Reason::Lane(denial));
        }
        if let Some(account) = self.accounts.get(lane.account.0 as usize)
            && let Some((until, denial)) = earliest(&account.book, &money, 0)
        {
            strictest(until, Reason::Account(denial));
        }
        if let Some(purse) = &self.purse
            && let Some((until, denial)) = earliest(&purse.book, &money, 0)
        {
            strictest(until, Reason::Budget(denial));
        }
        bar
    }

    /// What a call does about a bar.
    pub(crate) fn weigh(&self, call: &Call, bar: &Bar) -> Move {
        let (now, policy) = (self.now.mono, &call.spec.policy);
        match &bar.reason {
            Reason::Target(info) if is_shutting(info.kind) => return Move::Leave(Why::Barred),
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
                    && bar.until > now + policy.max_wait_per_target =>
            {
                return Move::Leave(Why::Barred);
            }
            // A store that has forgotten, or is away, holds everything for a while: that is no end
            // of the budget.
            Reason::Budget(Denial { dimension: Some(_), until, .. }) => {
                if let Some(cheaper) = self.sooner(call, bar.until) {
                    return Move::Switch(cheaper);
                }
                let waits = call.spec.on_daily_limit == OnDailyLimit::Wait;
                let has_day = *until < u64::MAX;
                let fits = call.deadline().is_none_or(|deadline| bar.until < deadline);
                let is_kept = has_day && waits && fits;
                return if is_kept { Move::Park } else { Move::Fail(Why::OverBudget) };
            }
            _ => {}
        }
        if !call.spec.is_background() && self.is_named_long(call, bar) {
            return Move::Leave(Why::ServerDelay);
        }
        if call.deadline().is_some_and(|deadline| deadline <= bar.until) {
            return self.sooner(call, bar.until).map_or(Move::Fail(Why::Deadline), Move::Switch);
        }
        // Nobody waits for a background call, but it need not wait either.
        if call.spec.is_background()
            && let Some(target) = self.sooner(call, now + Millis(1))
        {
            return Move::Switch(target);
        }
        let is_long = bar.until > now + policy.max_wait_per_target;
        let is_past_share = call.share.is_some_and(|share| share <= bar.until);
        if (is_past_share || (is_long && !call.spec.is_background()))
            && let Some(target) = self.sooner(call, bar.until)
        {
            return Move::Switch(target);
        }
        Move::Stay
    }

    /// Whether the service itself named a longer wait than a call sits through.
    fn is_named_long(&self, call: &Call, bar: &Bar) -> bool {
        let most = call.spec.policy.max_server_delay;
        match &bar.reason {
            Reason::Target(info) => info.kind != Kind::DailyQuota && is_long(info, most),
            Reason::Lane(denial) | Reason::Account(denial) => {
                denial.is_named && bar.until > self.now.mono + most
            }
            Reason::Budget(_) | Reason::Price => false,
        }
    }

    /// Takes a queued call out where it does not wait for this bar; gives whether it did.
    pub(crate) fn drive_out(&mut self, id: CallId, bar: &Bar) -> bool {
        let Some(call) = self.call(id) else { return true };
        let next = self.weigh(call, bar);
        if matches!(next, Move::Stay) {
            return false;
        }
        let Some(mut call) = self.take(id) else { return true };
        self.unqueue(&mut call);
        self.follow(id, call, next, bar);
        true
    }

    pub(crate) fn expel(&mut self, id: CallId, why: Why, bar: &Bar) {
        let Some(mut call) = self.take(id) else { return };
        self.unqueue(&mut call);
        let info = self.explain(&call, bar);
        call.give_up(Action::Next);
        self.go_elsewhere(id, call, why, info);
    }

    pub(crate) fn unqueue(&mut self, call: &mut Call) {
        call.patience = None;
        match call.queued.take() {
            Some(BookId::Lane(lane)) => {
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

    pub(crate) fn follow(&mut self, id: CallId, mut call: Box<Call>, next: Move, bar: &Bar) {
        if matches!(next, Move::Park) {
            self.park(id, call, bar);
            return;
        }
        let info = self.explain(&call, bar);
        call.last = Some(Rc::clone(&info));
        let target = match next {
            Move::Switch(target) => {
                // What bars it here is not over yet: it is not back at once.
                let patience = call.spec.policy.max_wait_per_target.max(Millis(100));
                let soon = bar.until.min(self.now.mono + patience);
                call.here.ready = call.here.ready.max(soon);
                Some(target)
            }
            Move::Fail(why) => {
                self.fail(id, *call, why);
                return;
            }
            Move::Leave(_) | Move::Park | Move::Stay => {
                let action = match fallback::action(info.kind) {
                    Action::NextAccount => Action::NextAccount,
                    _ => Action::Next,
                };
                call.give_up(if info.kind == Kind::SpendLimited { Action::Next } else { action });
                call.next_new(action)
            }
        };
        let why = if let Move::Leave(why) = next { why } else { Why::Barred };
        match target {
            Some(target) => self.switch(id, call, target, info),
            None => self.go_elsewhere(id, call, why, info),
        }
    }

    /// Another target: a call goes on there where it was.
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
        if is_retry && !self.budget_of(&call, to).take(now) {
            // It would be one retry too many of that target: there is nothing to come back to.
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

    /// What a call is told of a bar.
    pub(crate) fn explain(&self, call: &Call, bar: &Bar) -> Rc<ErrorInfo> {
        let lane = call.lane().and_then(|lane| self.lanes.get(lane.0 as usize));
        let account = lane.and_then(|lane| self.accounts.get(lane.account.0 as usize));
        match (&bar.reason, lane, account) {
            (Reason::Lane(denial), Some(lane), _) => Rc::new(denied(denial, &lane.book, self.now)),
            (Reason::Account(denial), _, Some(account)) => {
                Rc::new(denied(denial, &account.book, self.now))
            }
            (Reason::Budget(denial), ..) => match &self.purse {
                Some(purse) => Rc::new(denied(denial, &purse.book, self.now)),
                None => Rc::new(ErrorInfo::new(Kind::OverBudget)),
            },
            (Reason::Price, ..) => {
                Rc::new(over_budget("Allow a higher `maxCost`, or use a cheaper model."))
            }
            (Reason::Target(info), ..) => {
                // What it saw itself says more.
                let own = call.last.as_ref().filter(|last| last.kind == info.kind);
                if let Some(own) = own {
                    return Rc::clone(own);
                }
                // Some of what the service named is over.
                let left = |at: WallTime| Millis(at.0.saturating_sub(self.now.wall.0));
                let rest = info.retry_after.and(info.retry_at).map(left);
                let retry_after = rest.or(info.retry_after);
                Rc::new(ErrorInfo { retry_after, ..(**info).clone() })
            }
            _ => Rc::new(ErrorInfo::new(Kind::RateLimited)),
        }
    }

    /// Tells a call that was just queued that it has to wait.
    pub(crate) fn tell(&mut self, id: CallId) {
        let Some(call) = self.call(id) else { return };
        let Some(BookId::Lane(lane)) = call.queued else { return };
        let Some(lane) = self.lanes.get(lane.0 as usize) else { return };
        let ahead = lane.queue.ahead_of(call.spec.priority).saturating_sub(1);
        let Some(bar) = self.bar(call, call.target, ahead) else { return };
        let (attempt, info) = (call.attempts, self.explain(call, &bar));
        let wait = bar.until - self.now.mono;
        let until = self.now.wall + wait;
        self.outputs.push_back(Output::Hold { call: id, attempt, wait, until, info });
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
    // A call that has backed off by itself is as good a probe as any; but a crowd that a limit refused
    // would use up its attempts on it, while one of them is enough to ask.
    let is_load = outage.info.kind == Kind::RateLimited;
    let has_waited = call.visit(target).tries > 0
        && !is_day
        && !is_load
        && !call.spec.is_background()
        && is_alone(lanes, call);
    let is_due = outage.next_of(has_other(lanes, call, target)) <= now;
    outage.probe.is_none() && (is_due || has_waited)
}

/// Whether nobody else waits for the targets of a chain. In a crowd each would ask each of them on.
fn is_alone(lanes: &[Lane], call: &Call) -> bool {
    let targets = &call.spec.targets;
    let lanes = targets.iter().filter_map(|target| lanes.get(target.lane?.0 as usize));
    targets.len() == 1 || lanes.map(|lane| lane.queue.len()).fold(0, u64::saturating_add) <= 1
}

/// Whether a call that does not wait has another target than this one, which does not rest itself.
pub(crate) fn has_other(lanes: &[Lane], call: &Call, target: usize) -> bool {
    let rests = |index: usize| {
        let lane = call.spec.targets.get(index).and_then(|target| target.lane);
        lane.and_then(|lane| lanes.get(lane.0 as usize))
            .is_some_and(|lane| lane.health.outage().is_some_and(|outage| call.rides(outage)))
    };
    let here = Some(call.target).filter(|here| *here != target);
    let mut others = call.others().filter(|other| *other != target).chain(here);
    !call.spec.is_background() && others.any(|other| !rests(other))
}

/// What a call does that does not wait for the next day.
fn daily(call: &Call) -> Move {
    match call.spec.on_daily_limit {
        OnDailyLimit::Fail => Move::Fail(Why::Barred),
        _ => Move::Leave(Why::Barred),
    }
}
