//! The one state machine: calls come in, requests and endings go out.
//!
//! The engine is fed one [`Input`] at a time, each with the time. After each, [`Engine::poll`] is
//! called until it gives `None`, and then [`Engine::next_wakeup`] says when to come back with
//! [`Input::Woken`] if nothing happens before.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::base::random::Random;
use crate::base::time::{Instant, Millis, Now};
use crate::engine::call::{Call, Visit};
use crate::engine::exchange::Exchange;
use crate::engine::ids::{AccountId, CallId, LaneId};
use crate::engine::input::{CallSpec, Input};
use crate::engine::lane::{Account, Lane, LaneSpec};
use crate::engine::output::{Ending, Output, Record};
use crate::engine::parked::Parked;
use crate::errors::info::ErrorInfo;
use crate::models::cost::Spending;
use crate::quota::alert::ALERT_AT;
use crate::quota::limits::Limits;
use crate::retry::ending::Why;
use crate::retry::policy::{self, Decision, Standing};
use crate::retry::retry_budget::RetryBudget;

/// The least time by which the wall clock runs ahead of the other one if a computer slept.
const SLEPT: Millis = Millis(1_000);

/// The state machine behind one client.
#[derive(Debug)]
pub struct Engine {
    pub(crate) calls: Vec<Option<Box<Call>>>,
    vacant: Vec<u32>,
    pub(crate) outputs: VecDeque<Output>,
    wakes: BinaryHeap<Reverse<(Instant, u32, CallId)>>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) accounts: Vec<Account>,
    /// The caller's limits on spending, for all accounts together.
    pub(crate) budget: Option<Account>,
    pub(crate) parked: Parked,
    /// The cost of answers, and of those that may have been lost, in billionths of a USD.
    pub(crate) spending: Spending,
    /// The retry budgets of targets without a lane, by the target's account.
    pub(crate) retry_budgets: Vec<RetryBudget>,
    /// The retry budget of accounts beyond the last number.
    pub(crate) spare: RetryBudget,
    /// The seed of the waits of calls.
    pub(crate) seed: u64,
    pub(crate) random: Random,
    pub(crate) now: Now,
    pub(crate) sent_attempts: u32,
    stamps: u32,
    pub(crate) serials: u64,
    /// Calls that were put into a queue by this input; they are told if they have to wait.
    pub(crate) placed: Vec<CallId>,
    /// Questions to stores that are not answered, and the number of questions asked.
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) asked: u64,
    /// Attempts in flight that went through a queue, and the most that there may be.
    pub(crate) in_flight: u64,
    pub(crate) concurrency: u64,
    /// The shares of a limit at which an alert is given.
    pub(crate) alert_at: Vec<f64>,
    /// Whether no new attempt is sent any more.
    pub(crate) draining: bool,
    closed: bool,
}

impl Engine {
    /// An engine without calls; the seed decides every wait of its life.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let seed = mutant!(DrawsAnew, seed, seed.wrapping_add(crate::base::mutant::anew()));
        Self {
            calls: Vec::new(),
            vacant: Vec::new(),
            outputs: VecDeque::new(),
            wakes: BinaryHeap::new(),
            lanes: Vec::new(),
            accounts: Vec::new(),
            budget: None,
            parked: Parked::default(),
            spending: Spending::default(),
            retry_budgets: Vec::new(),
            spare: RetryBudget::default(),
            seed,
            random: Random::new(seed),
            now: Now::default(),
            sent_attempts: 0,
            stamps: 0,
            serials: 0,
            placed: Vec::new(),
            exchanges: Vec::new(),
            asked: 0,
            in_flight: 0,
            concurrency: u64::MAX,
            alert_at: vec![ALERT_AT],
            draining: false,
            closed: false,
        }
    }

    /// Sets the most attempts in flight, over all lanes.
    pub const fn set_concurrency(&mut self, most: u64) {
        self.concurrency = most;
    }

    /// Sets the shares of a limit at which an alert is given, instead of 70 %.
    pub fn set_alerts(&mut self, thresholds: &[f64]) {
        self.alert_at = thresholds.to_vec();
    }

    /// Sets the limits on spending: [`crate::errors::kind::Dimension::Budget`] in all,
    /// [`crate::errors::kind::Dimension::BudgetPerDay`] a day.
    pub fn set_budget(&mut self, limits: &Limits) {
        let mut budget = Account::new(limits, &Limits::default());
        budget.replica.is_strict = true;
        self.budget = Some(budget);
    }

    /// The money that this client has spent.
    #[must_use]
    pub const fn spending(&self) -> Spending {
        self.spending
    }

    /// Adds an account, whose lanes share the limit on spending in ten minutes.
    pub fn open_account(&mut self, given: &Limits, tier: &Limits) -> AccountId {
        self.accounts.push(Account::new(given, tier));
        AccountId(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX).saturating_sub(1))
    }

    /// Adds a lane: a queue and a usage for one project and model.
    pub fn open_lane(&mut self, spec: &LaneSpec) -> LaneId {
        self.lanes.push(Lane::new(spec));
        LaneId(u32::try_from(self.lanes.len()).unwrap_or(u32::MAX).saturating_sub(1))
    }

    /// Takes a call in. Its first [`Output::Send`] is due at once; after [`Input::Closed`] it ends
    /// without one.
    pub fn start(&mut self, now: Now, spec: CallSpec) -> CallId {
        let now = self.advance(now);
        self.serials = self.serials.saturating_add(1);
        let deadline = mutant!(ForgetsDeadlines, spec.deadline, None);
        let spec = CallSpec { deadline, ..spec };
        if mutant!(LastFirst) {
            self.serials = self.serials.wrapping_sub(2);
        }
        let mut call = Box::new(Call {
            share: None,
            spec,
            target: 0,
            here: Visit::default(),
            visits: Box::default(),
            attempts: 0,
            started: now.mono,
            serial: self.serials,
            waits_until: None,
            queued: None,
            promised: 0,
            patience: None,
            waiting_since: now.mono,
            current: None,
            late: None,
            record: Record::default(),
            last: None,
            stamp: 0,
        });
        call.share_out(now.mono);
        let id = match self.vacant.pop() {
            Some(index) => CallId(index),
            None => {
                self.calls.push(None);
                CallId(u32::try_from(self.calls.len()).unwrap_or(u32::MAX).saturating_sub(1))
            }
        };
        if self.closed || self.draining {
            self.settle(id, *call, Ending::Closed);
        } else if call.deadline().is_some_and(|deadline| deadline <= now.mono) {
            self.fail(id, *call, Why::Deadline);
        } else {
            self.place(id, call);
        }
        self.run();
        id
    }

    /// Takes in an event; one about a call or attempt that is over changes nothing.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.advance(now);
        match input {
            Input::Answered { call, attempt, used } => self.answered(call, attempt, used),
            Input::Failed { call, attempt, info, verdict } => {
                self.failed(call, attempt, info, verdict);
            }
            Input::Cancelled { call } => {
                if mutant!(IgnoresCancel) {
                    return;
                }
                if let Some(state) = self.take(call) {
                    self.settle(call, *state, Ending::Cancelled);
                }
            }
            Input::Transacted { id, reply } => {
                // A call whose deadline is now is not sent by an answer from the store.
                self.wake_due();
                self.transacted(id, reply.as_ref());
            }
            Input::Draining => {
                self.draining = true;
                self.end_all(|call| !call.is_in_flight());
                self.call_back();
            }
            Input::Closed => {
                self.closed = true;
                self.end_all(|_| true);
            }
            Input::Woken => {}
        }
        self.wake_due();
        self.run();
    }

    /// Ends the calls for which `is_it` holds.
    fn end_all(&mut self, is_it: impl Fn(&Call) -> bool) {
        for index in 0..u32::try_from(self.calls.len()).unwrap_or(u32::MAX) {
            let id = CallId(index);
            if self.call(id).is_some_and(&is_it)
                && let Some(state) = self.take(id)
            {
                self.settle(id, *state, Ending::Closed);
            }
        }
    }

    /// Ends the waits for another attempt: only those in flight are left to the calls.
    fn call_back(&mut self) {
        for index in 0..u32::try_from(self.calls.len()).unwrap_or(u32::MAX) {
            let Some(mut call) = self.take(CallId(index)) else { continue };
            if call.queued.is_some() {
                self.unqueue(&mut call);
            } else if call.waits_until.take().is_some() {
                call.record.waited = call.record.waited + (self.now.mono - call.waiting_since);
            }
            self.put(CallId(index), call);
        }
    }

    /// Ends a call of a client that takes no more calls, unless it has an attempt in flight.
    pub(crate) fn goes_no_further(&mut self, id: CallId, call: Box<Call>) -> Option<Box<Call>> {
        if !self.draining {
            return Some(call);
        }
        if call.is_in_flight() {
            self.put(id, call);
        } else if call.last.is_none() {
            self.settle(id, *call, Ending::Closed);
        } else {
            self.fail(id, *call, Why::Closed);
        }
        None
    }

    fn wake_due(&mut self) {
        while let Some(call) = self.pop_due(self.now.mono) {
            self.wake(call);
        }
    }

    /// The next output; `None` if there is none.
    #[must_use]
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front()?;
        if let Output::Settle { call, .. } = &output {
            // The number is free only now: a call that starts while endings are still to be
            // reported must not get the number of one of them.
            self.vacant.push(call.0);
        }
        Some(output)
    }

    /// When to come back with [`Input::Woken`]; may change after any input.
    #[must_use]
    pub fn next_wakeup(&mut self) -> Option<Instant> {
        // No timer keeps the process alive if no call waits any more.
        let waiting = self.lanes.iter().filter(|lane| lane.queue.len() > 0);
        let lane = waiting.filter_map(|lane| lane.wake).min();
        let lane = mutant!(NeverWakes, lane, None);
        let lane = mutant!(WakesAtOnce, lane, Some(self.now.mono));
        let call = self.next_call_due();
        // No call waits for a store after the end of a client.
        let exchange = self.next_exchange().filter(|_| !self.closed);
        [lane, call, exchange, self.parked.wake()].into_iter().flatten().min()
    }

    /// When to come back with [`Input::Woken`] if the host is still there, though no call waits: a
    /// store that is down has to be told the uses. A process need not live on for it.
    #[must_use]
    pub fn next_idle_wakeup(&self) -> Option<Instant> {
        self.next_report().filter(|_| !self.closed)
    }

    /// The wait that [`Input::Failed`] with this error would lead to; `None` for no retry. It is
    /// shown to a caller's `shouldRetry`.
    #[must_use]
    pub fn preview(&self, now: Now, call: CallId, info: &ErrorInfo) -> Option<Millis> {
        let call = self.call(call)?;
        if call.is_risked(now.mono.max(self.now.mono), Some(info)) {
            return None;
        }
        let mut budget = self.retry_budget(call).cloned().unwrap_or_default();
        let (now, mut random) = (now.mono.max(self.now.mono), self.draws(call));
        match self.standing(call).decide(now, info, None, &mut budget, &mut random) {
            Decision::Again { wait, .. } => {
                let sooner = self.sooner_than_wait(call, now + wait, policy::reach(info, None));
                Some(sooner.map_or(wait, |target| call.visit(target).ready - now))
            }
            Decision::Switch { .. } => Some(Millis::ZERO),
            Decision::Over { action, .. } => {
                let latest = call.deadline().unwrap_or(Instant(u64::MAX));
                let target = self.sooner_by(call, latest, action)?;
                Some(call.visit(target).ready - now)
            }
            Decision::End(_) => None,
        }
    }

    /// The state of a call, and of its target.
    pub(crate) fn standing<'a>(&self, call: &'a Call) -> Standing<'a> {
        Standing { is_crowded: self.is_crowded(call), ..call.standing() }
    }

    /// Whether the client has ended.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The number of attempts sent in all.
    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.sent_attempts
    }

    /// Whether no call waits in a queue or is in flight behind one.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.lanes.iter().all(|lane| lane.queue.len() == 0)
    }

    /// Whether the texts of the usages are short.
    #[must_use]
    pub fn is_small(&self) -> bool {
        self.accounts.iter().chain(&self.budget).all(|account| account.replica.usage.is_small())
            && self.lanes.iter().all(|lane| lane.replica.usage.is_small())
    }

    /// The number of attempts that a call has sent.
    #[must_use]
    pub fn attempts(&self, call: CallId) -> u32 {
        self.call(call).map_or(0, |call| call.attempts)
    }

    /// The index of a call's present target.
    #[must_use]
    pub fn target(&self, call: CallId) -> usize {
        self.call(call).map_or(0, |call| call.target)
    }

    fn next_call_due(&mut self) -> Option<Instant> {
        while let Some(&Reverse((at, stamp, call))) = self.wakes.peek() {
            if self.is_current(call, stamp) {
                return Some(at);
            }
            self.wakes.pop();
        }
        None
    }

    /// Moves the time forward; an older moment is taken as the last one seen.
    pub(crate) fn advance(&mut self, now: Now) -> Now {
        let by_wall = now.wall - self.now.wall;
        if by_wall > (now.mono - self.now.mono) + SLEPT {
            // A computer slept, or a clock was set: a day may be over for calls that wait.
            for lane in &mut self.lanes {
                lane.dirty = true;
            }
            self.parked.dirty = true;
        }
        self.now = Now { mono: now.mono.max(self.now.mono), wall: now.wall };
        self.now
    }

    pub(crate) fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.get(id.0 as usize)?.as_deref()
    }

    pub(crate) fn take(&mut self, id: CallId) -> Option<Box<Call>> {
        self.calls.get_mut(id.0 as usize)?.take()
    }

    fn is_current(&self, id: CallId, stamp: u32) -> bool {
        self.call(id).is_some_and(|call| call.stamp == stamp)
    }

    /// Puts a call back, and its next moment into the heap.
    pub(crate) fn put(&mut self, id: CallId, mut call: Box<Call>) {
        if let Some(due) = call.due() {
            self.stamps = self.stamps.wrapping_add(1).max(1);
            call.stamp = self.stamps;
            self.wakes.push(Reverse((due, call.stamp, id)));
        } else {
            call.stamp = 0;
        }
        if let Some(slot) = self.calls.get_mut(id.0 as usize) {
            *slot = Some(call);
        }
        // Entries of calls that ended early are dropped when they outnumber the calls.
        if self.wakes.len() > self.calls.len().saturating_mul(4).saturating_add(64) {
            let wakes = core::mem::take(&mut self.wakes);
            let current = |entry: &Reverse<(Instant, u32, CallId)>| {
                let Reverse((_, stamp, call)) = *entry;
                self.is_current(call, stamp)
            };
            self.wakes = wakes.into_iter().filter(current).collect();
        }
    }

    fn pop_due(&mut self, now: Instant) -> Option<CallId> {
        if self.next_call_due()? > now {
            return None;
        }
        self.wakes.pop().map(|Reverse((_, _, call))| call)
    }
}
