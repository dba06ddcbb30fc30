//! The table "How good": how close the engine comes to the best possible schedule.
//!
//! ```text
//! ROWS=1,2,5-9 SEEDS=1..5 cargo test --release --test simulation goodput -- --ignored --nocapture
//! TRACE=1 ROWS=6 SEEDS=3 DISCIPLINE=sliding cargo test …
//! ```
//!
//! `ROWS` and `SEEDS` take numbers and ranges (both ends are in); `TRACE=1` prints everything that
//! happens in the cells chosen, and request by request how far the engine is behind.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;

use unexhausted_emulator::Discipline;

use crate::cell::{self, Cell};
use crate::situations::{Budget, DISCIPLINES, Situation, situations};

const SEEDS: &str = "1..10";

#[test]
#[ignore = "a measurement; run it by name"]
fn goodput() {
    let rows = env::var("ROWS").map(|rows| numbers(&rows)).ok();
    let seeds = numbers(&env::var("SEEDS").unwrap_or_else(|_| SEEDS.to_owned()));
    let only = env::var("DISCIPLINE").ok();
    let is_traced = env::var("TRACE").is_ok_and(|value| value != "0");
    println!(
        "{:<39}{:>7}  {:<24}{:>7}{:>7}{:>8}{:>8}  budget",
        "row", "deliv.", "fixed  sliding  bucket", "mean", "worst", "429/pic", "err/pic"
    );
    for situation in situations() {
        if rows.as_ref().is_some_and(|rows| !rows.contains(&(situation.id as u64))) {
            continue;
        }
        let disciplines = DISCIPLINES.into_iter().filter(|discipline| {
            only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(&name(*discipline)))
        });
        let cells: Vec<Cell> = disciplines
            .flat_map(|discipline| seeds.iter().map(move |seed| (discipline, *seed)))
            .map(|(discipline, seed)| cell::run(&situation, discipline, seed, is_traced))
            .collect();
        print_row(&situation, &cells);
    }
}

/// No engine can beat the best schedule, and each must deliver every picture.
#[test]
fn no_cell_beats_the_best_or_loses_a_call() {
    for situation in situations() {
        for discipline in DISCIPLINES {
            let cell = cell::run(&situation, discipline, 1, false);
            let (id, name) = (situation.id, name(discipline));
            assert!(cell.problems.is_empty(), "row {id} {name}: {:?}", cell.problems);
            assert!(cell.ratio.is_none_or(|ratio| ratio >= 1.0), "row {id} {name}: {cell:?}");
        }
    }
}

/// An engine that has been refused with a word on when the request fits knows how the service
/// counts, and is at most a fiftieth slower than the best schedule in the long run.
#[test]
fn how_a_service_counts_costs_little_in_the_long_run() {
    for mut situation in situations().into_iter().filter(|row| [2, 5, 7].contains(&row.id)) {
        let pictures = 4 * situation.pictures;
        (situation.prompts, situation.pictures) = (pictures, pictures);
        for discipline in DISCIPLINES {
            let cell = cell::run(&situation, discipline, 1, false);
            let (id, name) = (situation.id, name(discipline));
            assert!(cell.ratio.is_some_and(|ratio| ratio < 1.02), "row {id} {name}: {cell:?}");
        }
    }
}

fn name(discipline: Discipline) -> String {
    format!("{discipline:?}").to_lowercase()
}

/// Numbers and ranges: `1,2`, `1..5`, `1-5`.
fn numbers(text: &str) -> Vec<u64> {
    let number = |text: &str| text.trim().parse::<u64>().expect("a number");
    let part = |part: &str| {
        let ends = part.split_once("..").or_else(|| part.split_once('-'));
        let (from, to) = ends.unwrap_or((part, part));
        number(from)..=number(to)
    };
    text.split(',').flat_map(part).collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn print_row(situation: &Situation, cells: &[Cell]) {
    let sum = |of: fn(&Cell) -> usize| cells.iter().map(of).sum::<usize>();
    let delivered = sum(|cell| cell.delivered);
    let wanted = situation.pictures * cells.len();
    // Requests are counted a call where no picture is to be made.
    let pictures = if wanted == 0 { situation.prompts * cells.len() } else { delivered.max(1) };
    let share = |count: usize| count as f64 / pictures as f64;
    let ratios = |discipline: Option<Discipline>| -> Vec<f64> {
        let of = cells.iter().filter(|cell| discipline.is_none_or(|one| one == cell.discipline));
        of.filter_map(|cell| cell.ratio).collect()
    };
    let all = ratios(None);
    let ratio = mean(&all);
    let worst = all.iter().copied().reduce(f64::max);
    let (rejected, failed) = (sum(|cell| cell.rejected), sum(|cell| cell.failed));
    let mut line = format!("{:>2} {:<36}", situation.id, situation.title);
    let percent = delivered as f64 * 100.0 / wanted.max(1) as f64;
    let _ = write!(line, "{percent:>6.1}%  ");
    for discipline in DISCIPLINES {
        let _ = write!(line, "{:<8}", shown(mean(&ratios(Some(discipline)))));
    }
    let _ = write!(line, "{:>7}{:>7}", shown(ratio), shown(worst));
    let _ = write!(line, "{:>8.3}{:>8.3}  ", share(rejected), share(failed));

    let mut waits: Vec<u64> = cells.iter().flat_map(|cell| cell.waits.clone()).collect();
    waits.sort_unstable();
    let p95 = waits.get((waits.len() * 95).div_ceil(100).saturating_sub(1)).copied();
    let ended = cells.iter().map(|cell| cell.ended).max().unwrap_or_default();
    let requests = cells.iter().map(|cell| cell.requests).max().unwrap_or_default();
    let spent = if situation.outage.is_some() { rejected + failed } else { rejected };
    // A row of faults counts every request beyond one a picture.
    let spent = if situation.id == 8 { rejected + failed } else { spent };
    let kept = |budget: &Budget| match *budget {
        Budget::Ratio(most, rejects) => {
            delivered == wanted
                && ratio.is_some_and(|ratio| ratio <= most)
                && share(spent) <= rejects
        }
        Budget::Start(most) => p95.is_some_and(|p95| p95 as f64 <= most * 1e3),
        Budget::Ends(most, count) => ended as f64 <= most * 1e3 && requests <= count,
    };
    let retry_budgets: Vec<String> =
        situation.retry_budgets.iter().map(|budget| show(*budget)).collect();
    let _ = write!(line, "{}", retry_budgets.join(" or "));
    match situation.retry_budgets[0] {
        Budget::Start(_) => {
            let _ = write!(line, ": {:.1} s", p95.unwrap_or_default() as f64 / 1e3);
        }
        Budget::Ends(..) => {
            let _ = write!(line, ": {:.1} s, {requests} requests", ended as f64 / 1e3);
        }
        Budget::Ratio(..) => {}
    }
    if !situation.retry_budgets.iter().any(kept) {
        line.push_str("  OVER");
    }
    println!("{line}");
    print_trouble(situation, cells);
}

fn show(budget: Budget) -> String {
    match budget {
        Budget::Ratio(ratio, rejects) => format!("{ratio:.2}, {rejects:.2}"),
        Budget::Start(seconds) => format!("p95 {seconds} s"),
        Budget::Ends(seconds, requests) => format!("{seconds} s, {requests}"),
    }
}

/// Calls that failed though they should not have, and what an engine must not do.
fn print_trouble(situation: &Situation, cells: &[Cell]) {
    let mut errors: BTreeMap<&str, usize> = BTreeMap::new();
    for (error, count) in cells.iter().flat_map(|cell| &cell.errors) {
        *errors.entry(error).or_default() += count;
    }
    for (error, count) in errors {
        println!("      {count} calls: {error}");
    }
    for cell in cells {
        let Some(first) = cell.problems.first() else { continue };
        let (id, discipline, seed) = (situation.id, name(cell.discipline), cell.seed);
        let count = cell.problems.len();
        println!("      PROBLEM row {id} {discipline} seed {seed}: {first} (1 of {count})");
    }
}
