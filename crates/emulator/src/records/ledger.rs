//! The ledger, which sums up all requests and keeps the records of the last ones.

use std::collections::BTreeMap;

use crate::model::limits::{Cost, Discipline, Limits};
use crate::model::protocol;
use crate::records::peaks::Peaks;
use crate::records::record::{Outcome, Record};
use crate::records::snapshot::Usage;
use crate::records::totals::Totals;

/// The use of one project's model.
#[derive(Clone, Debug, Default)]
struct ModelUse {
    counted: Peaks,
    attempted: Peaks,
    over_limit: u64,
}

/// The ledger: records, sums, and the use of each model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    records: BTreeMap<u64, Record>,
    totals: Totals,
    billed_nano: u64,
    uses: BTreeMap<(String, String), ModelUse>,
    spend_peaks: BTreeMap<String, u64>,
    max_records: usize,
}

/// The facts that the end of a request adds to its record.
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
        if protocol::is_generate(&record.call) {
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

    fn use_of(&mut self, project: &str, model: &str) -> &mut ModelUse {
        self.uses.entry((project.to_owned(), model.to_owned())).or_default()
    }

    pub(crate) fn attempted(&mut self, project: &str, model: &str, now: u64, cost: Cost) {
        self.use_of(project, model).attempted.add(now, cost);
    }

    pub(crate) fn counted(&mut self, project: &str, model: &str, now: u64, cost: Cost) {
        self.use_of(project, model).counted.add(now, cost);
    }

    pub(crate) fn over_limit(&mut self, project: &str, model: &str) {
        let model_use = self.use_of(project, model);
        model_use.over_limit = model_use.over_limit.saturating_add(1);
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
        let show = |((project, model), of_model): (&(String, String), &ModelUse)| {
            let (limits, discipline) = rules(project, model);
            Usage {
                project: project.clone(),
                model: model.clone(),
                limits,
                discipline,
                counted: of_model.counted.show(),
                attempted: of_model.attempted.show(),
                over_limit: of_model.over_limit,
            }
        };
        self.uses.iter().map(show).collect()
    }

    pub(crate) fn spend_peaks(&self) -> BTreeMap<String, f64> {
        self.spend_peaks.iter().map(|(account, nano)| (account.clone(), usd(*nano))).collect()
    }
}
