//! A denial: the reason why a request may not go now.

use crate::errors::kind::Dimension;

/// The reason why a request may not go now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Denial {
    /// The moment at which it may go, on the usage's clock.
    pub until: u64,
    /// The limit in its way; `None` if the service named a wait but no limit.
    pub dimension: Option<Dimension>,
    /// Whether the service itself named that wait.
    pub is_named: bool,
}

impl Denial {
    /// A denial by our own count.
    pub(crate) const fn counted(until: u64, dimension: Option<Dimension>) -> Self {
        Self { until, dimension, is_named: false }
    }
}

/// The knowledge that a denial rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Basis {
    /// All knowledge, with the way in which the service counts.
    WithDiscipline,
    /// Every limit that is kept to, by the sliding minute.
    Limits,
    /// Stated limits only, without those that are guessed.
    Stated,
}
