//! A batch whose records are lines of text.

use crate::batch;
use crate::item::{Made, Taken};
use crate::journal::{File, Record};
use crate::open_job::OpenJob;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// The settings of a batch, as JavaScript writes them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    budget: Option<f64>,
    #[serde(default)]
    retry_failed: bool,
    #[serde(default)]
    max_cost: bool,
}

/// The pictures that were made of an item.
#[derive(Debug, Deserialize)]
struct Pictures {
    model: String,
    usd: Option<f64>,
    files: Vec<File>,
}

/// How an item failed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trouble {
    kind: String,
    message: String,
    advice: String,
    has_own_model: bool,
}

#[derive(Debug, Serialize)]
struct Judged {
    line: String,
    verdict: &'static str,
}

/// A batch and the lines of its journal.
#[derive(Debug, Default)]
pub struct Batch {
    batch: batch::Batch,
    /// Lines of the journal that were read.
    lines: u64,
}

impl Batch {
    /// A batch of which nothing is known yet.
    ///
    /// # Errors
    /// A sentence that names what is wrong with the settings.
    pub fn new(settings: &str) -> Result<Self, String> {
        let Settings { budget, retry_failed, max_cost } = parse(settings)?;
        let settings = batch::Settings { budget, retry_failed, max_cost };
        Ok(Self { batch: batch::Batch::new(settings), lines: 0 })
    }

    /// Applies whole lines of an earlier run.
    ///
    /// # Errors
    /// A sentence, for a journal that cannot be gone on with.
    pub fn restore(&mut self, lines: &str) -> Result<(), String> {
        for line in lines.lines() {
            self.lines = self.lines.saturating_add(1);
            if line.is_empty() && self.lines > 1 {
                continue;
            }
            match read(line) {
                Some(record) => {
                    if self.lines == 1 && !matches!(record, Record::Run { .. }) {
                        return Err(NO_JOURNAL.to_owned());
                    }
                    self.batch.restore(&record)?;
                }
                // Never go on with, and write to, what is somebody's file and no journal.
                None if self.lines == 1 => return Err(NO_JOURNAL.to_owned()),
                None => self.batch.restore_unreadable(self.lines, false),
            }
        }
        Ok(())
    }

    /// Applies what stands behind the last line break: false where it was cut and is to be removed.
    ///
    /// # Errors
    /// A sentence, for a journal that cannot be gone on with.
    pub fn restore_tail(&mut self, tail: &str) -> Result<bool, String> {
        if read(tail).is_some() {
            self.restore(tail)?;
            return Ok(true);
        }
        // The very first line may be cut too, but then it looks like the beginning of one.
        if self.lines == 0 && !FIRST_LINE.starts_with(tail) && !tail.starts_with(FIRST_LINE) {
            return Err(NO_JOURNAL.to_owned());
        }
        self.batch.restore_unreadable(self.lines.saturating_add(1), true);
        Ok(false)
    }

    /// Begins a run; gives its line.
    ///
    /// # Errors
    /// None that is known.
    pub fn begin(&mut self, now: u64) -> Result<String, String> {
        write(&self.batch.begin(now))
    }

    /// Takes in an item of the source and says what is to be done with it.
    ///
    /// # Errors
    /// None that is known.
    pub fn take(&mut self, key: Option<&str>, print: &str) -> Result<String, String> {
        let taken: Taken = self.batch.take(key, print);
        write(&taken)
    }

    /// The picture of an item that was made is not there.
    pub fn missing(&mut self, key: &str, file: &str) {
        self.batch.missing(key, file);
    }

    /// A request is about to be sent; no line where the budget says no.
    ///
    /// # Errors
    /// None that is known.
    pub fn sends(
        &mut self,
        key: &str,
        model: &str,
        usd: f64,
        now: u64,
    ) -> Result<Option<String>, String> {
        self.batch.sends(key, model, usd, now).map(|record| write(&record)).transpose()
    }

    /// Whether so much more, in USD, fits the budget.
    #[must_use]
    pub fn affords(&self, usd: f64) -> bool {
        self.batch.affords(usd)
    }

    /// The possible cost in USD of lost answers to an item, over all runs.
    #[must_use]
    pub fn lost(&self, key: &str) -> f64 {
        self.batch.lost(key)
    }

    /// A request has failed, and the item waits.
    ///
    /// # Errors
    /// None that is known.
    pub fn waits(&mut self, key: &str, possibly_billed: bool) -> Result<Option<String>, String> {
        self.batch.waits(key, possibly_billed).map(|record| write(&record)).transpose()
    }

    /// Pictures are on disk.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `pictures`.
    pub fn made(&mut self, key: &str, pictures: &str, now: u64) -> Result<String, String> {
        let Pictures { model, usd, files } = parse(pictures)?;
        write(&self.batch.made(key, Made { model, usd, files }, now))
    }

    /// Pictures got other names.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `files`.
    pub fn named(&mut self, key: &str, files: &str) -> Result<String, String> {
        let files = parse(files)?;
        write(&self.batch.named(key, files))
    }

    /// An item failed: its line, and what that means.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `trouble`.
    pub fn failed(&mut self, key: &str, trouble: &str, now: u64) -> Result<String, String> {
        let Trouble { kind, message, advice, has_own_model } = parse(trouble)?;
        let (record, verdict) =
            self.batch.failed(key, &kind, (message, advice), has_own_model, now);
        let verdict = match verdict {
            Verdict::ForGood => "forGood",
            Verdict::Again => "again",
            Verdict::Stop => "stop",
        };
        write(&Judged { line: write(&record)?, verdict })
    }

    /// How far it is.
    ///
    /// # Errors
    /// None that is known.
    pub fn progress(&self, now: u64) -> Result<String, String> {
        write(&self.batch.progress(now))
    }

    /// The notices since the last time.
    ///
    /// # Errors
    /// None that is known.
    pub fn notices(&mut self) -> Result<String, String> {
        write(&self.batch.notices())
    }

    /// The run ends.
    pub fn end_run(&mut self) {
        self.batch.end_run();
    }

    /// Jobs that have not ended.
    ///
    /// # Errors
    /// None that is known.
    pub fn jobs(&self) -> Result<String, String> {
        write(&self.batch.jobs())
    }

    /// A job is about to be created.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `job`.
    pub fn job_creating(&mut self, job: &str, now: u64) -> Result<String, String> {
        let job: OpenJob = parse(job)?;
        write(&self.batch.job_creating(job, now))
    }

    /// A job was created.
    ///
    /// # Errors
    /// None that is known.
    pub fn job_created(&mut self, display_name: &str, name: &str) -> Result<String, String> {
        write(&self.batch.job_created(display_name, name))
    }

    /// A job has ended.
    ///
    /// # Errors
    /// None that is known.
    pub fn job_ended(&mut self, display_name: &str) -> Result<String, String> {
        write(&self.batch.job_ended(display_name))
    }
}

/// How each journal begins.
const FIRST_LINE: &str = "{\"record\":\"run\",";
const NO_JOURNAL: &str = "the file is no journal of a batch, and nothing was written to it";

/// A line of a journal; nothing where no batch can have written it.
fn read(line: &str) -> Option<Record> {
    serde_json::from_str(line).ok().filter(Record::is_ours)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn write(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use crate::file_name;

    use super::*;

    fn is_ours(line: &str) -> bool {
        read(line).is_some()
    }

    fn made(name: &str, temp: &str) -> String {
        let file = serde_json::json!({ "name": name, "temp": temp, "size": 3 });
        serde_json::json!({
            "record": "made", "key": "a", "at": 0, "model": "m", "usd": 0.1, "files": [file],
        })
        .to_string()
    }

    #[test]
    fn names_and_money_of_others_are_not_ours() {
        let temp = file_name::temporary("a", 0);
        assert!(is_ours(&made("a.png", &temp)));
        assert!(!is_ours(&made("a.png", "../victim")));
        assert!(!is_ours(&made("../victim.png", &temp)));
        assert!(!is_ours(&made("a\0.png", &temp)));
        assert!(!is_ours(&made(&"a".repeat(1 << 20), &temp)));
        for usd in ["-1", "1e10", "1e999", "\"1\""] {
            let line = format!(r#"{{"record":"try","key":"a","at":0,"model":"m","usd":{usd}}}"#);
            assert!(!is_ours(&line), "{line}");
        }
        assert!(is_ours(r#"{"record":"jobCreated","displayName":"a","name":"batches/a"}"#));
        assert!(!is_ours(r#"{"record":"jobCreated","displayName":"a","name":"../files/a"}"#));
        let nothing = r#"{"record":"made","key":"a","at":0,"model":"m","files":[]}"#;
        assert!(!is_ours(nothing));
    }
}
