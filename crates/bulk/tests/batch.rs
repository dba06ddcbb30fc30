//! A batch and its journal: what a killed run leaves, and what the next one makes of it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use unexhausted_bulk::batch::{Batch, Settings};
use unexhausted_bulk::item::{Made, Taken};
use unexhausted_bulk::journal::{File, Record};
use unexhausted_bulk::open_job::OpenJob;
use unexhausted_bulk::verdict::Verdict;

const T: u64 = 1_764_000_000_000;
const USD: f64 = 0.134;

/// A run whose records are kept, and all lines that were written so far.
struct Run {
    batch: Batch,
    lines: Vec<Record>,
}

impl Run {
    fn new(settings: Settings, lines: &[Record]) -> Self {
        let mut batch = Batch::new(settings);
        for line in lines {
            // Each record reads back as it was written.
            let text = serde_json::to_string(line).unwrap();
            batch.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        }
        let mut lines = lines.to_vec();
        lines.push(batch.begin(T));
        Self { batch, lines }
    }

    fn resumed(&self) -> Self {
        Self::new(Settings::default(), &self.lines)
    }

    fn take(&mut self, print: &str) -> Taken {
        self.batch.take(None, print)
    }

    fn sends(&mut self, key: &str) -> bool {
        let record = self.batch.sends(key, "gemini-3-pro-image", USD, T);
        let sent = record.is_some();
        self.lines.extend(record);
        sent
    }

    fn made(&mut self, key: &str) {
        let record = self.batch.made(key, made(key), T);
        self.lines.push(record);
    }

    fn failed(&mut self, key: &str, kind: &str) -> Verdict {
        let said = ("it failed".to_owned(), "see to it".to_owned());
        let (record, verdict) = self.batch.failed(key, kind, said, false, T);
        self.lines.push(record);
        verdict
    }

    fn notices(&mut self) -> Vec<&'static str> {
        self.batch.notices().into_iter().map(|notice| notice.kind).collect()
    }
}

fn made(key: &str) -> Made {
    let file = File { name: format!("{key}.png"), temp: format!(".{key}.part"), size: 9 };
    Made { model: "gemini-3-pro-image".to_owned(), usd: Some(USD), files: vec![file] }
}

fn run() -> Run {
    Run::new(Settings::default(), &[])
}

fn make(key: &str, twice: bool) -> Taken {
    Taken::Make { key: key.to_owned(), twice }
}

fn near(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-9, "{left} is not {right}");
}

#[test]
fn what_was_made_is_not_made_again() {
    let mut first = run();
    assert_eq!(first.take("a"), make("a", false));
    assert!(first.sends("a"));
    first.made("a");
    let mut second = first.resumed();
    let Taken::Made { made: found, twice: false, .. } = second.take("a") else { panic!() };
    assert_eq!(found, made("a"));
    let progress = second.batch.progress(T);
    assert_eq!((progress.done, progress.restored), (1, 1));
    near(progress.cost, USD);
    near(progress.possible_cost, 0.0);
}

#[test]
fn what_was_open_at_a_kill_is_told_and_made_again() {
    let mut first = run();
    first.take("a");
    first.sends("a");
    let mut second = first.resumed();
    assert_eq!(second.take("a"), make("a", true));
    assert_eq!(second.notices(), ["possibly_paid_twice"]);
    near(second.batch.progress(T).possible_cost, USD);
    second.sends("a");
    second.made("a");
    near(second.batch.progress(T).possible_cost, USD);
    // And it is remembered.
    let mut third = second.resumed();
    assert!(matches!(third.take("a"), Taken::Made { twice: true, .. }));
    near(third.batch.progress(T).possible_cost, USD);
}

#[test]
fn a_request_that_was_refused_is_not_possibly_paid() {
    let mut first = run();
    first.take("a");
    first.sends("a");
    let record = first.batch.waits("a", false).unwrap();
    first.lines.push(record);
    assert_eq!(first.batch.waits("a", false), None);
    assert_eq!(first.resumed().take("a"), make("a", false));
}

#[test]
fn lost_answers_count_once_the_item_has_ended() {
    let mut first = run();
    first.take("a");
    first.sends("a");
    assert_eq!(first.batch.waits("a", true), None);
    first.sends("a");
    first.made("a");
    near(first.batch.progress(T).possible_cost, USD);
    let second = first.resumed();
    near(second.batch.progress(T).possible_cost, USD);
    near(second.batch.progress(T).cost, USD);
}

#[test]
fn failures_for_good_stay_and_others_are_tried_again() {
    let mut first = run();
    for key in ["a", "b", "c"] {
        first.take(key);
        first.sends(key);
        let back = first.batch.waits(key, false);
        first.lines.extend(back);
    }
    assert_eq!(first.failed("a", "blocked"), Verdict::ForGood);
    assert_eq!(first.failed("b", "no_image"), Verdict::Again);
    assert_eq!(first.failed("c", "daily_quota"), Verdict::Stop);
    let mut second = first.resumed();
    assert!(matches!(second.take("a"), Taken::Failed { .. }));
    assert_eq!(second.take("b"), make("b", false));
    assert_eq!(second.take("c"), make("c", false));
    let again = Settings { retry_failed: true, ..Settings::default() };
    assert_eq!(Run::new(again, &first.lines).take("a"), make("a", false));
}

#[test]
fn many_failures_in_a_row_end_the_run_and_a_picture_begins_the_count_again() {
    let mut run = run();
    for _ in 0..15 {
        assert_eq!(run.failed("a", "network"), Verdict::Again);
    }
    run.made("b");
    for _ in 0..15 {
        assert_eq!(run.failed("a", "network"), Verdict::Again);
    }
    assert_eq!(run.failed("a", "network"), Verdict::Stop);
}

#[test]
fn an_item_with_its_own_model_stands_for_itself() {
    let said = || ("no such model".to_owned(), String::new());
    let mut run = run();
    let (_, verdict) = run.batch.failed("a", "model_not_found", said(), true, T);
    assert_eq!(verdict, Verdict::ForGood);
    let (_, verdict) = run.batch.failed("b", "model_not_found", said(), false, T);
    assert_eq!(verdict, Verdict::Stop);
}

#[test]
fn the_budget_holds_over_all_runs_and_counts_what_is_open() {
    let settings = Settings { budget: Some(3.0 * USD), ..Settings::default() };
    let mut first = Run::new(settings, &[]);
    for key in ["a", "b", "c", "d"] {
        first.take(key);
    }
    assert!(first.sends("a") && first.sends("b") && first.sends("c"));
    assert!(!first.sends("d"));
    let back = first.batch.waits("c", false);
    first.lines.extend(back);
    assert_eq!(first.failed("c", "blocked"), Verdict::ForGood);
    assert!(first.sends("d"));
    first.made("a");
    let mut second = Run::new(settings, &first.lines);
    // One is paid, two may be.
    near(second.batch.progress(T).possible_cost, 2.0 * USD);
    second.take("b");
    assert!(!second.sends("b"));
}

#[test]
fn the_same_request_twice_is_two_items() {
    let mut first = run();
    assert_eq!(first.take("a"), make("a", false));
    assert_eq!(first.take("a"), make("a#2", false));
    first.made("a#2");
    assert_eq!(first.notices(), [""; 0]);
    let mut second = first.resumed();
    assert_eq!(second.take("a"), make("a", false));
    assert!(matches!(second.take("a"), Taken::Made { .. }));
}

#[test]
fn a_key_that_comes_again_is_told() {
    let mut run = run();
    assert_eq!(run.batch.take(Some("k"), "p"), make("k", false));
    assert_eq!(run.batch.take(Some("k"), "p"), make("k#2", false));
    assert_eq!(run.notices(), ["duplicate_key"]);
}

#[test]
fn a_key_that_looks_like_a_copy_is_no_copy() {
    let mut run = run();
    for (key, called) in [("k", "k"), ("k", "k#2"), ("k#2", "k#2#2"), ("k", "k#3")] {
        assert_eq!(run.batch.take(Some(key), "p"), make(called, false));
    }
    let mut other = Run::new(Settings::default(), &[]);
    for (key, called) in [("k#2", "k#2"), ("k", "k"), ("k", "k#3")] {
        assert_eq!(other.batch.take(Some(key), "p"), make(called, false));
    }
}

#[test]
fn a_changed_prompt_under_a_key_is_made_anew() {
    let mut first = run();
    first.batch.take(Some("k"), "old");
    first.sends("k");
    first.made("k");
    let mut second = first.resumed();
    assert_eq!(second.batch.take(Some("k"), "new"), make("k", false));
    assert_eq!(second.notices(), ["changed_prompt"]);
    let mut same = first.resumed();
    assert!(matches!(same.batch.take(Some("k"), "old"), Taken::Made { .. }));
}

#[test]
fn a_missing_picture_is_made_again_and_its_cost_stays() {
    let mut first = run();
    first.take("a");
    first.sends("a");
    first.made("a");
    let mut second = first.resumed();
    second.take("a");
    second.batch.missing("a", "a.png");
    assert_eq!(second.notices(), ["missing_picture"]);
    assert_eq!(second.batch.progress(T).done, 0);
    second.sends("a");
    second.made("a");
    near(second.batch.progress(T).cost, 2.0 * USD);
}

#[test]
fn a_job_is_found_again_and_its_end_frees_what_it_left() {
    let mut first = run();
    for key in ["a", "b"] {
        first.take(key);
    }
    let job = OpenJob {
        display_name: "unexhausted-1".to_owned(),
        name: None,
        model: "gemini-3-pro-image".to_owned(),
        keys: vec!["a".to_owned(), "b".to_owned()],
        usd: USD / 2.0,
    };
    let record = first.batch.job_creating(job.clone(), T);
    first.lines.push(record);
    let mut second = first.resumed();
    assert_eq!(second.batch.jobs(), std::slice::from_ref(&job));
    assert!(matches!(second.take("a"), Taken::InJob { .. }));
    let record = second.batch.job_created("unexhausted-1", "batches/1");
    second.lines.push(record);
    let mut third = second.resumed();
    assert_eq!(third.batch.jobs()[0].name.as_deref(), Some("batches/1"));
    third.made("a");
    let record = third.batch.job_ended("unexhausted-1");
    third.lines.push(record);
    let mut fourth = third.resumed();
    assert!(fourth.batch.jobs().is_empty());
    assert!(matches!(fourth.take("a"), Taken::Made { .. }));
    assert_eq!(fourth.take("b"), make("b", false));
}

#[test]
fn a_changed_prompt_of_a_job_is_told_after_a_restart() {
    let mut first = run();
    first.batch.take(Some("k"), "old");
    let job = OpenJob {
        display_name: "unexhausted-1".to_owned(),
        name: None,
        model: String::new(),
        keys: vec!["k".to_owned()],
        usd: USD / 2.0,
    };
    let record = first.batch.job_creating(job, T);
    first.lines.push(record);
    let mut second = first.resumed();
    assert_eq!(second.batch.take(Some("k"), "new"), make("k", false));
    assert_eq!(second.notices(), ["changed_prompt"]);
    assert!(matches!(first.resumed().batch.take(Some("k"), "old"), Taken::InJob { .. }));
}

#[test]
fn a_journal_of_rubbish_is_told_often_enough() {
    let mut batch = Batch::new(Settings::default());
    for line in 2..100_000 {
        batch.restore_unreadable(line, false);
    }
    assert_eq!(batch.notices().len(), 1_000);
}

#[test]
fn a_newer_journal_is_refused() {
    let mut batch = Batch::new(Settings::default());
    let error = batch.restore(&Record::Run { version: 99, at: T }).unwrap_err();
    assert!(error.contains("version 99"), "{error}");
}
