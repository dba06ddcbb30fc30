//! The consequence of an item's failure for its batch.

use unexhausted::errors::kind::Kind;

/// The consequence of an item's failure for the batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is the item's own fault: it is not tried again.
    ForGood,
    /// A resume tries again.
    Again,
    /// Others would fail alike: the run ends, and a resume tries again.
    Stop,
}

/// The verdict on each kind of failure. A kind that is not listed may be anybody's fault.
const VERDICTS: &[(Kind, Verdict)] = &[
    (Kind::InvalidRequest, Verdict::ForGood),
    (Kind::TooLarge, Verdict::ForGood),
    (Kind::Blocked, Verdict::ForGood),
    (Kind::Unauthenticated, Verdict::Stop),
    (Kind::Forbidden, Verdict::Stop),
    (Kind::Billing, Verdict::Stop),
    (Kind::NotInTier, Verdict::Stop),
    (Kind::ModelNotFound, Verdict::Stop),
    (Kind::DailyQuota, Verdict::Stop),
    (Kind::SpendLimited, Verdict::Stop),
    (Kind::OverBudget, Verdict::Stop),
    (Kind::Deadline, Verdict::Stop),
    (Kind::Closed, Verdict::Stop),
];

/// Kinds that depend on the model alone: an item that names its own model stands for itself.
const OF_THE_MODEL: &[Kind] = &[Kind::NotInTier, Kind::ModelNotFound, Kind::Forbidden];

/// Whether a failure of this kind says something of its model alone.
#[must_use]
pub fn is_of_the_model(kind: &str) -> bool {
    OF_THE_MODEL.iter().any(|known| known.as_str() == kind)
}

/// The verdict on a failure of this kind: of an item that may have a model of its own, in a batch
/// whose items may cost so much at most.
pub(crate) fn verdict_of(kind: &str, has_own_model: bool, has_max_cost: bool) -> Verdict {
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
    let kind = kind.unwrap_or(Kind::Unknown);
    match kind {
        kind if has_own_model && OF_THE_MODEL.contains(&kind) => Verdict::ForGood,
        // An item that is too dear says nothing of others.
        Kind::OverBudget if has_max_cost => Verdict::Again,
        kind => VERDICTS.iter().find(|row| row.0 == kind).map_or(Verdict::Again, |row| row.1),
    }
}
