//! A store as the world can be: slow, with answers that get lost, down, emptied, set back.

use std::collections::HashMap;

use unexhausted::ledger::{Reply, Request, apply};

use crate::dice::Dice;

/// How a store treats those who use it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habits {
    /// The longest way there and back, in milliseconds.
    pub(crate) latency: u64,
    /// Of a thousand answers, how many are lost after the write.
    pub(crate) lost: u64,
    /// Of a thousand updates, how many run twice, as after a conflict.
    pub(crate) twice: u64,
    /// From when to when it is down.
    pub(crate) down: Option<(u64, u64)>,
    /// When it forgets everything.
    pub(crate) forgets: Option<u64>,
    /// When it goes back to what it was a while before.
    pub(crate) set_back: Option<u64>,
    /// How far its clock is off.
    pub(crate) offset: u64,
}

/// The store.
#[derive(Debug, Default)]
pub(crate) struct Store {
    habits: Habits,
    states: HashMap<u64, String>,
    saved: HashMap<u64, String>,
    has_forgotten: bool,
    was_set_back: bool,
    /// What it was given that it must not be.
    pub(crate) violations: Vec<String>,
}

impl Store {
    pub(crate) fn new(habits: Habits) -> Self {
        Self { habits, ..Self::default() }
    }

    /// Does what is asked; gives the answer, where one comes, and how long it takes.
    pub(crate) fn transact(
        &mut self,
        key: u64,
        time: u64,
        wall: u64,
        request: &Request,
        dice: &mut Dice,
    ) -> (Option<Reply>, u64) {
        let takes = dice.between(0, self.habits.latency);
        if self.habits.down.is_some_and(|(from, to)| (from..to).contains(&time)) {
            return (None, takes);
        }
        if self.habits.forgets.is_some_and(|at| at <= time) && !self.has_forgotten {
            self.has_forgotten = true;
            self.states.clear();
        }
        match self.habits.set_back {
            Some(at) if at <= time && !self.was_set_back => {
                self.was_set_back = true;
                self.states = self.saved.clone();
            }
            // What was written half a minute before is what comes back.
            Some(at) if time + 30_000 < at => self.saved = self.states.clone(),
            _ => {}
        }
        let now = wall + time + self.habits.offset;
        let state = self.states.get(&key).map(String::as_str);
        if dice.between(0, 999) < self.habits.twice {
            // Another's write came first: what this run gives is for nobody.
            let _ = apply(state, now, request);
        }
        let (text, reply) = apply(state, now, request);
        if !text.is_ascii() || text.len() > 4_096 {
            self.violations.push(format!("short states: {} bytes", text.len()));
        }
        self.states.insert(key, text);
        let is_lost = dice.between(0, 999) < self.habits.lost;
        ((!is_lost).then_some(reply), takes)
    }
}
