//! One job of the Batch API. Its state follows from the time alone.

use std::sync::Arc;

use crate::records::job::{JobRecord, JobState, RowOutcome, RowRecord};
use crate::settings::batch::{Course, Fate};
use crate::wire::results::Rows;

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) model: String,
    pub(crate) display_name: String,
    pub(crate) created: u64,
    pub(crate) course: Course,
    pub(crate) pending: u64,
    pub(crate) running: u64,
    pub(crate) expiry: u64,
    pub(crate) kept: u64,
    pub(crate) cancelled: Option<u64>,
    pub(crate) deleted: Option<u64>,
    pub(crate) results_deleted: bool,
    pub(crate) tokens: u64,
    pub(crate) input_file: Option<String>,
    /// How often its results were too large to be read.
    pub(crate) unread: u64,
    pub(crate) rows: Arc<Rows>,
}

/// A job at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) state: JobState,
    /// Rows that have ended.
    pub(crate) done: usize,
    pub(crate) started: Option<u64>,
    pub(crate) ended: Option<u64>,
}

impl Job {
    pub(crate) fn name(&self) -> String {
        format!("batches/{}", self.id)
    }

    /// The id of the file with its results.
    pub(crate) fn results_id(&self) -> String {
        format!("batch-{}", self.id)
    }

    pub(crate) fn progress(&self, now: u64) -> Progress {
        let start = match self.course.fate {
            Fate::StuckPending => u64::MAX,
            _ => self.created.saturating_add(self.pending),
        };
        let done = match self.course.fate {
            Fate::StuckRunning => u64::MAX,
            _ => start.saturating_add(self.running),
        };
        let expires = self.created.saturating_add(self.expiry);
        let (mut end, mut state) = match self.course.fate {
            _ if done > expires => (expires, JobState::Expired),
            Fate::Fails => (done, JobState::Failed),
            _ => (done, JobState::Succeeded),
        };
        // A job that is not to succeed gets nowhere, so that no row of it is ever billed.
        let succeeds = state == JobState::Succeeded;
        let stopped = [self.cancelled, self.deleted].into_iter().flatten().min();
        if let Some(at) = stopped.filter(|at| *at < end) {
            (end, state) = (at, JobState::Cancelled);
        }
        let until = now.min(end);
        let reached = now >= end;
        Progress {
            state: match (reached, now >= start) {
                (true, _) => state,
                (false, true) => JobState::Running,
                (false, false) => JobState::Pending,
            },
            done: if succeeds { self.done_at(start, until) } else { 0 },
            started: (until >= start).then_some(start),
            ended: reached.then_some(end),
        }
    }

    /// How many rows have ended at a moment, if all goes well.
    fn done_at(&self, start: u64, at: u64) -> usize {
        let count = self.rows.rows.len();
        if at < start {
            return 0;
        }
        let share = (count as u64).saturating_mul(at.saturating_sub(start));
        let done = share.checked_div(self.running).map_or(count, |done| done as usize);
        done.min(count)
    }

    /// Whether it can still be seen.
    pub(crate) fn is_there(&self, now: u64) -> bool {
        let ended = self.progress(now).ended;
        let gone = ended.is_some_and(|ended| now >= ended.saturating_add(self.kept));
        self.deleted.is_none() && !gone
    }

    /// The job as the ledger has it.
    pub(crate) fn record(&self, now: u64) -> JobRecord {
        let progress = self.progress(now);
        let rows: Vec<RowRecord> = self
            .rows
            .rows
            .iter()
            .enumerate()
            .map(|(index, row)| {
                let outcome = match (index < progress.done, row.failed()) {
                    (true, false) => RowOutcome::Served,
                    (true, true) => RowOutcome::Failed,
                    (false, _) if progress.state.ended() => RowOutcome::Dropped,
                    (false, _) => RowOutcome::Pending,
                };
                let nano = if index < progress.done { row.billed_nano } else { 0 };
                RowRecord {
                    key: row.key.clone(),
                    outcome,
                    images: if index < progress.done { row.images } else { 0 },
                    nano,
                    billed: nano as f64 / 1e9,
                }
            })
            .collect();
        let nano = rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.nano));
        JobRecord {
            name: self.name(),
            display_name: self.display_name.clone(),
            project: self.project.clone(),
            model: self.model.clone(),
            state: progress.state,
            deleted: self.deleted.is_some(),
            created: self.created,
            started: progress.started,
            ended: progress.ended,
            prompt_tokens: self.tokens,
            images: rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.images)),
            billed_rows: rows.iter().filter(|row| row.nano > 0).count(),
            billed: nano as f64 / 1e9,
            rows,
        }
    }

    /// When its results came, where they can be had.
    pub(crate) fn results_at(&self, now: u64) -> Option<u64> {
        let progress = self.progress(now);
        let there = progress.state == JobState::Succeeded && self.is_there(now);
        progress.ended.filter(|_| there && !self.results_deleted)
    }
}
