//! A batch: the state of each item, the next request, and the consequences of a failure for the
//! rest.
//!
//! Its state is what the records of its journal make of it: a run applies each record when it
//! writes it, and the next run applies the same ones when it reads them.

use std::collections::{BTreeMap, BTreeSet};

use crate::item::{Item, Made, Packed, State, Taken, pack, unpack};
use crate::journal::{Failure, File, Record, VERSION};
use crate::open_job::OpenJob;
use crate::progress::{Notice, Progress};
use crate::rate::Rate;
use crate::verdict::{Verdict, verdict_of};

/// So many failures in a row that are not the items' own end a run: what is wrong is not about to
/// pass, and each further item would only wait and fail. Enough for a burst of bad luck: at one
/// failure in five the chance is 10⁻¹¹.
const ROW_MAX: u32 = 16;

/// So many notices wait at most: a journal of somebody else's may be wrong in each of a million
/// lines.
const NOTICES_MAX: usize = 1_000;

/// The settings of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// The most that it may cost, in USD; `None` for any amount.
    pub budget: Option<f64>,
    /// Whether items that failed for good are tried again.
    pub retry_failed: bool,
    /// Whether one item may cost so much at most: what is too dear then says nothing of others.
    pub max_cost: bool,
}

/// A batch.
#[derive(Debug, Default)]
pub struct Batch {
    settings: Settings,
    items: BTreeMap<Box<str>, Item>,
    /// Items with open requests.
    open: BTreeSet<Box<str>>,
    jobs: Vec<OpenJob>,
    models: Vec<String>,
    notices: Vec<Notice>,
    progress: Progress,
    rate: Rate,
    failures_in_a_row: u32,
}

impl Batch {
    /// A batch of which nothing is known yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Applies a record of an earlier run.
    ///
    /// # Errors
    /// A sentence, for a journal that a newer version has written.
    pub fn restore(&mut self, record: &Record) -> Result<(), String> {
        if let Record::Run { version, .. } = record {
            if *version > VERSION {
                return Err(format!(
                    "the journal has version {version}, and this unexhausted reads up to {VERSION}; \
                     update it, or take another journal"
                ));
            }
            if *version < VERSION {
                let message =
                    format!("The journal has version {version}; it goes on as {VERSION}.");
                self.notice("older_version", message, None);
            }
        }
        self.apply(record);
        Ok(())
    }

    /// A line that could not be read; the last one of a killed run may be torn.
    pub fn restore_unreadable(&mut self, line: u64, is_last: bool) {
        let (kind, message) = if is_last {
            ("torn_line", format!("Line {line}, the last of the journal, was cut; it is left out."))
        } else {
            (
                "unreadable_line",
                format!("Line {line} of the journal cannot be read; it is left out."),
            )
        };
        self.notice(kind, message, None);
    }

    /// Begins a run: what earlier ones left open was perhaps paid. Gives the first record.
    pub fn begin(&mut self, now: u64) -> Record {
        let record = Record::Run { version: VERSION, at: now };
        self.apply(&record);
        record
    }

    /// Jobs that earlier runs have left.
    #[must_use]
    pub fn jobs(&self) -> &[OpenJob] {
        &self.jobs
    }

    /// An item comes from the source; without a key of its own its fingerprint is its key.
    pub fn take(&mut self, key: Option<&str>, print: &str) -> Taken {
        self.progress.taken = self.progress.taken.saturating_add(1);
        let wanted = key.unwrap_or(print);
        let mut copy = self.items.get(wanted).map_or(0, |item| item.copies);
        let name = loop {
            copy = copy.saturating_add(1);
            let name = if copy == 1 { wanted.to_owned() } else { format!("{wanted}#{copy}") };
            // A caller's own key may look like the number of a copy.
            if !self.items.get(name.as_str()).is_some_and(|item| item.is_taken) {
                break name;
            }
        };
        self.items.entry(wanted.into()).or_default().copies = copy;
        if copy > 1 && key.is_some() {
            let message = format!("The key comes again; this one is called `{name}`.");
            self.notice("duplicate_key", message, Some(wanted));
        }
        let own_print = key.map(|_| Box::from(print));
        let item = self.items.entry(name.as_str().into()).or_default();
        let has_changed = item.print.is_some() && item.print != own_print;
        item.print = own_print;
        item.is_taken = true;
        let (lost, twice) = (item.lost, item.twice);
        if has_changed && !matches!(item.state, State::Fresh) {
            item.state = State::Fresh;
            let message = "The request under this key is another than before; it is made anew.";
            self.notice("changed_prompt", message.to_owned(), Some(&name));
            return Taken::Make { key: name, twice: false };
        }
        match &item.state {
            State::Made(made) => {
                let model = self.models.get(made.model).cloned().unwrap_or_default();
                let made = Made { model, usd: made.usd, files: unpack(&made.files) };
                self.progress.done = self.progress.done.saturating_add(1);
                self.progress.restored = self.progress.restored.saturating_add(1);
                Taken::Made { key: name, made, lost, twice }
            }
            State::Failed(failure) if !failure.again && !self.settings.retry_failed => {
                let failure = Failure::clone(failure);
                self.progress.failed = self.progress.failed.saturating_add(1);
                Taken::Failed { key: name, failure, lost, twice }
            }
            State::InJob(display_name) => {
                Taken::InJob { display_name: display_name.to_string(), key: name }
            }
            State::Fresh | State::Failed(_) => {
                if twice {
                    let message = "A run was killed while it was asked for; the service may have \
                                   billed that, and bills this.";
                    self.notice("possibly_paid_twice", message.to_owned(), Some(&name));
                }
                Taken::Make { key: name, twice }
            }
        }
    }

    /// The picture that an earlier run made is not where it was left: it is to be made again.
    pub fn missing(&mut self, key: &str, file: &str) {
        let Some(item) = self.items.get_mut(key) else { return };
        item.state = State::Fresh;
        self.progress.done = self.progress.done.saturating_sub(1);
        self.progress.restored = self.progress.restored.saturating_sub(1);
        let message =
            format!("Its picture `{file}` is missing or has another size; it is made anew.");
        self.notice("missing_picture", message, Some(key));
    }

    /// A request is about to be sent: the record that must be on disk before, unless the budget
    /// says no.
    pub fn sends(&mut self, key: &str, model: &str, usd: f64, now: u64) -> Option<Record> {
        if !self.affords(usd) {
            return None;
        }
        let print = self.items.get(key).and_then(|item| item.print.as_deref()).map(str::to_owned);
        let (key, model) = (key.to_owned(), model.to_owned());
        Some(self.write(Record::Try { key, print, at: now, model, usd }))
    }

    /// Whether so much more, in USD, fits the budget; what is open counts.
    #[must_use]
    pub fn affords(&self, usd: f64) -> bool {
        let Some(budget) = self.settings.budget else { return true };
        let of_item = |key| self.items.get(key).map_or(0.0, |item: &Item| sum(&item.open));
        let open = self.open.iter().map(of_item).fold(0.0, |all, one| all + one);
        let in_jobs = |job: &OpenJob| job.usd * job.keys.len() as f64;
        let jobs = self.jobs.iter().map(in_jobs).fold(0.0, |all, one| all + one);
        // A rounding error must not keep the last picture out.
        self.progress.cost + self.progress.possible_cost + open + jobs + usd <= budget + 1e-9
    }

    /// The possible cost in USD of lost answers to an item, over all runs.
    #[must_use]
    pub fn lost(&self, key: &str) -> f64 {
        self.items.get(key).map_or(0.0, |item| item.lost)
    }

    /// A request has failed, and the item waits to be asked for again.
    pub fn waits(&mut self, key: &str, possibly_billed: bool) -> Option<Record> {
        let is_open = self.open.contains(key);
        (is_open && !possibly_billed).then(|| self.write(Record::Back { key: key.to_owned() }))
    }

    /// The pictures of an item are on disk. Of its requests that are still open one was answered;
    /// of the others it is not known whether they were billed.
    pub fn made(&mut self, key: &str, made: Made, now: u64) -> Record {
        let open = self.items.get(key).map_or(&[][..], |item| &item.open);
        let lost = sum(open.split_last().map_or(open, |(_, lost)| lost));
        self.failures_in_a_row = 0;
        let Made { model, usd, files } = made;
        self.progress.done = self.progress.done.saturating_add(1);
        self.rate.count(now);
        self.write(Record::Made { key: key.to_owned(), at: now, model, usd, lost, files })
    }

    /// Another name for the pictures, since the first was taken.
    pub fn named(&mut self, key: &str, files: Vec<File>) -> Record {
        self.write(Record::Named { key: key.to_owned(), files })
    }

    /// An item has failed; gives the record, and what this means for the batch.
    pub fn failed(
        &mut self,
        key: &str,
        kind: &str,
        (message, advice): (String, String),
        has_own_model: bool,
        now: u64,
    ) -> (Record, Verdict) {
        let verdict = self.judge(kind, has_own_model);
        let lost = self.items.get(key).map_or(0.0, |item| sum(&item.open));
        let again = verdict != Verdict::ForGood;
        self.progress.failed = self.progress.failed.saturating_add(1);
        self.progress.again = self.progress.again.saturating_add(u64::from(again));
        let print = self.items.get(key).and_then(|item| item.print.as_deref()).map(str::to_owned);
        let failure = Failure { kind: kind.to_owned(), message, advice, again };
        let record = Record::Failed { key: key.to_owned(), print, at: now, failure, lost };
        (self.write(record), verdict)
    }

    fn judge(&mut self, kind: &str, has_own_model: bool) -> Verdict {
        let mut verdict = verdict_of(kind, has_own_model, self.settings.max_cost);
        if verdict == Verdict::Again {
            self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
            if self.failures_in_a_row >= ROW_MAX {
                verdict = Verdict::Stop;
            }
        }
        verdict
    }

    /// A job is about to be created.
    pub fn job_creating(&mut self, job: OpenJob, now: u64) -> Record {
        let OpenJob { display_name, model, keys, usd, .. } = job;
        let print = |key: &String| {
            let print = self.items.get(key.as_str())?.print.as_deref()?;
            Some((key.clone(), print.to_owned()))
        };
        let prints = keys.iter().filter_map(print).collect();
        self.write(Record::JobCreating { display_name, at: now, model, keys, prints, usd })
    }

    /// A job was created.
    pub fn job_created(&mut self, display_name: &str, name: &str) -> Record {
        let (display_name, name) = (display_name.to_owned(), name.to_owned());
        self.write(Record::JobCreated { display_name, name })
    }

    /// A job has ended, or was never created; its items that nothing came of are fresh again.
    pub fn job_ended(&mut self, display_name: &str) -> Record {
        self.write(Record::JobEnded { display_name: display_name.to_owned() })
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self, now: u64) -> Progress {
        Progress { per_minute: self.rate.per_minute(now), ..self.progress }
    }

    /// The run ends: what is still open was given up, and may be billed.
    pub fn end_run(&mut self) {
        self.settle_open();
    }

    /// The notices since the last time.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn write(&mut self, record: Record) -> Record {
        self.apply(&record);
        record
    }

    fn apply(&mut self, record: &Record) {
        match record {
            Record::Run { .. } => self.settle_open(),
            Record::Try { key, print, usd, .. } => {
                let item = self.item(key, print.as_deref());
                item.open.push(*usd);
                self.open.insert(key.as_str().into());
            }
            Record::Back { key } => {
                let item = self.item(key, None);
                item.open.pop();
                if item.open.is_empty() {
                    self.open.remove(key.as_str());
                }
            }
            Record::Made { key, model, usd, lost, files, .. } => {
                let made = Packed { model: self.model(model), usd: *usd, files: pack(files) };
                self.end(key, State::Made(Box::new(made)), *lost);
                self.progress.cost += usd.unwrap_or(0.0);
            }
            Record::Named { key, files } => {
                if let State::Made(made) = &mut self.item(key, None).state {
                    made.files = pack(files);
                }
            }
            Record::Failed { key, print, failure, lost, .. } => {
                self.item(key, print.as_deref());
                self.end(key, State::Failed(Box::new(failure.clone())), *lost);
            }
            Record::JobCreating { display_name, model, keys, prints, usd, .. } => {
                for key in keys {
                    self.item(key, prints.get(key).map(String::as_str)).state =
                        State::InJob(display_name.as_str().into());
                }
                let (display_name, model) = (display_name.clone(), model.clone());
                let (keys, usd) = (keys.clone(), *usd);
                self.jobs.push(OpenJob { display_name, name: None, model, keys, usd });
            }
            Record::JobCreated { display_name, name } => {
                let job = self.jobs.iter_mut().find(|job| job.display_name == *display_name);
                if let Some(job) = job {
                    job.name = Some(name.clone());
                }
            }
            Record::JobEnded { display_name } => {
                let is_it = |job: &OpenJob| job.display_name == *display_name;
                let keys = self.jobs.iter().filter(|job| is_it(job)).flat_map(|job| &job.keys);
                for key in keys {
                    let Some(item) = self.items.get_mut(key.as_str()) else { continue };
                    if matches!(&item.state, State::InJob(name) if **name == **display_name) {
                        item.state = State::Fresh;
                    }
                }
                self.jobs.retain(|job| !is_it(job));
            }
        }
    }

    fn model(&mut self, name: &str) -> usize {
        let known = self.models.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.models.push(name.to_owned());
            self.models.len().saturating_sub(1)
        })
    }

    fn item(&mut self, key: &str, print: Option<&str>) -> &mut Item {
        let item = self.items.entry(key.into()).or_default();
        if let Some(print) = print {
            item.print = Some(print.into());
        }
        item
    }

    /// How an item ended, and what its lost answers may have cost.
    fn end(&mut self, key: &str, state: State, lost: f64) {
        let item = self.item(key, None);
        item.state = state;
        item.open = Vec::new();
        item.lost += lost;
        self.open.remove(key);
        self.progress.possible_cost += lost;
    }

    /// Counts the requests that were open when a run was killed: the service may have billed them.
    fn settle_open(&mut self) {
        for key in std::mem::take(&mut self.open) {
            let Some(item) = self.items.get_mut(&key) else { continue };
            let lost = sum(&item.open);
            item.open = Vec::new();
            item.lost += lost;
            item.twice = true;
            self.progress.possible_cost += lost;
        }
    }

    fn notice(&mut self, kind: &'static str, message: String, key: Option<&str>) {
        if self.notices.len() < NOTICES_MAX {
            self.notices.push(Notice { kind, message, key: key.map(str::to_owned) });
        }
    }
}

fn sum(usd: &[f64]) -> f64 {
    usd.iter().fold(0.0, |sum, one| sum + one)
}
