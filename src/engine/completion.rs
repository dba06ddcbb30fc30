//! What comes back from a flight: what it took is settled, and what it saw is learned from.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::base::time::{Instant, Millis};
use crate::engine::call::{Call, Flight, Permit};
use crate::engine::ids::{BookId, LaneId};
use crate::engine::input::{OnDailyLimit, Used};
use crate::engine::lane::{Account, is_shutting};
use crate::engine::output::{Notice, Output};
use crate::engine::pacer::Defence;
use crate::engine::state_machine::Engine;
use crate::errors::billed::may_be_billed;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::refusal::{Learned, Refusal};
use crate::quota::replica::Book;
use crate::quota::window::{Amounts, Meter};
use crate::retry::policy::{believed, is_long};

const SHARED_ADVICE: &str = "Others use the project's quota too: give all its processes one `store`, and the keys of one project one `project`.";

/// A failed attempt, and what its target was like.
#[derive(Clone, Copy)]
struct Failure<'a> {
    flight: &'a Flight,
    permit: &'a Permit,
    info: &'a Rc<ErrorInfo>,
    /// The call's number in the order of arrival.
    serial: u64,
    /// The wait that the service named, as far as it is believed.
    named: Millis,
    /// Whether that is longer than callers sit through.
    is_long: bool,
    defence: Option<Defence>,
}

impl Engine {
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

    /// What ails one model of an account mostly ails the others, too: of those that rest for the same
    /// reason one is asked in the place of all, each in its turn.
    fn share_probes(&mut self, id: LaneId) {
        /// A refusal is there before the next one's turn, and puts that off.
        const APART: Millis = Millis(2_000);
        let Some(lane) = self.lanes.get(id.0 as usize) else { return };
        let Some(outage) = lane.health.outage() else { return };
        let (account, kind, next) = (lane.account, outage.info.kind, outage.next);
        let mut resting: VecDeque<(bool, Instant, usize)> = VecDeque::new();
        for (index, other) in self.lanes.iter().enumerate() {
            let outage = other.health.outage().filter(|outage| outage.info.kind == kind);
            if let Some(outage) = outage.filter(|_| other.account == account) {
                // Who has just been asked comes last.
                let turn = (index == id.0 as usize, outage.next, index);
                let place = resting.partition_point(|other| *other < turn);
                resting.insert(place, turn);
            }
        }
        for (turn, (.., index)) in (0..).zip(resting) {
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.health.probe_from(next + APART.times(turn));
                lane.dirty = true;
            }
        }
    }

    /// Whether the target of a call refuses several alike, without a word on why.
    pub(crate) fn is_crowded(&self, call: &Call) -> bool {
        let lane = call.lane().and_then(|lane| self.lanes.get(lane.0 as usize));
        lane.is_some_and(|lane| lane.bare.is_shared(self.now.mono))
    }

    /// An attempt was answered as hoped.
    pub(crate) fn served(&mut self, call: &Call, flight: &Flight, used: Option<Used>) {
        let Some(permit) = self.land(flight) else { return };
        let expected = call.want_of(flight.target).tokens;
        let used = used.unwrap_or_default();
        let used = mutant!(KeepsMoney, used, Used::default());
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
        let ended = lane.health.answered(now, flight.id, flight.started);
        if permit.in_doubt && lane.book.quota.proves_day(lane.book.clock(self.now)) {
            lane.book.end_doubt(self.now);
            if let Some(purse) = &mut self.purse {
                purse.book.end_doubt(self.now);
            }
        } else if ended.as_ref().is_some_and(|info| info.kind == Kind::DailyQuota) {
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
    pub(crate) fn refused(&mut self, call: &Call, flight: &Flight, info: &Rc<ErrorInfo>) {
        let Some(permit) = self.land(flight) else { return };
        let now = self.now.mono;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return };
        lane.pacer.refused(flight.id);
        let defence = lane.pacer.defence(now);
        self.settle_failed(&permit, info);
        let most = call.spec.policy.max_server_delay;
        let named = believed(info, most);
        let wait = mutant!(IgnoresHints, named, None);
        let refusal = Refusal::read(info).map(|said| Refusal { wait, ..said });
        let failure = Failure {
            flight,
            permit: &permit,
            info,
            serial: call.serial,
            named: named.unwrap_or_default(),
            is_long: is_long(info, most),
            // Of what nobody sits through all are told at once.
            defence: (!is_long(info, most)).then_some(defence),
        };
        let (learned, begins) = self.learn(&failure, refusal);
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

    /// Gives back what a failed attempt has not taken.
    fn settle_failed(&mut self, permit: &Permit, info: &ErrorInfo) {
        let (reserved, money) = permit.want.split();
        let nothing = Amounts::default();
        // An answer without a picture is billed by its tokens.
        let spent = Amounts { nanos: info.spent.unwrap_or(0), ..nothing };
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return };
        if may_be_billed(info) {
            self.costs.possible = self.costs.possible.saturating_add(money.nanos);
        } else {
            let account = self.accounts.get_mut(lane.account.0 as usize);
            if let Some(account) = account.filter(|_| info.kind != Kind::SpendLimited) {
                account.book.settle(self.now, permit.paid_at.account, &money, &spent);
            }
            if let Some(purse) = &mut self.purse {
                purse.book.settle(self.now, permit.paid_at.budget, &money, &spent);
            }
            self.costs.spent = self.costs.spent.saturating_add(spent.nanos);
        }
        if info.unsent {
            lane.book.settle(self.now, permit.at, &reserved, &nothing);
        }
    }

    /// What a failed attempt tells of its target: a limit that is learned from it, and whether an outage
    /// has begun.
    fn learn(
        &mut self,
        failure: &Failure<'_>,
        refusal: Option<Refusal>,
    ) -> (Option<Learned>, bool) {
        let (now, clocks) = (self.now.mono, self.now);
        let Failure { flight, permit, info, named, defence, .. } = *failure;
        let (reserved, money) = permit.want.split();
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return (None, false) };
        match (info.kind, refusal) {
            (Kind::SpendLimited, Some(refusal)) => {
                lane.book.refuse_elsewhere(clocks, permit.at, &reserved);
                let account = self.accounts.get_mut(lane.account.0 as usize);
                let refuse = |account: &mut Account| {
                    account.book.refuse(clocks, permit.paid_at.account, &money, &refusal)
                };
                return (account.and_then(refuse), false);
            }
            (Kind::DailyQuota, Some(refusal)) => return self.learn_of_day(failure, &refusal),
            (Kind::RateLimited, Some(refusal)) => return self.learn_of_minute(failure, refusal),
            (kind, _) if is_shutting(kind) => lane.shut_for(now, info),
            (Kind::Timeout | Kind::Cancelled, _) => {}
            (Kind::Overloaded | Kind::Network | Kind::ServerError, _) => {
                let was_probe = lane.health.is_probe(flight.id);
                let random = &mut self.random;
                let begins = lane.health.failed(now, flight.id, info, named, defence, random);
                if begins || was_probe {
                    self.share_probes(permit.lane);
                }
                return (None, begins);
            }
            _ => {
                if lane.health.answered(now, flight.id, flight.started).is_some() {
                    lane.pacer.cool();
                }
            }
        }
        (None, false)
    }

    /// A 429 that names a limit per day. A day's end that is named may be misleading, and is asked about.
    fn learn_of_day(
        &mut self,
        failure: &Failure<'_>,
        refusal: &Refusal,
    ) -> (Option<Learned>, bool) {
        let (now, clocks) = (self.now.mono, self.now);
        let Failure { flight, permit, info, .. } = *failure;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return (None, false) };
        let learned = lane.book.refuse(clocks, permit.at, &permit.want.split().0, refusal);
        let dimension = refusal.dimension.unwrap_or(Dimension::RequestsPerDay);
        let quota = &lane.book.quota;
        let doubts = quota.doubts_day(lane.book.clock(clocks));
        if quota.agrees_that_day_is_spent(dimension) && !doubts {
            lane.book.end_day(clocks);
            return (learned, false);
        }
        let random = &mut self.random;
        let begins = lane.health.failed(now, flight.id, info, Millis::ZERO, None, random);
        // The new day ends it at the latest.
        let midnight = quota.midnight(lane.book.clock(clocks));
        lane.health.probe_by(lane.book.moment(clocks, midnight));
        (learned, begins)
    }

    /// A 429 for the minute, or without a word on why: a limit, or load.
    fn learn_of_minute(
        &mut self,
        failure: &Failure<'_>,
        mut refusal: Refusal,
    ) -> (Option<Learned>, bool) {
        let (now, clocks) = (self.now.mono, self.now);
        let Failure { flight, permit, info, named, defence, .. } = *failure;
        let Some(lane) = self.lanes.get_mut(permit.lane.0 as usize) else { return (None, false) };
        if refusal.dimension.is_none() {
            let quota = &lane.book.quota;
            // Without this one, which counts as accepted still.
            let accepted = quota.minute.accepted().saturating_sub(1);
            let gauge = quota.gauge(Dimension::RequestsPerMinute);
            let total = quota.minute.total().requests;
            let above = defence.map_or(0, |defence| defence.above);
            let counts = (accepted, total, above);
            let is_confirmed = lane.bare.confirms(now, failure.serial);
            // No minute is as long as what nobody sits through.
            refusal.is_quota = accepted > 0
                && !failure.is_long
                && lane.bare.is_limit(now, &gauge, is_confirmed, counts);
            refusal.count = lane.bare.found(now);
        }
        let learned = lane.book.refuse(clocks, permit.at, &permit.want.split().0, &refusal);
        if refusal.is_quota {
            lane.health.answered(now, flight.id, flight.started);
            return (learned, false);
        }
        lane.health.let_in(defence.map_or(0, |defence| defence.taken));
        let defence = defence.filter(|_| !lane.bare.is_likely());
        let begins = lane.health.failed(now, flight.id, info, named, defence, &mut self.random);
        if begins {
            // Where it is a limit after all, it lets something in when a minute is over.
            let minute = &lane.book.quota.minute;
            let used = minute.total().requests;
            let frees = minute.falls_to(Meter::Requests, used.saturating_sub(1));
            if let Some(frees) = frees {
                lane.health.frees_at(lane.book.moment(clocks, frees));
            }
        }
        (learned, begins)
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
        Rc::new(ErrorInfo { advice: crate::base::text::join(advice, " "), ..(*info).clone() })
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
            lane.pacer.gave_up(flight.id);
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
                lane.book.late = Millis::ZERO;
            }
            // Money that comes back may be what another lane waits for.
            lane.dirty |= is_it || all || self.purse.is_some();
        }
        self.parked.dirty = true;
        Some(permit)
    }
}
