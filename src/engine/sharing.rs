//! Permits from a store: the questions, the answers, and the case that no answer comes.

use std::rc::Rc;

use crate::base::time::Instant;
use crate::engine::call::waits;
use crate::engine::call::{Call, ChargedAt, Permit};
use crate::engine::exchange::{Exchange, Granted, Payer, Purpose};
use crate::engine::ids::{CallId, ExchangeId, ReplicaId, lane_id};
use crate::engine::output::{Notice, Output};
use crate::engine::state_machine::Engine;
use crate::quota::denial::Denial;
use crate::quota::replica::{Replica, STORE_TIMEOUT};
use crate::quota::shared::{Reply, Request};
use crate::quota::window::Amounts;

/// The most permits that are asked for at once.
const PERMITS_MAX: u64 = 64;

impl Engine {
    /// When an exchange is due, or one has taken too long.
    pub(crate) fn next_exchange(&self) -> Option<Instant> {
        let expires = self.exchanges.iter().map(|exchange| exchange.asked.mono + STORE_TIMEOUT);
        // A store that is down is asked again for calls that wait, and for a moment longer if it
        // has to be told something.
        let is_idle = self.is_idle();
        let owes = |replica: &Replica| replica.owes() && replica.may_be_back();
        let is_due = |replica: &Replica| !is_idle || !replica.is_down() || owes(replica);
        expires.chain(self.due_replicas(is_due)).min()
    }

    /// When a store that is down is to be told of changes that no call waits for.
    pub(crate) fn next_report(&self) -> Option<Instant> {
        let is_due = |replica: &Replica| replica.is_down() && replica.owes();
        self.due_replicas(is_due).min().filter(|_| self.is_idle())
    }

    fn due_replicas(&self, is_due: impl Fn(&Replica) -> bool) -> impl Iterator<Item = Instant> {
        let due =
            self.replicas().filter(move |(id, replica)| is_due(replica) && !self.is_asked(*id));
        due.filter_map(|(_, replica)| replica.due())
    }

    pub(crate) fn is_asked(&self, id: ReplicaId) -> bool {
        self.exchanges.iter().any(|exchange| exchange.replica == id)
    }

    /// Gives up on stores that do not answer, and tells the others the changes that are due.
    pub(crate) fn tend_replicas(&mut self) {
        let now = self.now.mono;
        while let Some(exchange) =
            self.end_exchange(|exchange| exchange.asked.mono + STORE_TIMEOUT <= now)
        {
            self.unanswered(&exchange);
        }
        let due: Vec<ReplicaId> = self
            .replicas()
            .filter(|(id, replica)| {
                replica.due().is_some_and(|due| due <= now) && !self.is_asked(*id)
            })
            .map(|(id, _)| id)
            .collect();
        for id in due {
            self.tell_store(id, None);
        }
    }

    fn stores_down(&self) -> bool {
        self.replicas().any(|(_, replica)| replica.is_down())
    }

    /// Reports that the store is down or back. A client has one store: it is down with the first of
    /// its quotas, and back with the last.
    fn tell_stores(&mut self, before: bool) {
        let down = self.stores_down();
        if down != before {
            self.outputs.push_back(Output::Notice(Notice::Store { down }));
        }
    }

    fn end_exchange(&mut self, is_it: impl Fn(&Exchange) -> bool) -> Option<Exchange> {
        let mut found = None;
        for exchange in core::mem::take(&mut self.exchanges) {
            if found.is_none() && is_it(&exchange) {
                found = Some(exchange);
            } else {
                self.exchanges.push(exchange);
            }
        }
        found
    }

    /// Asks the store for as many permits as could be used now.
    ///
    /// The first is for the next call, which may be another than the first in line.
    pub(crate) fn ask_permits(&mut self, index: usize, first: CallId, room: u64) {
        let Some(lane) = self.lanes.get(index) else { return };
        let most = usize::try_from(room.min(PERMITS_MAX)).unwrap_or_default();
        let cost_of = |id: CallId| self.call(id).map(|call| lane.reserves(&call.cost()));
        let queue = ReplicaId::Lane(lane_id(index));
        let waiting = lane.queue.iter().filter(|ticket| waits(&self.calls, queue, *ticket));
        let others = waiting.map(|ticket| ticket.call).filter(|call| *call != first);
        let costs = core::iter::once(first).chain(others).filter_map(cost_of);
        let costs: Vec<Amounts> = costs.take(most).collect();
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.asking = true;
        }
        self.ask_money(index, costs, ChargedAt::default(), Payer::Budget);
    }

    /// Has the money of a lane's requests counted by this payer and those after it, then asks the
    /// lane's store.
    fn ask_money(
        &mut self,
        index: usize,
        mut costs: Vec<Amounts>,
        mut charged_at: ChargedAt,
        first: Payer,
    ) {
        let now = self.now;
        let Some(account) = self.lanes.get(index).map(|lane| lane.account) else { return };
        for payer in Payer::ALL.into_iter().filter(|payer| *payer >= first) {
            let id = payer.replica(account);
            let is_asked = self.is_asked(id);
            let Some(replica) = self.replica_mut(id) else { continue };
            if replica.is_shared() && !replica.decides() && replica.usage.is_limited() {
                if is_asked {
                    // Another lane asks; this one is looked at again when that lane has its answer.
                    self.pay_back(index, &costs, charged_at, payer);
                    if let Some(lane) = self.lanes.get_mut(index) {
                        lane.asking = false;
                        lane.deferred = true;
                    }
                    return;
                }
                let money = costs.iter().map(|cost| cost.split().1).collect();
                self.ask(id, money, Purpose::Money { lane: index, costs, charged_at, payer });
                return;
            }
            let (mut taken, mut denial) = (0, None);
            for cost in &costs {
                if let Err(denied) = replica.take(now, &cost.split().1) {
                    denial = Some(denied);
                    break;
                }
                taken = usize::saturating_add(taken, 1);
            }
            let at = replica.clock(now).now;
            if !self.go_on_with(index, &mut costs, taken, (charged_at, payer), denial) {
                return;
            }
            charged_at.set(payer, at);
        }
        self.ask_lane(index, costs, charged_at);
    }

    /// Goes on with the requests that a payer lets pass; returns whether there are any.
    fn go_on_with(
        &mut self,
        index: usize,
        costs: &mut Vec<Amounts>,
        count: usize,
        (charged_at, payer): (ChargedAt, Payer),
        denial: Option<Denial>,
    ) -> bool {
        let left: Vec<Amounts> = costs.iter().skip(count).copied().collect();
        costs.truncate(count);
        self.pay_back(index, &left, charged_at, payer);
        if costs.is_empty() {
            // No money may be spent: the lane's store is not asked for no permits, again and again.
            self.end_asking(index);
            if let Some(denial) = denial {
                self.block_payer(index, denial, payer == Payer::Budget);
            }
        }
        !costs.is_empty()
    }

    /// Gives back the amounts that the payers before this one counted for requests that do not go.
    fn pay_back(&mut self, index: usize, costs: &[Amounts], charged_at: ChargedAt, before: Payer) {
        for payer in Payer::ALL.into_iter().filter(|payer| *payer < before) {
            for cost in costs {
                self.settle_money(index, (charged_at, payer), &cost.split().1, &Amounts::default());
            }
        }
    }

    fn settle_money(
        &mut self,
        index: usize,
        (charged_at, payer): (ChargedAt, Payer),
        reserved: &Amounts,
        used: &Amounts,
    ) {
        let now = self.now;
        let Some(account) = self.lanes.get(index).map(|lane| lane.account) else { return };
        match self.replica_mut(payer.replica(account)) {
            // A quota without a limit need not tell others that money was taken back.
            Some(replica) if used.is_zero() && !replica.usage.is_limited() => {
                replica.untake(charged_at.of(payer), reserved);
            }
            Some(replica) => replica.settle(now, charged_at.of(payer), reserved, used),
            None => {}
        }
    }

    /// Asks a lane's own store, after the money of its requests was counted.
    fn ask_lane(&mut self, index: usize, costs: Vec<Amounts>, charged_at: ChargedAt) {
        if self.is_asked(ReplicaId::Lane(lane_id(index))) {
            // One question at a time is asked: the money that was granted goes back.
            self.end_asking(index);
            self.use_permits(index, &costs, Granted { count: 0, at: 0, charged_at });
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.dirty = false;
                lane.deferred = true;
            }
            return;
        }
        let purpose = Purpose::Permits { lane: index, costs: costs.clone(), charged_at };
        let costs = costs.iter().map(|cost| cost.split().0).collect();
        self.ask(ReplicaId::Lane(lane_id(index)), costs, purpose);
    }

    fn ask(&mut self, id: ReplicaId, costs: Vec<Amounts>, purpose: Purpose) {
        let lane = match purpose {
            Purpose::Money { lane, .. } | Purpose::Permits { lane, .. } => lane,
            Purpose::Tell { .. } => return,
        };
        if self.replica(id).is_some_and(Replica::is_unanswered) {
            match purpose {
                Purpose::Permits { lane, costs, charged_at } => {
                    self.use_permits(lane, &costs, Granted { count: 0, at: 0, charged_at });
                }
                Purpose::Money { lane, costs, charged_at, payer } => {
                    self.pay_back(lane, &costs, charged_at, payer);
                }
                Purpose::Tell { .. } => {}
            }
            self.tell_store(id, Some(lane));
            return;
        }
        let epoch = self.random.bits();
        let waiting = self.lanes.get(lane).map_or(0, |lane| lane.queue.len());
        if let Some(request) =
            self.replica_mut(id).and_then(|replica| replica.request(costs, waiting, epoch))
        {
            self.begin(id, request, purpose);
        }
    }

    /// Asks for no permits: tells the changes, or repeats a question that was not answered.
    pub(crate) fn tell_store(&mut self, id: ReplicaId, lane: Option<usize>) {
        let epoch = self.random.bits();
        let request =
            self.replica_mut(id).and_then(|replica| replica.request(Vec::new(), 0, epoch));
        if let Some(request) = request {
            let again = Rc::clone(&request);
            self.begin(id, request, Purpose::Tell { request: again, lane });
        }
    }

    fn begin(&mut self, replica: ReplicaId, request: Rc<Request>, purpose: Purpose) {
        self.asked = self.asked.saturating_add(1);
        let id = ExchangeId(self.asked);
        self.exchanges.push(Exchange { id, replica, asked: self.now, purpose });
        self.outputs.push_back(Output::Transact { id, replica, request });
    }

    /// Takes in a store's answer, or its failure.
    pub(crate) fn transacted(&mut self, id: ExchangeId, reply: Option<&Reply>) {
        // The exchange of an answer that came too late is over, and the question is asked again.
        let found = self.end_exchange(|exchange| exchange.id == id);
        let Some(exchange) = found else { return };
        let Some(reply) = reply else {
            self.unanswered(&exchange);
            return;
        };
        let now = self.now;
        let before = self.stores_down();
        let Some(replica) = self.replica_mut(exchange.replica) else { return };
        let was_down = replica.is_down();
        let (granted, at) = replica.answered(now, exchange.asked, reply);
        if was_down {
            // Lanes that waited while the store was away need not wait any more.
            for lane in &mut self.lanes {
                lane.deferred = true;
            }
        }
        self.tell_stores(before);
        if let ReplicaId::Lane(lane) = exchange.replica {
            for learned in &reply.learned {
                let learned = *learned;
                self.outputs.push_back(Output::Notice(Notice::Learned { lane, learned }));
            }
        }
        // The denial of the next request is for callers whose permits are used.
        let denial = reply.denial.filter(|_| granted == reply.granted);
        self.look_again(exchange.replica, exchange.purpose.lane());
        match exchange.purpose {
            Purpose::Money { lane, mut costs, mut charged_at, payer } => {
                let place = (charged_at, payer);
                if self.go_on_with(lane, &mut costs, granted, place, denial) {
                    charged_at.set(payer, at);
                    match payer {
                        Payer::Budget => self.ask_money(lane, costs, charged_at, Payer::Account),
                        Payer::Account => self.ask_lane(lane, costs, charged_at),
                    }
                }
            }
            Purpose::Permits { lane, costs, charged_at } => {
                self.end_asking(lane);
                self.use_permits(lane, &costs, Granted { count: granted, at, charged_at });
                if let Some(denial) = denial {
                    self.block_lane(lane, denial);
                }
            }
            Purpose::Tell { request, lane } => {
                let nothing = Amounts::default();
                if let Some(replica) = self.replica_mut(exchange.replica) {
                    for cost in request.costs.iter().take(granted) {
                        replica.settle(now, at, cost, &nothing);
                    }
                }
                if let Some(lane) = lane {
                    self.end_asking(lane);
                }
            }
        }
    }

    /// Looks again at lanes that found their quota being asked, after the answer.
    fn look_again(&mut self, replica: ReplicaId, except: Option<usize>) {
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let own = ReplicaId::Lane(lane_id(index));
            let is_its = [ReplicaId::Budget, ReplicaId::Account(lane.account), own];
            if lane.deferred && is_its.contains(&replica) && Some(index) != except {
                lane.deferred = false;
                lane.dirty = true;
            }
        }
    }

    /// Sends the next calls under granted permits; amounts left over go back.
    fn use_permits(&mut self, index: usize, costs: &[Amounts], granted: Granted) {
        let (now, nothing) = (self.now, Amounts::default());
        for (nth, cost) in costs.iter().enumerate() {
            let is_granted = nth < granted.count;
            let is_granted = mutant!(TakesUnasked, is_granted, true);
            let may_go = is_granted && self.has_room(index);
            let call = if may_go { self.next_call(index) } else { None };
            let taken = call.map_or(nothing, |id| self.call(id).map_or(nothing, Call::cost));
            let Some(lane) = self.lanes.get_mut(index) else { return };
            let taken = lane.reserves(&taken);
            // Another call may have come first meanwhile, and cost more than was granted.
            let call = call.filter(|_| taken.minus(cost).is_zero());
            let taken = if call.is_some() { taken } else { nothing };
            let ((reserved, money), (used, spent)) = (cost.split(), taken.split());
            if is_granted {
                lane.replica.settle(now, granted.at, &reserved, &used);
            }
            for payer in Payer::ALL {
                self.settle_money(index, (granted.charged_at, payer), &money, &spent);
            }
            if let Some(id) = call {
                let Granted { at, charged_at, .. } = granted;
                let lane = lane_id(index);
                self.dispatch(id, Permit { lane, at, charged_at, cost: taken, in_doubt: false });
            }
        }
    }

    fn end_asking(&mut self, index: usize) {
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.asking = false;
            lane.dirty = true;
        }
    }

    fn unanswered(&mut self, exchange: &Exchange) {
        let now = self.now;
        let before = self.stores_down();
        if let Some(replica) = self.replica_mut(exchange.replica) {
            replica.failed(now);
        }
        self.tell_stores(before);
        match &exchange.purpose {
            Purpose::Money { lane, costs, charged_at, payer } => {
                self.end_asking(*lane);
                self.pay_back(*lane, costs, *charged_at, *payer);
            }
            Purpose::Permits { lane, costs, charged_at } => {
                self.end_asking(*lane);
                self.use_permits(
                    *lane,
                    costs,
                    Granted { count: 0, at: 0, charged_at: *charged_at },
                );
            }
            Purpose::Tell { lane, .. } => {
                if let Some(lane) = lane {
                    self.end_asking(*lane);
                }
            }
        }
        self.look_again(exchange.replica, exchange.purpose.lane());
    }
}
