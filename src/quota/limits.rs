//! The limits that are kept to, and the unit that each of them counts.

use crate::errors::kind::Dimension;
use crate::quota::window::Meter;

/// The limits that a usage keeps, in the order in which they are reported.
pub const DIMENSIONS: [Dimension; 8] = [
    Dimension::RequestsPerMinute,
    Dimension::TokensPerMinute,
    Dimension::ImagesPerMinute,
    Dimension::RequestsPerDay,
    Dimension::TokensPerDay,
    Dimension::Spend,
    Dimension::Budget,
    Dimension::BudgetPerDay,
];

/// The limits that callers give, or that their tier has; `None` for unknown ones.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Limits(pub(crate) [Option<u64>; DIMENSIONS.len()]);

impl Limits {
    /// The limit of one dimension; `None` if it is unknown.
    #[must_use]
    pub fn get(&self, dimension: Dimension) -> Option<u64> {
        DIMENSIONS.iter().zip(self.0).find(|(row, _)| **row == dimension)?.1
    }

    /// The same limits with this one in place.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, limit: Option<u64>) -> Self {
        for (row, slot) in DIMENSIONS.iter().zip(&mut self.0) {
            if *row == dimension {
                *slot = limit;
            }
        }
        self
    }
}

/// The unit that a dimension counts.
pub(crate) const fn meter(dimension: Dimension) -> Meter {
    match dimension {
        Dimension::TokensPerMinute | Dimension::TokensPerDay | Dimension::EnqueuedTokens => {
            Meter::Tokens
        }
        Dimension::ImagesPerMinute => Meter::Images,
        Dimension::Spend | Dimension::Budget | Dimension::BudgetPerDay => Meter::Nanos,
        Dimension::RequestsPerMinute | Dimension::RequestsPerDay => Meter::Requests,
    }
}

/// Whether a limit frees as time passes, rather than at midnight.
pub(crate) const fn is_minute_or_money(dimension: Dimension) -> bool {
    dimension.is_per_minute() || matches!(dimension, Dimension::Spend)
}
