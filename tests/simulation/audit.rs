//! The invariants after every step of a realm: of the service's records, and of the processes'
//! replicas.

use std::collections::HashMap;

use unexhausted::engine::ids::ReplicaId;
use unexhausted::errors::kind::Dimension;
use unexhausted::quota::clock::Clock;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::shared::SharedUsage;
use unexhausted::quota::tier::{self, Tier};
use unexhausted::quota::window::Amounts;
use unexhausted_emulator::Record;

use crate::dice::Dice;
use crate::realm::Realm;
use crate::scenario::{Known, MODELS};
use crate::watch::Rule;

/// How often replicas are compared with what was sent: every so many steps.
const AUDITS: usize = 16;
/// The windows of usage, their margin included, and how finely one process keeps them.
const MINUTE_KEPT: (u64, u64) = (60_500, 100);
const MONEY_KEPT: (u64, u64) = (600_500, 1_000);
/// A store keeps them by seconds, and a permit may be used some time after it was counted.
const SHARED_KEPT: (u64, u64) = (60_000, 5_000);
/// How long a spent day is left alone at least, though it may be over.
const DOUBT: u64 = 20_000;
/// Rounding of a state's money, for each step of the window.
const ROUNDING: u64 = 130_000;

/// A request that finds out if the day is over, after a clock was set or a computer slept.
fn asks_for_day(record: &Record, clock_set: Option<u64>) -> bool {
    let is_later = clock_set.is_some_and(|at| record.sent >= at);
    is_later && record.fault.as_deref() == Some("limit:rpd")
}

impl Realm<'_> {
    /// A process whose day is in doubt asks for each model one at a time, and after a second
    /// refusal not often.
    pub(crate) fn check_doubts(&mut self) {
        let has_forgotten = self.store.as_ref().is_some_and(|store| store.has_forgotten);
        if !self.scenario.is_clean || has_forgotten {
            // Without a known limit it is not known that the day is spent.
            return;
        }
        let mut asked: HashMap<(u64, String), Vec<u64>> = HashMap::new();
        for record in self.service.records().filter(|record| asks_for_day(record, self.clock_set)) {
            let sent = asked.entry((record.id >> 32, record.model.clone())).or_default();
            sent.push(record.sent);
            if let [.., first, _, last] = sent[..]
                && last < first + DOUBT
            {
                let what = format!("a day in doubt is asked for again and again at {last}");
                self.watch.report(Rule::Overspent, what);
            }
        }
    }

    /// Checks the invariants that hold after every step.
    pub(crate) fn check(&mut self) {
        let rejected = self.service.totals().rejected;
        if self.scenario.is_clean && rejected > 0 {
            // The day's use of an idle process may be forgotten with the store: no other process
            // has seen it, and only a minute's use can be waited for.
            let store = self.store.as_ref().filter(|store| store.has_forgotten);
            let in_doubt = |record: &Record| asks_for_day(record, self.clock_set);
            let is_excused = |record: &Record| {
                let of_day = record.fault.as_deref() == Some("limit:rpd");
                (of_day && store.is_some()) || in_doubt(record)
            };
            // After a first request that was sent blindly others may follow from it.
            let was_blind = |record: &Record| {
                let arrived = record.arrived.unwrap_or_default();
                store.is_some_and(|store| store.was_blind(arrived))
            };
            let mut records = self.service.records();
            let first = records.find(|record| record.status == Some(429) && !is_excused(record));
            let record = first.filter(|record| !was_blind(record));
            if let Some(record) = record {
                let what = (&record.fault, record.arrived, record.id >> 32);
                let what = format!("at {}: refused: {what:?}", self.time);
                self.watch.report(Rule::Overspent, what);
            }
        }
        for index in 0..self.processes.len() {
            let mono = self.mono(index);
            let process = &mut self.processes[index];
            if process.asleep.is_some() {
                continue;
            }
            let id = process.id;
            self.watch.between(id, mono);
            let in_flight = self.watch.in_flight(id);
            if self.scenario.concurrency.is_some_and(|most| in_flight as u64 > most) {
                let what = format!("at {}: {in_flight} are in flight", self.time);
                self.watch.report(Rule::InFlight, what);
            }
            let waits = process.engine.next_wakeup().is_some()
                || in_flight > 0
                || process.engine.is_asking();
            if !process.alive.is_empty() && !waits {
                let what = format!("at {}: nothing is due for calls that wait", self.time);
                self.watch.report(Rule::Due, what);
            }
            if process.is_audited && !process.is_closed && self.steps.is_multiple_of(AUDITS) {
                self.audit(index);
            }
        }
        if let Some(store) = &mut self.store {
            for (is_text, what) in core::mem::take(&mut store.complaints) {
                let rule = if is_text { Rule::Restored } else { Rule::State };
                self.watch.report(rule, what);
            }
        }
    }

    /// Checks that the replicas of one process hold what was sent and not refunded, until it
    /// expires, and that they decide the same after they were written and read.
    pub(crate) fn audit(&mut self, index: usize) {
        let (now, mono) = (self.now(index), self.mono(index));
        let id = self.processes[index].id;
        for lane in 0..self.scenario.models {
            let process = &mut self.processes[index];
            let replica = ReplicaId::Lane(process.lanes[lane]);
            let usage = process.engine.usage(now, replica);
            let of = |dimension: Dimension| {
                usage.iter().find(|(usage, _)| usage.dimension == dimension).map(|(u, _)| u.used)
            };
            let used = of(Dimension::RequestsPerMinute).unwrap_or_default();
            let ((least, _), (most, _)) = self.watch.in_window(id, Some(lane), mono, MINUTE_KEPT);
            if used < least || used > most {
                let what =
                    format!("at {}: {used} requests a minute, not {least} to {most}", self.time);
                self.watch.report(Rule::Conserved, what);
            }
            let quota = self.processes[index].engine.lane(self.processes[index].lanes[lane]);
            let Some(mut ours) = quota.cloned() else { continue };
            let text = SharedUsage { usage: ours.clone(), ..SharedUsage::default() }.write();
            let Some(read) = SharedUsage::read(&text) else {
                self.watch.report(Rule::Restored, format!("at {}: cannot be read", self.time));
                continue;
            };
            let truth = &self.scenario.truth[lane];
            let given = match self.scenario.known {
                Known::True => truth.limits(100),
                Known::TooHigh => truth.limits(170),
                Known::Tier | Known::Nothing => Limits::default(),
            };
            let tier = match self.scenario.known {
                Known::Tier => tier::limits(Tier::Two, MODELS[lane]),
                _ => Limits::default(),
            };
            let mut theirs = read.usage;
            theirs.set_limits(&given, &tier);
            let mut dice = Dice::new(self.scenario.seed ^ mono);
            let mut clock = Clock { now: now.mono.0, wall: now.wall.0 };
            for _ in 0..12 {
                let step = dice.between(0, 15_000);
                clock = Clock { now: clock.now + step, wall: clock.wall + step };
                let cost =
                    Amounts { requests: 1, tokens: dice.between(1, 3_000), images: 1, nanos: 0 };
                let (one, other) = (ours.check(clock, &cost), theirs.check(clock, &cost));
                if one != other {
                    let what = format!("at {}: {one:?} was {other:?} when read", self.time);
                    self.watch.report(Rule::Restored, what);
                    break;
                }
            }
        }
        let process = &mut self.processes[index];
        let usage = process.engine.usage(now, ReplicaId::Account(process.account));
        let money = usage.iter().find(|(usage, _)| usage.dimension == Dimension::Spend);
        let used = money.map(|(usage, _)| usage.used).unwrap_or_default();
        let ((_, least), (_, most)) = self.watch.in_window(id, None, mono, MONEY_KEPT);
        let slack = if self.engines as usize > self.scenario.processes { ROUNDING } else { 0 };
        if used < least || used > most + slack {
            let what =
                format!("at {}: {used} nanos in ten minutes, not {least} to {most}", self.time);
            self.watch.report(Rule::Conserved, what);
        }
        let usage = process.engine.usage(now, ReplicaId::Budget);
        let budget = usage.iter().find(|(usage, _)| usage.dimension == Dimension::Budget);
        let spent = self.watch.spent(id);
        if let Some(used) = budget.map(|(usage, _)| usage.used).filter(|used| *used != spent) {
            let what = format!("at {}: {used} of the budget, not {spent}", self.time);
            self.watch.report(Rule::Conserved, what);
        }
    }

    /// Checks that the store holds what was sent, when all is over.
    pub(crate) fn balance(&mut self) {
        let Some(store) = &self.store else { return };
        let troubles =
            ["store empty", "store older", "store down", "store clock", "strangers", "late store"];
        let troubles = troubles.iter().chain(["crash", "trap", "close", "sleep"].iter());
        if troubles.clone().any(|name| self.scenario.features.contains(name)) {
            return;
        }
        let mut broken = Vec::new();
        for lane in 0..self.scenario.models {
            let replica = ReplicaId::Lane(self.processes[0].lanes[lane]);
            let Some(shared) = store.read(replica) else { continue };
            let wall = self.wall().saturating_add_signed(store.offset);
            let mut quota = shared.usage;
            quota.advance(Clock { now: wall, wall });
            let used = quota.used(Dimension::RequestsPerMinute);
            let (mut least, mut most) = (0, 0);
            for index in 0..self.processes.len() {
                let (id, mono) = (self.processes[index].id, self.mono(index));
                let ((low, _), (high, _)) = self.watch.in_window(id, Some(lane), mono, SHARED_KEPT);
                least += low;
                most += high;
            }
            if used < least || used > most {
                broken.push(format!("the store holds {used} requests, not {least} to {most}"));
            }
        }
        for what in broken {
            self.watch.report(Rule::Conserved, what);
        }
    }
}
