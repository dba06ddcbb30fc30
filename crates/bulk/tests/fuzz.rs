//! Journals that somebody else wrote, or nobody: they are read to the end, and what is told of them
//! is of our own form.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

#[path = "../../../tests/support/cases.rs"]
mod cases;

use std::collections::BTreeSet;

use cases::Dice;
use serde_json::{Value as Json, json};
use unexhausted_bulk::json::batch::Batch;

const NOW: u64 = 1_795_521_600_000;

/// Pieces that lines are made of.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "\n", "\r\n", "\0", "{", "}", "[", "]", "\"", "\\", "\\u0000", "\\ud800", ":", ",", " ", "null", "true",
    "1e999", "-1", "0", "-0.0", "18446744073709551616", "99999999999999999999", "\"usd\":-5,", "\"../x\"",
    "\"/etc/passwd\"", "\"a/../../b\"", "\"C:\\\\x\"", "\"\\t\"", "\"record\":\"try\",", "\"version\":2,",
    "\"lost\":1e308,", "é", "🛶", "{\"record\":\"run\",\"version\":1,\"at\":0}\n",
];

const NAMES: &[&str] = &[
    "0001-a.png",
    "../victim",
    "/etc/passwd",
    "a/../../b.png",
    "a\tb.png",
    "a\0.png",
    ".",
    "..",
    "",
    "a/b.png",
    "con",
    "C:\\x.png",
    ".lock",
    "batch.jsonl",
    "a\nb.png",
];

/// A journal as a batch writes it, with kills in it.
fn journal(dice: &mut Dice) -> String {
    let mut text = String::new();
    let mut add = |line: &str| text.push_str(&[line, "\n"].concat());
    for _ in 0..=dice.below(2) {
        let mut batch = Batch::new("{}").expect("settings");
        add(&batch.begin(NOW).expect("a line"));
        for _ in 0..dice.below(6) {
            let print = format!("{:016x}", dice.below(5));
            let key = (!dice.once_in(3)).then(|| format!("key-{}", dice.below(4)));
            let taken: Json =
                serde_json::from_str(&batch.take(key.as_deref(), &print).expect("a word"))
                    .expect("JSON");
            let key = taken["key"].as_str().expect("a key").to_owned();
            if let Some(line) = batch.sends(&key, "gemini-3-pro-image", 0.134, NOW).expect("a line")
            {
                add(&line);
            }
            match dice.below(4) {
                0 => {
                    let name = *dice.pick(NAMES);
                    let temp =
                        if dice.once_in(2) { name.to_owned() } else { format!(".{key}.0.part") };
                    let files = json!([{ "name": name, "temp": temp, "size": dice.bits() >> dice.below(64) }]);
                    let made = json!({ "model": "m", "usd": 0.134, "files": files });
                    add(&batch.made(&key, &made.to_string(), NOW).expect("a line"));
                }
                1 => {
                    let trouble = json!({ "kind": "blocked", "message": "no", "advice": "", "hasOwnModel": false });
                    let judged = batch.failed(&key, &trouble.to_string(), NOW).expect("a line");
                    let judged: Json = serde_json::from_str(&judged).expect("JSON");
                    add(judged["line"].as_str().expect("a line"));
                }
                2 => {
                    let job =
                        json!({ "displayName": "job-1", "model": "m", "keys": [key], "usd": 0.07 });
                    add(&batch.job_creating(&job.to_string(), NOW).expect("a line"));
                    if dice.once_in(2) {
                        let name = *dice.pick(&["batches/abc", "../files/x", "batches/../x", ""]);
                        add(&batch.job_created("job-1", name).expect("a line"));
                    }
                }
                _ => {}
            }
        }
    }
    text
}

/// Lines cut, doubled, in another order; types and numbers that no batch writes.
fn damaged(dice: &mut Dice, journal: &str) -> String {
    let mut text = journal.to_owned();
    for _ in 0..dice.below(4) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.is_empty() {
            break;
        }
        let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
        match dice.below(5) {
            0 => lines.swap(one, other),
            1 => lines = [&lines[..one], &lines[other..=other], &lines[one..]].concat(),
            2 => {
                if let Ok(mut json) = serde_json::from_str::<Json>(&lines[one]) {
                    put_odd(dice, &mut json);
                    lines[one] = json.to_string();
                }
            }
            _ => {
                text = dice.damaged(&text, PIECES);
                continue;
            }
        }
        text = lines.join("\n") + "\n";
    }
    text
}

fn put_odd(dice: &mut Dice, json: &mut Json) {
    let odd = match dice.below(9) {
        0 => Json::Null,
        1 => json!(-1),
        2 => json!(1e308),
        3 => json!(u64::MAX),
        4 => json!([]),
        5 => json!({}),
        6 => json!("x".repeat(dice.below(100_000))),
        7 => json!(true),
        _ => json!(*dice.pick(NAMES)),
    };
    let place = match json {
        Json::Object(entries) => {
            let at = dice.below(entries.len().max(1));
            entries.values_mut().nth(at)
        }
        Json::Array(items) => items.first_mut(),
        _ => None,
    };
    match place {
        Some(inner) if inner.is_object() || (inner.is_array() && dice.once_in(2)) => {
            put_odd(dice, inner)
        }
        Some(inner) => *inner = odd,
        None => *json = odd,
    }
}

/// Whether a name stays below its folder, whatever the system makes of it.
fn is_inside(name: &str) -> bool {
    let parts = name.split(['/', '\\']);
    !name.is_empty()
        && name.len() <= 1_000
        && !name.contains(|letter: char| letter.is_control())
        && !name.contains(':')
        && parts.clone().count() <= 100
        && parts.into_iter().all(|part| !part.is_empty() && part != "." && part != "..")
}

fn is_money(json: &Json) -> bool {
    json.is_null() || json.as_f64().is_some_and(|usd| usd.is_finite() && usd >= 0.0)
}

fn case(dice: &mut Dice) {
    let text = journal(dice);
    let text = damaged(dice, &text);
    let settings =
        json!({ "budget": *dice.pick(&[None, Some(1.0)]), "retryFailed": dice.once_in(2) });
    let mut batch = Batch::new(&settings.to_string()).expect("settings");
    // As the reader of the file does it: whole lines, then what is left.
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    let pieces = text[..whole].split_inclusive('\n');
    let read = pieces.map(|piece| batch.restore(piece)).collect::<Result<Vec<_>, _>>();
    if let Err(said) = read {
        assert!(said.len() < 500, "{said}");
        return;
    }
    if whole < text.len() && batch.restore_tail(&text[whole..]).is_err() {
        return;
    }
    batch.begin(NOW).expect("a line");
    let notices: Json = serde_json::from_str(&batch.notices().expect("a list")).expect("JSON");
    let lines = text.lines().count();
    let told = notices.as_array().expect("a list");
    assert!(told.len() <= 2 * lines + 2, "{} notices of {lines} lines", told.len());
    let jobs: Json = serde_json::from_str(&batch.jobs().expect("a list")).expect("JSON");
    for job in jobs.as_array().expect("a list") {
        assert!(is_money(&job["usd"]), "{job}");
        let name = job["name"].as_str().unwrap_or("batches/none");
        assert!(name.strip_prefix("batches/").is_some_and(is_inside), "{name}");
    }
    let mut keys = BTreeSet::new();
    for number in 0..12 {
        let key = (number % 3 == 0).then(|| format!("key-{}", number / 3));
        let taken = batch.take(key.as_deref(), &format!("{:016x}", number % 5)).expect("a word");
        let taken: Json = serde_json::from_str(&taken).expect("JSON");
        let key = taken["key"].as_str().expect("a key").to_owned();
        assert!(keys.insert(key.clone()), "{key} is given twice");
        assert!(is_money(&taken["lost"]) && is_money(&taken["made"]["usd"]), "{taken}");
        for file in taken["made"]["files"].as_array().into_iter().flatten() {
            for name in ["name", "temp"] {
                let name = file[name].as_str().expect("a name");
                assert!(is_inside(name), "{name:?}");
            }
        }
        let lost = batch.lost(&key);
        assert!(lost.is_finite() && lost >= 0.0, "{lost} lost");
    }
    let progress: Json = serde_json::from_str(&batch.progress(NOW).expect("a word")).expect("JSON");
    for name in ["cost", "possibleCost", "perMinute"] {
        assert!(is_money(&progress[name]), "{progress}");
    }
    assert_eq!(progress["taken"], 12);
}

#[test]
fn journals() {
    cases::cases("journals-native", case);
}
