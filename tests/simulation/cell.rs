//! One situation with one discipline and seed: run, and measured.

use std::collections::BTreeMap;

use unexhausted_emulator::Discipline;

use crate::oracle;
use crate::situations::Situation;
use crate::trace;
use crate::world::World;

/// A run that takes that many times as long as the best, and an hour, will not end.
const PATIENCE: u64 = 8;
const HOUR: u64 = 3_600_000;

/// The results of a cell; moments are milliseconds from the start.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) discipline: Discipline,
    pub(crate) seed: u64,
    pub(crate) delivered: usize,
    /// The time to the last picture by the best possible.
    pub(crate) ratio: Option<f64>,
    pub(crate) requests: usize,
    /// Requests answered with 429.
    pub(crate) rejected: usize,
    /// Requests that failed otherwise.
    pub(crate) failed: usize,
    /// When the last call ended.
    pub(crate) ended: u64,
    /// For each call that counts, how long until the request was sent that brought its picture.
    pub(crate) waits: Vec<u64>,
    /// How many calls ended in which error.
    pub(crate) errors: BTreeMap<String, usize>,
    /// The rules that were broken.
    pub(crate) problems: Vec<String>,
}

pub(crate) fn run(
    situation: &Situation,
    discipline: Discipline,
    seed: u64,
    is_traced: bool,
) -> Cell {
    let best = oracle::best(situation, discipline, seed);
    let least = best.as_ref().map_or(0, |best| best.time);
    let mut world = World::new(situation, discipline, seed, is_traced);
    let ran = world.run(least * PATIENCE + HOUR);
    if is_traced && let Some(best) = &best {
        trace::print_lag(&world.taken(), &best.slots);
    }
    let made = world.calls.iter().filter(|call| call.settled.is_some() && call.error.is_none());
    let last = made.clone().filter_map(|call| call.settled).max();
    let mut errors = BTreeMap::new();
    for error in world.calls.iter().filter_map(|call| call.error.clone()) {
        *errors.entry(error).or_default() += 1;
    }
    let from = situation.waits_from().unwrap_or(usize::MAX);
    let counting = world.calls.iter().skip(from);
    let wait = |call: &crate::world::Watched| {
        call.served.map_or(u64::MAX, |served| served.saturating_sub(call.at))
    };
    let (requests, rejected, failed) = world.totals();
    Cell {
        discipline,
        seed,
        delivered: made.count(),
        ratio: best.and_then(|best| Some(last? as f64 / best.time as f64)),
        requests,
        rejected,
        failed,
        ended: world.calls.iter().filter_map(|call| call.settled).max().unwrap_or_default(),
        waits: counting.map(wait).collect(),
        errors,
        problems: ran.err().into_iter().chain(world.violations.iter().cloned()).collect(),
    }
}
