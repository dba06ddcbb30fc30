//! What really happened, for tests to compare with what a client believes.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::clock::{MINUTE, next_pacific_midnight};
use crate::jobs::JobRecord;
use crate::quota::{Cost, Discipline, Limits};

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// On its way or being worked on.
    #[default]
    Pending,
    /// Answered with 200, whatever was in it.
    Served,
    /// 429 or 402.
    Rejected,
    /// Any other 4xx but 499: the request's own fault.
    Refused,
    /// 5xx, 499, a reset connection or a cut body.
    Failed,
    /// Never answered; the caller went away.
    Hung,
    /// The caller went away before it arrived.
    Lost,
}

/// One request. Keys and prompts are never kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Counts up from 1 over the life of the service.
    pub sequence: u64,
    /// The caller's id.
    pub id: u64,
    /// `generateContent`, `countTokens`, `models`, `createBatch`, `upload`, … or `unknown`.
    pub call: String,
    /// Without `models/`.
    pub model: String,
    /// Which the key belongs to.
    pub project: String,
    /// When it was sent, in milliseconds of the service's time (not of its clock, which is off).
    pub sent: u64,
    /// When it arrived.
    pub arrived: Option<u64>,
    /// When it was answered or given up.
    pub finished: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status sent.
    pub status: Option<u16>,
    /// The fault's name, or `limit:rpm`, `limit:rpd`, `limit:spend`, `limit:prepaid` …
    pub fault: Option<String>,
    /// Whether it took of the limits.
    pub counted: bool,
    /// Whether the caller went away before the end.
    pub disconnected: bool,
    /// Input tokens by the service's count.
    pub prompt_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Pictures made.
    pub images: u64,
    /// USD.
    pub billed: f64,
}

/// Sums over all requests for a picture; other calls are in `other` alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Sent: the sum of the outcomes below and of `pending`.
    pub requests: u64,
    /// Not ended yet.
    pub pending: u64,
    /// Answered with 200.
    pub served: u64,
    /// 429 and 402.
    pub rejected: u64,
    /// Other 4xx.
    pub refused: u64,
    /// 5xx, 499, reset, cut.
    pub failed: u64,
    /// Never answered.
    pub hung: u64,
    /// Gone before arrival.
    pub lost: u64,
    /// Calls that are not for a picture: countTokens, models, files, jobs, preflights, wrong paths.
    pub other: u64,
    /// Pictures made.
    pub images: u64,
    /// USD.
    pub billed: f64,
    /// Being worked on now.
    pub in_flight: u64,
    /// The most at once.
    pub max_in_flight: u64,
}

/// Requests, input tokens and pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Requests.
    pub requests: u64,
    /// Input tokens.
    pub tokens: u64,
    /// Pictures.
    pub images: u64,
}

impl Amounts {
    fn add(&mut self, cost: Cost) {
        self.requests = self.requests.saturating_add(1);
        self.tokens = self.tokens.saturating_add(cost.tokens);
        self.images = self.images.saturating_add(cost.images);
    }

    fn subtract(&mut self, cost: Cost) {
        self.requests = self.requests.saturating_sub(1);
        self.tokens = self.tokens.saturating_sub(cost.tokens);
        self.images = self.images.saturating_sub(cost.images);
    }

    fn raise(&mut self, other: Self) {
        self.requests = self.requests.max(other.requests);
        self.tokens = self.tokens.max(other.tokens);
        self.images = self.images.max(other.images);
    }
}

/// The largest use in any window, by the service's clock, whichever way the service counts.
#[derive(Clone, Debug, Default)]
struct Peaks {
    minute: u64,
    in_minute: Amounts,
    fixed: Amounts,
    log: VecDeque<(u64, Cost)>,
    in_log: Amounts,
    sliding: Amounts,
    day_ends: u64,
    in_day: u64,
    day: u64,
}

impl Peaks {
    fn add(&mut self, now: u64, cost: Cost) {
        if now / MINUTE != self.minute {
            self.minute = now / MINUTE;
            self.in_minute = Amounts::default();
        }
        self.in_minute.add(cost);
        self.fixed.raise(self.in_minute);
        while let Some((at, gone)) = self.log.front().copied() {
            if at.saturating_add(MINUTE) > now {
                break;
            }
            self.in_log.subtract(gone);
            self.log.pop_front();
        }
        self.log.push_back((now, cost));
        self.in_log.add(cost);
        self.sliding.raise(self.in_log);
        if now >= self.day_ends {
            self.day_ends = next_pacific_midnight(now);
            self.in_day = 0;
        }
        self.in_day = self.in_day.saturating_add(1);
        self.day = self.day.max(self.in_day);
    }

    fn show(&self) -> WindowPeaks {
        WindowPeaks { fixed_minute: self.fixed, sliding_minute: self.sliding, day: self.day }
    }
}

/// The largest use in any window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowPeaks {
    /// In any minute of the service's clock.
    pub fixed_minute: Amounts,
    /// In any 60 seconds.
    pub sliding_minute: Amounts,
    /// Requests in any day, midnight to midnight Pacific.
    pub day: u64,
}

/// One project's use of one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The project.
    pub project: String,
    /// The model.
    pub model: String,
    /// The limits in force.
    pub limits: Limits,
    /// How its minutes are counted.
    pub discipline: Discipline,
    /// Of the requests that took of the limits.
    pub counted: WindowPeaks,
    /// Of all that reached the limits, rejected ones included.
    pub attempted: WindowPeaks,
    /// Requests that a limit rejected.
    pub over_limit: u64,
}

/// A copy of the books.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Sums.
    pub totals: Totals,
    /// By project and model.
    pub usage: Vec<Usage>,
    /// The most that an account spent in any 600 s, in USD.
    pub spend_peaks: BTreeMap<String, f64>,
    /// Faults of the script that are not used up.
    pub script_left: usize,
    /// How far the service's clock is ahead, in milliseconds.
    pub clock_offset: i64,
    /// The service's time.
    pub now: u64,
    /// The last requests, oldest first.
    pub requests: Vec<Record>,
    /// The jobs of the Batch API, oldest first; what they cost is not in `totals`.
    pub jobs: Vec<JobRecord>,
    /// The uploads that are kept.
    pub files: FileSums,
}

/// Uploads that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSums {
    /// Files.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

#[derive(Clone, Debug, Default)]
struct ModelUse {
    counted: Peaks,
    attempted: Peaks,
    over_limit: u64,
}

/// The books of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    records: BTreeMap<u64, Record>,
    totals: Totals,
    billed_nano: u64,
    books: BTreeMap<(String, String), ModelUse>,
    spend_peaks: BTreeMap<String, u64>,
    max_records: usize,
}

/// What a finished request adds to its record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Completion {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    pub(crate) prompt_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) images: u64,
    pub(crate) billed_nano: u64,
}

fn usd(nano: u64) -> f64 {
    nano as f64 / 1e9
}

impl Ledger {
    pub(crate) fn new(max_records: usize) -> Self {
        Self { max_records, ..Self::default() }
    }

    pub(crate) fn set_max_records(&mut self, max_records: usize) {
        self.max_records = max_records;
    }

    pub(crate) fn open(&mut self, record: Record) {
        if crate::dress::is_generate(&record.call) {
            self.totals.requests = self.totals.requests.saturating_add(1);
            self.totals.pending = self.totals.pending.saturating_add(1);
        } else {
            self.totals.other = self.totals.other.saturating_add(1);
        }
        self.records.insert(record.sequence, record);
        while self.records.len() > self.max_records {
            self.records.pop_first();
        }
    }

    pub(crate) fn edit(&mut self, sequence: u64, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.records.get_mut(&sequence) {
            change(record);
        }
    }

    pub(crate) fn arrived(&mut self, sequence: u64, at: u64, generate: bool) {
        self.edit(sequence, |record| record.arrived = Some(at));
        if !generate {
            return;
        }
        self.totals.in_flight = self.totals.in_flight.saturating_add(1);
        self.totals.max_in_flight = self.totals.max_in_flight.max(self.totals.in_flight);
    }

    /// Ends a request. `arrived` and `generate` are asked for since the record may be gone.
    pub(crate) fn close(
        &mut self,
        sequence: u64,
        at: u64,
        arrived: bool,
        generate: bool,
        completion: &Completion,
    ) {
        self.edit(sequence, |record| {
            record.finished = Some(at);
            record.outcome = completion.outcome;
            record.status = completion.status;
            record.prompt_tokens = completion.prompt_tokens;
            record.output_tokens = completion.output_tokens;
            record.images = completion.images;
            record.billed = usd(completion.billed_nano);
        });
        if !generate {
            return;
        }
        let totals = &mut self.totals;
        if arrived {
            totals.in_flight = totals.in_flight.saturating_sub(1);
        }
        totals.pending = totals.pending.saturating_sub(1);
        totals.images = totals.images.saturating_add(completion.images);
        self.billed_nano = self.billed_nano.saturating_add(completion.billed_nano);
        totals.billed = usd(self.billed_nano);
        let count = match completion.outcome {
            Outcome::Served => &mut totals.served,
            Outcome::Rejected => &mut totals.rejected,
            Outcome::Refused => &mut totals.refused,
            Outcome::Failed => &mut totals.failed,
            Outcome::Hung => &mut totals.hung,
            Outcome::Lost => &mut totals.lost,
            Outcome::Pending => return,
        };
        *count = count.saturating_add(1);
    }

    fn books(&mut self, project: &str, model: &str) -> &mut ModelUse {
        self.books.entry((project.to_owned(), model.to_owned())).or_default()
    }

    pub(crate) fn attempted(&mut self, project: &str, model: &str, now: u64, cost: Cost) {
        self.books(project, model).attempted.add(now, cost);
    }

    pub(crate) fn counted(&mut self, project: &str, model: &str, now: u64, cost: Cost) {
        self.books(project, model).counted.add(now, cost);
    }

    pub(crate) fn over_limit(&mut self, project: &str, model: &str) {
        let books = self.books(project, model);
        books.over_limit = books.over_limit.saturating_add(1);
    }

    pub(crate) fn spent(&mut self, account: &str, nano: u64) {
        let peak = self.spend_peaks.entry(account.to_owned()).or_default();
        *peak = nano.max(*peak);
    }

    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    pub(crate) fn usage(&self, rules: impl Fn(&str, &str) -> (Limits, Discipline)) -> Vec<Usage> {
        let show = |((project, model), books): (&(String, String), &ModelUse)| {
            let (limits, discipline) = rules(project, model);
            Usage {
                project: project.clone(),
                model: model.clone(),
                limits,
                discipline,
                counted: books.counted.show(),
                attempted: books.attempted.show(),
                over_limit: books.over_limit,
            }
        };
        self.books.iter().map(show).collect()
    }

    pub(crate) fn spend_peaks(&self) -> BTreeMap<String, f64> {
        self.spend_peaks.iter().map(|(account, nano)| (account.clone(), usd(*nano))).collect()
    }
}
