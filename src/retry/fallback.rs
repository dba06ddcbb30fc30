//! Fallback over targets: what each kind of error means for the target that gave it.

use crate::base::time::Millis;
use crate::engine::lane::LaneId;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::quota::window::Amounts;

/// What to do after an error, before attempts, waits and deadlines are looked at.
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

/// What the table says of this kind; unknown means stop.
#[must_use]
pub fn action(kind: Kind) -> Action {
    ACTIONS.iter().find(|(row, _)| *row == kind).map_or(Action::Stop, |&(_, action)| action)
}

/// As [`action`], of an error. What is not the service itself says nothing of the request: an account
/// elsewhere may be the service.
#[must_use]
pub fn action_after(info: &ErrorInfo) -> Action {
    if info.foreign { Action::NextAccount } else { action(info.kind) }
}

/// Where a call may go: which account a target belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Target {
    /// Base URL and key, as a number: targets with the same number share money and key.
    pub account: u32,
    /// The queue and ledger that its requests go through; `None` for straight away.
    pub lane: Option<LaneId>,
    /// What a request is expected to take of the ledger.
    pub want: Amounts,
    /// Whether it is the target before, asked for a smaller picture: only timeouts lead to it.
    pub is_smaller: bool,
    /// How long an attempt may take there, where that is not as elsewhere.
    pub timeout: Option<Millis>,
}

impl Target {
    /// A target of this account whose requests go straight away.
    #[must_use]
    pub const fn of_account(account: u32) -> Self {
        let want = Amounts { requests: 0, tokens: 0, images: 0, nanos: 0 };
        Self { account, lane: None, want, is_smaller: false, timeout: None }
    }
}

/// The index of the first target after `current` that `action` allows.
#[must_use]
pub fn next(targets: &[Target], current: usize, action: Action) -> Option<usize> {
    let account = targets.get(current).map(|target| target.account);
    targets
        .iter()
        .enumerate()
        .skip(current.saturating_add(1))
        .filter(|(_, target)| !target.is_smaller)
        .find(|(_, target)| action != Action::NextAccount || Some(target.account) != account)
        .map(|(index, _)| index)
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

    #[test]
    fn an_account_s_trouble_skips_its_other_models() {
        let targets = [0, 0, 1].map(Target::of_account);
        assert_eq!(next(&targets, 0, Action::Next), Some(1));
        assert_eq!(next(&targets, 0, Action::NextAccount), Some(2));
        assert_eq!(next(&targets, 2, Action::Next), None);
        assert_eq!(next(&targets, 9, Action::Next), None);
    }
}
