//! The best possible schedule, the measure of the engine.
//!
//! It knows the service's discipline, limits, outages and clock, and of each request how long it
//! travels, whether it fails, and how long its picture takes. These belong to the number of the
//! request (the first that is sent, the second …) and to the seed, so they are read off the records
//! of the very same service without limits, to which all requests are sent at once.
//!
//! Then each request, in this order, arrives at the first moment at which the limits take it; it is
//! never sent too early, so none is rejected. One that fails takes of the quota like any other, and
//! there are as many requests as it takes to make the pictures.
//!
//! It is a lower bound: the limits are laid as if each request arrived as fast as the fastest can,
//! and tokens as if prompts could be split.

use unexhausted_emulator::{Discipline, Input, Outcome, Service};

use crate::service::request;
use crate::situations::{MODEL, Situation};
use crate::windows::{Cost, Windows};

/// The shortest time that a request takes to arrive.
const FASTEST: u64 = 20;
const DAY: u64 = 86_400_000;

/// The best schedule; moments are milliseconds from the start.
#[derive(Clone, Debug)]
pub(crate) struct Best {
    /// When the last picture is there.
    pub(crate) time: u64,
    /// When each request arrives.
    pub(crate) slots: Vec<u64>,
}

/// `None` where there is nothing to measure by.
pub(crate) fn best(situation: &Situation, discipline: Discipline, seed: u64) -> Option<Best> {
    if situation.pictures == 0 || situation.is_chain {
        return None;
    }
    let mut config = situation.config(discipline, seed);
    config.limits.clear();
    config.spend_limit = None;
    if situation.outage.is_some() {
        config.faults.clear();
    }
    let start = situation.start(seed);
    let texts = situation.texts(seed);
    // More requests than prompts, where some fail.
    let count = if config.faults.is_empty() { texts.len() } else { texts.len() * 3 / 2 };
    let mut service = Service::new(config).expect("a configuration");
    for number in 0..count {
        let request = request(number as u64, MODEL, &texts[number % texts.len()]);
        service.handle(start, Input::Request(request));
    }
    service.handle(start + DAY, Input::Tick);

    let first = start + FASTEST;
    let mut windows = Windows::new(situation, discipline, service.clock_offset(), start, first);
    let (mut slot, mut made, mut last) = (first, 0, 0);
    let mut slots = Vec::new();
    for record in service.records() {
        let arrived = record.arrived.expect("all arrive");
        let latency = record.finished.expect("all end") - arrived;
        let nanos = (record.billed * 1e9).round() as u64;
        slot = windows.place(slot, Cost { tokens: record.prompt_tokens, nanos });
        slots.push(slot - start);
        if record.outcome == Outcome::Served {
            made += 1;
            last = last.max(slot.max(arrived) + latency);
        }
        if made == situation.pictures {
            return Some(Best { time: last - start, slots });
        }
    }
    panic!("of {count} requests {made} make a picture, not {}", situation.pictures);
}
