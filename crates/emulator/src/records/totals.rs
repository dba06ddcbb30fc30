//! Sums over all requests.

use serde::Serialize;

/// Sums over all requests for a picture; other calls are in `other` alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Sent: the sum of the outcomes below and of `pending`.
    pub requests: u64,
    /// Not ended yet.
    pub pending: u64,
    /// Answered with 200.
    pub served: u64,
    /// 429 and 402.
    pub rejected: u64,
    /// Other 4xx.
    pub refused: u64,
    /// 5xx, 499, reset, cut.
    pub failed: u64,
    /// Never answered.
    pub hung: u64,
    /// Gone before arrival.
    pub lost: u64,
    /// Calls that are not for a picture: countTokens, models, files, jobs, preflights, wrong paths.
    pub other: u64,
    /// Pictures made.
    pub images: u64,
    /// The price of all, in USD.
    pub billed: f64,
    /// Being worked on now.
    pub in_flight: u64,
    /// The most at once.
    pub max_in_flight: u64,
}
