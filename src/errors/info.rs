//! The description of one error, as a caller gets it.

use crate::base::time::{Millis, WallTime};
use crate::errors::kind::{Dimension, Kind, Retry};
use crate::errors::limit_name::names_limit;
use crate::errors::violation::Violation;

/// One error: its kind, whether trying again can help, and the details that the service gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorInfo {
    /// The kind of failure.
    pub kind: Kind,
    /// Whether and when the same request can succeed.
    pub retry: Retry,
    /// The HTTP status, where there is one.
    pub status: Option<u16>,
    /// The largest wait that the service named and that is worth obeying.
    pub retry_after: Option<Millis>,
    /// When to try again, where that is known: now + `retry_after`, or midnight Pacific.
    pub retry_at: Option<WallTime>,
    /// The unit that the deciding limit counts.
    pub dimension: Option<Dimension>,
    /// The deciding limit's id.
    pub quota_id: Option<String>,
    /// The deciding limit itself; 0 when the model is not in the tier.
    pub quota_limit: Option<u64>,
    /// The model that the error is about, without `models/`.
    pub model: Option<String>,
    /// Every limit that the error names.
    pub violations: Vec<Violation>,
    /// The innermost sentence that the service said, bounded and on one line; may be empty.
    pub message: String,
    /// A summary of what happened, in one sentence.
    pub summary: String,
    /// Advice on the way out.
    pub advice: String,
    /// Whether the request cannot have reached the service: the connection was never made.
    pub unsent: bool,
    /// Whether what answered is not the service: it lies elsewhere, or something is in between.
    pub foreign: bool,
    /// Whether the service has made a picture that did not reach us: it is likely billed.
    pub lost: bool,
    /// The cost of an answer without a picture, by the tokens that it reports, in billionths of a
    /// USD.
    pub spent: Option<u64>,
}

impl ErrorInfo {
    /// The same without the service's message: it may quote the prompt or the key of the one call
    /// that it answered, and other calls are told of this error too. Only names that are known to
    /// be a limit's stay.
    #[must_use]
    pub fn for_others(&self) -> Self {
        let known = |name: &str| names_limit(name).then(|| name.to_owned());
        Self { message: String::new(), ..self.with_names(&known) }
    }

    /// The same with every name that the service gives as `rename` has it; `None` leaves one out.
    #[must_use]
    pub fn with_names(&self, rename: &dyn Fn(&str) -> Option<String>) -> Self {
        let name = |name: &Option<String>| name.as_deref().and_then(rename);
        let violation = |violation: &Violation| Violation {
            quota_id: name(&violation.quota_id),
            quota_metric: name(&violation.quota_metric),
            model: name(&violation.model),
            ..violation.clone()
        };
        Self {
            model: name(&self.model),
            quota_id: name(&self.quota_id),
            violations: self.violations.iter().map(violation).collect(),
            ..self.clone()
        }
    }

    /// An info of this kind with nothing else known.
    #[must_use]
    #[inline(never)]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            retry: kind.retry(),
            status: None,
            retry_after: None,
            retry_at: None,
            dimension: None,
            quota_id: None,
            quota_limit: None,
            model: None,
            violations: Vec::new(),
            message: String::new(),
            summary: String::new(),
            advice: String::new(),
            unsent: false,
            spent: None,
            foreign: false,
            lost: false,
        }
    }
}
