//! How calls get through the queues and ledgers of their targets.

use std::rc::Rc;

use crate::base::time::{Instant, Millis, Now};
use crate::engine::blocker::{Bar, Move, Reason, has_other, may_probe};
use crate::engine::call::{Call, Paid, Permit};
use crate::engine::exchange::{BookId, lane_id};
use crate::engine::input::{CallId, OnDailyLimit};
use crate::engine::lane::{Account, Lane, LaneId};
use crate::engine::outage::Outage;
use crate::engine::output::Output;
use crate::engine::queue::Ticket;
use crate::engine::state_machine::Engine;
use crate::errors::failure;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::replica::Book;
use crate::quota::usage::{Denial, Quota};
use crate::quota::window::Amounts;
use crate::retry::policy::Why;

/// How many of those who wait are looked at for one that is small enough.
const BEHIND_MAX: usize = 64;

impl Engine {
    /// Puts a call into the queue of its target, or sends it where there is none.
    pub(crate) fn place(&mut self, id: CallId, call: Box<Call>) {
        let Some(mut call) = self.goes_no_further(id, call) else { return };
        if let Some(until) = peak_ends(&call, self.now) {
            let wait = until - self.now.mono;
            if call.waits_until.replace(until).is_none() {
                call.waiting_since = self.now.mono;
            }
            self.parked.dirty |= self.parked.redeem(&mut call);
            let (attempt, until) = (call.attempts, self.now.wall + wait);
            let info = Rc::new(failure::peak_hours(wait, until));
            self.outputs.push_back(Output::Hold { call: id, attempt, wait, until, info });
            self.put(id, call);
            return;
        }
        if !call.affords(call.target) {
            let later = call.target.saturating_add(1)..call.spec.targets.len();
            let is_whole = |index: usize| {
                call.spec.targets.get(index).is_some_and(|target| !target.is_smaller)
            };
            let cheaper = later.into_iter().find(|index| is_whole(*index) && call.affords(*index));
            if cheaper.is_none() && call.overtime.is_some() {
                // Its picture may be paid for already, and may still come.
                self.put(id, call);
                return;
            }
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
        if call.insists()
            && let Some(permit) = self.permit_now(lane_id.0 as usize, &call)
        {
            self.put(id, call);
            self.fly(id, permit);
            return;
        }
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

    /// Sends what may go, lane by lane, and tells those who wait.
    pub(crate) fn run(&mut self) {
        let now = self.now.mono;
        self.keep_books();
        loop {
            self.unpark();
            let is_due = |lane: &Lane| lane.dirty || lane.wake.is_some_and(|wake| wake <= now);
            let Some(index) = self.lanes.iter().position(is_due) else { break };
            self.pump(index);
        }
        for id in core::mem::take(&mut self.placed) {
            self.tell(id);
        }
    }

    fn pump(&mut self, index: usize) {
        self.send_from(index);
        // Whatever keeps the call that goes next, an outage keeps it no longer than it sits out.
        let soonest = self.now.mono + Millis(1);
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let Some(outage) = lane.health.outage() else { return };
        let (calls, queue) = (&self.calls, BookId::Lane(lane_id(index)));
        let Some(ticket) = lane.queue.peek(|ticket| waits(calls, queue, ticket)) else { return };
        let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref);
        if let Some(call) = call.filter(|call| call.rides(outage)) {
            let latest = sits_out(outage, call).max(soonest);
            lane.wake = Some(lane.wake.map_or(latest, |wake| wake.min(latest)));
        }
    }

    fn send_from(&mut self, index: usize) {
        let now = self.now.mono;
        loop {
            let Some(lane) = self.lanes.get_mut(index) else { return };
            lane.dirty = false;
            lane.wake = None;
            let (calls, queue) = (&self.calls, BookId::Lane(lane_id(index)));
            let Some(ticket) = lane.queue.peek(|ticket| waits(calls, queue, ticket)) else {
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
            let heard = lane.hears_of_probe(now);
            let Some(lane) = self.lanes.get(index) else { return };
            if let Some(outage) = lane.health.outage()
                && call.rides(outage)
            {
                let wake = sits_out(outage, call);
                if wake <= now {
                    let bar = Bar { until: now, reason: Reason::Target(Rc::clone(&outage.info)) };
                    self.expel(ticket.call, Why::Outage, &bar);
                    continue;
                }
                if !may_probe(&self.lanes, outage, call, call.target, now) {
                    let is_probed = outage.probe.is_some();
                    let next = outage.next_of(has_other(&self.lanes, call, call.target));
                    let look = heard.unwrap_or(Instant(u64::MAX));
                    let wake = if is_probed { look.min(wake) } else { next.min(wake) };
                    // How long a probe takes nobody knows.
                    let until = if is_probed { now + outage.takes() } else { next };
                    let reason = Reason::Target(Rc::clone(&outage.info));
                    if let Some(lane) = self.lanes.get_mut(index) {
                        lane.wake = Some(wake);
                    }
                    if self.drive_out(ticket.call, &Bar { until, reason }) {
                        continue;
                    }
                    return;
                }
            }
            let Some(lane) = self.lanes.get(index).filter(|lane| self.has_slot(lane)) else {
                return;
            };
            let gauge = lane.book.quota.gauge(Dimension::RequestsPerMinute);
            let Some(lane) = self.lanes.get_mut(index) else { return };
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
            let Some(lane) = self.lanes.get(index) else { return };
            if !self.decides(lane) {
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
            match self.reserve(index, &want, call.insists()) {
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
        let queue = BookId::Lane(lane_id(index));
        let behind = lane.queue.iter().filter(|ticket| waits(&self.calls, queue, *ticket));
        let fits = |id: &CallId| {
            let (want, quota) = (wants(*id), &lane.book.quota);
            let is_awake = self.call(*id).is_some_and(|call| peak_ends(call, self.now).is_none());
            *id != head
                && is_awake
                && quota.leaves_room(quota.at, &Amounts::default(), &want)
                && quota.leaves_room(denial.until, &first, &want)
        };
        // One that may not probe a paused target keeps its place before those that need not.
        let is_open = |id: &CallId| {
            self.call(*id).is_some_and(|call| may_go(&self.lanes, lane, call, self.now.mono))
        };
        let found = behind.map(|ticket| ticket.call).take(BEHIND_MAX).find(fits);
        let found = found.filter(is_open);
        let Some((id, want)) = found.map(|id| (id, wants(id))) else { return false };
        let Ok(permit) = self.reserve(index, &want, false) else { return false };
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
        let (calls, queue) = (&self.calls, BookId::Lane(lane_id(index)));
        let lane = self.lanes.get_mut(index)?;
        let ticket = lane.queue.peek(|ticket| waits(calls, queue, ticket))?;
        let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref)?;
        // A permit that was asked for before the target was paused is no probe's.
        let lane = self.lanes.get(index)?;
        let is_open = may_go(&self.lanes, lane, call, now) && lane.shut(now).is_none();
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

    fn fly(&mut self, id: CallId, mut permit: Permit) {
        let (now, flight) = (self.now.mono, self.next_flight());
        let index = permit.lane.0 as usize;
        if let Some(lane) = self.lanes.get_mut(index) {
            permit.in_doubt = lane.book.quota.doubts_day(lane.book.clock(self.now));
            lane.in_flight = lane.in_flight.saturating_add(1);
            let others = lane.book.quota.minute.accepted().saturating_sub(1);
            let is_above = lane.bare.count().is_some_and(|count| others >= count);
            lane.pacer.sent(now, flight, is_above);
            lane.health.probes(flight);
        }
        self.in_flight = self.in_flight.saturating_add(1);
        #[cfg(feature = "canary")]
        if crate::base::canary::is(crate::base::canary::Canary::IgnoresConcurrency) {
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
            if crate::base::canary::is(crate::base::canary::Canary::Oversleeps) {
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
        lane.book.held(self.now).is_none() && self.has_slot(lane)
    }

    /// Whether one more request may be in flight.
    fn has_slot(&self, lane: &Lane) -> bool {
        self.in_flight < self.concurrency && lane.in_flight < lane.in_flight_max()
    }

    /// Whether it is decided here what may go in a lane, and not in a store.
    fn decides(&self, lane: &Lane) -> bool {
        let account = self.accounts.get(lane.account.0 as usize);
        lane.book.decides() && account.into_iter().chain(&self.purse).all(Account::decides)
    }

    /// A permit for a call that insists, where nothing but a guess keeps it: the loop that the drop-in
    /// replaces would send it now, whoever waits.
    fn permit_now(&mut self, index: usize, call: &Call) -> Option<Permit> {
        let now = self.now.mono;
        let has_room = self.lanes.get_mut(index)?.pacer.room(now, None, false).is_ok();
        let lane = self.lanes.get(index)?;
        let may_go = has_room && self.has_slot(lane) && self.decides(lane);
        let want = lane.reserves(&call.want());
        let may_go = may_go && lane.shut(now).is_none();
        may_go.then(|| self.reserve(index, &want, true).ok()).flatten()
    }

    /// Counts a request where account and lane let it go: the account first.
    fn reserve(&mut self, index: usize, want: &Amounts, insists: bool) -> Result<Permit, Bar> {
        let now = self.now;
        #[cfg(feature = "canary")]
        let want = &if crate::base::canary::is(crate::base::canary::Canary::CountsNothing) {
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
        let purse =
            purse.filter(|_| !crate::base::canary::is(crate::base::canary::Canary::ForgetsBudget));
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
        let taken =
            if insists { lane.book.insist(now, &wanted) } else { lane.book.take(now, &wanted) };
        match taken {
            Ok(at) => {
                let paid_at = Paid { budget, account: account_at };
                Ok(Permit { lane: lane_id(index), at, paid_at, want: *want, in_doubt: false })
            }
            Err(denial) => {
                give_back(account.map(|account| (account, account_at)));
                let until = lane.book.moment(now, denial.until);
                Err(Bar { until, reason: Reason::Lane(denial) })
            }
        }
    }

    /// The lanes, for those who look at their use.
    #[must_use]
    pub fn lane(&self, id: LaneId) -> Option<&Quota> {
        self.lanes.get(id.0 as usize).map(|lane| &lane.book.quota)
    }
}

/// Until when a call sits an outage of its target out.
fn sits_out(outage: &Outage, call: &Call) -> Instant {
    let is_day = outage.info.kind == Kind::DailyQuota;
    let waits_for_day = is_day && call.spec.on_daily_limit == OnDailyLimit::Wait;
    let longest = if waits_for_day { Millis(u64::MAX) } else { call.spec.max_outage() };
    outage.since.max(call.started).max(call.here.came) + longest
}

/// Whether a call may ask its target, which may be paused.
fn may_go(lanes: &[Lane], lane: &Lane, call: &Call, now: Instant) -> bool {
    let outage = lane.health.outage().filter(|outage| call.rides(outage));
    outage.is_none_or(|outage| may_probe(lanes, outage, call, call.target, now))
}

/// Whether the call of a ticket still waits in this queue.
pub(crate) fn waits(calls: &[Option<Box<Call>>], queue: BookId, ticket: Ticket) -> bool {
    let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref);
    call.is_some_and(|call| call.serial == ticket.serial && call.queued == Some(queue))
}

/// When the hours are over that a call keeps out of; `None` where it may go, or has to because
/// of its deadline.
fn peak_ends(call: &Call, now: Now) -> Option<Instant> {
    let hours = call.spec.avoid.filter(|_| call.spec.is_background())?;
    #[cfg(feature = "canary")]
    if crate::base::canary::is(crate::base::canary::Canary::IgnoresPeak) {
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
