//! The Batch API: what each of its calls does.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::calendar::rfc3339;
use crate::batch::job::Job;
use crate::batch::list_page::page_of;
use crate::parse::call::{Call, ListPage, NewBatch, RowSource};
use crate::parse::generation::blank;
use crate::parse::models::find_model;
use crate::parse::new_batch;
use crate::parse::request::Request;
use crate::plan::action::Action;
use crate::plan::replies;
use crate::plan::work::Work;
use crate::records::job::{JobRecord, JobState};
use crate::service::{OpenRequest, Service};
use crate::settings::batch::{Course, Fate, StatePrefix};
use crate::wire::body::Body;
use crate::wire::json::pretty;
use crate::wire::reply::Reply;
use crate::wire::results::{RowRef, Rows};
use crate::wire::{error, quota_error};

/// Jobs in a page of a list: usual and most.
const JOBS_PAGE: (usize, usize) = (50, 1_000);

/// After so many milliseconds the front end gives up on results that are too large.
const FRONT_END_DEADLINE: u64 = 60_000;

/// Stands for the rows in the text of an answer.
const ROWS: &str = "\"<<<<rows>>>>\"";

const EMPTY: &str = "{}\n";

fn not_found() -> Reply {
    Reply::json(404, error::plain(404, "Requested entity was not found."))
}

impl Service {
    /// Does what a call of files or jobs asks for.
    pub(crate) fn perform(&mut self, sequence: u64, open: &OpenRequest, call: &Call) -> Work {
        self.files.expire(self.time);
        let reply = match call {
            Call::StartUpload(start) => self.start_upload(sequence, open, start),
            Call::Upload(chunk) => self.upload(sequence, chunk),
            Call::GetFile(id) => self.get_file(open, id),
            Call::ListFiles(page) => self.list_files(open, page),
            Call::DeleteFile(id) => self.delete_file(open, id),
            Call::Download(id) => return self.download(open, id),
            Call::Create(create) => self.create_batch(sequence, open, create),
            Call::GetBatch(id) => return self.get_batch(open, id),
            Call::ListBatches(page) => self.list_batches(open, page),
            Call::CancelBatch(id) => self.stop_batch(open, id, false),
            Call::DeleteBatch(id) => self.stop_batch(open, id, true),
        };
        Work::reply(self.time, reply)
    }

    fn create_batch(&mut self, sequence: u64, open: &OpenRequest, create: &NewBatch) -> Reply {
        let (project, asked) = (&open.parsed.project, &open.parsed.model);
        let Ok(model) = find_model(&self.config, asked, &create.version, "batchGenerateContent")
        else {
            return not_found();
        };
        let mut course = self.courses.front().cloned().unwrap_or_default();
        let inline = matches!(create.source, RowSource::Inline(_));
        let (asked_rows, input_file) = match &create.source {
            RowSource::Inline(rows) => (rows.clone(), None),
            RowSource::File(id) => {
                let Some(file) = self.files.find(project, id) else { return not_found() };
                let rows = new_batch::lines(&file.content).unwrap_or_else(|line| {
                    let sentence = format!("Line {line} of the input file is no request.");
                    course = Course {
                        fate: Fate::Fails,
                        message: Some(sentence),
                        ..std::mem::take(&mut course)
                    };
                    Vec::new()
                });
                (rows, Some(format!("files/{id}")))
            }
        };
        let known = self.config.models.contains_key(asked);
        let mut rows = Rows {
            seed: self.config.seed,
            sequence,
            version: if known { asked.clone() } else { model.name.to_owned() },
            side: self.config.picture_size,
            inline,
            rows: Vec::new(),
        };
        let generation = blank(&self.config, &Request::default(), model);
        for row in asked_rows {
            rows.add(&self.config.batch, generation.clone(), &create.version, row);
        }
        let tokens = rows.tokens();
        if !self.has_room(project, asked, tokens) {
            self.ledger.edit(sequence, |record| record.fault = Some("limit:batch".into()));
            return Reply::json(429, error::plain(429, quota_error::BARE_429));
        }
        self.courses.pop_front();
        let rules = &self.config.batch;
        let job = Job {
            id: self.new_id(sequence, 24),
            project: project.clone(),
            model: asked.clone(),
            display_name: create.display_name.clone(),
            created: self.time,
            pending: course.pending.unwrap_or(rules.pending),
            running: course.running.unwrap_or(rules.running),
            expiry: rules.expiry,
            kept: rules.kept,
            course,
            cancelled: None,
            deleted: None,
            results_deleted: false,
            tokens,
            input_file,
            unread: 0,
            rows: Arc::new(rows),
        };
        let text = pretty(&self.operation(&job, false));
        self.jobs.insert(sequence, job);
        Reply::json(200, text)
    }

    /// Whether the project may have another job, with so many input tokens.
    fn has_room(&self, project: &str, model: &str, tokens: u64) -> bool {
        let open: Vec<&Job> = self
            .jobs
            .values()
            .filter(|job| job.project == project && !job.view(self.time).state.ended())
            .collect();
        let same = open.iter().filter(|job| job.model == model);
        let enqueued = same.fold(tokens, |sum, job| sum.saturating_add(job.tokens));
        let limit = self.config.batch.tokens_of(model);
        open.len() < self.config.batch.max_jobs && limit.is_none_or(|limit| enqueued <= limit)
    }

    fn number_of(&self, open: &OpenRequest, id: &str) -> Option<u64> {
        let mine = |job: &Job| {
            job.id == id && job.project == open.parsed.project && job.is_there(self.time)
        };
        self.jobs.iter().find(|(_, job)| mine(job)).map(|(number, _)| *number)
    }

    fn get_batch(&mut self, open: &OpenRequest, id: &str) -> Work {
        let now = self.time;
        let limit = self.config.batch.unreadable_bytes;
        let Some(job) = self.number_of(open, id).and_then(|number| self.jobs.get_mut(&number))
        else {
            return Work::reply(now, not_found());
        };
        let inline = job.rows.inline && job.results_at(now).is_some();
        if inline && job.rows.inline_bytes() > limit {
            job.unread = job.unread.saturating_add(1);
            let reply = if job.unread == 1 {
                replies::unavailable_reply()
            } else {
                replies::deadline_reply()
            };
            return Work::reply(now.saturating_add(FRONT_END_DEADLINE), reply);
        }
        let (rows, job) = (job.rows.clone(), job.clone());
        let text = pretty(&self.operation(&job, inline));
        if !inline {
            return Work::reply(now, Reply::json(200, text));
        }
        let mut body = Body::default();
        for (part, stretch) in text.split(ROWS).enumerate() {
            for index in 0..if part > 0 { rows.rows.len() } else { 0 } {
                if index > 0 {
                    body.push_text(",\n");
                }
                body.push_row(RowRef { rows: rows.clone(), index });
            }
            body.push_text(stretch);
        }
        Work::unbilled(Some(now), Action::Send(Reply::json(200, String::new()), body))
    }

    fn list_batches(&self, open: &OpenRequest, page: &ListPage) -> Reply {
        let mine = self
            .jobs
            .iter()
            .rev()
            .filter(|(_, job)| job.project == open.parsed.project && job.is_there(self.time));
        let all = mine.map(|(number, job)| (*number, self.operation(job, false)));
        let (operations, next) = page_of(page, JOBS_PAGE, all);
        let mut answer = json!({});
        if let Some(fields) = answer.as_object_mut() {
            if !operations.is_empty() {
                fields.insert("operations".into(), operations.into());
            }
            if let Some(token) = next {
                fields.insert("nextPageToken".into(), token.into());
            }
        }
        Reply::json(200, pretty(&answer))
    }

    fn stop_batch(&mut self, open: &OpenRequest, id: &str, for_ever: bool) -> Reply {
        let now = self.time;
        let Some(job) = self.number_of(open, id).and_then(|number| self.jobs.get_mut(&number))
        else {
            return not_found();
        };
        if for_ever {
            job.deleted = Some(now);
        } else if job.cancelled.is_none() {
            job.cancelled = Some(now);
        }
        Reply::json(200, EMPTY.into())
    }

    /// A job as the service tells it; `rows` leaves a place for inline results.
    fn operation(&self, job: &Job, rows: bool) -> Value {
        let view = job.view(self.time);
        let prefix = match self.config.batch.state_prefix {
            StatePrefix::Batch => "BATCH_STATE",
            StatePrefix::Job => "JOB_STATE",
        };
        let model = format!("models/{}", job.model);
        let failed = job.rows.rows.iter().take(view.done).filter(|row| row.failed()).count();
        let total = job.rows.rows.len();
        let counts = [
            ("requestCount", total),
            ("successfulRequestCount", view.done.saturating_sub(failed)),
            ("failedRequestCount", failed),
            ("pendingRequestCount", total.saturating_sub(view.done)),
        ];
        // What is 0 is left out, as everywhere in protobuf's JSON.
        let stats: serde_json::Map<String, Value> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.to_owned(), json!(count.to_string())))
            .collect();
        let updated = view.ended.or(view.started).unwrap_or(job.created);
        let mut metadata = json!({
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "model": model,
            "displayName": job.display_name,
            "createTime": rfc3339(job.created),
            "updateTime": rfc3339(updated),
            "batchStats": stats,
            "state": format!("{prefix}_{}", view.state.name()),
            "name": job.name(),
        });
        let mut operation = json!({ "name": job.name() });
        let output = match (job.results_at(self.time).is_some(), job.rows.inline) {
            (true, false) => {
                Some(json!({ "responsesFile": format!("files/{}", job.results_id()) }))
            }
            (true, true) if rows => {
                Some(json!({ "inlinedResponses": { "inlinedResponses": ["<<<<rows>>>>"] } }))
            }
            _ => None,
        };
        if let (Some(fields), Some(file)) = (metadata.as_object_mut(), &job.input_file) {
            fields.insert("inputConfig".into(), json!({ "fileName": file }));
        }
        if let (Some(fields), Some(ended)) = (metadata.as_object_mut(), view.ended) {
            fields.insert("endTime".into(), json!(rfc3339(ended)));
        }
        if let (Some(fields), Some(output)) = (metadata.as_object_mut(), &output) {
            fields.insert("output".into(), output.clone());
        }
        if let Some(fields) = operation.as_object_mut() {
            fields.insert("metadata".into(), metadata);
            if view.state.ended() {
                fields.insert("done".into(), json!(true));
            }
            if let Some(output) = output {
                fields.insert("response".into(), output);
            }
            if let Some((code, message)) = failure(job, view.state) {
                fields.insert("error".into(), json!({ "code": code, "message": message }));
            }
        }
        operation
    }

    /// What the ledger has of all jobs, in their order.
    pub(crate) fn job_records(&self) -> Vec<JobRecord> {
        self.jobs.values().map(|job| job.record(self.time)).collect()
    }
}

/// The error of a job as a whole: the number of a gRPC code, and a sentence.
fn failure(job: &Job, state: JobState) -> Option<(u8, &str)> {
    match state {
        JobState::Failed => {
            let told = job.course.message.as_deref();
            Some((13, told.unwrap_or("The batch could not be processed.")))
        }
        JobState::Cancelled => Some((1, "The operation was cancelled.")),
        JobState::Expired => Some((4, "The batch did not end within 48 hours.")),
        _ => None,
    }
}
