//! Jobs of the Batch API: JSON in, JSON out.

use crate::jobs::creation::{self, Next, Tries};
use crate::jobs::job::{self, Job};
use crate::jobs::split::{Part, Row};
use crate::jobs::state::FileState;
use crate::jobs::{advice, pace, price};
use serde::{Deserialize, Serialize};
use unexhausted::base::time::{Millis, WallTime};
use unexhausted::base::value::Value;
use unexhausted::errors::classify::classify;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Kind, Retry};
use unexhausted::errors::reader;
use unexhausted::errors::redact::Redactor;
use unexhausted::models::known::Catalog;
use unexhausted::protocol::need::Size;
use unexhausted::quota::tier::Tier;

/// Bytes of a chunk of an upload (`@google/genai` 3.1.0; a multiple of 256 KiB, as the service
/// asks).
const CHUNK: u64 = 8 << 20;
/// Bytes of the longest row of results that is read (`@ai-sdk/google` 4.0.121).
const LINE_MAX: u64 = 64 << 20;
/// Jobs on a page of a list.
const PAGE: u64 = 100;
/// How long a request may take, in ms: the service ends a look at a job after 60 s (forum 174261).
const REQUEST_TIMEOUT: u64 = 90_000;
/// How long a chunk may take, up or down, in ms: 8 MiB in it are 30 KB a second.
const CHUNK_TIMEOUT: u64 = 300_000;

/// The numbers that JavaScript needs before anything is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    chunk: u64,
    line_max: u64,
    page: u64,
    request_timeout: u64,
    chunk_timeout: u64,
}

/// Sizes in bytes and times in ms.
///
/// # Errors
/// Never; all of these give what can be thrown.
pub fn numbers() -> Result<String, String> {
    write(&Numbers {
        chunk: CHUNK,
        line_max: LINE_MAX,
        page: PAGE,
        request_timeout: REQUEST_TIMEOUT,
        chunk_timeout: CHUNK_TIMEOUT,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobFields<'a> {
    name: &'a str,
    display_name: &'a str,
    model: &'a str,
    state: &'static str,
    ended: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    succeeded: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results_file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_file: Option<&'a str>,
    inlined: bool,
    has_error: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

/// Reads a job: `{ operation, age, unread }`, the age in ms where it is known, and whether a look
/// at the job itself failed.
///
/// # Errors
/// A sentence, where it is no job.
pub fn read_job(text: &str) -> Result<String, String> {
    let value = parse(text);
    let age = value.get("age").and_then(Value::as_f64).map(Millis::from_f64);
    let job = read(&value)?;
    write(&JobFields {
        name: &job.name,
        display_name: &job.display_name,
        model: &job.model,
        state: job.state.as_str(),
        ended: job.ended,
        requests: job.requests,
        succeeded: job.succeeded,
        failed: job.failed,
        results_file: job.results_file.as_deref(),
        input_file: job.input_file.as_deref(),
        inlined: job.inlined,
        has_error: job.error.is_some(),
        advice: advice::of(&job, age, value.get("unread") == Some(&Value::Bool(true))),
    })
}

#[derive(Serialize)]
struct Told<'a> {
    kind: &'static str,
    message: &'a str,
    advice: &'a str,
}

/// Why an ended job, `{ operation }`, has no results.
///
/// # Errors
/// A sentence, where it is no job.
pub fn refusal(text: &str) -> Result<String, String> {
    let refusal = advice::refusal(&read(&parse(text))?);
    let (message, advice) = (refusal.message, refusal.advice);
    write(&Told { kind: refusal.kind.as_str(), message, advice })
}

/// Advice where a request about one job failed, `{ error, kind, results }`; `null` where the advice
/// for the kind is all there is to say.
///
/// # Errors
/// Never.
pub fn failure_advice(text: &str) -> Result<String, String> {
    let value = parse(text);
    let results = value.get("results") == Some(&Value::Bool(true));
    write(&advice::of_failure(info(&value).kind, results))
}

/// Whether an uploaded file in this state can be used: `ready`, `pending` or `failed`.
#[must_use]
pub fn file_state(state: &str) -> String {
    FileState::parse(state).as_str().to_owned()
}

/// Whether a delete that was answered with this status has nothing left to do.
#[must_use]
pub fn is_deleted(status: u16, attempt: u32) -> bool {
    pace::is_deleted(status, attempt)
}

/// Whether this can be the name of a job (`batches`) or file (`files`).
#[must_use]
pub fn is_name(name: &str, collection: &str) -> bool {
    job::is_name(name, collection)
}

/// The id of the file that a job of this display name is made from.
#[must_use]
pub fn file_id(display_name: &str) -> String {
    job::file_id(display_name)
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct PartFields {
    requests: u64,
    bytes: u64,
    tokens: u64,
    results: u64,
    inline: bool,
}

#[derive(Deserialize)]
struct Adding {
    #[serde(default)]
    part: PartFields,
    bytes: u64,
    tokens: u64,
    size: Option<String>,
    model: String,
    tier: Option<String>,
}

/// A part with one more request, `{ part, bytes, tokens, size, model, tier }`; `null` where it
/// belongs into the next one.
///
/// # Errors
/// A sentence, where that is not what was given.
pub fn add_to_part(text: &str) -> Result<String, String> {
    let adding: Adding = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let PartFields { requests, bytes, tokens, results, .. } = adding.part;
    let size = adding.size.as_deref().and_then(Size::parse);
    let row = Row { bytes: adding.bytes, tokens: adding.tokens, size };
    let tier = adding.tier.as_deref().and_then(Tier::parse);
    let part = Part { requests, bytes, tokens, results }.with(&row, &adding.model, tier);
    write(&part.map(|part| PartFields {
        requests: part.requests,
        bytes: part.bytes,
        tokens: part.tokens,
        results: part.results,
        inline: part.is_inline(),
    }))
}

#[derive(Serialize)]
struct NextFields {
    next: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    last: bool,
}

/// The next step after a create or an upload that failed:
/// `{ error, kind, room, other, random, now }`, the kind where the error is one of ours, and the
/// tries of each sort before this one.
///
/// # Errors
/// Never.
pub fn after_create(text: &str) -> Result<String, String> {
    let value = parse(text);
    let info = info(&value);
    let full = creation::is_full(&info);
    let tries = |key: &str, more: bool| count(&value, key).saturating_add(usize::from(more));
    let tries = Tries { room: tries("room", full), other: tries("other", !full) };
    let random = number(&value, "random");
    let next = creation::after(&info, tries, (random * 4e9) as u64, random);
    let last = matches!(next, Next::Search { last: true });
    let (next, wait) = match next {
        Next::Room(wait) => ("room", Some(wait.0)),
        Next::Again(wait) => ("again", Some(wait.0)),
        Next::Search { .. } => ("search", None),
        Next::Stop => ("stop", None),
    };
    let reason = (next == "room").then_some(creation::FULL);
    write(&NextFields { next, wait, reason, last })
}

/// The wait in ms before the next look at a job of this age.
#[must_use]
pub fn next_look(age: f64, random: f64) -> f64 {
    pace::next_look(Millis::from_f64(age), random).as_f64()
}

/// The wait in ms, or what is left of the time; nothing once that is over.
#[must_use]
pub fn within(wait: f64, left: Option<f64>) -> Option<f64> {
    Some(pace::within(Millis::from_f64(wait), left.map(Millis::from_f64))?.as_f64())
}

/// The wait in ms until the last look, where so much is left until a deadline.
#[must_use]
pub fn last_look(left: f64) -> f64 {
    pace::last_look(Millis::from_f64(left)).as_f64()
}

/// The wait in ms before a look for a lost job, from 1.
#[must_use]
pub fn next_search(looks: u32) -> Option<f64> {
    Some(pace::search(usize::try_from(looks).ok()?)?.as_f64())
}

/// The wait in ms after so many looks in a row that failed, the last with this `error`; `null` to
/// give up: `{ error, kind, looks, random, now }`.
///
/// # Errors
/// Never.
pub fn after_look(text: &str) -> Result<String, String> {
    let value = parse(text);
    let info = info(&value);
    let wait = pace::failed(count(&value, "looks"), info.retry_after, number(&value, "random"));
    write(&wait.filter(|_| info.retry == Retry::Soon).map(Millis::as_f64))
}

/// USD of a row: `{ model, size, usage, pictures, catalog }`; `null` where no price is known.
///
/// # Errors
/// A sentence that names a wrong row of the catalogue.
pub fn row_cost(text: &str) -> Result<String, String> {
    let value = parse(text);
    let mut catalog = Catalog::default();
    for row in value.get("catalog").map(Value::items).unwrap_or_default() {
        catalog.add(row)?;
    }
    let model = value.get("model").and_then(Value::as_str).unwrap_or_default();
    let size = value.get("size").and_then(Value::as_str).and_then(Size::parse);
    let usage = value.get("usage").unwrap_or(&Value::Null);
    let pictures = u32::try_from(count(&value, "pictures")).unwrap_or(u32::MAX);
    write(&price::of_row(catalog.find(model).as_ref(), size, usage, pictures))
}

/// The key of a row of which this is the head; nothing where it has none.
#[must_use]
pub fn key_of(head: &str) -> Option<String> {
    parse(head).get("key")?.as_str().map(str::to_owned)
}

/// A text without these secrets, and without what is said in these prompts.
#[must_use]
pub fn clean(text: &str, secrets: &[String], prompts: &[String]) -> String {
    let prompts = prompts.iter().map(String::as_str);
    Redactor::new(secrets.iter().map(String::as_str), prompts).clean(text)
}

fn read(value: &Value) -> Result<Job, String> {
    let job = value.get("operation").and_then(Job::read);
    job.ok_or_else(|| "the service gave something that is no job".to_owned())
}

/// A text that cannot be read is null.
fn parse(text: &str) -> Value {
    reader::read(text).map_or(Value::Null, |(value, _)| value)
}

/// The description of `error`, or an error of ours of this `kind`.
fn info(value: &Value) -> ErrorInfo {
    let kind = value.get("kind").and_then(Value::as_str);
    let ours = kind.and_then(|name| Kind::ALL.into_iter().find(|kind| kind.as_str() == name));
    match ours {
        Some(kind) => ErrorInfo::new(kind),
        None => classify(value.get("error").unwrap_or(&Value::Null), now(value)),
    }
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or_default()
}

fn count(value: &Value, key: &str) -> usize {
    number(value, key) as usize
}

fn now(value: &Value) -> WallTime {
    WallTime(number(value, "now") as u64)
}

fn write(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_with_its_advice() {
        let text = r#"{"operation":{"name":"batches/a","metadata":{"state":"BATCH_STATE_RUNNING",
            "model":"models/m","displayName":"d"}},"age":90000000}"#;
        let job = read_job(text).unwrap();
        assert!(job.contains(r#""state":"running","ended":false"#), "{job}");
        assert!(job.contains("48 hours"), "{job}");
        assert!(read_job("{}").unwrap_err().contains("no job"));
    }

    #[test]
    fn a_part_grows_until_it_is_full() {
        let row = r#""bytes":100,"tokens":400000,"model":"gemini-3.1-flash-image""#;
        let first = add_to_part(&["{", row, "}"].concat()).unwrap();
        assert!(first.contains(r#""requests":1"#) && first.contains(r#""inline":true"#));
        let next = ["{\"part\":", &first, ",", row, "}"].concat();
        assert_eq!(add_to_part(&next).unwrap(), "null");
    }

    #[test]
    fn a_refused_create_waits_for_room_and_a_lost_one_is_looked_for() {
        let bare = r#"{"error":{"status":429,"body":"{\"error\":{\"code\":429,\"status\":
            \"RESOURCE_EXHAUSTED\",\"message\":\"Resource has been exhausted (e.g. check quota).\"}}"},
            "room":0,"other":0,"random":0}"#;
        assert!(
            after_create(bare).unwrap().starts_with(r#"{"next":"room","wait":30000,"reason":"#)
        );
        let lost = r#"{"error":{"name":"TypeError","message":"fetch failed",
            "cause":{"code":"ECONNRESET","message":"read ECONNRESET"}},"room":0,"other":0}"#;
        assert_eq!(after_create(lost).unwrap(), r#"{"next":"search","last":false}"#);
        let unsent = r#"{"error":{"name":"TypeError","message":"fetch failed",
            "cause":{"code":"ECONNREFUSED","message":"connect ECONNREFUSED"}},"room":0,"other":0}"#;
        assert!(after_create(unsent).unwrap().contains("again"));
        let late = r#"{"error":{},"kind":"timeout","room":0,"other":0}"#;
        assert_eq!(after_create(late).unwrap(), r#"{"next":"search","last":false}"#);
        let closed = r#"{"error":{},"kind":"closed","room":0,"other":0}"#;
        assert_eq!(after_create(closed).unwrap(), r#"{"next":"stop","last":false}"#);
    }

    #[test]
    fn a_key_is_read_from_the_head_of_a_row() {
        assert_eq!(key_of(r#"{"key":"a-1","response":{"cand"#).as_deref(), Some("a-1"));
        assert_eq!(key_of("no json"), None);
    }

    #[test]
    fn a_secret_is_cut() {
        let secrets = ["a-key-of-nobody".to_owned()];
        assert_eq!(clean("bad key a-key-of-nobody", &secrets, &[]), "bad key [redacted]");
        let prompts = ["a paper boat at sea".to_owned()];
        assert_eq!(clean("no: \"a paper boat\"", &[], &prompts), "no: \"[redacted]\"");
    }
}
