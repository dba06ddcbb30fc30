//! What is worth telling of quotas and targets, once.

use std::rc::Rc;

use crate::base::time::{Millis, WallTime};
use crate::engine::blocker::{Bar, Reason};
use crate::engine::ids::{LaneId, lane_id};
use crate::engine::output::{Notice, Output};
use crate::engine::state_machine::Engine;

impl Engine {
    pub(crate) fn alert(&mut self, index: usize) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let mut alerts = lane.alerts.look(&lane.book.quota, &self.alert_at);
        if let Some(account) = self.accounts.get_mut(lane.account.0 as usize) {
            alerts.extend(account.alerts.look(&account.book.quota, &self.alert_at));
        }
        let lane = lane_id(index);
        if let Some(purse) = &mut self.purse {
            let alerts = purse.alerts.look(&purse.book.quota, &self.alert_at);
            self.outputs
                .extend(alerts.into_iter().map(|alert| Output::Notice(Notice::Budget(alert))));
        }
        let notices = alerts.into_iter().map(|alert| Output::Notice(Notice::Alert { lane, alert }));
        self.outputs.extend(notices);
    }

    /// Tells that a limit is in the way, once until it lets something pass.
    pub(crate) fn exhausted(&mut self, index: usize, bar: &Bar) {
        let (Reason::Lane(denial) | Reason::Account(denial)) = &bar.reason else { return };
        let Some(dimension) = denial.dimension else { return };
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let now = self.now.mono;
        if lane.denied.is_some_and(|(told, until)| told == dimension && now < until) {
            return;
        }
        // Windows turn all the time; a minute of it, and what may be on its way, is told once.
        lane.denied = Some((dimension, bar.until.max(now + Millis(65_000))));
        let account = self.accounts.get(lane.account.0 as usize);
        let quota = match (&bar.reason, account) {
            (Reason::Account(_), Some(account)) => &account.book.quota,
            _ => &lane.book.quota,
        };
        let limit = quota.gauge(dimension).limit();
        let until: WallTime = self.now.wall + (bar.until - self.now.mono);
        let lane = lane_id(index);
        self.outputs.push_back(Output::Notice(Notice::Exhausted { lane, dimension, limit, until }));
    }

    pub(crate) fn rested(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.get_mut(id.0 as usize) else { return };
        let Some(outage) = lane.health.outage() else { return };
        let until = self.now.wall + (outage.next - self.now.mono);
        let info = Rc::clone(&outage.info);
        self.outputs.push_back(Output::Notice(Notice::Rested { lane: id, until, info }));
    }
}
