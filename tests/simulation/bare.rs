//! Bare 429s that load makes, with no limit behind them: nobody may take longer than the
//! hand-rolled loop, which knows nothing and tries again in a few seconds.

use std::env;

use serde_json::{Value as Json, json};
use unexhausted_emulator::Discipline;

use crate::cell;
use crate::situations::{Way, situations, unlimited};
use crate::world::World;

/// The time that counts as no longer than the loop's, in hundredths of it.
const MOST: u64 = 130;
/// A crowd is let in by fours, every 0.6 s, as long as nobody knows what the service takes: that is
/// what it costs where there is no limit, and a picture takes no time.
const LET_IN: [(usize, u64); 2] = [(40, 5_000), (200, 14_000)];

/// A way of making calls, and how the service fails.
#[derive(Clone, Debug)]
struct Trouble {
    name: &'static str,
    calls: usize,
    is_sequential: bool,
    /// The median time that a picture takes, in milliseconds.
    median: u64,
    faults: Json,
}

/// The results of some seeds.
#[derive(Clone, Copy, Debug, Default)]
struct Went {
    made: usize,
    time: u64,
    requests: usize,
}

fn bare(probability: f64) -> Json {
    json!([{ "fault": "429-bare", "probability": probability }])
}

/// Times from the start at which everything is refused, in seconds.
fn bursts(spans: &[(u64, u64)]) -> Json {
    let burst = |(from, to): &(u64, u64)| json!({ "fault": "429-bare", "from": from * 1_000, "to": to * 1_000 });
    spans.iter().map(burst).collect()
}

fn troubles() -> Vec<Trouble> {
    let mut all = Vec::new();
    for median in [300, 4_000, 12_000] {
        for (name, faults) in [
            ("2 %", bare(0.02)),
            ("5 %", bare(0.05)),
            ("10 %", bare(0.1)),
            ("bursts of 3 s", bursts(&[(0, 3), (20, 23), (50, 53)])),
            ("bursts of 8 s", bursts(&[(0, 8), (30, 38), (70, 78)])),
        ] {
            for (calls, is_sequential) in [(20, true), (40, false), (200, false)] {
                all.push(Trouble { name, calls, is_sequential, median, faults: faults.clone() });
            }
        }
    }
    all
}

fn run(trouble: &Trouble, way: Way, is_batch: bool, seeds: u64) -> Went {
    let Trouble { calls, is_sequential, median, faults, .. } = trouble.clone();
    let service = json!({ "faults": faults, "latency": { "median": median, "sigma": 0.3 } });
    let mut situation = unlimited(calls, service);
    situation.is_sequential = is_sequential;
    situation.is_batch = is_batch;
    situation.way = way;
    let mut went = Went::default();
    for seed in 1..=seeds {
        let mut world = World::new(&situation, Discipline::Sliding, seed, false);
        world.run(24 * 3_600_000).expect("every call ends");
        assert!(world.violations.is_empty(), "{:?}", world.violations);
        went.made += world.calls.iter().filter(|call| call.error.is_none()).count();
        went.time += world.calls.iter().filter_map(|call| call.settled).max().unwrap_or_default();
        went.requests += world.totals().0;
    }
    went
}

const WAYS: [(&str, Way, bool); 3] = [
    ("drop-in", Way::DropIn, false),
    ("generate", Way::Generate, false),
    ("background", Way::Generate, true),
];

#[test]
fn nobody_is_slower_than_the_loop_where_no_limit_is_behind_a_bare_429() {
    let seeds = env::var("SEEDS").map_or(3, |seeds| seeds.parse().expect("a number"));
    let mut slow = Vec::new();
    for trouble in troubles() {
        let of_loop = run(&trouble, Way::Loop, false, seeds);
        for (name, way, is_batch) in WAYS {
            let ours = run(&trouble, way, is_batch, seeds);
            let hundredths = ours.time * 100 / of_loop.time;
            let order = if trouble.is_sequential { "in a row" } else { "at once" };
            let line = format!(
                "{name:10} {:3} {order:8} of {:6} ms, {:13} {:4} % of the loop's {:6} ms; made {:4} and {:4}, {:4} requests and {:4}",
                trouble.calls,
                trouble.median,
                trouble.name,
                hundredths,
                of_loop.time / seeds,
                ours.made,
                of_loop.made,
                ours.requests,
                of_loop.requests,
            );
            println!("{line}");
            let let_in =
                LET_IN.into_iter().find(|row| row.0 == trouble.calls).map_or(0, |row| row.1);
            let most = of_loop.time * MOST / 100 + let_in * seeds;
            if ours.time > most || ours.made < of_loop.made {
                slow.push(line);
            }
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

/// With a limit behind them, a crowd of the drop-in gets at least as much as the loop's does, and
/// `generate` gets all.
#[test]
fn a_crowd_of_the_drop_in_learns_a_limit_that_nobody_names() {
    let service = || json!({ "quotaBody": "bare" });
    for discipline in [Discipline::Fixed, Discipline::Sliding, Discipline::Bucket] {
        let made = [Way::DropIn, Way::Loop, Way::Generate].map(|way| {
            let mut situation = unlimited(100, service());
            situation.truth.rpm = Some(20);
            situation.way = way;
            let mut world = World::new(&situation, discipline, 1, false);
            world.run(24 * 3_600_000).expect("every call ends");
            assert!(world.violations.is_empty(), "{:?}", world.violations);
            world.calls.iter().filter(|call| call.error.is_none()).count()
        });
        println!("{discipline:?}: {made:?}");
        let [drop_in, of_loop, generate] = made;
        assert!(drop_in >= 90 && drop_in >= of_loop, "{discipline:?}: {made:?}");
        assert_eq!(generate, 100, "{discipline:?}: {made:?}");
    }
}

/// A call that probes for a crowd is refused again and again, and loses nothing by it.
#[test]
fn a_crowd_at_an_unnamed_limit_loses_nobody() {
    let mut lost = Vec::new();
    for discipline in [Discipline::Fixed, Discipline::Sliding, Discipline::Bucket] {
        for rpm in [2, 6, 20, 60] {
            for (calls, median) in [(24, 300), (60, 4_000)] {
                for seed in 1..=5 {
                    let latency = json!({ "median": median, "sigma": 0.3 });
                    let service = json!({ "quotaBody": "bare", "latency": latency });
                    let mut situation = unlimited(calls, service);
                    situation.truth.rpm = Some(rpm);
                    situation.way = Way::Generate;
                    let mut world = World::new(&situation, discipline, seed, false);
                    world.run(24 * 3_600_000).expect("every call ends");
                    assert!(world.violations.is_empty(), "{:?}", world.violations);
                    let count = world.calls.iter().filter(|call| call.error.is_some()).count();
                    if count > 0 {
                        lost.push(format!(
                            "{discipline:?}, {rpm} a minute, seed {seed}: {count} of {calls}"
                        ));
                    }
                }
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// A bucket that counts what it refuses lets in fewer and fewer of those who ask too often: neither
/// do pauses grow from one crowd that it lets in to the next, nor is it asked for ever at a pace at
/// which it never has room.
#[test]
fn a_bucket_that_counts_what_it_refuses_starves_nobody() {
    let rows = situations();
    let counted = rows.iter().find(|row| row.id == 4).expect("a row");
    for (pictures, seed, most) in [(300, 6, 1.5), (2_000, 1, 1.2)] {
        let mut situation = counted.clone();
        (situation.prompts, situation.pictures) = (pictures, pictures);
        let cell = cell::run(&situation, Discipline::Bucket, seed, false);
        assert_eq!(cell.delivered, pictures, "seed {seed}: {cell:?}");
        assert!(cell.ratio.is_some_and(|ratio| ratio < most), "seed {seed}: {:?}", cell.ratio);
    }
}
