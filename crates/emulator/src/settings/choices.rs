//! Settings that are one of a few words.

use serde::{Deserialize, Serialize};

/// How the body of a 429 is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QuotaBody {
    /// With QuotaFailure, Help and RetryInfo.
    #[default]
    Detailed,
    /// A sentence, no details.
    Bare,
    /// The same with a gateway's Retry-After header.
    Gateway,
    /// No body at all.
    Empty,
}

/// The wait that a 429 of a spent day tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DailyHint {
    /// The hours until midnight Pacific.
    #[default]
    True,
    /// Some seconds, which mislead.
    Short,
    /// One or the other, by the seed.
    Mixed,
}

/// The treatment of a key that `keys` does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownKeys {
    /// It belongs to the project `default`.
    #[default]
    Accept,
    /// It is answered with 400 API_KEY_INVALID.
    Reject,
}
