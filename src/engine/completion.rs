//! Completed attempts: the settling of their amounts, and the lessons from their outcomes.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::base::time::{Instant, Millis};
use crate::engine::call::{Attempt, Call, Permit};
use crate::engine::ids::{LaneId, ReplicaId};
use crate::engine::input::{OnDailyLimit, Used};
use crate::engine::lane::{Account, disables};
use crate::engine::output::{Notice, Output};
use crate::engine::pacer::Admitted;
use crate::engine::state_machine::Engine;
use crate::errors::billed::may_be_billed;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::refusal::{Learned, Refusal};
use crate::quota::replica::Replica;
use crate::quota::window::{Amounts, Meter};
use crate::retry::policy::{believed, is_long};

const SHARED_ADVICE: &str = "Others use the project's quota too: give all its processes one `store`, and the keys of one project one `project`.";

/// A failed attempt, and the state of its target.
#[derive(Clone, Copy)]
struct Failure<'a> {
    attempt: &'a Attempt,
    permit: &'a Permit,
    info: &'a Rc<ErrorInfo>,
    /// The call's number in the order of arrival.
    serial: u64,
    /// The wait named by the service, as far as it is believed; 0 if there is none.
    named: Millis,
    /// Whether that is longer than the caller sits through.
    is_long: bool,
    admitted: Option<Admitted>,
}

impl Engine {
    /// Whether a failed background call goes back into the queue, without using up an attempt.
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
        let outage = lane.breaker.outage().filter(|outage| outage.info.kind == info.kind);
        call.spec.is_background() && call.spec.policy.rides_outages && outage.is_some()
    }

    /// Spreads the probes of one account's models, which mostly fail for the same reason: of the
    /// targets paused for it one is probed in the place of all, each in its turn.
    fn share_probes(&mut self, id: LaneId) {
        /// A refusal is there before the next target's turn, and puts that off.
        const APART: Millis = Millis(2_000);
        let Some(lane) = self.lanes.get(id.0 as usize) else { return };
        let Some(outage) = lane.breaker.outage() else { return };
        let (account, kind, next) = (lane.account, outage.info.kind, outage.next);
        let mut paused: VecDeque<(bool, Instant, usize)> = VecDeque::new();
        for (index, other) in self.lanes.iter().enumerate() {
            let outage = other.breaker.outage().filter(|outage| outage.info.kind == kind);
            if let Some(outage) = outage.filter(|_| other.account == account) {
                // The target that was just probed comes last.
                let turn = (index == id.0 as usize, outage.next, index);
                let place = paused.partition_point(|other| *other < turn);
                paused.insert(place, turn);
            }
        }
        for (turn, (.., index)) in (0..).zip(paused) {
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.breaker.probe_from(next + APART.times(turn));
                lane.dirty = true;
            }
        }
    }

    /// Whether the target of a call refuses several calls alike, without saying why.
    pub(crate) fn is_crowded(&self, call: &Call) -> bool {
        let lane = call.lane().and_then(|lane| self.lanes.get(lane.0 as usize));
        lane.is_some_and(|lane| lane.unnamed_limit.is_shared(self.now.mono))
    }

    /// Settles an attempt that was answered as hoped.
    pub(crate) fn served(&mut self, call: &Call, attempt: &Attempt, used: Option<Used>) {
        let Some(permit) = self.complete(attempt) else { return };
        let expected = call.cost_of(attempt.target).tokens;
        let used = used.unwrap_or_default();
        let used = mutant!(KeepsMoney, used, Used::default());
        let actual = Amounts {
            tokens: used.tokens.unwrap_or(permit.cost.tokens),
            nanos: used.nanos.unwrap_or(permit.cost.nanos),
            ..permit.cost
        };
        let now = self.now.mono;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return };
        if let Some(counted) = used.tokens {
            lane.estimate.learn(expected, counted);
        }
        let ended = lane.breaker.answered(now, attempt.id, attempt.started);
        if permit.in_doubt && lane.replica.usage.proves_day(lane.replica.clock(self.now)) {
            lane.replica.end_doubt(self.now);
            if let Some(budget) = &mut self.budget {
                budget.replica.end_doubt(self.now);
            }
        } else if ended.as_ref().is_some_and(|info| info.kind == Kind::DailyQuota) {
            lane.replica.correct_day(self.now);
        }
        if ended.is_some() {
            lane.pacer.cool();
        }
        lane.pacer.served(now, attempt.id);
        let (reserved, money) = permit.cost.split();
        let (taken, spent) = actual.split();
        lane.replica.settle(self.now, permit.at, &reserved, &taken);
        if let Some(account) = self.accounts.get_mut(lane.account.0 as usize) {
            account.replica.settle(self.now, permit.charged_at.account, &money, &spent);
        }
        if let Some(budget) = &mut self.budget {
            budget.replica.settle(self.now, permit.charged_at.budget, &money, &spent);
        }
        self.spending.spent = self.spending.spent.saturating_add(spent.nanos);
    }

    /// Settles an attempt that failed, and learns from it.
    pub(crate) fn refused(&mut self, call: &Call, attempt: &Attempt, info: &Rc<ErrorInfo>) {
        let Some(permit) = self.complete(attempt) else { return };
        let now = self.now.mono;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return };
        lane.pacer.refused(attempt.id);
        let admitted = lane.pacer.admitted(now);
        self.settle_failed(&permit, info);
        let most = call.spec.policy.max_server_delay;
        let named = believed(info, most);
        let wait = mutant!(IgnoresHints, named, None);
        let refusal = Refusal::read(info).map(|said| Refusal { wait, ..said });
        let failure = Failure {
            attempt,
            permit: &permit,
            info,
            serial: call.serial,
            named: named.unwrap_or_default(),
            is_long: is_long(info, most),
            // A wait that no caller sits through opens the circuit for all calls at once.
            admitted: (!is_long(info, most)).then_some(admitted),
        };
        let (learned, begins) = self.learn(&failure, refusal);
        // The attempt is no probe any more, whatever its outcome.
        if let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) {
            lane.breaker.gave_up(attempt.id);
        }
        let decides = self.replica(ReplicaId::Lane(permit.lane)).is_none_or(Replica::decides);
        // A limit learned by a store is reported with the store's answer.
        if let Some(learned) = learned.filter(|_| decides) {
            self.outputs.push_back(Output::Notice(Notice::Learned { lane: permit.lane, learned }));
        }
        if begins {
            self.circuit_opened(permit.lane);
        }
    }

    /// Gives back the amounts that a failed attempt did not take.
    fn settle_failed(&mut self, permit: &Permit, info: &ErrorInfo) {
        let (reserved, money) = permit.cost.split();
        let nothing = Amounts::default();
        // An answer without a picture is billed by its tokens.
        let spent = Amounts { nanos: info.spent.unwrap_or(0), ..nothing };
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return };
        if may_be_billed(info) {
            self.spending.possible = self.spending.possible.saturating_add(money.nanos);
        } else {
            let account = self.accounts.get_mut(lane.account.0 as usize);
            if let Some(account) = account.filter(|_| info.kind != Kind::SpendLimited) {
                account.replica.settle(self.now, permit.charged_at.account, &money, &spent);
            }
            if let Some(budget) = &mut self.budget {
                budget.replica.settle(self.now, permit.charged_at.budget, &money, &spent);
            }
            self.spending.spent = self.spending.spent.saturating_add(spent.nanos);
        }
        if info.unsent {
            lane.replica.settle(self.now, permit.at, &reserved, &nothing);
        }
    }

    /// Learns from a failed attempt: a limit, if it tells one, and whether an outage has begun.
    fn learn(
        &mut self,
        failure: &Failure<'_>,
        refusal: Option<Refusal>,
    ) -> (Option<Learned>, bool) {
        let (now, clocks) = (self.now.mono, self.now);
        let Failure { attempt, permit, info, named, admitted, .. } = *failure;
        let (reserved, money) = permit.cost.split();
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return (None, false) };
        match (info.kind, refusal) {
            (Kind::SpendLimited, Some(refusal)) => {
                lane.replica.refuse_elsewhere(clocks, permit.at, &reserved);
                let account = self.accounts.get_mut(lane.account.0 as usize);
                let refuse = |account: &mut Account| {
                    account.replica.refuse(clocks, permit.charged_at.account, &money, &refusal)
                };
                return (account.and_then(refuse), false);
            }
            (Kind::DailyQuota, Some(refusal)) => return self.learn_of_day(failure, &refusal),
            (Kind::RateLimited, Some(refusal)) => return self.learn_of_minute(failure, refusal),
            (kind, _) if disables(kind) => lane.disable(now, info),
            (Kind::Timeout | Kind::Cancelled, _) => {}
            (Kind::Overloaded | Kind::Network | Kind::ServerError, _) => {
                let was_probe = lane.breaker.is_probe(attempt.id);
                let random = &mut self.random;
                let begins = lane.breaker.failed(now, attempt.id, info, named, admitted, random);
                if begins || was_probe {
                    self.share_probes(permit.lane);
                }
                return (None, begins);
            }
            _ => {
                if lane.breaker.answered(now, attempt.id, attempt.started).is_some() {
                    lane.pacer.cool();
                }
            }
        }
        (None, false)
    }

    /// Learns from a 429 that names a limit per day. A named end of the day may be misleading, and
    /// is tested.
    fn learn_of_day(
        &mut self,
        failure: &Failure<'_>,
        refusal: &Refusal,
    ) -> (Option<Learned>, bool) {
        let (now, clocks) = (self.now.mono, self.now);
        let Failure { attempt, permit, info, .. } = *failure;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return (None, false) };
        let learned = lane.replica.refuse(clocks, permit.at, &permit.cost.split().0, refusal);
        let dimension = refusal.dimension.unwrap_or(Dimension::RequestsPerDay);
        let usage = &lane.replica.usage;
        let doubts = usage.doubts_day(lane.replica.clock(clocks));
        if usage.agrees_that_day_is_spent(dimension) && !doubts {
            lane.replica.end_day(clocks);
            return (learned, false);
        }
        let random = &mut self.random;
        let begins = lane.breaker.failed(now, attempt.id, info, Millis::ZERO, None, random);
        // The new day ends the outage at the latest.
        let midnight = usage.midnight(lane.replica.clock(clocks));
        lane.breaker.probe_by(lane.replica.moment(clocks, midnight));
        (learned, begins)
    }

    /// Learns from a 429 for the minute or without a reason: of a limit, or of load.
    fn learn_of_minute(
        &mut self,
        failure: &Failure<'_>,
        mut refusal: Refusal,
    ) -> (Option<Learned>, bool) {
        let (now, clocks) = (self.now.mono, self.now);
        let Failure { attempt, permit, info, named, admitted, .. } = *failure;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return (None, false) };
        if refusal.dimension.is_none() {
            let usage = &lane.replica.usage;
            // This request still counts as accepted.
            let accepted = usage.minute.accepted().saturating_sub(1);
            let estimator = usage.estimator(Dimension::RequestsPerMinute);
            let total = usage.minute.total().requests;
            let above = admitted.map_or(0, |admitted| admitted.above);
            let counts = (accepted, total, above);
            let is_confirmed = lane.unnamed_limit.confirms(now, failure.serial);
            // A wait that no caller sits through is no limit per minute.
            refusal.is_quota = accepted > 0
                && !failure.is_long
                && lane.unnamed_limit.is_limit(now, &estimator, is_confirmed, counts);
            refusal.count = lane.unnamed_limit.found(now);
        }
        let learned = lane.replica.refuse(clocks, permit.at, &permit.cost.split().0, &refusal);
        if refusal.is_quota {
            lane.breaker.answered(now, attempt.id, attempt.started);
            return (learned, false);
        }
        lane.breaker.let_in(admitted.map_or(0, |admitted| admitted.taken));
        let admitted = admitted.filter(|_| !lane.unnamed_limit.is_likely());
        let begins = lane.breaker.failed(now, attempt.id, info, named, admitted, &mut self.random);
        if begins {
            // The target admits a request when a minute is over, if it is a limit after all.
            let minute = &lane.replica.usage.minute;
            let used = minute.total().requests;
            let frees = minute.falls_to(Meter::Requests, used.saturating_sub(1));
            if let Some(frees) = frees {
                lane.breaker.frees_at(lane.replica.moment(clocks, frees));
            }
        }
        (learned, begins)
    }

    /// The error of a refused attempt, with advice if others use the quota too.
    pub(crate) fn advised(&self, attempt: &Attempt, info: Rc<ErrorInfo>) -> Rc<ErrorInfo> {
        let lane = attempt.permit.and_then(|permit| self.lanes.get(permit.lane.0 as usize));
        let is_shared = info.kind == Kind::RateLimited
            && lane.is_some_and(|lane| {
                lane.replica.usage.estimator(Dimension::RequestsPerMinute).is_share()
            });
        if !is_shared {
            return info;
        }
        let advice = [info.advice.as_str(), SHARED_ADVICE];
        Rc::new(ErrorInfo { advice: crate::base::text::join(advice, " "), ..(*info).clone() })
    }

    /// Makes an attempt a late one: it keeps its slot, but it is no probe any more.
    pub(crate) fn make_late(&mut self, attempt: &Attempt) {
        let lane = attempt.permit.and_then(|permit| self.lanes.get_mut(permit.lane.0 as usize));
        if let Some(lane) = lane {
            lane.breaker.gave_up(attempt.id);
            lane.dirty = true;
        }
    }

    /// Gives up an attempt that is no longer waited for.
    pub(crate) fn gave_up(&mut self, attempt: &Attempt) {
        let Some(permit) = self.complete(attempt) else { return };
        // It may have been billed nevertheless.
        self.spending.possible = self.spending.possible.saturating_add(permit.cost.nanos);
        if let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) {
            lane.pacer.gave_up(attempt.id);
            lane.breaker.gave_up(attempt.id);
        }
    }

    /// Frees the slot of an attempt.
    fn complete(&mut self, attempt: &Attempt) -> Option<Permit> {
        let permit = attempt.permit?;
        self.in_flight = self.in_flight.saturating_sub(1);
        let all = self.concurrency < u64::MAX;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let is_it = index == permit.lane.0 as usize;
            if is_it {
                lane.in_flight = lane.in_flight.saturating_sub(1);
                lane.replica.transit_slack = Millis::ZERO;
            }
            // Returned money may be enough for a call of another lane.
            lane.dirty |= is_it || all || self.budget.is_some();
        }
        self.parked.dirty = true;
        Some(permit)
    }
}
