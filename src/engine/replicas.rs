//! The quotas of an engine, as others see them: what is used, what is kept, what a store is told.

use crate::base::time::{Now, WallTime};
use crate::engine::ids::{AccountId, BookId, LaneId, lane_id};
use crate::engine::state_machine::Engine;
use crate::quota::clock::Clock;
use crate::quota::replica::{Book, OnStoreDown};
use crate::quota::shared::Ledger;
use crate::quota::usage::{Quota, Usage};

impl Engine {
    /// Shares a quota with other processes, through a store.
    pub fn share(&mut self, id: BookId, on_down: OnStoreDown) {
        let peer = self.random.bits();
        if let Some(book) = self.book_mut(id) {
            book.share(peer, on_down);
        }
    }

    pub(crate) fn book(&self, id: BookId) -> Option<&Book> {
        match id {
            BookId::Budget => self.purse.as_ref().map(|purse| &purse.book),
            BookId::Account(id) => self.accounts.get(id.0 as usize).map(|account| &account.book),
            BookId::Lane(id) => self.lanes.get(id.0 as usize).map(|lane| &lane.book),
        }
    }

    pub(crate) fn book_mut(&mut self, id: BookId) -> Option<&mut Book> {
        match id {
            BookId::Budget => self.purse.as_mut().map(|purse| &mut purse.book),
            BookId::Account(id) => {
                self.accounts.get_mut(id.0 as usize).map(|account| &mut account.book)
            }
            BookId::Lane(id) => self.lanes.get_mut(id.0 as usize).map(|lane| &mut lane.book),
        }
    }

    /// Whether a store is being asked.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        !self.exchanges.is_empty()
    }

    /// Asks the store of every shared quota what is used.
    pub fn look(&mut self, now: Now) {
        self.now = Now { mono: now.mono.max(self.now.mono), wall: now.wall };
        let shared = self.books().filter(|(id, book)| book.is_shared() && !self.is_asked(*id));
        for id in shared.map(|(id, _)| id).collect::<Vec<_>>() {
            self.tell_store(id, None);
        }
    }

    /// The states of the quotas that this process keeps alone.
    #[must_use]
    pub fn own_books(&self) -> Vec<(BookId, String)> {
        let own = self.books().filter(|(_, book)| !book.is_shared());
        own.map(|(id, book)| (id, book.state())).collect()
    }

    /// Takes a quota back that was kept.
    pub fn recall(&mut self, now: Now, id: BookId, state: &str) {
        if let (Some(book), Some(ledger)) = (self.book_mut(id), Ledger::read(state)) {
            book.quota.merge(&ledger.quota);
            let clock = book.clock(now);
            book.quota.advance(clock);
        }
    }

    /// What is used of a quota, each with the moment at which some of it is free again.
    pub fn usage(&mut self, now: Now, id: BookId) -> Vec<(Usage, Option<u64>)> {
        let Some(book) = self.book_mut(id) else { return Vec::new() };
        let clock = book.clock(now);
        book.quota.advance(clock);
        let clock = Clock { wall: now.wall.0, ..clock };
        book.quota.usage().map(|usage| (usage, book.quota.frees_at(clock, &usage))).collect()
    }

    /// What the clock of a book's store shows now, as far as is known.
    #[must_use]
    pub fn expects(&self, now: Now, id: BookId) -> Option<u64> {
        self.book(id)?.expects(now)
    }

    /// How many calls wait for a lane, and how many attempts are in flight.
    #[must_use]
    pub fn load(&self, lane: LaneId) -> Option<(u64, u64)> {
        let lane = self.lanes.get(lane.0 as usize)?;
        Some((lane.queue.len(), lane.in_flight))
    }

    /// When the next probe goes to a lane that has an outage.
    #[must_use]
    pub fn rests_until(&self, lane: LaneId) -> Option<WallTime> {
        let outage = self.lanes.get(lane.0 as usize)?.health.outage()?;
        Some(self.now.wall + (outage.next - self.now.mono))
    }

    pub(crate) fn books(&self) -> impl Iterator<Item = (BookId, &Book)> {
        let lanes = self.lanes.iter().enumerate();
        let lanes = lanes.map(|(index, lane)| (BookId::Lane(lane_id(index)), &lane.book));
        let accounts = self.accounts.iter().enumerate();
        accounts
            .map(|(index, account)| {
                let id = AccountId(u32::try_from(index).unwrap_or(u32::MAX));
                (BookId::Account(id), &account.book)
            })
            .chain(lanes)
            .chain(self.purse.iter().map(|purse| (BookId::Budget, &purse.book)))
    }

    /// The lanes, for those who look at their use.
    #[must_use]
    pub fn lane(&self, id: LaneId) -> Option<&Quota> {
        self.lanes.get(id.0 as usize).map(|lane| &lane.book.quota)
    }
}
