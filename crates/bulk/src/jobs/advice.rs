//! Advice for a job that is stuck, expired, failed, or cannot be read.

use crate::jobs::job::Job;
use crate::jobs::state::State;
use unexhausted::base::time::Millis;
use unexhausted::errors::kind::Kind;

/// Jobs are meant to end within it (batch guide of 2026).
const TARGET: Millis = Millis(24 * 3_600_000);

/// The cases for which there is advice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Case {
    Stuck,
    Paused,
    Expired,
    Failed,
    Cancelled,
    Partial,
    Unreadable,
    Missing,
}

const ROWS: &[(Case, &str)] = &[
    (
        Case::Stuck,
        "It has been under way for longer than the 24 hours that the service aims at. It ends by \
         itself, as expired and without results, at 48 hours. What cannot wait: `cancel` it, and \
         create a smaller one or make the pictures with `generate`; cancelling does not bill what \
         was not made.",
    ),
    (Case::Paused, "The service has paused it. Wait, or `cancel` it and create it anew."),
    (
        Case::Expired,
        "It was not finished within 48 hours, and there are no results. Create it anew in smaller \
         jobs, or make the pictures with `generate`.",
    ),
    (
        Case::Failed,
        "No row was made because of the job itself: `error` says why. Put that right and create it \
         anew.",
    ),
    (Case::Cancelled, "It was cancelled; rows that were made before may be in its results."),
    (
        Case::Partial,
        "Some of its rows failed: each says why in its `error`. Create a job of those whose error \
         can pass.",
    ),
    (
        Case::Unreadable,
        "Its results lie in the job itself and are more than the service can send within its 60 \
         seconds, though they were billed. Try once more later; then create it anew through a \
         file, as `create` does for more than 10 requests, where results are streamed.",
    ),
    (
        Case::Missing,
        "There is no such job for this key: it was deleted, it is older than six weeks, or it is \
         another project's. Where the targets of a client have several keys, pass the `Job` and not \
         its name.",
    ),
];

/// Advice for a job of this age; `None` where all is well. `unread` is for one that is only known
/// from a list, since a look at it failed.
#[must_use]
pub fn of(job: &Job, age: Option<Millis>, unread: bool) -> Option<&'static str> {
    let case = match job.state {
        // Results in a file are read from there.
        State::Succeeded if unread && job.results_file.is_none() => Case::Unreadable,
        State::Failed => Case::Failed,
        State::Expired => Case::Expired,
        State::Cancelled => Case::Cancelled,
        State::Succeeded if job.failed.is_some_and(|rows| rows > 0) => Case::Partial,
        _ if job.ended => return None,
        State::Paused => Case::Paused,
        _ if age >= Some(TARGET) => Case::Stuck,
        _ => return None,
    };
    text(case)
}

/// Advice where a request about one job failed with this; `results` where its answer would have
/// held the results. `None` where the advice for the kind is all there is to say.
#[must_use]
pub fn of_failure(kind: Kind, results: bool) -> Option<&'static str> {
    match kind {
        Kind::Overloaded | Kind::Timeout | Kind::ServerError if results => text(Case::Unreadable),
        // The service answers so for anything that is not there.
        Kind::ModelNotFound => text(Case::Missing),
        _ => None,
    }
}

/// Why there are no results to read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusal {
    /// The kind of the error.
    pub kind: Kind,
    /// A description of what happened.
    pub message: &'static str,
    /// Advice on the way out.
    pub advice: &'static str,
}

/// Why an ended job without results has none.
#[must_use]
pub fn refusal(job: &Job) -> Refusal {
    let (kind, message) = match job.state {
        State::Expired => (Kind::Timeout, "the job has expired and has no results"),
        State::Cancelled => (Kind::Cancelled, "the job was cancelled and has no results"),
        State::Failed => (Kind::ServerError, "the job has failed and has no results"),
        _ => (Kind::Unknown, "the job has no results"),
    };
    Refusal { kind, message, advice: of(job, None, false).unwrap_or_default() }
}

fn text(case: Case) -> Option<&'static str> {
    ROWS.iter().find(|(row, _)| *row == case).map(|&(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unexhausted::base::value::Value;

    fn job(state: &str) -> Job {
        let field = |key: &str, value: &str| (key.to_owned(), Value::String(value.to_owned()));
        Job::read(&Value::Object(vec![field("name", "batches/a"), field("state", state)])).unwrap()
    }

    #[test]
    fn each_case_is_told() {
        let told =
            |state: &str, hours: u64| of(&job(state), Some(Millis(hours * 3_600_000)), false);
        assert_eq!(told("RUNNING", 1), None);
        assert!(told("RUNNING", 24).unwrap().contains("48 hours"));
        assert!(told("PENDING", 30).is_some());
        assert!(told("EXPIRED", 49).unwrap().contains("no results"));
        assert!(told("FAILED", 1).unwrap().contains("`error`"));
        assert_eq!(told("SUCCEEDED", 90), None);
        assert!(of_failure(Kind::Timeout, true).unwrap().contains("billed"));
        assert_eq!(of_failure(Kind::Timeout, false), None);
        assert!(of_failure(Kind::ModelNotFound, false).unwrap().contains("six weeks"));
        assert_eq!(of_failure(Kind::Forbidden, true), None);
    }

    #[test]
    fn failed_rows_of_a_job_that_succeeded_are_told() {
        let partly = Job { failed: Some(1), ..job("SUCCEEDED") };
        assert!(of(&partly, None, false).unwrap().contains("rows failed"));
    }

    #[test]
    fn only_results_inside_of_a_job_are_unreadable() {
        let inside = job("SUCCEEDED");
        assert!(of(&inside, None, true).unwrap().contains("60 seconds"));
        let file = Job { results_file: Some("files/a".to_owned()), ..inside };
        assert_eq!(of(&file, None, true), None);
    }

    #[test]
    fn no_results_have_a_reason() {
        assert_eq!(refusal(&job("EXPIRED")).kind, Kind::Timeout);
        assert_eq!(refusal(&job("CANCELLED")).kind, Kind::Cancelled);
    }

    #[test]
    fn every_case_has_its_text() {
        for case in [Case::Stuck, Case::Paused, Case::Cancelled, Case::Unreadable] {
            assert!(text(case).is_some(), "{case:?}");
        }
    }
}
