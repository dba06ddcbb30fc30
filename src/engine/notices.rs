//! Notices about quotas and targets, each given once.

use std::rc::Rc;

use crate::base::time::{Millis, WallTime};
use crate::engine::blocker::{Blocker, Reason};
use crate::engine::ids::{LaneId, lane_id};
use crate::engine::output::{Notice, Output};
use crate::engine::state_machine::Engine;

impl Engine {
    pub(crate) fn alert(&mut self, index: usize) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let mut alerts = lane.alerts.look(&lane.replica.usage, &self.alert_at);
        if let Some(account) = self.accounts.get_mut(lane.account.0 as usize) {
            alerts.extend(account.alerts.look(&account.replica.usage, &self.alert_at));
        }
        let lane = lane_id(index);
        if let Some(budget) = &mut self.budget {
            let alerts = budget.alerts.look(&budget.replica.usage, &self.alert_at);
            self.outputs
                .extend(alerts.into_iter().map(|alert| Output::Notice(Notice::Budget(alert))));
        }
        let notices = alerts.into_iter().map(|alert| Output::Notice(Notice::Alert { lane, alert }));
        self.outputs.extend(notices);
    }

    /// Reports a limit that is in the way, once until it lets a request pass.
    pub(crate) fn exhausted(&mut self, index: usize, blocker: &Blocker) {
        let (Reason::Lane(denial) | Reason::Account(denial)) = &blocker.reason else { return };
        let Some(dimension) = denial.dimension else { return };
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let now = self.now.mono;
        if lane.denied.is_some_and(|(told, until)| told == dimension && now < until) {
            return;
        }
        // Windows pass all the time: a minute of it, with the requests that may be on their way, is
        // reported once.
        lane.denied = Some((dimension, blocker.until.max(now + Millis(65_000))));
        let account = self.accounts.get(lane.account.0 as usize);
        let usage = match (&blocker.reason, account) {
            (Reason::Account(_), Some(account)) => &account.replica.usage,
            _ => &lane.replica.usage,
        };
        let limit = usage.estimator(dimension).limit();
        let until: WallTime = self.now.wall + (blocker.until - self.now.mono);
        let lane = lane_id(index);
        self.outputs.push_back(Output::Notice(Notice::Exhausted { lane, dimension, limit, until }));
    }

    /// Reports that the circuit breaker of a lane has opened.
    pub(crate) fn circuit_opened(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.get_mut(id.0 as usize) else { return };
        let Some(outage) = lane.breaker.outage() else { return };
        let until = self.now.wall + (outage.next - self.now.mono);
        let info = Rc::clone(&outage.info);
        lane.is_told_open = true;
        self.outputs.push_back(Output::Notice(Notice::CircuitOpened { lane: id, until, info }));
    }

    /// Reports the circuit breakers that have closed since they were said to be open.
    pub(crate) fn circuits_closed(&mut self) {
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if lane.is_told_open && lane.breaker.outage().is_none() {
                lane.is_told_open = false;
                let lane = lane_id(index);
                self.outputs.push_back(Output::Notice(Notice::CircuitClosed { lane }));
            }
        }
    }
}
