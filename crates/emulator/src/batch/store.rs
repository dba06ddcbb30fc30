//! The store of files and jobs.

use std::collections::{BTreeMap, VecDeque};

use crate::batch::files::Files;
use crate::batch::job::Job;
use crate::records::job::JobRecord;
use crate::settings::batch::{BatchConfig, Course};

/// Files and jobs of all projects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) files: Files,
    /// By the sequence numbers of the requests that made them.
    pub(crate) jobs: BTreeMap<u64, Job>,
    /// The courses of the next jobs.
    pub(crate) courses: VecDeque<Course>,
}

impl Store {
    /// An empty store, with the courses that are configured.
    pub(crate) fn new(config: &BatchConfig) -> Self {
        Self { courses: config.jobs.iter().cloned().collect(), ..Self::default() }
    }

    /// The number of a job that a project can see.
    fn number_of(&self, project: &str, id: &str, now: u64) -> Option<u64> {
        let mine = |job: &Job| job.id == id && job.project == project && job.is_there(now);
        self.jobs.iter().find(|(_, job)| mine(job)).map(|(number, _)| *number)
    }

    /// A job that a project can see.
    pub(crate) fn job_mut(&mut self, project: &str, id: &str, now: u64) -> Option<&mut Job> {
        let number = self.number_of(project, id, now)?;
        self.jobs.get_mut(&number)
    }

    /// Whether the project may have another job, with so many input tokens.
    pub(crate) fn has_room(
        &self,
        config: &BatchConfig,
        (project, model): (&str, &str),
        tokens: u64,
        now: u64,
    ) -> bool {
        let open: Vec<&Job> = self
            .jobs
            .values()
            .filter(|job| job.project == project && !job.progress(now).state.ended())
            .collect();
        let same = open.iter().filter(|job| job.model == model);
        let enqueued = same.fold(tokens, |sum, job| sum.saturating_add(job.tokens));
        let limit = config.tokens_of(model);
        open.len() < config.max_jobs && limit.is_none_or(|limit| enqueued <= limit)
    }

    /// The jobs of a project whose results are files: number, job and when it ended, newest first.
    pub(crate) fn results<'s>(
        &'s self,
        project: &'s str,
        now: u64,
    ) -> impl Iterator<Item = (u64, &'s Job, u64)> {
        self.jobs.iter().rev().filter_map(move |(number, job)| {
            let ended = job.results_at(now)?;
            (job.project == project && !job.rows.inline).then_some((*number, job, ended))
        })
    }

    /// The records of all jobs, in their order.
    pub(crate) fn job_records(&self, now: u64) -> Vec<JobRecord> {
        self.jobs.values().map(|job| job.record(now)).collect()
    }
}
