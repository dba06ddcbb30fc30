//! What happens in a run of the swarm: drawn from one seed, each part with a weight of its own.

use serde_json::json;
use unexhausted::input::{BACKGROUND, INTERACTIVE, OnDailyLimit};
use unexhausted::kind::Dimension;
use unexhausted::quota::Limits;
use unexhausted_emulator::{Config, Discipline};

use super::store::Habits;
use crate::dice::Dice;
use crate::situations::{DISCIPLINES, MODEL, SECOND};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
/// 2026-11-24 00:00:00 UTC.
const START: u64 = 1_795_478_400_000;

/// What the user says of the limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Given {
    True,
    TooHigh,
    Nothing,
}

/// How a call tries again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    Generate,
    DropIn,
    Fallback,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) at: u64,
    pub(crate) process: usize,
    pub(crate) priority: i32,
    pub(crate) manner: Manner,
    pub(crate) deadline: Option<u64>,
    pub(crate) cancel_at: Option<u64>,
    pub(crate) tokens: u64,
    pub(crate) on_daily_limit: OnDailyLimit,
}

/// What happens to the clocks and the processes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The wall clock is set by so many milliseconds.
    ClockSet(i64),
    /// The computer sleeps: the monotonic clock stands still meanwhile.
    Sleep(u64),
    /// A process dies with what it had in flight, and is started again.
    Crash(usize),
    /// The service allows so many requests a minute from now on.
    NewLimit(u64),
}

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) start: u64,
    pub(crate) discipline: Discipline,
    pub(crate) processes: usize,
    pub(crate) is_shared: bool,
    pub(crate) is_chain: bool,
    pub(crate) rpm: Option<u64>,
    pub(crate) tpm: Option<u64>,
    pub(crate) rpd: Option<u64>,
    pub(crate) given: Given,
    pub(crate) concurrency: Option<u64>,
    pub(crate) orders: Vec<Order>,
    pub(crate) events: Vec<(u64, Event)>,
    pub(crate) store: Habits,
    /// Whether anything but quotas goes wrong with the service.
    pub(crate) has_storms: bool,
    config: String,
}

impl Scenario {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed.wrapping_mul(0x9E37) ^ 0x5CE7);
        let mut one_in = |n: u64| dice.between(1, n) == 1;
        let (is_many, has_tpm, has_rpd) = (one_in(3), one_in(5), one_in(6));
        let (is_chain, has_storms, has_events) = (one_in(4), one_in(3), one_in(3));
        let (is_unlimited, has_concurrency) = (one_in(12), one_in(6));
        let (is_rejected_counted, is_tailed) = (one_in(4), one_in(4));
        let is_shared = one_in(2) && is_many;
        let processes = if is_many { dice.between(2, 5) as usize } else { 1 };
        let rpm = (!is_unlimited).then(|| [1, 3, 5, 10, 20, 60, 300][dice.between(0, 6) as usize]);
        let tpm = has_tpm.then(|| dice.between(2, 40) * 1_000);
        let rpd = has_rpd.then(|| dice.between(5, 80));
        let given = match dice.between(0, 9) {
            0..=4 => Given::True,
            5..=6 => Given::TooHigh,
            _ => Given::Nothing,
        };
        let discipline = DISCIPLINES[dice.between(0, 2) as usize];
        let body =
            ["detailed", "detailed", "bare", "gateway", "empty"][dice.between(0, 4) as usize];
        let hint = ["true", "short", "mixed"][dice.between(0, 2) as usize];
        let mut config = json!({
            "pictureSize": 8, "seed": seed, "discipline": discipline, "quotaBody": body,
            "dailyHint": hint, "rejectedCount": is_rejected_counted,
            "latency": { "tail": if is_tailed { 0.05 } else { 0.0 } },
        });
        config["limits"][MODEL] = json!({ "rpm": rpm, "tpm": tpm, "rpd": rpd });
        config["limits"][SECOND] = json!({ "rpm": 30 });
        if has_storms {
            let faults = ["503", "500", "429-bare", "reset", "504"];
            let storm = |dice: &mut Dice| {
                let from = dice.between(0, 10 * MINUTE);
                let to = from + dice.between(MINUTE / 4, 20 * MINUTE);
                let fault = faults[dice.between(0, 4) as usize];
                let probability = [1.0, 0.3, 0.05][dice.between(0, 2) as usize];
                json!({ "fault": fault, "probability": probability, "from": from, "to": to })
            };
            let count = dice.between(1, 3);
            config["faults"] = (0..count).map(|_| storm(&mut dice)).collect();
        }
        let orders = orders(&mut dice, processes, rpm, is_chain, tpm.is_some());
        let events = if has_events { events(&mut dice, processes, rpm) } else { Vec::new() };
        let store = if is_shared { habits(&mut dice) } else { Habits::default() };
        let concurrency = has_concurrency.then(|| dice.between(1, 12));
        Self {
            seed,
            start: START + dice.between(0, 24 * HOUR),
            discipline,
            processes,
            is_shared,
            is_chain,
            rpm,
            tpm,
            rpd,
            given,
            concurrency,
            orders,
            events,
            store,
            has_storms,
            config: config.to_string(),
        }
    }

    /// What it is, for a reader of a failure.
    pub(crate) fn told(&self) -> String {
        let Self { processes, is_shared, is_chain, given, concurrency, .. } = self;
        let Self { events, store, config, discipline, .. } = self;
        format!(
            "{} calls of {processes} processes, {discipline:?}, shared {is_shared}, chain {is_chain}, \
             given {given:?}, concurrency {concurrency:?}, {events:?}, {store:?}, {config}, first {:?}",
            self.orders.len(),
            self.orders.first(),
        )
    }

    pub(crate) fn config(&self) -> Config {
        Config::from_json(&self.config).expect("a configuration")
    }

    /// The limits that an engine is told.
    pub(crate) fn limits(&self) -> Limits {
        let told = |limit: Option<u64>| match self.given {
            Given::True => limit,
            Given::TooHigh => limit.map(|limit| limit * 2),
            Given::Nothing => None,
        };
        Limits::default()
            .with(Dimension::RequestsPerMinute, told(self.rpm))
            .with(Dimension::TokensPerMinute, told(self.tpm))
            .with(Dimension::RequestsPerDay, told(self.rpd))
    }

    /// Whether the service may refuse nothing for a limit: the limits are true, and whoever sends
    /// counts with the others. Tokens are a guess before the answer, so they may be refused.
    pub(crate) fn is_exact(&self) -> bool {
        let forgets = |event: &(u64, Event)| match event.1 {
            // A process alone forgets with its death what it has sent.
            Event::Crash(_) => !self.is_shared,
            Event::NewLimit(_) => true,
            // Wall time is all that a store has.
            Event::ClockSet(_) | Event::Sleep(_) => self.is_shared,
        };
        self.given == Given::True
            && (self.processes == 1 || self.is_shared)
            && self.tpm.is_none()
            && self.store.down.is_none()
            && !self.events.iter().any(forgets)
            && !self.has_storms
    }
}

fn orders(
    dice: &mut Dice,
    processes: usize,
    rpm: Option<u64>,
    is_chain: bool,
    has_tokens: bool,
) -> Vec<Order> {
    let minutes = dice.between(1, 6);
    let most = rpm.unwrap_or(60).min(60) * minutes * 2;
    let count = dice.between(3, most.clamp(4, 160));
    let is_herd = dice.between(0, 1) == 0;
    let is_mixed = dice.between(0, 2) == 0;
    let has_cancels = dice.between(0, 2) == 0;
    let has_deadlines = dice.between(0, 3) == 0;
    let on_daily_limit = [OnDailyLimit::Fail, OnDailyLimit::Fallback, OnDailyLimit::Wait]
        [dice.between(0, 2) as usize];
    let mut orders: Vec<Order> = (0..count)
        .map(|number| {
            let at = if is_herd { 0 } else { dice.between(0, minutes * MINUTE) };
            let priority = match (is_mixed, dice.between(0, 3)) {
                (false, _) | (true, 0) => BACKGROUND,
                (true, 1) => 5,
                (true, _) => INTERACTIVE,
            };
            let manner = match dice.between(0, 9) {
                0 => Manner::DropIn,
                1 if is_chain => Manner::Fallback,
                _ => Manner::Generate,
            };
            let mut chance = |is: bool, low, high| {
                (is && dice.between(0, 4) == 0).then(|| dice.between(low, high))
            };
            let deadline = chance(has_deadlines, 0, 5 * MINUTE);
            let cancel_at = chance(has_cancels, 0, 4 * MINUTE).map(|after| at + after);
            let tokens = if has_tokens { dice.between(20, 1_500) } else { 12 };
            let process = number as usize % processes;
            Order { at, process, priority, manner, deadline, cancel_at, tokens, on_daily_limit }
        })
        .collect();
    orders.sort_by_key(|order| order.at);
    orders
}

fn events(dice: &mut Dice, processes: usize, rpm: Option<u64>) -> Vec<(u64, Event)> {
    let count = dice.between(1, 3);
    let mut events: Vec<(u64, Event)> = (0..count)
        .map(|_| {
            let event = match dice.between(0, 6) {
                0 => Event::ClockSet(-(HOUR as i64)),
                1 => Event::ClockSet(24 * HOUR as i64),
                2 => Event::ClockSet(dice.between(1, 3_000) as i64 - 1_500),
                3 => Event::Sleep(dice.between(MINUTE, 3 * HOUR)),
                4 => Event::NewLimit(rpm.map_or(20, |rpm| (rpm * dice.between(1, 4) / 2).max(1))),
                _ => Event::Crash(dice.between(0, processes as u64 - 1) as usize),
            };
            (dice.between(0, 10 * MINUTE), event)
        })
        .collect();
    events.sort_by_key(|(at, _)| *at);
    events
}

fn habits(dice: &mut Dice) -> Habits {
    let mut maybe = |one_in: u64, low: u64, high: u64| {
        (dice.between(1, one_in) == 1).then(|| dice.between(low, high))
    };
    let down = maybe(4, 0, 5 * MINUTE).map(|from| (from, from + 2 * MINUTE));
    Habits {
        latency: maybe(1, 0, 40).unwrap_or_default(),
        lost: maybe(3, 1, 60).unwrap_or_default(),
        twice: maybe(2, 1, 300).unwrap_or_default(),
        forgets: maybe(5, MINUTE / 2, 5 * MINUTE),
        set_back: maybe(6, 2 * MINUTE, 6 * MINUTE),
        offset: maybe(2, 0, 10 * MINUTE).unwrap_or_default(),
        down,
    }
}
