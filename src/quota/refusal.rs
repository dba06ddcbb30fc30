//! What the service said when it refused for a quota, and what is learned from that.

use crate::base::time::Millis;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::found_limit::Change;

/// What the service said when it refused for a quota.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Refusal {
    /// Which limit, where it said.
    pub dimension: Option<Dimension>,
    /// The limit's value, where it said.
    pub limit: Option<u64>,
    /// How long to wait, where it said.
    pub wait: Option<Millis>,
    /// Whether a refusal without details is believed to be about our requests a minute.
    pub is_quota: bool,
    /// At which count the service refused first, where that is believed.
    pub count: Option<u64>,
}

impl Refusal {
    /// Reads the error of a refused request; `None` where it is about no quota.
    #[must_use]
    pub fn read(info: &ErrorInfo) -> Option<Self> {
        // A sentence alone may be of a bucket, as OpenAI's `on requests per min (RPM): Limit 20 …
        // try again in 1.1s`: where it names its wait, that is what counts.
        let is_named = info.quota_id.is_some() || !info.violations.is_empty();
        let is_bucket = !is_named && info.retry_after.is_some();
        let dimension = match info.kind {
            Kind::RateLimited => info.dimension.filter(|_| !is_bucket),
            Kind::DailyQuota => info.dimension.or(Some(Dimension::RequestsPerDay)),
            Kind::SpendLimited => Some(Dimension::Spend),
            _ => return None,
        };
        let limit = info.quota_limit.filter(|limit| *limit > 0);
        let is_quota = dimension.is_some();
        Some(Self { dimension, limit, wait: info.retry_after, is_quota, count: None })
    }
}

/// A limit that is now known, or known to be another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Learned {
    /// Which.
    pub dimension: Dimension,
    /// What it is and was.
    pub change: Change,
}
