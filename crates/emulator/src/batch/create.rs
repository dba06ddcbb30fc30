//! How a job is made.

use std::sync::Arc;

use crate::batch::context::Context;
use crate::batch::job::Job;
use crate::batch::operation::operation;
use crate::batch::rows;
use crate::batch::store::Store;
use crate::model::catalogue::Model;
use crate::parse::call::{NewBatch, RowRequest, RowSource};
use crate::parse::generation::blank;
use crate::parse::models::find_model;
use crate::parse::new_batch;
use crate::parse::request::Request;
use crate::settings::batch::{Course, Fate};
use crate::wire::json::pretty;
use crate::wire::quota_error;
use crate::wire::reply::Reply;
use crate::wire::results::Rows;

/// Makes a job, unless the model or the file is not there or the project has too many.
pub(crate) fn create(store: &mut Store, context: &mut Context<'_>, batch: &NewBatch) -> Reply {
    let asked = &context.parsed.model;
    let found = find_model(context.config, asked, &batch.version, "batchGenerateContent");
    let Ok(model) = found else { return Reply::not_found() };
    let mut course = store.courses.front().cloned().unwrap_or_default();
    let (row_requests, input_file) = match &batch.source {
        RowSource::Inline(rows) => (rows.clone(), None),
        RowSource::File(id) => {
            let Some(file) = store.files.find(context.project(), id) else {
                return Reply::not_found();
            };
            (rows_of_file(&file.content, &mut course), Some(format!("files/{id}")))
        }
    };
    let rows = decided_rows(context, batch, model, row_requests);
    let tokens = rows.tokens();
    let rules = &context.config.batch;
    if !store.has_room(rules, (context.project(), asked), tokens, context.now) {
        context.ledger.edit(context.sequence, |record| record.fault = Some("limit:batch".into()));
        return Reply::error(429, quota_error::BARE_429);
    }
    store.courses.pop_front();
    let job = Job {
        id: context.new_id(24),
        project: context.project().to_owned(),
        model: asked.clone(),
        display_name: batch.display_name.clone(),
        created: context.now,
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
    let text = pretty(&operation(&job, rules.state_prefix, context.now, false));
    store.jobs.insert(context.sequence, job);
    Reply::json(200, text)
}

/// The rows of a file. A line that is none lets the job fail, and not the call.
fn rows_of_file(content: &[u8], course: &mut Course) -> Vec<RowRequest> {
    new_batch::lines(content).unwrap_or_else(|line| {
        let sentence = format!("Line {line} of the input file is no request.");
        course.fate = Fate::Fails;
        course.message = Some(sentence);
        Vec::new()
    })
}

/// All rows with their results, which are told only when their time has come.
fn decided_rows(
    context: &Context<'_>,
    batch: &NewBatch,
    model: &'static Model,
    row_requests: Vec<RowRequest>,
) -> Rows {
    let config = context.config;
    let asked = &context.parsed.model;
    let known = config.models.contains_key(asked);
    let mut all = Rows {
        seed: config.seed,
        sequence: context.sequence,
        version: if known { asked.clone() } else { model.name.to_owned() },
        side: config.picture_size,
        inline: matches!(batch.source, RowSource::Inline(_)),
        rows: Vec::new(),
    };
    let blank = blank(config, &Request::default(), model);
    for row in row_requests {
        rows::add(&mut all, &config.batch, blank.clone(), &batch.version, row);
    }
    all
}
