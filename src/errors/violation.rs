//! One limit that a 429 says was exceeded.

use crate::errors::kind::Dimension;

/// One limit that a 429 says was exceeded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Violation {
    /// The unit that the limit counts, where the id or metric tells.
    pub dimension: Option<Dimension>,
    /// The service's `quotaId`.
    pub quota_id: Option<String>,
    /// The service's `quotaMetric`.
    pub quota_metric: Option<String>,
    /// The service's `quotaValue`.
    pub limit: Option<u64>,
    /// The model that the limit is for, without `models/`.
    pub model: Option<String>,
}
