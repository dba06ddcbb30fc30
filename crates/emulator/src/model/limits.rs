//! Limits of a project's model, and what one request takes of them.

use serde::{Deserialize, Serialize};

use crate::model::generation::Generation;

/// How the service counts a minute. Google does not say which it uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Discipline {
    /// Minutes of the service's clock, each starting from nothing.
    #[default]
    Fixed,
    /// The last 60 seconds at any moment.
    Sliding,
    /// A bucket that holds one minute's worth, starts full and refills steadily.
    Bucket,
}

/// Limits of one model; an absent one does not bind, 0 means "not on this tier".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Input tokens a minute.
    pub tpm: Option<u64>,
    /// Pictures a minute.
    pub ipm: Option<u64>,
    /// Requests a day, which ends at midnight Pacific.
    pub rpd: Option<u64>,
    /// Instead of the configuration's `discipline`.
    pub discipline: Option<Discipline>,
    /// Instead of the configuration's `rejectedCount`.
    pub rejected_count: Option<bool>,
}

/// The quantity that a limit counts, and its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dimension {
    /// Requests a minute.
    Rpm,
    /// Input tokens a minute.
    Tpm,
    /// Pictures a minute.
    Ipm,
    /// Requests a day.
    Rpd,
}

/// The amounts that one request takes of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Input tokens, by the service's own count.
    pub(crate) tokens: u64,
    /// Pictures asked for.
    pub(crate) images: u64,
}

impl Cost {
    pub(crate) fn of_generation(generation: &Generation) -> Self {
        Self { tokens: generation.prompt_tokens, images: u64::from(generation.wants_image) }
    }

    pub(crate) fn of(self, dimension: Dimension) -> u64 {
        match dimension {
            Dimension::Rpm | Dimension::Rpd => 1,
            Dimension::Tpm => self.tokens,
            Dimension::Ipm => self.images,
        }
    }
}

/// A limit that a request would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The limit's dimension.
    pub(crate) dimension: Dimension,
    /// The limit's value.
    pub(crate) limit: u64,
    /// Milliseconds of the service's time until the same request would fit.
    pub(crate) wait: u64,
}
