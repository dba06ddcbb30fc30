//! A refusal for a quota as the service stated it, and the limit learned from it.

use crate::base::time::Millis;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::found_limit::Change;

/// A refusal for a quota, as the service stated it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Refusal {
    /// The limit's dimension, if it was named.
    pub dimension: Option<Dimension>,
    /// The limit's value, if it was named.
    pub limit: Option<u64>,
    /// The wait, if it was named.
    pub wait: Option<Millis>,
    /// Whether a refusal without details is believed to be about our requests per minute.
    pub is_quota: bool,
    /// The count at which the service refused first, if a limit per minute is believed in.
    pub count: Option<u64>,
}

impl Refusal {
    /// Reads the error of a refused request; `None` where it is about no quota.
    #[must_use]
    pub fn read(info: &ErrorInfo) -> Option<Self> {
        // A message without details may be a bucket's, as OpenAI's `on requests per min (RPM):
        // Limit 20 … try again in 1.1s`: the wait that it names is what counts.
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
    /// The limit's dimension.
    pub dimension: Dimension,
    /// Its value now and before.
    pub change: Change,
}
