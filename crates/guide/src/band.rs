//! How much is made, in three bands.

/// How much is made, and what that asks for. Source of the bands: step 2 of the guide of February
/// 2026.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Band {
    /// Under 100 a month: retries.
    Low,
    /// Up to 1,000 a month: retries, chain and alerts.
    Medium,
    /// More: the whole architecture.
    High,
}

impl Band {
    pub(crate) const fn of(per_month: u64) -> Self {
        match per_month {
            0..100 => Self::Low,
            100..=1_000 => Self::Medium,
            _ => Self::High,
        }
    }

    pub(crate) const fn strategy(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Low => ("low", "retry", "30 minutes"),
            Self::Medium => ("medium", "retry_fallback_alerts", "2 to 3 hours"),
            Self::High => ("high", "retry_fallback_queue", "1 to 2 days"),
        }
    }
}
