//! The store that several processes share: texts by key, a clock of its own, and what goes wrong.

use std::collections::BTreeMap;

use unexhausted::engine::ids::ReplicaId;
use unexhausted::quota::shared::{Reply, Request, SharedUsage, apply};

use crate::dice::Dice;
use crate::scenario::StorePlan;

/// The longest state that a store has to take.
const LONGEST: usize = 4_096;
/// The longest that a request takes to arrive, in milliseconds.
const ARRIVES: u64 = 500;

#[derive(Debug)]
pub(crate) struct Store {
    states: BTreeMap<u32, String>,
    /// The states as they were some changes ago.
    older: BTreeMap<u32, String>,
    pub(crate) plan: StorePlan,
    pub(crate) offset: i64,
    pub(crate) down_until: u64,
    dice: Dice,
    changes: u64,
    /// Whether it ever came back empty or older.
    pub(crate) has_forgotten: bool,
    /// By key, until when nobody can know that it has: a process that has seen what was forgotten
    /// has to come first.
    blind: BTreeMap<u32, u64>,
    /// The longest state so far.
    pub(crate) longest: usize,
    /// The faults of states that were written.
    pub(crate) complaints: Vec<(bool, String)>,
}

impl Store {
    pub(crate) fn new(plan: StorePlan, dice: Dice) -> Self {
        Self {
            states: BTreeMap::new(),
            older: BTreeMap::new(),
            offset: plan.offset,
            plan,
            down_until: 0,
            dice,
            changes: 0,
            has_forgotten: false,
            blind: BTreeMap::new(),
            longest: 0,
            complaints: Vec::new(),
        }
    }

    /// Runs an update, twice where another one came between.
    pub(crate) fn transact(&mut self, replica: ReplicaId, now: u64, request: &Request) -> Reply {
        let key = key(replica);
        let state = self.read(replica).unwrap_or_default();
        let is_news =
            |seen: &SharedUsage| seen.epoch != state.epoch || seen.version > state.version;
        if request.seen.as_deref().is_some_and(is_news)
            && let Some(until) = self.blind.get_mut(&key)
        {
            *until = (*until).min(now + ARRIVES);
        }
        let now = now.saturating_add_signed(self.offset);
        if self.dice.chance(self.plan.conflicts) {
            // The result of the first time is thrown away, and some milliseconds are over.
            let _ =
                apply(self.states.get(&key).map(String::as_str), now.saturating_sub(7), request);
        }
        let (state, reply) = apply(self.states.get(&key).map(String::as_str), now, request);
        self.look(&state);
        self.changes += 1;
        if self.changes % 16 == 1 {
            self.older = self.states.clone();
        }
        self.states.insert(key, state);
        reply
    }

    fn look(&mut self, state: &str) {
        self.longest = self.longest.max(state.len());
        if !state.is_ascii() || state.len() > LONGEST {
            self.complaints.push((false, format!("a state of {} bytes", state.len())));
        }
        let again = SharedUsage::read(state).map(|shared| shared.write());
        if again.as_deref() != Some(state) {
            self.complaints.push((true, format!("{state} comes back as {again:?}")));
        }
    }

    pub(crate) fn forget(&mut self) {
        self.lost();
        self.states.clear();
    }

    pub(crate) fn go_back(&mut self) {
        self.lost();
        self.states.clone_from(&self.older);
    }

    fn lost(&mut self) {
        self.has_forgotten = true;
        self.blind = self.states.keys().map(|key| (*key, u64::MAX)).collect();
    }

    /// Whether a request that arrived at this moment went before anybody could know better.
    pub(crate) fn was_blind(&self, arrived: u64) -> bool {
        self.blind.values().any(|until| arrived < *until)
    }

    pub(crate) fn read(&self, replica: ReplicaId) -> Option<SharedUsage> {
        SharedUsage::read(self.states.get(&key(replica))?)
    }
}

const fn key(replica: ReplicaId) -> u32 {
    match replica {
        ReplicaId::Budget => 0,
        ReplicaId::Account(_) => 1,
        ReplicaId::Lane(lane) => 2 + lane.0,
    }
}
