//! Limits that were found by trying, and the sources of limits.

use crate::base::time::Millis;

/// The source of a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// The caller gave it.
    Given,
    /// It is the published limit of the caller's tier.
    Tier,
    /// The service named it, or it was found by trying.
    Learned,
}

impl Source {
    /// The name that JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Tier => "tier",
            Self::Learned => "learned",
        }
    }
}

/// Knowledge about a limit, learned by trying.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// The limit that is kept to.
    pub value: u64,
    /// The amount by which the next try exceeds it.
    pub step: u64,
    /// The value that was too much when it was last tried.
    pub bad: u64,
    /// The time from a refusal to the next try.
    pub pause: Millis,
    /// The moment of the next try.
    pub next: u64,
    /// When the value was raised for a try that is not proven yet.
    pub tried: Option<u64>,
    /// When the service refused last.
    pub refused: u64,
    /// Waves of refusals within the limit that was believed to be ours.
    pub strikes: u64,
    /// The moment until which requests are spread evenly.
    pub even_until: u64,
}

impl Found {
    pub(crate) const fn new(value: u64, bad: u64, pause: Millis, now: u64) -> Self {
        let next = now.saturating_add(pause.0);
        Self {
            value,
            step: 1,
            bad,
            pause,
            next,
            tried: None,
            refused: now,
            strikes: 0,
            even_until: 0,
        }
    }
}

/// A change of a limit's value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// The limit now.
    pub limit: u64,
    /// The limit before; `None` if none was known.
    pub previous: Option<u64>,
}
