//! The order of a call's targets after its first, and the retries left to it at each.
//!
//! A chain is never weaker than one of its targets alone: each has its own count, waits and retry
//! budget, and a call comes back to the one that can start first.

use std::rc::Rc;

use crate::base::random::Random;
use crate::base::time::{Instant, Millis};
use crate::engine::call::Call;
use crate::engine::ids::CallId;
use crate::engine::output::Output;
use crate::engine::state_machine::Engine;
use crate::errors::info::ErrorInfo;
use crate::retry::ending::Why;
use crate::retry::fallback::Action;
use crate::retry::retry_budget::RetryBudget;

impl Engine {
    /// Makes a call wait at its target before it tries again.
    pub(crate) fn wait(
        &mut self,
        id: CallId,
        mut call: Box<Call>,
        wait: Millis,
        info: Rc<ErrorInfo>,
    ) {
        let now = self.now;
        call.waits_until = Some(now.mono + wait);
        call.waiting_since = now.mono;
        let (number, until) = (call.attempts, now.wall + wait);
        self.outputs.push_back(Output::Wait { call: id, number, wait, until, info });
        self.put(id, call);
    }

    /// Sends a call on: to the other target that can start first if it is done with its own, else
    /// to its own.
    pub(crate) fn go_elsewhere(
        &mut self,
        id: CallId,
        mut call: Box<Call>,
        why: Why,
        info: Rc<ErrorInfo>,
    ) {
        call.last = Some(Rc::clone(&info));
        if !call.here.is_over {
            let wait = call.here.ready - self.now.mono;
            if wait > Millis::ZERO {
                self.wait(id, call, wait, info);
            } else {
                self.place(id, call);
            }
            return;
        }
        let latest = call.deadline().unwrap_or(Instant(u64::MAX));
        let latest = mutant!(EndsEarly, latest, Instant(0));
        match self.sooner(&call, latest) {
            Some(target) => self.switch(id, call, target, info),
            None => self.fail(id, *call, why),
        }
    }

    /// The source of the random part of a call's waits at its target: the same for its k-th try
    /// there, whatever happened elsewhere.
    pub(crate) fn draws(&self, call: &Call) -> Random {
        let place = (account_of(call, call.target) as u64) << 32 | u64::from(call.here.tries);
        let of_call = Random::new(self.seed ^ call.serial).bits();
        Random::new(of_call ^ Random::new(place).bits())
    }

    /// The retry budget of a call's target.
    pub(crate) fn retry_budget(&self, call: &Call) -> Option<&RetryBudget> {
        match call.lane().and_then(|lane| self.lanes.get(lane.0 as usize)) {
            Some(lane) => Some(&lane.retry_budget),
            None => self.retry_budgets.get(account_of(call, call.target)),
        }
    }

    /// The retry budget of any of a call's targets, to take from.
    pub(crate) fn retry_budget_of(&mut self, call: &Call, target: usize) -> &mut RetryBudget {
        let account = account_of(call, target);
        let lane = call.spec.targets.get(target).and_then(|target| target.lane);
        if mutant!(SharesBudgets) {
            return &mut self.spare;
        }
        if self.retry_budgets.len() <= account {
            self.retry_budgets.resize_with(account.saturating_add(1), RetryBudget::default);
        }
        match lane.and_then(|lane| self.lanes.get_mut(lane.0 as usize)) {
            Some(lane) => &mut lane.retry_budget,
            None => self.retry_budgets.get_mut(account).unwrap_or(&mut self.spare),
        }
    }

    /// When a call could start at a target: after its own wait there, and when no blocker is in the
    /// way.
    fn starts(&self, call: &Call, target: usize) -> Option<Instant> {
        let lane = call.spec.targets.get(target)?.lane;
        let lane = lane.and_then(|lane| self.lanes.get(lane.0 as usize));
        let ahead = lane.map_or(0, |lane| lane.queue.ahead_of(call.spec.priority));
        let until =
            self.blocker(call, target, ahead).map_or(self.now.mono, |blocker| blocker.until);
        Some(until.max(call.visit(target).ready))
    }

    /// The other target that could start first, if that is before `than`.
    pub(crate) fn sooner(&self, call: &Call, than: Instant) -> Option<usize> {
        self.sooner_by(call, than, Action::Next)
    }

    /// As [`Engine::sooner`], for a call that would wait at its target. In the first round it waits
    /// for a second try, unless a target that it has left is ready before: then the next one has
    /// its turn. The reason for the wait may keep it from other targets of its account too.
    pub(crate) fn sooner_than_wait(
        &self,
        call: &Call,
        than: Instant,
        reach: Action,
    ) -> Option<usize> {
        let next = call.next_new(reach).filter(|next| call.affords(*next));
        if next.is_none() {
            return self.sooner_by(call, than, reach);
        }
        let is_ready = |target: usize| self.starts(call, target).is_some_and(|start| start < than);
        let mut left = call.others().filter(|target| call.visit(*target).was_left);
        next.filter(|_| left.any(is_ready))
    }

    /// As [`Engine::sooner`], among the targets that an action allows.
    pub(crate) fn sooner_by(&self, call: &Call, than: Instant, action: Action) -> Option<usize> {
        let account = |target: usize| call.spec.targets.get(target).map(|target| target.account);
        let own = account(call.target);
        let is_open = |target: &usize| {
            let is_elsewhere = action != Action::NextAccount || account(*target) != own;
            is_elsewhere && call.affords(*target)
        };
        let starts = |target| Some((self.starts(call, target)?, target));
        let soonest = call.others().filter(is_open).filter_map(starts).min()?;
        (soonest.0 < than).then_some(soonest.1)
    }
}

/// The number of the account of a call's target; accounts beyond the last number share that one.
fn account_of(call: &Call, target: usize) -> usize {
    let account = call.spec.targets.get(target).map_or(0, |target| target.account);
    usize::try_from(account).unwrap_or_default().min(1_023)
}
