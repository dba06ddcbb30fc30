//! Fallback over targets: the consequence of each kind of error for the target that gave it.

use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;

/// The step after an error, before attempts, waits and deadlines are looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Try the target again while tries and time last; then the next.
    Retry,
    /// Try the target once more; then the next.
    OnceMore,
    /// The next target at once.
    Next,
    /// The next target of another account at once.
    NextAccount,
    /// End the call.
    Stop,
}

/// The table: one row a kind.
const ACTIONS: &[(Kind, Action)] = &[
    (Kind::RateLimited, Action::Retry),
    (Kind::Overloaded, Action::Retry),
    (Kind::Timeout, Action::Retry),
    (Kind::Network, Action::Retry),
    (Kind::ServerError, Action::Retry),
    (Kind::DailyQuota, Action::Next),
    (Kind::NotInTier, Action::Next),
    (Kind::ModelNotFound, Action::Next),
    // The spending rate is the account's: its other models are refused too.
    (Kind::SpendLimited, Action::NextAccount),
    (Kind::Billing, Action::NextAccount),
    (Kind::Unauthenticated, Action::NextAccount),
    (Kind::Forbidden, Action::NextAccount),
    (Kind::NoImage, Action::OnceMore),
    (Kind::InvalidRequest, Action::Stop),
    (Kind::TooLarge, Action::Stop),
    (Kind::Blocked, Action::Stop),
    (Kind::Unknown, Action::Stop),
    (Kind::Cancelled, Action::Stop),
];

/// The table's action for this kind; an unknown kind ends the call.
#[must_use]
pub fn action(kind: Kind) -> Action {
    ACTIONS.iter().find(|(row, _)| *row == kind).map_or(Action::Stop, |&(_, action)| action)
}

/// As [`action`], for an error. A server that is not the service itself says nothing of the
/// request: an account elsewhere may reach the service.
#[must_use]
pub fn action_after(info: &ErrorInfo) -> Action {
    if info.foreign { Action::NextAccount } else { action(info.kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_service_has_one_row() {
        for kind in Kind::ALL {
            let rows = ACTIONS.iter().filter(|(row, _)| *row == kind).count();
            let ours = matches!(kind, Kind::Deadline | Kind::OverBudget | Kind::Closed);
            assert_eq!(rows, usize::from(!ours), "{kind:?}");
        }
    }
}
