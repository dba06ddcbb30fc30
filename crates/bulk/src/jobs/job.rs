//! A job as the service tells of it.

use crate::jobs::state::State;
use unexhausted::base::value::Value;

/// One job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// As `batches/abc`.
    pub name: String,
    /// The name that its creator gave it.
    pub display_name: String,
    /// Without `models/`.
    pub model: String,
    /// Its state.
    pub state: State,
    /// Whether it changes no more.
    pub ended: bool,
    /// Requests in it.
    pub requests: Option<u64>,
    /// Rows with an answer.
    pub succeeded: Option<u64>,
    /// Rows without.
    pub failed: Option<u64>,
    /// The file with the results.
    pub results_file: Option<String>,
    /// The file that it was made from, where the service says it.
    pub input_file: Option<String>,
    /// Whether the results lie in the job itself.
    pub inlined: bool,
    /// Why it failed.
    pub error: Option<Value>,
}

impl Job {
    /// Reads an operation, or a bare batch as some relays give it; `None` for anything else.
    #[must_use]
    pub fn read(operation: &Value) -> Option<Self> {
        let batch = operation.get("metadata").filter(|value| !value.entries().is_empty());
        let batch = batch.unwrap_or(operation);
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let name = text(operation, "name").or_else(|| text(batch, "name"))?;
        let error = [operation, batch].into_iter().find_map(|value| value.get("error"));
        let error = error.filter(|error| !error.entries().is_empty()).cloned();
        let is_done = operation.get("done") == Some(&Value::Bool(true));
        let said = State::parse(batch.get("state").and_then(Value::as_str).unwrap_or_default());
        // An operation that is done is over whatever its state is called.
        let state = match said {
            State::Unknown if is_done && error.is_some() => State::Failed,
            said => said,
        };
        let outputs = [operation.get("response"), batch.get("output")];
        let output = |key: &str| outputs.into_iter().flatten().find_map(|value| value.get(key));
        let stats = batch.get("batchStats").unwrap_or(&Value::Null);
        let model = text(batch, "model").unwrap_or_default();
        Some(Self {
            name,
            display_name: text(batch, "displayName").unwrap_or_default(),
            model: model.strip_prefix("models/").map(str::to_owned).unwrap_or(model),
            state,
            ended: state.has_ended() || (state == State::Unknown && is_done),
            requests: count(stats, "requestCount"),
            succeeded: count(stats, "successfulRequestCount"),
            failed: count(stats, "failedRequestCount"),
            results_file: output("responsesFile").and_then(Value::as_str).map(str::to_owned),
            input_file: batch.get("inputConfig").and_then(|input| text(input, "fileName")),
            inlined: output("inlinedResponses").is_some(),
            error,
        })
    }
}

/// A count, which is a text on the wire since it may have 64 bits.
fn count(stats: &Value, key: &str) -> Option<u64> {
    match stats.get(key)? {
        Value::String(text) => text.parse().ok(),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Value::Number(number) if *number >= 0.0 => Some(*number as u64),
        _ => None,
    }
}

/// Whether this can be the name of a job or a file in a path: `batches/abc`, `files/abc`.
#[must_use]
pub fn is_name(name: &str, collection: &str) -> bool {
    let id = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    id.is_some_and(|id| !id.is_empty() && id.len() <= 128 && id.bytes().all(is_plain))
}

/// The id of the file that a job of this display name is made from, so that whoever finds the job
/// again can delete the file. It may have 40 lower-case letters, digits and dashes (reference of
/// the Files API, 2026); the hash is FNV-1a of 64 bits.
#[must_use]
pub fn file_id(display_name: &str) -> String {
    let hash = display_name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let digits = (0..16_u32).rev().filter_map(|digit| {
        let four = (hash >> digit.saturating_mul(4)) & 15;
        char::from_digit(u32::try_from(four).ok()?, 16)
    });
    "unexhausted-".chars().chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use unexhausted::errors::reader;

    fn read(text: &str) -> Option<Job> {
        Job::read(&reader::read(text)?.0)
    }

    #[test]
    fn an_operation_is_read() {
        let job = read(
            r#"{"name":"batches/a1","metadata":{"state":"BATCH_STATE_SUCCEEDED","model":"models/m",
            "displayName":"mine","batchStats":{"requestCount":"3","successfulRequestCount":"2",
            "failedRequestCount":1},"output":{"responsesFile":"files/r"},
            "inputConfig":{"fileName":"files/i"}},"done":true}"#,
        )
        .unwrap();
        assert_eq!((job.name.as_str(), job.model.as_str()), ("batches/a1", "m"));
        assert_eq!((job.requests, job.succeeded, job.failed), (Some(3), Some(2), Some(1)));
        assert_eq!(job.results_file.as_deref(), Some("files/r"));
        assert_eq!(job.input_file.as_deref(), Some("files/i"));
        assert!(job.ended && !job.inlined && job.error.is_none());
    }

    #[test]
    fn a_bare_batch_is_read() {
        let job = read(r#"{"name":"batches/b","state":"JOB_STATE_RUNNING","model":"m"}"#).unwrap();
        assert_eq!((job.state, job.ended, job.requests), (State::Running, false, None));
    }

    #[test]
    fn what_is_done_has_ended_whatever_its_state_is_called() {
        let job =
            read(r#"{"name":"batches/c","metadata":{"state":"BATCH_STATE_NEW"},"done":true}"#)
                .unwrap();
        assert_eq!((job.state, job.ended), (State::Unknown, true));
        let job = read(r#"{"name":"batches/c","done":true,"error":{"code":13,"message":"no"}}"#);
        assert_eq!(job.unwrap().state, State::Failed);
    }

    #[test]
    fn what_is_no_job_is_none() {
        for text in ["{}", "[]", r#"{"name":3}"#] {
            assert_eq!(read(text), None);
        }
    }

    #[test]
    fn names_keep_to_their_collection() {
        assert!(is_name("batches/a-1_B", "batches"));
        for name in ["batches/", "batches/a/b", "batches/..", "files/a", "a", "batches/a?x=1", ""] {
            assert!(!is_name(name, "batches"), "{name}");
        }
    }

    #[test]
    fn a_file_is_named_after_its_job() {
        let id = file_id("nightly-1");
        assert_eq!(id.len(), 28);
        assert_eq!(id, file_id("nightly-1"));
        assert_ne!(id, file_id("nightly-2"));
        assert_eq!(file_id(""), "unexhausted-cbf29ce484222325");
    }
}
