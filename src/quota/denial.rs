//! Why a request may not go now.

use crate::errors::kind::Dimension;

/// Why a request may not go now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Denial {
    /// When it may, on the usage's clock.
    pub until: u64,
    /// The limit that keeps it; `None` where the service said to wait and not for what.
    pub dimension: Option<Dimension>,
    /// Whether the service itself named that wait.
    pub is_named: bool,
}

impl Denial {
    /// What our own count denies.
    pub(crate) const fn counted(until: u64, dimension: Option<Dimension>) -> Self {
        Self { until, dimension, is_named: false }
    }
}

/// What a request is kept by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Basis {
    /// All that is known, and how the service counts.
    Learned,
    All,
    /// What somebody said, without what is only guessed.
    Said,
}
