//! A job as the service tells it: a long-running operation in JSON.

use serde_json::{Map, Value, json};

use crate::base::calendar::rfc3339;
use crate::batch::job::{Job, Progress};
use crate::records::job::JobState;
use crate::settings::batch::StatePrefix;

/// Stands for the rows in the text of an answer.
pub(crate) const ROWS: &str = "\"<<<<rows>>>>\"";

/// A job at a moment; `rows` leaves a place for inline results.
pub(crate) fn operation(job: &Job, prefix: StatePrefix, now: u64, rows: bool) -> Value {
    let progress = job.progress(now);
    let output = output(job, now, rows);
    let mut operation = Map::new();
    operation.insert("name".into(), job.name().into());
    operation.insert("metadata".into(), metadata(job, prefix, &progress, output.as_ref()));
    if progress.state.ended() {
        operation.insert("done".into(), json!(true));
    }
    if let Some(output) = output {
        operation.insert("response".into(), output);
    }
    if let Some((code, message)) = failure(job, progress.state) {
        operation.insert("error".into(), json!({ "code": code, "message": message }));
    }
    Value::Object(operation)
}

fn metadata(job: &Job, prefix: StatePrefix, progress: &Progress, output: Option<&Value>) -> Value {
    let prefix = match prefix {
        StatePrefix::Batch => "BATCH_STATE",
        StatePrefix::Job => "JOB_STATE",
    };
    let updated = progress.ended.or(progress.started).unwrap_or(job.created);
    let mut metadata = json!({
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "model": format!("models/{}", job.model),
        "displayName": job.display_name,
        "createTime": rfc3339(job.created),
        "updateTime": rfc3339(updated),
        "batchStats": stats(job, progress.done),
        "state": format!("{prefix}_{}", progress.state.name()),
        "name": job.name(),
    });
    if let Some(fields) = metadata.as_object_mut() {
        if let Some(file) = &job.input_file {
            fields.insert("inputConfig".into(), json!({ "fileName": file }));
        }
        if let Some(ended) = progress.ended {
            fields.insert("endTime".into(), json!(rfc3339(ended)));
        }
        if let Some(output) = output {
            fields.insert("output".into(), output.clone());
        }
    }
    metadata
}

/// Counts of rows. A count of 0 is left out, as everywhere in protobuf's JSON.
fn stats(job: &Job, done: usize) -> Map<String, Value> {
    let failed = job.rows.rows.iter().take(done).filter(|row| row.failed()).count();
    let total = job.rows.rows.len();
    let counts = [
        ("requestCount", total),
        ("successfulRequestCount", done.saturating_sub(failed)),
        ("failedRequestCount", failed),
        ("pendingRequestCount", total.saturating_sub(done)),
    ];
    counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.to_owned(), json!(count.to_string())))
        .collect()
}

/// The results: the name of their file, or the place of the rows.
fn output(job: &Job, now: u64, rows: bool) -> Option<Value> {
    match (job.results_at(now).is_some(), job.rows.inline) {
        (true, false) => Some(json!({ "responsesFile": format!("files/{}", job.results_id()) })),
        (true, true) if rows => {
            Some(json!({ "inlinedResponses": { "inlinedResponses": ["<<<<rows>>>>"] } }))
        }
        _ => None,
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
