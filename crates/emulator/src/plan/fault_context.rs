//! The request that a fault hits.

use crate::base::random::Random;
use crate::model::limits::Dimension;

/// The facts about a request that the answer of a fault names.
pub(crate) struct FaultContext<'a> {
    pub(crate) model: &'a str,
    /// The configured limit of a dimension.
    pub(crate) limit: &'a dyn Fn(Dimension) -> Option<u64>,
    pub(crate) random: Random,
}
