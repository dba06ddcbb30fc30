//! Reservation of the amounts that a request will take: with the budget, the account and the lane.

use std::rc::Rc;

use crate::engine::blocker::{Blocker, Reason};
use crate::engine::call::{Call, ChargedAt, Permit};
use crate::engine::ids::lane_id;
use crate::engine::lane::{Account, Lane};
use crate::engine::state_machine::Engine;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::quota::window::Amounts;

impl Engine {
    /// Whether a permit that has come from a store may be used now.
    pub(crate) fn has_room(&self, index: usize) -> bool {
        let Some(lane) = self.lanes.get(index) else { return false };
        lane.replica.held(self.now).is_none() && self.has_slot(lane)
    }

    /// Whether one more request may be in flight.
    pub(crate) fn has_slot(&self, lane: &Lane) -> bool {
        self.in_flight < self.concurrency && lane.in_flight < lane.in_flight_max()
    }

    /// Whether requests of a lane are decided here, and not in a store.
    pub(crate) fn decides(&self, lane: &Lane) -> bool {
        let account = self.accounts.get(lane.account.0 as usize);
        lane.replica.decides() && account.into_iter().chain(&self.budget).all(Account::decides)
    }

    /// A permit for a call that insists, if only guesses keep it: the loop that the drop-in
    /// replaces would send it now, ahead of all that wait.
    pub(crate) fn permit_now(&mut self, index: usize, call: &Call) -> Option<Permit> {
        let now = self.now.mono;
        let has_room = self.lanes.get_mut(index)?.pacer.room(now, None, false).is_ok();
        let lane = self.lanes.get(index)?;
        let may_go = has_room && self.has_slot(lane) && self.decides(lane);
        let cost = lane.reserves(&call.cost());
        let may_go = may_go && lane.disabled(now).is_none();
        may_go.then(|| self.reserve(index, &cost, true).ok()).flatten()
    }

    /// Counts a request if the budget, the account and the lane let it go, in this order.
    pub(crate) fn reserve(
        &mut self,
        index: usize,
        cost: &Amounts,
        insists: bool,
    ) -> Result<Permit, Blocker> {
        let now = self.now;
        let cost = &mutant!(CountsNothing, *cost, Amounts { requests: 0, ..*cost });
        let (amounts, money) = cost.split();
        let nowhere = || {
            let info = Rc::new(ErrorInfo::new(Kind::Unknown));
            Blocker { until: now.mono, reason: Reason::Target(info) }
        };
        let lane = self.lanes.get_mut(index).ok_or_else(nowhere)?;
        let mut budget = mutant!(ForgetsBudget, self.budget.as_mut(), None);
        let mut account = self.accounts.get_mut(lane.account.0 as usize);
        let budget_at = match &mut budget {
            Some(budget) => budget.replica.take(now, &money).map_err(|denial| Blocker {
                until: budget.replica.moment(now, denial.until),
                reason: Reason::Budget(denial),
            })?,
            None => 0,
        };
        let mut give_back = |account: Option<(&mut Account, u64)>| {
            if let Some(budget) = &mut budget {
                budget.replica.untake(budget_at, &money);
            }
            if let Some((account, at)) = account {
                account.replica.untake(at, &money);
            }
        };
        let account_at = match account.as_mut().map(|account| account.replica.take(now, &money)) {
            Some(Ok(at)) => at,
            Some(Err(denial)) => {
                give_back(None);
                let until =
                    account.map_or(now.mono, |account| account.replica.moment(now, denial.until));
                return Err(Blocker { until, reason: Reason::Account(denial) });
            }
            None => 0,
        };
        let taken = if insists {
            lane.replica.insist(now, &amounts)
        } else {
            lane.replica.take(now, &amounts)
        };
        match taken {
            Ok(at) => {
                let charged_at = ChargedAt { budget: budget_at, account: account_at };
                Ok(Permit { lane: lane_id(index), at, charged_at, cost: *cost, in_doubt: false })
            }
            Err(denial) => {
                give_back(account.map(|account| (account, account_at)));
                let until = lane.replica.moment(now, denial.until);
                Err(Blocker { until, reason: Reason::Lane(denial) })
            }
        }
    }
}
