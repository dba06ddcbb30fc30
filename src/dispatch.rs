//! How calls get through the queues and ledgers of their targets.

use std::rc::Rc;

use crate::book::Book;
use crate::call::{Call, Flight, Paid, Permit};
use crate::chain::{self, Action};
use crate::cost;
use crate::engine::Engine;
use crate::exchange::{BookId, lane_id};
use crate::failure;
use crate::info::ErrorInfo;
use crate::input::{CallId, OnDailyLimit, Used};
use crate::kind::{Dimension, Kind};
use crate::lane::{Account, LaneId, denied, is_shutting, over_budget};
use crate::outage::Outage;
use crate::output::{Leave, Notice, Output};
use crate::queue::Ticket;
use crate::quota::{Denial, Quota, Refusal};
use crate::retry::Why;
use crate::time::{Instant, Millis, Now, WallTime};
use crate::window::Amounts;

/// What a probe takes at least, where it brings a picture.
const PROBE: Millis = Millis(10_000);
/// How many of those who wait are looked at for one that is small enough.
const BEHIND_MAX: usize = 64;

const SHARED_ADVICE: &str = "Others use the project's quota too: give all its processes one `store`, and the keys of one project one `project`.";

/// What keeps a call from a target, and until when at least.
struct Bar {
    until: Instant,
    reason: Reason,
}

enum Reason {
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
enum Move {
    Stay,
    /// To another target.
    Switch(usize),
    /// To whatever target the chain's table names for this kind.
    Leave,
    Fail(Why),
}

impl Engine {
    /// Puts a call into the queue of its target, or sends it where there is none.
    pub(crate) fn place(&mut self, id: CallId, mut call: Box<Call>) {
        if let Some(until) = peak_ends(&call, self.now) {
            let wait = until - self.now.mono;
            if call.waits_until.replace(until).is_none() {
                call.waiting_since = self.now.mono;
            }
            let (attempt, until) = (call.attempts, self.now.wall + wait);
            let info = Rc::new(failure::peak_hours(wait, until));
            self.outputs.push_back(Output::Wait { call: id, attempt, wait, until, info });
            self.put(id, call);
            return;
        }
        if !call.affords(call.target) {
            let later = call.target.saturating_add(1)..call.spec.targets.len();
            let cheaper = later.into_iter().find(|target| call.affords(*target));
            let next = cheaper.map_or(Move::Fail(Why::OverBudget), Move::Switch);
            self.follow(id, call, next, &Bar { until: self.now.mono, reason: Reason::Price });
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
        let Some(lane) = self.lanes.get_mut(lane_id.0 as usize) else { return };
        lane.queue.push(call.spec.priority, Ticket { call: id, serial: call.serial });
        lane.dirty = true;
        call.queued = Some(lane_id);
        let has_next = chain::next(&call.spec.targets, call.target, Action::Next).is_some();
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

    /// Sends what may go, lane by lane, and tells those who wait.
    pub(crate) fn run(&mut self) {
        let now = self.now.mono;
        self.keep_books();
        while let Some(index) = self
            .lanes
            .iter()
            .position(|lane| lane.dirty || lane.wake.is_some_and(|wake| wake <= now))
        {
            self.pump(index);
        }
        for id in core::mem::take(&mut self.placed) {
            self.tell(id);
        }
    }

    fn pump(&mut self, index: usize) {
        let now = self.now.mono;
        loop {
            let Some(lane) = self.lanes.get_mut(index) else { return };
            lane.dirty = false;
            lane.wake = None;
            let calls = &self.calls;
            let Some(ticket) = lane.queue.peek(|ticket| waits(calls, index, ticket)) else {
                return;
            };
            let Some(call) = calls.get(ticket.call.0 as usize).and_then(Option::as_deref) else {
                return;
            };
            if peak_ends(call, self.now).is_some() {
                let Some(mut call) = self.take(ticket.call) else { return };
                self.unqueue(&mut call);
                self.place(ticket.call, call);
                continue;
            }
            if let Some(info) = lane.shut(now).cloned() {
                let bar = Bar { until: now, reason: Reason::Target(info) };
                self.drive_out(ticket.call, &bar);
                continue;
            }
            if let Some(outage) = lane.health.outage()
                && call.spec.policy.rides_outages
            {
                let is_day = outage.info.kind == Kind::DailyQuota;
                let waits_for_day = is_day && call.spec.on_daily_limit == OnDailyLimit::Wait;
                let longest = call.spec.max_outage();
                let longest = if waits_for_day { Millis(u64::MAX) } else { longest };
                let since = outage.since.max(call.started);
                if now - since >= longest {
                    let bar = Bar { until: now, reason: Reason::Target(Rc::clone(&outage.info)) };
                    self.expel(ticket.call, Why::Outage, &bar);
                    continue;
                }
                let wake = since + longest;
                if !may_probe(outage, call, call.target, now) {
                    let is_probed = outage.probe.is_some();
                    let next = outage.next_of(has_other(call, call.target));
                    lane.wake = Some(if is_probed { wake } else { next.min(wake) });
                    // How long a probe takes nobody knows.
                    let until = if is_probed { now + PROBE } else { next };
                    let reason = Reason::Target(Rc::clone(&outage.info));
                    if self.drive_out(ticket.call, &Bar { until, reason }) {
                        continue;
                    }
                    return;
                }
            }
            if self.in_flight >= self.concurrency || lane.in_flight >= lane.in_flight_max() {
                return;
            }
            let gauge = lane.book.quota.gauge(Dimension::RequestsPerMinute);
            let room = match lane.pacer.room(now, gauge.limit(), gauge.is_share()) {
                Ok(room) => room,
                Err(wake) => {
                    lane.wake = Some(wake);
                    return;
                }
            };
            if lane.asking {
                return;
            }
            let account = self.accounts.get(lane.account.0 as usize);
            let mut keepers = account.into_iter().chain(&self.purse);
            if !lane.book.decides() || keepers.any(|keeper| !keeper.decides()) {
                let is_told = self.is_asked(BookId::Lane(lane_id(index)));
                let Some(lane) = self.lanes.get_mut(index) else { return };
                if is_told {
                    // What is being told to the store is answered first.
                    lane.deferred = true;
                    return;
                }
                // By the store's clock, which may have been set, it may be over already.
                if let Some(denial) = lane.book.held(self.now) {
                    let until = lane.book.moment(self.now, denial.until);
                    if self.is_barred(
                        index,
                        ticket.call,
                        &Bar { until, reason: Reason::Lane(denial) },
                    ) {
                        return;
                    }
                    continue;
                }
                let account = self.accounts.get(lane.account.0 as usize);
                let keepers = account.into_iter().chain(&self.purse).map(|keeper| &keeper.book);
                let down = keepers.chain([&lane.book]).filter(|book| book.is_down());
                let again = down.filter_map(Book::due).filter(|due| *due > now).max();
                if again.is_some() {
                    lane.wake = again;
                    return;
                }
                let slots = self.concurrency.saturating_sub(self.in_flight);
                let room = room.min(slots).min(lane.in_flight_max().saturating_sub(lane.in_flight));
                let room = if lane.health.outage().is_some() { 1 } else { room };
                self.ask_permits(index, ticket.call, room);
                return;
            }
            let want = lane.reserves(&call.want());
            match self.reserve(index, &want) {
                Ok(permit) => self.dispatch(ticket.call, permit),
                Err(bar) if self.backfill(index, ticket.call, &bar) => {}
                Err(bar) if self.is_barred(index, ticket.call, &bar) => return,
                Err(_) => {}
            }
        }
    }

    /// Tokens keep the call that goes next: a smaller one behind it goes now, where that one is not
    /// delayed by it. Gives whether there was one.
    fn backfill(&mut self, index: usize, head: CallId, bar: &Bar) -> bool {
        let Reason::Lane(denial) = &bar.reason else { return false };
        let by_size = [Dimension::TokensPerMinute, Dimension::ImagesPerMinute];
        if !denial.dimension.is_some_and(|dimension| by_size.contains(&dimension)) {
            return false;
        }
        let Some(lane) = self.lanes.get(index) else { return false };
        let wants = |id: CallId| lane.reserves(&self.call(id).map(Call::want).unwrap_or_default());
        let first = wants(head);
        let behind = lane.queue.iter().filter(|ticket| waits(&self.calls, index, *ticket));
        let fits = |id: &CallId| {
            let (want, quota) = (wants(*id), &lane.book.quota);
            let is_free = self.call(*id).is_some_and(|call| peak_ends(call, self.now).is_none());
            *id != head
                && is_free
                && quota.leaves_room(quota.at, &Amounts::default(), &want)
                && quota.leaves_room(denial.until, &first, &want)
        };
        let found = behind.map(|ticket| ticket.call).take(BEHIND_MAX).find(fits);
        let Some((id, want)) = found.map(|id| (id, wants(id))) else { return false };
        let Ok(permit) = self.reserve(index, &want) else { return false };
        let priority = self.call(id).map_or(0, |call| call.spec.priority);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.queue.leave(priority);
        }
        self.fly(id, permit);
        true
    }

    /// The call that goes next in a lane that permits have come for; `None` where none may.
    pub(crate) fn next_call(&mut self, index: usize) -> Option<CallId> {
        let now = self.now.mono;
        let calls = &self.calls;
        let lane = self.lanes.get_mut(index)?;
        let ticket = lane.queue.peek(|ticket| waits(calls, index, ticket))?;
        let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref)?;
        // A permit that was asked for before the target was paused is no probe's.
        let outage = lane.health.outage().filter(|_| call.spec.policy.rides_outages);
        let may_go = outage.is_none_or(|outage| may_probe(outage, call, call.target, now));
        let is_open = may_go && lane.shut(now).is_none();
        let call = self.call(ticket.call).filter(|_| is_open)?;
        peak_ends(call, self.now).is_none().then_some(ticket.call)
    }

    /// Sends the call that goes next in its lane.
    pub(crate) fn dispatch(&mut self, id: CallId, permit: Permit) {
        if let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) {
            lane.queue.pop();
        }
        self.fly(id, permit);
    }

    fn fly(&mut self, id: CallId, permit: Permit) {
        let (now, flight) = (self.now.mono, self.next_flight());
        let index = permit.lane.0 as usize;
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.in_flight = lane.in_flight.saturating_add(1);
            lane.pacer.sent(now, flight);
            lane.health.probes(flight);
        }
        self.in_flight = self.in_flight.saturating_add(1);
        #[cfg(feature = "canary")]
        if crate::canary::is(crate::canary::Canary::IgnoresConcurrency) {
            self.in_flight = 0;
        }
        self.alert(index);
        if let Some(call) = self.take(id) {
            self.send(id, call, Some(permit));
        }
    }

    /// A limit keeps the call that goes next: it goes elsewhere, or the lane waits. Gives whether
    /// the lane does.
    fn is_barred(&mut self, index: usize, id: CallId, bar: &Bar) -> bool {
        self.exhausted(index, bar);
        if self.drive_out(id, bar) {
            return false;
        }
        let soonest = self.now.mono + Millis(1);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.wake = Some(bar.until.max(soonest));
            #[cfg(feature = "canary")]
            if crate::canary::is(crate::canary::Canary::Oversleeps) {
                lane.wake = Some(soonest + Millis(2_592_000_000));
            }
        }
        true
    }

    /// The store of a lane said what keeps the next request.
    pub(crate) fn bar_lane(&mut self, index: usize, denial: Denial) {
        let Some(lane) = self.lanes.get(index) else { return };
        let until = lane.book.moment(self.now, denial.until);
        self.bar_next(index, &Bar { until, reason: Reason::Lane(denial) });
    }

    /// The store of a lane's account, or of the budget, said what keeps the next request.
    pub(crate) fn bar_money(&mut self, index: usize, denial: Denial, is_budget: bool) {
        let Some(lane) = self.lanes.get(index) else { return };
        let id = if is_budget { BookId::Budget } else { BookId::Account(lane.account) };
        let Some(book) = self.book(id) else { return };
        let until = book.moment(self.now, denial.until);
        let reason = if is_budget { Reason::Budget(denial) } else { Reason::Account(denial) };
        self.bar_next(index, &Bar { until, reason });
    }

    fn bar_next(&mut self, index: usize, bar: &Bar) {
        while let Some(id) = self.next_call(index) {
            if self.is_barred(index, id, bar) {
                if let Some(lane) = self.lanes.get_mut(index) {
                    lane.dirty = false;
                }
                return;
            }
        }
        // Nobody may go now, whatever the bar: what keeps them says when to look again.
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.dirty = true;
        }
    }

    /// Whether a permit that has come from a store may be used now.
    pub(crate) fn has_room(&self, index: usize) -> bool {
        let Some(lane) = self.lanes.get(index) else { return false };
        let is_free = lane.book.held(self.now).is_none();
        is_free && self.in_flight < self.concurrency && lane.in_flight < lane.in_flight_max()
    }

    /// Counts a request where account and lane let it go: the account first.
    fn reserve(&mut self, index: usize, want: &Amounts) -> Result<Permit, Bar> {
        let now = self.now;
        #[cfg(feature = "canary")]
        let want = &if crate::canary::is(crate::canary::Canary::CountsNothing) {
            Amounts { requests: 0, ..*want }
        } else {
            *want
        };
        let (wanted, money) = want.split();
        let nowhere = || {
            let info = Rc::new(ErrorInfo::new(Kind::Unknown));
            Bar { until: now.mono, reason: Reason::Target(info) }
        };
        let lane = self.lanes.get_mut(index).ok_or_else(nowhere)?;
        let purse = self.purse.as_mut();
        let mut account = self.accounts.get_mut(lane.account.0 as usize);
        #[cfg(feature = "canary")]
        let purse = purse.filter(|_| !crate::canary::is(crate::canary::Canary::ForgetsBudget));
        let mut purse = purse;
        let budget = match &mut purse {
            Some(purse) => purse.book.take(now, &money).map_err(|denial| Bar {
                until: purse.book.moment(now, denial.until),
                reason: Reason::Budget(denial),
            })?,
            None => 0,
        };
        let mut give_back = |account: Option<(&mut Account, u64)>| {
            if let Some(purse) = &mut purse {
                purse.book.untake(budget, &money);
            }
            if let Some((account, at)) = account {
                account.book.untake(at, &money);
            }
        };
        let account_at = match account.as_mut().map(|account| account.book.take(now, &money)) {
            Some(Ok(at)) => at,
            Some(Err(denial)) => {
                give_back(None);
                let until =
                    account.map_or(now.mono, |keeper| keeper.book.moment(now, denial.until));
                return Err(Bar { until, reason: Reason::Account(denial) });
            }
            None => 0,
        };
        match lane.book.take(now, &wanted) {
            Ok(at) => {
                let paid_at = Paid { budget, account: account_at };
                Ok(Permit { lane: lane_id(index), at, paid_at, want: *want })
            }
            Err(denial) => {
                give_back(account.map(|account| (account, account_at)));
                let until = lane.book.moment(now, denial.until);
                Err(Bar { until, reason: Reason::Lane(denial) })
            }
        }
    }

    /// What would keep a call from a target, with so many others before it in the queue.
    fn bar(&self, call: &Call, index: usize, ahead: u64) -> Option<Bar> {
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
            && call.spec.policy.rides_outages
            && !may_probe(outage, call, index, now)
        {
            let next = outage.next_of(has_other(call, index));
            let until = if outage.probe.is_some() { now + PROBE } else { next };
            strictest(until, Reason::Target(Rc::clone(&outage.info)));
        }
        let (wanted, money) = lane.reserves(&target.want).split();
        let earliest = |book: &Book, want: &Amounts, ahead: u64| {
            let denial = book.quota.earliest(book.clock(self.now), want, ahead)?;
            Some((book.moment(self.now, denial.until), denial))
        };
        if let Some((until, denial)) = earliest(&lane.book, &wanted, ahead) {
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
    fn weigh(&self, call: &Call, bar: &Bar) -> Move {
        let (now, policy) = (self.now.mono, &call.spec.policy);
        match &bar.reason {
            Reason::Target(info) if is_shutting(info.kind) => return Move::Leave,
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
                return Move::Leave;
            }
            Reason::Budget(denial) => {
                let is_day = denial.dimension == Some(Dimension::BudgetPerDay);
                if !is_day || call.spec.on_daily_limit != OnDailyLimit::Wait {
                    let cheaper = self.sooner(call, bar.until);
                    return cheaper.map_or(Move::Fail(Why::OverBudget), Move::Switch);
                }
            }
            _ => {}
        }
        if call.deadline.is_some_and(|deadline| deadline <= bar.until) {
            return self.sooner(call, bar.until).map_or(Move::Fail(Why::Deadline), Move::Switch);
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

    /// The first later target that could start before this moment.
    fn sooner(&self, call: &Call, than: Instant) -> Option<usize> {
        let starts = |target: usize| {
            let lane = call.spec.targets.get(target)?.lane;
            let lane = lane.and_then(|lane| self.lanes.get(lane.0 as usize));
            let ahead = lane.map_or(0, |lane| lane.queue.ahead_of(call.spec.priority));
            Some(self.bar(call, target, ahead).map_or(self.now.mono, |bar| bar.until))
        };
        let later = call.target.saturating_add(1)..call.spec.targets.len();
        let is_other =
            |index: &usize| call.spec.targets.get(*index).is_some_and(|target| !target.is_smaller);
        let soonest =
            later.filter(is_other).filter_map(|target| Some((starts(target)?, target))).min()?;
        (soonest.0 < than).then_some(soonest.1)
    }

    /// Takes a queued call out where it does not wait for this bar; gives whether it did.
    fn drive_out(&mut self, id: CallId, bar: &Bar) -> bool {
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

    fn expel(&mut self, id: CallId, why: Why, bar: &Bar) {
        let Some(mut call) = self.take(id) else { return };
        self.unqueue(&mut call);
        self.follow(id, call, Move::Fail(why), bar);
    }

    pub(crate) fn unqueue(&mut self, call: &mut Call) {
        let queued = call.queued.take();
        call.patience = None;
        if let Some(lane) = queued.and_then(|lane| self.lanes.get_mut(lane.0 as usize)) {
            lane.queue.leave(call.spec.priority);
            lane.dirty = true;
        }
        call.record.waited = call.record.waited + (self.now.mono - call.waiting_since);
    }

    fn follow(&mut self, id: CallId, mut call: Box<Call>, next: Move, bar: &Bar) {
        let info = self.explain(&call, bar);
        call.last = Some(Rc::clone(&info));
        let target = match next {
            Move::Switch(target) => Some(target),
            Move::Fail(why) => {
                self.fail(id, *call, why);
                return;
            }
            Move::Leave | Move::Stay => {
                let action = match chain::action(info.kind) {
                    Action::NextAccount => Action::NextAccount,
                    _ => Action::Next,
                };
                chain::next(&call.spec.targets, call.target, action)
            }
        };
        let Some(target) = target else {
            self.fail(id, *call, Why::Barred);
            return;
        };
        self.switch(id, call, target, info);
    }

    /// The next target of the chain starts its own count of tries.
    pub(crate) fn switch(
        &mut self,
        id: CallId,
        mut call: Box<Call>,
        to: usize,
        info: Rc<ErrorInfo>,
    ) {
        #[cfg(feature = "canary")]
        let to = if crate::canary::is(crate::canary::Canary::SkipsTarget) {
            to.saturating_add(1).min(call.spec.targets.len().saturating_sub(1))
        } else {
            to
        };
        let from = call.target;
        call.target = to;
        call.tries = 0;
        call.used_here = 0;
        call.empty_answers = 0;
        call.share_out(self.now.mono);
        call.record.switches.push(Leave { from, to, info: Rc::clone(&info) });
        self.outputs.push_back(Output::Switch { call: id, from, to, info });
        self.place(id, call);
    }

    /// What a call is told of a bar.
    fn explain(&self, call: &Call, bar: &Bar) -> Rc<ErrorInfo> {
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
                Rc::clone(own.unwrap_or(info))
            }
            _ => Rc::new(ErrorInfo::new(Kind::RateLimited)),
        }
    }

    /// Tells a call that was just queued that it has to wait.
    fn tell(&mut self, id: CallId) {
        let Some(call) = self.call(id) else { return };
        let Some(lane) = call.queued.and_then(|lane| self.lanes.get(lane.0 as usize)) else {
            return;
        };
        let ahead = lane.queue.ahead_of(call.spec.priority).saturating_sub(1);
        let Some(bar) = self.bar(call, call.target, ahead) else { return };
        let (attempt, info) = (call.attempts, self.explain(call, &bar));
        let wait = bar.until - self.now.mono;
        let until = self.now.wall + wait;
        self.outputs.push_back(Output::Hold { call: id, attempt, wait, until, info });
    }

    /// Whether a failed background call goes back into the queue, at no cost.
    pub(crate) fn goes_back(&self, call: &Call, info: &ErrorInfo) -> bool {
        let Some(lane) = call.lane().and_then(|lane| self.lanes.get(lane.0 as usize)) else {
            return false;
        };
        if info.kind == Kind::DailyQuota {
            return call.spec.on_daily_limit == OnDailyLimit::Wait;
        }
        if info.kind == Kind::SpendLimited {
            return call.spec.is_background();
        }
        let outage = lane.health.outage().filter(|outage| outage.info.kind == info.kind);
        call.spec.is_background() && call.spec.policy.rides_outages && outage.is_some()
    }

    /// An attempt was answered as hoped.
    pub(crate) fn served(&mut self, call: &Call, flight: &Flight, used: Option<Used>) {
        let Some(permit) = self.land(flight) else { return };
        let expected = call.spec.targets.get(flight.target).map_or(0, |target| target.want.tokens);
        let used = used.unwrap_or_default();
        #[cfg(feature = "canary")]
        let used = if crate::canary::is(crate::canary::Canary::KeepsMoney) {
            Used::default()
        } else {
            used
        };
        let actual = Amounts {
            tokens: used.tokens.unwrap_or(permit.want.tokens),
            nanos: used.nanos.unwrap_or(permit.want.nanos),
            ..permit.want
        };
        let now = self.now.mono;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return };
        if let Some(counted) = used.tokens {
            lane.estimate.learn(expected, counted);
        }
        let ended = lane.health.answered(flight.id, flight.started);
        if ended.as_ref().is_some_and(|info| info.kind == Kind::DailyQuota) {
            lane.book.correct_day(self.now);
        }
        if ended.is_some() {
            lane.pacer.cool();
        }
        lane.pacer.served(now, flight.id);
        let (reserved, money) = permit.want.split();
        let (taken, spent) = actual.split();
        lane.book.settle(self.now, permit.at, &reserved, &taken);
        if let Some(account) = self.accounts.get_mut(lane.account.0 as usize) {
            account.book.settle(self.now, permit.paid_at.account, &money, &spent);
        }
        if let Some(purse) = &mut self.purse {
            purse.book.settle(self.now, permit.paid_at.budget, &money, &spent);
        }
        self.costs.spent = self.costs.spent.saturating_add(spent.nanos);
    }

    /// An attempt failed.
    pub(crate) fn refused(&mut self, call: u64, flight: &Flight, info: &Rc<ErrorInfo>) {
        let Some(permit) = self.land(flight) else { return };
        let (now, clocks) = (self.now.mono, self.now);
        let (reserved, money) = permit.want.split();
        let nothing = Amounts::default();
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return };
        lane.pacer.failed(flight.id);
        let account = self.accounts.get_mut(lane.account.0 as usize);
        if cost::may_be_billed(info) {
            self.costs.possible = self.costs.possible.saturating_add(money.nanos);
        } else {
            if let Some(account) = account.filter(|_| info.kind != Kind::SpendLimited) {
                account.book.settle(clocks, permit.paid_at.account, &money, &nothing);
            }
            if let Some(purse) = &mut self.purse {
                purse.book.settle(clocks, permit.paid_at.budget, &money, &nothing);
            }
        }
        if info.unsent {
            lane.book.settle(clocks, permit.at, &reserved, &nothing);
        }
        let refusal = Refusal::read(info);
        #[cfg(feature = "canary")]
        let refusal = refusal.map(|said| Refusal {
            wait: said.wait.filter(|_| !crate::canary::is(crate::canary::Canary::IgnoresHints)),
            ..said
        });
        let mut learned = None;
        let mut begins = false;
        match (info.kind, refusal) {
            (Kind::SpendLimited, Some(refusal)) => {
                lane.book.refuse_elsewhere(clocks, permit.at, &reserved);
                if let Some(account) = self.accounts.get_mut(lane.account.0 as usize) {
                    learned = account.book.refuse(clocks, permit.paid_at.account, &money, &refusal);
                }
            }
            (Kind::DailyQuota, Some(refusal)) => {
                learned = lane.book.refuse(clocks, permit.at, &reserved, &refusal);
                let dimension = refusal.dimension.unwrap_or(Dimension::RequestsPerDay);
                let quota = &lane.book.quota;
                let doubts = quota.doubts_day(lane.book.clock(clocks));
                if quota.agrees_that_day_is_spent(dimension) && !doubts {
                    lane.book.end_day(clocks);
                } else {
                    begins = lane.health.failed(now, flight.id, info, true, &mut self.random);
                    // The new day ends it at the latest.
                    let midnight = quota.midnight(lane.book.clock(clocks));
                    lane.health.probe_by(lane.book.moment(clocks, midnight));
                }
            }
            (Kind::RateLimited, Some(mut refusal)) => {
                if refusal.dimension.is_none() {
                    // One refusal without details may be that request's own fault.
                    refusal.is_quota =
                        lane.confirms_bare(now, call) && lane.book.quota.minute.accepted() > 1;
                }
                learned = lane.book.refuse(clocks, permit.at, &reserved, &refusal);
                if refusal.is_quota {
                    lane.health.answered(flight.id, flight.started);
                } else {
                    begins = lane.health.failed(now, flight.id, info, false, &mut self.random);
                }
            }
            (kind, _) if is_shutting(kind) => lane.shut_for(now, info),
            (Kind::Timeout | Kind::Cancelled, _) => {}
            (Kind::Overloaded | Kind::Network | Kind::ServerError, _) => {
                begins = lane.health.failed(now, flight.id, info, false, &mut self.random);
            }
            _ => {
                if lane.health.answered(flight.id, flight.started).is_some() {
                    lane.pacer.cool();
                }
            }
        }
        // Whatever it saw, it probes no more.
        if let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) {
            lane.health.gave_up(flight.id);
        }
        let decides = self.book(BookId::Lane(permit.lane)).is_none_or(Book::decides);
        // Where a store decides, it tells what was learned.
        if let Some(learned) = learned.filter(|_| decides) {
            self.outputs.push_back(Output::Notice(Notice::Learned { lane: permit.lane, learned }));
        }
        if begins {
            self.rested(permit.lane);
        }
    }

    /// What the caller of a refused attempt is advised where others use the quota too.
    pub(crate) fn advised(&self, flight: &Flight, info: Rc<ErrorInfo>) -> Rc<ErrorInfo> {
        let lane = flight.permit.and_then(|permit| self.lanes.get(permit.lane.0 as usize));
        let is_shared = info.kind == Kind::RateLimited
            && lane
                .is_some_and(|lane| lane.book.quota.gauge(Dimension::RequestsPerMinute).is_share());
        if !is_shared {
            return info;
        }
        let advice = [info.advice.as_str(), SHARED_ADVICE];
        Rc::new(ErrorInfo { advice: crate::text::join(advice, " "), ..(*info).clone() })
    }

    /// An attempt flies on in overtime: it keeps its slot, but it probes no more.
    pub(crate) fn overtime(&mut self, flight: &Flight) {
        let lane = flight.permit.and_then(|permit| self.lanes.get_mut(permit.lane.0 as usize));
        if let Some(lane) = lane {
            lane.health.gave_up(flight.id);
            lane.dirty = true;
        }
    }

    /// An attempt is no longer waited for.
    pub(crate) fn gave_up(&mut self, flight: &Flight) {
        let Some(permit) = self.land(flight) else { return };
        // It may have been billed all the same.
        self.costs.possible = self.costs.possible.saturating_add(permit.want.nanos);
        if let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) {
            lane.pacer.failed(flight.id);
            lane.health.gave_up(flight.id);
        }
    }

    /// An attempt gives its slot back.
    fn land(&mut self, flight: &Flight) -> Option<Permit> {
        let permit = flight.permit?;
        self.in_flight = self.in_flight.saturating_sub(1);
        let all = self.concurrency < u64::MAX;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let is_it = index == permit.lane.0 as usize;
            if is_it {
                lane.in_flight = lane.in_flight.saturating_sub(1);
            }
            lane.dirty |= is_it || all;
        }
        Some(permit)
    }

    fn alert(&mut self, index: usize) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let mut alerts = lane.alerts.look(&lane.book.quota, &self.alert_at);
        if let Some(account) = self.accounts.get_mut(lane.account.0 as usize) {
            alerts.extend(account.alerts.look(&account.book.quota, &self.alert_at));
        }
        let lane = lane_id(index);
        if let Some(purse) = &mut self.purse {
            let alerts = purse.alerts.look(&purse.book.quota, &self.alert_at);
            self.outputs
                .extend(alerts.into_iter().map(|alert| Output::Notice(Notice::Budget(alert))));
        }
        let notices = alerts.into_iter().map(|alert| Output::Notice(Notice::Alert { lane, alert }));
        self.outputs.extend(notices);
    }

    /// Tells that a limit is in the way, once until it lets something pass.
    fn exhausted(&mut self, index: usize, bar: &Bar) {
        let (Reason::Lane(denial) | Reason::Account(denial)) = &bar.reason else { return };
        let Some(dimension) = denial.dimension else { return };
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let now = self.now.mono;
        if lane.denied.is_some_and(|(told, until)| told == dimension && now < until) {
            return;
        }
        // Windows turn all the time; a minute of it is told once.
        lane.denied = Some((dimension, bar.until.max(now + Millis(60_000))));
        let account = self.accounts.get(lane.account.0 as usize);
        let quota = match (&bar.reason, account) {
            (Reason::Account(_), Some(account)) => &account.book.quota,
            _ => &lane.book.quota,
        };
        let limit = quota.gauge(dimension).limit();
        let until: WallTime = self.now.wall + (bar.until - self.now.mono);
        let lane = lane_id(index);
        self.outputs.push_back(Output::Notice(Notice::Exhausted { lane, dimension, limit, until }));
    }

    fn rested(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.get_mut(id.0 as usize) else { return };
        let Some(outage) = lane.health.outage() else { return };
        let until = self.now.wall + (outage.next - self.now.mono);
        let info = Rc::clone(&outage.info);
        self.outputs.push_back(Output::Notice(Notice::Rested { lane: id, until, info }));
    }

    /// The lanes, for those who look at their use.
    #[must_use]
    pub fn lane(&self, id: LaneId) -> Option<&Quota> {
        self.lanes.get(id.0 as usize).map(|lane| &lane.book.quota)
    }
}

/// Whether the call of a ticket still waits in this lane.
fn waits(calls: &[Option<Box<Call>>], index: usize, ticket: Ticket) -> bool {
    let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref);
    call.is_some_and(|call| {
        call.serial == ticket.serial && call.queued.is_some_and(|lane| lane.0 as usize == index)
    })
}

/// When the hours are over that a call keeps out of; `None` where it may go, or has to because
/// of its deadline.
fn peak_ends(call: &Call, now: Now) -> Option<Instant> {
    let hours = call.spec.avoid.filter(|_| call.spec.is_background())?;
    #[cfg(feature = "canary")]
    if crate::canary::is(crate::canary::Canary::IgnoresPeak) {
        return None;
    }
    let wait = hours.next_outside(now.wall).0.saturating_sub(now.wall.0);
    let until = now.mono + Millis(wait);
    let fits = call.deadline.is_none_or(|deadline| until < deadline);
    (wait > 0 && fits).then_some(until)
}

/// Whether a call may ask a target of its chain that is paused.
fn may_probe(outage: &Outage, call: &Call, target: usize, now: Instant) -> bool {
    let is_day = outage.info.kind == Kind::DailyQuota;
    // A call that has backed off by itself is as good a probe as any.
    let has_waited =
        target == call.target && call.tries > 0 && !is_day && !call.spec.is_background();
    let is_due = outage.next_of(has_other(call, target)) <= now;
    outage.probe.is_none() && (is_due || has_waited)
}

/// Whether a call that does not wait has a target after this one.
fn has_other(call: &Call, target: usize) -> bool {
    let next = chain::next(&call.spec.targets, target, Action::Next);
    next.is_some() && !call.spec.is_background()
}

/// How long a queued call waits before it looks at its other targets again.
fn patience(call: &Call) -> Millis {
    call.spec.policy.max_wait_per_target.max(Millis(100))
}

/// What a call does that does not wait for the next day.
fn daily(call: &Call) -> Move {
    match call.spec.on_daily_limit {
        OnDailyLimit::Fail => Move::Fail(Why::Barred),
        _ => Move::Leave,
    }
}
