//! Permits from a store: what is asked, what is answered, and what happens where no answer comes.

use std::rc::Rc;

use crate::base::time::Instant;
use crate::engine::call::waits;
use crate::engine::call::{Call, Paid, Permit};
use crate::engine::exchange::{Exchange, Granted, Keeper, Purpose};
use crate::engine::ids::{BookId, CallId, ExchangeId, lane_id};
use crate::engine::output::{Notice, Output};
use crate::engine::state_machine::Engine;
use crate::quota::denial::Denial;
use crate::quota::replica::{Book, STORE_TIMEOUT};
use crate::quota::shared::{Reply, Request};
use crate::quota::window::Amounts;

/// Permits asked for at once, at most.
const WANTS_MAX: u64 = 64;

impl Engine {
    /// When an exchange is due, or one has taken too long.
    pub(crate) fn next_exchange(&self) -> Option<Instant> {
        let expires = self.exchanges.iter().map(|exchange| exchange.asked.mono + STORE_TIMEOUT);
        // A store that is down is asked again for the sake of those who wait, and for a moment longer
        // where it has to be told something.
        let is_idle = self.is_idle();
        let owes = |book: &Book| book.owes() && book.may_be_back();
        let is_due = |book: &Book| !is_idle || !book.is_down() || owes(book);
        expires.chain(self.due_books(is_due)).min()
    }

    /// When a store that is down is to be told what nobody waits for.
    pub(crate) fn next_report(&self) -> Option<Instant> {
        let is_due = |book: &Book| book.is_down() && book.owes();
        self.due_books(is_due).min().filter(|_| self.is_idle())
    }

    fn due_books(&self, is_due: impl Fn(&Book) -> bool) -> impl Iterator<Item = Instant> {
        let due = self.books().filter(move |(id, book)| is_due(book) && !self.is_asked(*id));
        due.filter_map(|(_, book)| book.due())
    }

    pub(crate) fn is_asked(&self, id: BookId) -> bool {
        self.exchanges.iter().any(|exchange| exchange.book == id)
    }

    /// Gives up on stores that do not answer, and tells those that are there what is due.
    pub(crate) fn keep_books(&mut self) {
        let now = self.now.mono;
        while let Some(exchange) =
            self.end_exchange(|exchange| exchange.asked.mono + STORE_TIMEOUT <= now)
        {
            self.unanswered(&exchange);
        }
        let due: Vec<BookId> = self
            .books()
            .filter(|(id, book)| book.due().is_some_and(|due| due <= now) && !self.is_asked(*id))
            .map(|(id, _)| id)
            .collect();
        for id in due {
            self.tell_store(id, None);
        }
    }

    fn stores_down(&self) -> bool {
        self.books().any(|(_, book)| book.is_down())
    }

    /// A client has one store: it is down with the first of its quotas, and there with the last.
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

    /// Asks the store for permits, as many as could be used now.
    ///
    /// The first is for the call that goes next, which may be another than the first in line.
    pub(crate) fn ask_permits(&mut self, index: usize, first: CallId, room: u64) {
        let Some(lane) = self.lanes.get(index) else { return };
        let most = usize::try_from(room.min(WANTS_MAX)).unwrap_or_default();
        let want_of = |id: CallId| self.call(id).map(|call| lane.reserves(&call.want()));
        let queue = BookId::Lane(lane_id(index));
        let waiting = lane.queue.iter().filter(|ticket| waits(&self.calls, queue, *ticket));
        let others = waiting.map(|ticket| ticket.call).filter(|call| *call != first);
        let wants = core::iter::once(first).chain(others).filter_map(want_of);
        let wants: Vec<Amounts> = wants.take(most).collect();
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.asking = true;
        }
        self.ask_money(index, wants, Paid::default(), Keeper::Budget);
    }

    /// Has the money of what a lane wants counted by this keeper and those after it, then asks the
    /// lane's store.
    fn ask_money(
        &mut self,
        index: usize,
        mut wants: Vec<Amounts>,
        mut paid_at: Paid,
        first: Keeper,
    ) {
        let now = self.now;
        let Some(account) = self.lanes.get(index).map(|lane| lane.account) else { return };
        for keeper in Keeper::ALL.into_iter().filter(|keeper| *keeper >= first) {
            let id = keeper.book(account);
            let is_asked = self.is_asked(id);
            let Some(book) = self.book_mut(id) else { continue };
            if book.is_shared() && !book.decides() && book.quota.is_limited() {
                if is_asked {
                    // Another lane asks; this one is looked at again when that has its answer.
                    self.pay_back(index, &wants, paid_at, keeper);
                    if let Some(lane) = self.lanes.get_mut(index) {
                        lane.asking = false;
                        lane.deferred = true;
                    }
                    return;
                }
                let money = wants.iter().map(|want| want.split().1).collect();
                self.ask(id, money, Purpose::Money { lane: index, wants, paid_at, keeper });
                return;
            }
            let (mut taken, mut denial) = (0, None);
            for want in &wants {
                if let Err(denied) = book.take(now, &want.split().1) {
                    denial = Some(denied);
                    break;
                }
                taken = usize::saturating_add(taken, 1);
            }
            let at = book.clock(now).now;
            if !self.go_on_with(index, &mut wants, taken, (paid_at, keeper), denial) {
                return;
            }
            paid_at.set(keeper, at);
        }
        self.ask_lane(index, wants, paid_at);
    }

    /// A keeper of money lets so many of the wants pass; gives whether there are any.
    fn go_on_with(
        &mut self,
        index: usize,
        wants: &mut Vec<Amounts>,
        count: usize,
        (paid_at, keeper): (Paid, Keeper),
        denial: Option<Denial>,
    ) -> bool {
        let left: Vec<Amounts> = wants.iter().skip(count).copied().collect();
        wants.truncate(count);
        self.pay_back(index, &left, paid_at, keeper);
        if wants.is_empty() {
            // Nothing may be spent: the lane's store is not asked for nothing, again and again.
            self.end_asking(index);
            if let Some(denial) = denial {
                self.bar_money(index, denial, keeper == Keeper::Budget);
            }
        }
        !wants.is_empty()
    }

    /// Gives back what the keepers before this one have counted for requests that do not go.
    fn pay_back(&mut self, index: usize, wants: &[Amounts], paid_at: Paid, before: Keeper) {
        for keeper in Keeper::ALL.into_iter().filter(|keeper| *keeper < before) {
            for want in wants {
                self.settle_money(index, (paid_at, keeper), &want.split().1, &Amounts::default());
            }
        }
    }

    fn settle_money(
        &mut self,
        index: usize,
        (paid_at, keeper): (Paid, Keeper),
        reserved: &Amounts,
        used: &Amounts,
    ) {
        let now = self.now;
        let Some(account) = self.lanes.get(index).map(|lane| lane.account) else { return };
        match self.book_mut(keeper.book(account)) {
            // Where no money is counted, nobody needs to know.
            Some(book) if used.is_zero() && !book.quota.is_limited() => {
                book.untake(paid_at.of(keeper), reserved);
            }
            Some(book) => book.settle(now, paid_at.of(keeper), reserved, used),
            None => {}
        }
    }

    /// The money of what a lane wants is counted; now its own store is asked.
    fn ask_lane(&mut self, index: usize, wants: Vec<Amounts>, paid_at: Paid) {
        if self.is_asked(BookId::Lane(lane_id(index))) {
            // One question at a time: the money that was granted goes back.
            self.end_asking(index);
            self.use_permits(index, &wants, Granted { count: 0, at: 0, paid_at });
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.dirty = false;
                lane.deferred = true;
            }
            return;
        }
        let purpose = Purpose::Permits { lane: index, wants: wants.clone(), paid_at };
        let wants = wants.iter().map(|want| want.split().0).collect();
        self.ask(BookId::Lane(lane_id(index)), wants, purpose);
    }

    fn ask(&mut self, id: BookId, wants: Vec<Amounts>, purpose: Purpose) {
        let lane = match purpose {
            Purpose::Money { lane, .. } | Purpose::Permits { lane, .. } => lane,
            Purpose::Tell { .. } => return,
        };
        if self.book(id).is_some_and(Book::is_unanswered) {
            match purpose {
                Purpose::Permits { lane, wants, paid_at } => {
                    self.use_permits(lane, &wants, Granted { count: 0, at: 0, paid_at });
                }
                Purpose::Money { lane, wants, paid_at, keeper } => {
                    self.pay_back(lane, &wants, paid_at, keeper);
                }
                Purpose::Tell { .. } => {}
            }
            self.tell_store(id, Some(lane));
            return;
        }
        let epoch = self.random.bits();
        let waiting = self.lanes.get(lane).map_or(0, |lane| lane.queue.len());
        if let Some(request) =
            self.book_mut(id).and_then(|book| book.request(wants, waiting, epoch))
        {
            self.begin(id, request, purpose);
        }
    }

    /// Asks for nothing: tells what happened, or repeats a question that was not answered.
    pub(crate) fn tell_store(&mut self, id: BookId, lane: Option<usize>) {
        let epoch = self.random.bits();
        let request = self.book_mut(id).and_then(|book| book.request(Vec::new(), 0, epoch));
        if let Some(request) = request {
            let again = Rc::clone(&request);
            self.begin(id, request, Purpose::Tell { request: again, lane });
        }
    }

    fn begin(&mut self, book: BookId, request: Rc<Request>, purpose: Purpose) {
        self.asked = self.asked.saturating_add(1);
        let id = ExchangeId(self.asked);
        self.exchanges.push(Exchange { id, book, asked: self.now, purpose });
        self.outputs.push_back(Output::Transact { id, book, request });
    }

    /// The store has answered, or failed.
    pub(crate) fn transacted(&mut self, id: ExchangeId, reply: Option<&Reply>) {
        // An answer that came too late is asked for again.
        let found = self.end_exchange(|exchange| exchange.id == id);
        let Some(exchange) = found else { return };
        let Some(reply) = reply else {
            self.unanswered(&exchange);
            return;
        };
        let now = self.now;
        let before = self.stores_down();
        let Some(book) = self.book_mut(exchange.book) else { return };
        let was_down = book.is_down();
        let (granted, at) = book.answered(now, exchange.asked, reply);
        if was_down {
            // What was held while it was away need not be any more.
            for lane in &mut self.lanes {
                lane.deferred = true;
            }
        }
        self.tell_stores(before);
        if let BookId::Lane(lane) = exchange.book {
            for learned in &reply.learned {
                let learned = *learned;
                self.outputs.push_back(Output::Notice(Notice::Learned { lane, learned }));
            }
        }
        // What keeps the next one is said for those whose permits are used.
        let denial = reply.denial.filter(|_| granted == reply.granted);
        self.look_again(exchange.book, exchange.purpose.lane());
        match exchange.purpose {
            Purpose::Money { lane, mut wants, mut paid_at, keeper } => {
                let place = (paid_at, keeper);
                if self.go_on_with(lane, &mut wants, granted, place, denial) {
                    paid_at.set(keeper, at);
                    match keeper {
                        Keeper::Budget => self.ask_money(lane, wants, paid_at, Keeper::Account),
                        Keeper::Account => self.ask_lane(lane, wants, paid_at),
                    }
                }
            }
            Purpose::Permits { lane, wants, paid_at } => {
                self.end_asking(lane);
                self.use_permits(lane, &wants, Granted { count: granted, at, paid_at });
                if let Some(denial) = denial {
                    self.bar_lane(lane, denial);
                }
            }
            Purpose::Tell { request, lane } => {
                let nothing = Amounts::default();
                if let Some(book) = self.book_mut(exchange.book) {
                    for want in request.wants.iter().take(granted) {
                        book.settle(now, at, want, &nothing);
                    }
                }
                if let Some(lane) = lane {
                    self.end_asking(lane);
                }
            }
        }
    }

    /// Lanes that found their account being asked are looked at again when it has answered.
    fn look_again(&mut self, book: BookId, except: Option<usize>) {
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let own = BookId::Lane(lane_id(index));
            let is_its = [BookId::Budget, BookId::Account(lane.account), own];
            if lane.deferred && is_its.contains(&book) && Some(index) != except {
                lane.deferred = false;
                lane.dirty = true;
            }
        }
    }

    /// Sends the calls that go next, under permits that were granted; what is left goes back.
    fn use_permits(&mut self, index: usize, wants: &[Amounts], granted: Granted) {
        let (now, nothing) = (self.now, Amounts::default());
        for (nth, want) in wants.iter().enumerate() {
            let is_granted = nth < granted.count;
            let is_granted = mutant!(TakesUnasked, is_granted, true);
            let may_go = is_granted && self.has_room(index);
            let call = if may_go { self.next_call(index) } else { None };
            let taken = call.map_or(nothing, |id| self.call(id).map_or(nothing, Call::want));
            let Some(lane) = self.lanes.get_mut(index) else { return };
            let taken = lane.reserves(&taken);
            // Another may have come first meanwhile, and want more than was granted.
            let call = call.filter(|_| taken.minus(want).is_zero());
            let taken = if call.is_some() { taken } else { nothing };
            let ((reserved, money), (used, spent)) = (want.split(), taken.split());
            if is_granted {
                lane.book.settle(now, granted.at, &reserved, &used);
            }
            for keeper in Keeper::ALL {
                self.settle_money(index, (granted.paid_at, keeper), &money, &spent);
            }
            if let Some(id) = call {
                let Granted { at, paid_at, .. } = granted;
                let lane = lane_id(index);
                self.dispatch(id, Permit { lane, at, paid_at, want: taken, in_doubt: false });
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
        if let Some(book) = self.book_mut(exchange.book) {
            book.failed(now);
        }
        self.tell_stores(before);
        match &exchange.purpose {
            Purpose::Money { lane, wants, paid_at, keeper } => {
                self.end_asking(*lane);
                self.pay_back(*lane, wants, *paid_at, *keeper);
            }
            Purpose::Permits { lane, wants, paid_at } => {
                self.end_asking(*lane);
                self.use_permits(*lane, wants, Granted { count: 0, at: 0, paid_at: *paid_at });
            }
            Purpose::Tell { lane, .. } => {
                if let Some(lane) = lane {
                    self.end_asking(*lane);
                }
            }
        }
        self.look_again(exchange.book, exchange.purpose.lane());
    }
}
