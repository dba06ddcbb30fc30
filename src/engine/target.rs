//! The targets of a call, and their order.

use crate::base::time::Millis;
use crate::engine::ids::LaneId;
use crate::quota::window::Amounts;
use crate::retry::fallback::Action;

/// A target of a call, with its account, its lane and the cost of a request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Target {
    /// The number of its base URL and key: targets with the same number share money and key.
    pub account: u32,
    /// The queue and usage that its requests go through; `None` to send them straight away.
    pub lane: Option<LaneId>,
    /// The amounts that a request is expected to take.
    pub cost: Amounts,
    /// Whether it is the target before it, asked for a smaller picture: only timeouts lead to it.
    pub is_smaller: bool,
    /// How long an attempt may take there; `None` for the policy's timeout.
    pub timeout: Option<Millis>,
}

impl Target {
    /// A target of this account whose requests go straight away.
    #[must_use]
    pub const fn of_account(account: u32) -> Self {
        let cost = Amounts { requests: 0, tokens: 0, images: 0, nanos: 0 };
        Self { account, lane: None, cost, is_smaller: false, timeout: None }
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
    fn an_account_s_trouble_skips_its_other_models() {
        let targets = [0, 0, 1].map(Target::of_account);
        assert_eq!(next(&targets, 0, Action::Next), Some(1));
        assert_eq!(next(&targets, 0, Action::NextAccount), Some(2));
        assert_eq!(next(&targets, 2, Action::Next), None);
        assert_eq!(next(&targets, 9, Action::Next), None);
    }
}
