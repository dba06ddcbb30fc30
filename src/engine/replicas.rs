//! The quotas of an engine for the outside: their usage, their state as text, their share in a
//! store.

use crate::base::time::{Now, WallTime};
use crate::engine::ids::{AccountId, LaneId, ReplicaId, lane_id};
use crate::engine::state_machine::Engine;
use crate::quota::clock::Clock;
use crate::quota::replica::{OnStoreDown, Replica};
use crate::quota::shared::SharedUsage;
use crate::quota::usage::{DimensionUsage, Usage};

impl Engine {
    /// Shares a quota with other processes, through a store.
    pub fn share(&mut self, id: ReplicaId, on_down: OnStoreDown) {
        let peer = self.random.bits();
        if let Some(replica) = self.replica_mut(id) {
            replica.share(peer, on_down);
        }
    }

    pub(crate) fn replica(&self, id: ReplicaId) -> Option<&Replica> {
        match id {
            ReplicaId::Budget => self.budget.as_ref().map(|budget| &budget.replica),
            ReplicaId::Account(id) => {
                self.accounts.get(id.0 as usize).map(|account| &account.replica)
            }
            ReplicaId::Lane(id) => self.lanes.get(id.0 as usize).map(|lane| &lane.replica),
        }
    }

    pub(crate) fn replica_mut(&mut self, id: ReplicaId) -> Option<&mut Replica> {
        match id {
            ReplicaId::Budget => self.budget.as_mut().map(|budget| &mut budget.replica),
            ReplicaId::Account(id) => {
                self.accounts.get_mut(id.0 as usize).map(|account| &mut account.replica)
            }
            ReplicaId::Lane(id) => self.lanes.get_mut(id.0 as usize).map(|lane| &mut lane.replica),
        }
    }

    /// Whether a store is being asked.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        !self.exchanges.is_empty()
    }

    /// Asks the store of every shared quota for its usage.
    pub fn look(&mut self, now: Now) {
        self.advance(now);
        let shared =
            self.replicas().filter(|(id, replica)| replica.is_shared() && !self.is_asked(*id));
        for id in shared.map(|(id, _)| id).collect::<Vec<_>>() {
            self.tell_store(id, None);
        }
    }

    /// The states, as text, of the quotas that only this process keeps.
    #[must_use]
    pub fn own_replicas(&self) -> Vec<(ReplicaId, String)> {
        let own = self.replicas().filter(|(_, replica)| !replica.is_shared());
        own.map(|(id, replica)| (id, replica.state())).collect()
    }

    /// Restores a quota from its state.
    pub fn recall(&mut self, now: Now, id: ReplicaId, state: &str) {
        if let (Some(replica), Some(shared)) = (self.replica_mut(id), SharedUsage::read(state)) {
            replica.usage.merge(&shared.usage);
            let clock = replica.clock(now);
            replica.usage.advance(clock);
        }
    }

    /// The usage of a quota, each row with the moment at which some of it is free again.
    pub fn usage(&mut self, now: Now, id: ReplicaId) -> Vec<(DimensionUsage, Option<u64>)> {
        let Some(replica) = self.replica_mut(id) else { return Vec::new() };
        let clock = replica.clock(now);
        replica.usage.advance(clock);
        let clock = Clock { wall: now.wall.0, ..clock };
        replica.usage.rows().map(|usage| (usage, replica.usage.frees_at(clock, &usage))).collect()
    }

    /// The time that the clock of a quota's store shows now, as far as is known.
    #[must_use]
    pub fn expects(&self, now: Now, id: ReplicaId) -> Option<u64> {
        self.replica(id)?.expects(now)
    }

    /// The number of calls that wait for a lane, and of its attempts in flight.
    #[must_use]
    pub fn load(&self, lane: LaneId) -> Option<(u64, u64)> {
        let lane = self.lanes.get(lane.0 as usize)?;
        Some((lane.queue.len(), lane.in_flight))
    }

    /// When the next probe goes to a lane that has an outage.
    #[must_use]
    pub fn next_probe(&self, lane: LaneId) -> Option<WallTime> {
        let outage = self.lanes.get(lane.0 as usize)?.breaker.outage()?;
        Some(self.now.wall + (outage.next - self.now.mono))
    }

    pub(crate) fn replicas(&self) -> impl Iterator<Item = (ReplicaId, &Replica)> {
        let lanes = self.lanes.iter().enumerate();
        let lanes = lanes.map(|(index, lane)| (ReplicaId::Lane(lane_id(index)), &lane.replica));
        let accounts = self.accounts.iter().enumerate();
        accounts
            .map(|(index, account)| {
                let id = AccountId(u32::try_from(index).unwrap_or(u32::MAX));
                (ReplicaId::Account(id), &account.replica)
            })
            .chain(lanes)
            .chain(self.budget.iter().map(|budget| (ReplicaId::Budget, &budget.replica)))
    }

    /// The usage of a lane; `None` if there is no such lane.
    #[must_use]
    pub fn lane(&self, id: LaneId) -> Option<&Usage> {
        self.lanes.get(id.0 as usize).map(|lane| &lane.replica.usage)
    }
}
