//! The checkers: what must hold after every step, whatever happens. Each names itself in what it
//! reports, and has been seen to fail (see `canaries.rs`).

use std::collections::{HashMap, VecDeque};

use unexhausted::input::{BACKGROUND, OnDailyLimit};

use super::scenario::{Event, Manner, Order, Scenario};

/// Requests of one call at most: those that count, and twenty waits for a minute to pass in a row
/// before each of them. Background calls and those that wait for the day probe beyond that.
const FREE_WAITS: usize = 20;
const PROBES_MAX: usize = 400;
/// How many go in a row before one of a lower priority.
const TURNS: usize = 9;

/// A call as its caller sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) order: Order,
    pub(crate) started: u64,
    pub(crate) sends: usize,
    pub(crate) is_settled: bool,
    /// Why nothing may be sent for it any more.
    pub(crate) is_over: Option<&'static str>,
}

/// Watches one process.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) calls: HashMap<u32, Seen>,
    pub(crate) violations: Vec<String>,
    /// What the service said not to send before, by model.
    pub(crate) holds: HashMap<&'static str, u64>,
    /// The flights that a slot is held for.
    pub(crate) flying: HashMap<u32, u32>,
    /// When requests to the first model went out.
    pub(crate) sent: VecDeque<u64>,
    /// How many went in a row before waiting ones of a lower priority, and the priority of the last.
    streak: usize,
    highest: i32,
}

impl Watch {
    fn complain(&mut self, time: u64, what: String) {
        self.violations.push(format!("{what} (at {time})"));
    }

    pub(crate) fn starts(&mut self, time: u64, call: u32, order: &Order) {
        let seen = Seen {
            order: order.clone(),
            started: time,
            sends: 0,
            is_settled: false,
            is_over: None,
        };
        if self.calls.insert(call, seen).is_some() {
            self.complain(time, format!("settles once: call {call} begins before it has ended"));
        }
    }

    pub(crate) fn sends(
        &mut self,
        time: u64,
        scenario: &Scenario,
        call: u32,
        flight: u32,
        model: &'static str,
        is_first_model: bool,
    ) {
        if self.holds.get(model).is_some_and(|until| time < *until) {
            let manner = self.calls.get(&call).map(|seen| seen.order.manner);
            self.complain(time, format!("the server's time: call {call} {manner:?} is sent early"));
        }
        self.check_order(time, scenario, call, is_first_model);
        let Some(seen) = self.calls.get_mut(&call) else {
            self.complain(time, format!("settles once: call {call} is sent after its end"));
            return;
        };
        seen.sends += 1;
        let (order, sends, over, started) =
            (seen.order.clone(), seen.sends, seen.is_over, seen.started);
        if let Some(over) = over {
            self.complain(time, format!("ends: call {call} is sent after its {over}"));
        }
        // A deadline is kept by the engine's clock, which stands still in a computer that sleeps.
        let sleeps = scenario.events.iter().any(|(_, event)| matches!(event, Event::Sleep(_)));
        if order.deadline.is_some_and(|deadline| time > started + deadline) && !sleeps {
            self.complain(time, format!("ends: call {call} is sent after its deadline"));
        }
        let targets = if scenario.is_chain { 2 } else { 1 };
        let probes = order.priority <= BACKGROUND || order.on_daily_limit == OnDailyLimit::Wait;
        let most = match order.manner {
            Manner::DropIn => 5,
            Manner::Fallback => 2 * targets,
            Manner::Generate if probes => PROBES_MAX,
            Manner::Generate => 5 * targets * (FREE_WAITS + 1),
        };
        if sends > most {
            self.complain(time, format!("attempts: call {call} sends {sends} of {most}"));
        }
        self.flying.insert(flight, call);
        let flying = self.flying.len() as u64;
        if scenario.concurrency.is_some_and(|most| flying > most) {
            self.complain(time, format!("concurrency: {flying} in flight"));
        }
        if is_first_model {
            self.sent.push_back(time);
        }
    }

    /// First requests of one priority go in the order in which the calls came; and background calls
    /// get their turns. Only where nothing but a quota of requests keeps calls, for then all wait
    /// for the same.
    fn check_order(&mut self, time: u64, scenario: &Scenario, call: u32, is_first_model: bool) {
        // A spent day is probed by turns, as an outage is.
        let is_plain = !scenario.has_storms
            && scenario.tpm.is_none()
            && scenario.rpd.is_none()
            && !scenario.is_chain;
        let Some(seen) = self.calls.get(&call).filter(|_| is_plain && is_first_model) else {
            return;
        };
        let first = seen.sends == 0;
        let (priority, started) = (seen.order.priority, seen.started);
        let waiting = |other: &Seen| {
            other.sends == 0 && !other.is_settled && other.is_over.is_none() && other.started < time
        };
        let earlier = |other: &Seen| {
            waiting(other) && other.order.priority == priority && other.started < started
        };
        let is_overtaken = first && self.calls.values().any(earlier);
        if is_overtaken {
            self.complain(time, format!("order: call {call} overtakes one that came before it"));
        }
        let lower = |other: &Seen| waiting(other) && other.order.priority < priority;
        let higher = |other: &Seen| waiting(other) && other.order.priority > priority;
        // One of a lower priority than those before it has its turn.
        let is_turn = self.calls.values().any(higher) || priority < self.highest;
        self.highest = priority;
        if !is_turn && self.calls.values().any(lower) {
            self.streak += 1;
            if self.streak > TURNS + 1 {
                self.complain(time, format!("turns: {} in a row before lower ones", self.streak));
            }
        } else {
            self.streak = 0;
        }
    }

    pub(crate) fn lands(&mut self, flight: u32) {
        self.flying.remove(&flight);
    }

    pub(crate) fn settles(&mut self, time: u64, call: u32) {
        match self.calls.get_mut(&call) {
            Some(seen) if !seen.is_settled => seen.is_settled = true,
            _ => self.complain(time, format!("settles once: call {call} is settled again")),
        }
        // Its number is free again.
        self.calls.remove(&call);
    }

    /// What the ledger has counted of the last minute is what was sent in it, and nothing else:
    /// reserved = used + given back + expired.
    pub(crate) fn check_ledger(&mut self, time: u64, counted: u64, at: u64) {
        // Steps of a tenth of a second leave together with their last.
        while self.sent.front().is_some_and(|sent| sent + 60_600 <= at) {
            self.sent.pop_front();
        }
        let most = self.sent.len() as u64;
        let least = self.sent.iter().filter(|sent| **sent + 60_500 > at).count() as u64;
        if counted > most || counted < least {
            let what = format!("conserves: {counted} counted, {least} to {most} sent");
            self.complain(time, what);
        }
    }
}
