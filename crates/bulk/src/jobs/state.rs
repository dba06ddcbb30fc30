//! The states of a job, under the names of the wire and of the SDK.

/// The state of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Ended, perhaps with failed rows.
    Succeeded,
    /// Ended as a whole.
    Failed,
    /// Told to end.
    Cancelling,
    /// Ended by its owner.
    Cancelled,
    /// Ended by the service after 48 h, without results.
    Expired,
    /// Stopped for now.
    Paused,
    /// A name that is not in the table.
    Unknown,
}

/// The service writes `BATCH_STATE_`, the SDK and samples of the guide `JOB_STATE_`.
const PREFIXES: [&str; 2] = ["BATCH_STATE_", "JOB_STATE_"];

/// Source: the enum of `@google/genai` 3.1.0, and the batch guide of 2026 for the wire.
const ROWS: &[(&str, State)] = &[
    ("QUEUED", State::Pending),
    ("PENDING", State::Pending),
    ("RUNNING", State::Running),
    ("UPDATING", State::Running),
    ("SUCCEEDED", State::Succeeded),
    ("PARTIALLY_SUCCEEDED", State::Succeeded),
    ("FAILED", State::Failed),
    ("CANCELLING", State::Cancelling),
    ("CANCELLED", State::Cancelled),
    ("EXPIRED", State::Expired),
    ("PAUSED", State::Paused),
];

impl State {
    /// Reads a name, with either prefix or none.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let bare = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        ROWS.iter().find(|(row, _)| *row == bare).map_or(Self::Unknown, |&(_, state)| state)
    }

    /// The name that JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Paused => "paused",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it changes no more.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::Expired)
    }
}

/// The state of an uploaded file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileState {
    /// It can be used.
    Ready,
    /// It is looked into.
    Pending,
    /// It cannot be used.
    Failed,
}

impl FileState {
    /// Reads the state of a file; one that says none is ready (reference of the Files API, 2026:
    /// PROCESSING, ACTIVE, FAILED).
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "PROCESSING" => Self::Pending,
            "FAILED" => Self::Failed,
            _ => Self::Ready,
        }
    }

    /// The name that JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_prefixes_and_none_are_read() {
        for (name, state) in ROWS {
            for prefix in PREFIXES.iter().chain(&[""]) {
                assert_eq!(State::parse(&[prefix, *name].concat()), *state);
            }
        }
        assert_eq!(State::parse("BATCH_STATE_UNSPECIFIED"), State::Unknown);
        assert_eq!(State::parse(""), State::Unknown);
        assert_eq!(FileState::parse("PROCESSING"), FileState::Pending);
        assert_eq!(FileState::parse(""), FileState::Ready);
        assert!(!State::Unknown.has_ended() && !State::Cancelling.has_ended());
    }
}
