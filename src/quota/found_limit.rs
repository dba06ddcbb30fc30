//! A limit that was found by trying, and where limits come from.

use crate::base::time::Millis;

/// Where a limit comes from.
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

/// What is learned of a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// What is kept to.
    pub value: u64,
    /// By how much the next try exceeds it.
    pub step: u64,
    /// What was too much when it was last tried.
    pub bad: u64,
    /// How long after a refusal the next try is.
    pub pause: Millis,
    /// When the next try is.
    pub next: u64,
    /// When the value was raised to a try that is not proven yet.
    pub tried: Option<u64>,
    /// When the service refused last.
    pub refused: u64,
    /// How many waves of refusals there were within what was taken for ours.
    pub strikes: u64,
    /// Until when requests go evenly.
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

/// A limit that has become another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// What it is now.
    pub limit: u64,
    /// What it was taken for before.
    pub previous: Option<u64>,
}
