//! The attempts of a call, sent, answered, failed or timed out, and the call's end.

use std::rc::Rc;

use crate::base::time::Millis;
use crate::engine::call::{Attempt, Call, Permit};
use crate::engine::ids::{AttemptId, CallId};
use crate::engine::input::{OnDailyLimit, Used};
use crate::engine::output::{Ending, Output};
use crate::engine::state_machine::Engine;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::errors::local;
use crate::retry::ending::Why;
use crate::retry::fallback::Action;
use crate::retry::policy::{self, Decision, Verdict, believed, is_long};

/// The longest time of an attempt in flight: the service itself ends a request after ten minutes.
const LATE_MAX: Millis = Millis(600_000);

impl Engine {
    /// The number of the next attempt to go out.
    pub(crate) const fn next_attempt(&self) -> AttemptId {
        AttemptId(self.sent_attempts.wrapping_add(1))
    }

    pub(crate) fn send(&mut self, id: CallId, mut call: Box<Call>, permit: Option<Permit>) {
        let now = self.now.mono;
        let waits = call.waits_until.take().is_some() || call.queued.take().is_some();
        let waited = if waits { now - call.waiting_since } else { Millis::ZERO };
        call.patience = None;
        self.parked.redeem(&mut call);
        call.record.waited = call.record.waited + waited;
        call.attempts = call.attempts.saturating_add(1);
        if call.here.tries == 0 {
            self.retry_budget_of(&call, call.target).call(now);
        }
        call.here.tries = call.here.tries.saturating_add(1);
        self.sent_attempts = self.sent_attempts.wrapping_add(1);
        let attempt = AttemptId(self.sent_attempts);
        let own = call.spec.targets.get(call.target).and_then(|target| target.timeout);
        let expires = own.or(call.spec.policy.timeout).map(|timeout| now + timeout);
        let expires = [expires, call.attempt_ends(now)].into_iter().flatten().min();
        call.current = Some(Box::new(Attempt {
            id: attempt,
            number: call.attempts,
            target: call.target,
            started: now,
            waited,
            expires,
            permit,
        }));
        let (number, target) = (call.attempts, call.target);
        self.outputs.push_back(Output::Send { call: id, attempt, number, target });
        self.put(id, call);
    }

    pub(crate) fn answered(&mut self, id: CallId, attempt: AttemptId, used: Option<Used>) {
        let Some(mut call) = self.take(id) else { return };
        match call.take_attempt(attempt) {
            Some(completed) => {
                self.served(&call, &completed, used);
                call.end(self.now.mono, &completed, None, false);
                self.settle(id, *call, Ending::Answered(attempt));
            }
            None => self.put(id, call),
        }
    }

    pub(crate) fn failed(
        &mut self,
        id: CallId,
        attempt: AttemptId,
        mut info: Rc<ErrorInfo>,
        verdict: Option<Verdict>,
    ) {
        let Some(mut call) = self.take(id) else { return };
        let was_current = call.current.as_ref().is_some_and(|current| current.id == attempt);
        if let Some(completed) = call.take_attempt(attempt) {
            self.refused(&call, &completed, &info);
            info = self.advised(&completed, info);
            call.end(self.now.mono, &completed, Some(Rc::clone(&info)), false);
            // A wait longer than the caller allows is not kept: a call that asks again is told it
            // again.
            let most = call.spec.policy.max_server_delay;
            let is_obeyed = call.spec.is_background() || !is_long(&info, most);
            if let Some(hint) = believed(&info, most).filter(|_| is_obeyed && !was_current) {
                // A failed late attempt leaves nothing but the wait that the service named.
                let until = self.now.mono + hint;
                call.hold(completed.target, until);
                if completed.target == call.target && call.waits_until.is_some() {
                    call.waits_until = call.waits_until.max(Some(until));
                }
            }
        }
        if was_current {
            self.decide(id, call, info, verdict);
        } else if call.has_nothing_due() {
            self.place(id, call);
        } else if call.current.is_none() && call.is_risked(self.now.mono, None) {
            self.fail(id, *call, Why::AttemptsUsed);
        } else {
            self.put(id, call);
        }
    }

    /// Decides the step after a failed attempt.
    fn decide(
        &mut self,
        id: CallId,
        mut call: Box<Call>,
        info: Rc<ErrorInfo>,
        verdict: Option<Verdict>,
    ) {
        if self.draining {
            let ends = policy::ends(&info, verdict);
            call.last = Some(info);
            if ends {
                self.fail(id, *call, Why::Final);
            } else {
                self.goes_no_further(id, call);
            }
            return;
        }
        // A call that was told to stay with a target waits for it as any call does.
        let is_open = matches!(verdict, None | Some(Verdict::Stay));
        if is_open && self.goes_back(&call, &info) {
            self.go_back(id, call, info);
            return;
        }
        let fails_for_day =
            info.kind == Kind::DailyQuota && call.spec.on_daily_limit == OnDailyLimit::Fail;
        if is_open && fails_for_day {
            call.last = Some(info);
            self.fail(id, *call, Why::Final);
            return;
        }
        if call.is_risked(self.now.mono, None) {
            call.last = Some(info);
            self.fail(id, *call, Why::AttemptsUsed);
            return;
        }
        let mut random = self.draws(&call);
        let (now, standing) = (self.now.mono, self.standing(&call));
        let budget = self.retry_budget_of(&call, call.target);
        let decision = standing.decide(now, &info, verdict, budget, &mut random);
        let is_minute = standing.is_minute(&info);
        call.last = Some(Rc::clone(&info));
        call.count(&decision, &info, is_minute);
        match decision {
            Decision::Again { wait, .. } => self.try_again(id, call, wait, info, verdict),
            Decision::Switch { target, back, .. } => {
                match back {
                    Some(wait) if info.kind == Kind::SpendLimited => call.hold_account(now + wait),
                    Some(wait) => call.here.ready = now + wait,
                    None => call.give_up(policy::reach(&info, verdict)),
                }
                call.here.is_paid = call.is_kept(&info);
                self.switch(id, call, target, info);
            }
            Decision::Over { why, action, .. } => {
                call.give_up(action);
                self.go_elsewhere(id, call, why, info);
            }
            Decision::End(why) => self.fail(id, *call, why),
        }
    }

    /// Puts a failed call back into its queue.
    fn go_back(&mut self, id: CallId, mut call: Box<Call>, info: Rc<ErrorInfo>) {
        call.last = Some(Rc::clone(&info));
        if !call.spec.policy.free_quota_waits {
            // Every request of the drop-in counts, whatever it waits for.
            call.here.used = call.here.used.saturating_add(1);
            if call.here.used >= call.spec.policy.attempts(call.spec.lasts()) {
                call.give_up(Action::Next);
                self.go_elsewhere(id, call, Why::AttemptsUsed, info);
                return;
            }
        }
        if info.kind != Kind::DailyQuota && info.kind != Kind::SpendLimited {
            // Each call probes in its turn.
            self.serials = self.serials.saturating_add(1);
            call.serial = self.serials;
        }
        self.place(id, call);
    }

    /// Asks the same target after this wait, or another one that is ready sooner.
    fn try_again(
        &mut self,
        id: CallId,
        mut call: Box<Call>,
        wait: Millis,
        info: Rc<ErrorInfo>,
        verdict: Option<Verdict>,
    ) {
        let wait = mutant!(IgnoresHints, wait, Millis::ZERO);
        let ready = self.now.mono + wait;
        call.here.ready = ready;
        if info.kind == Kind::SpendLimited {
            call.hold_account(ready);
        }
        call.here.is_paid = true;
        // A call that was told to stay waits here, even if another target is ready.
        let sooner = match verdict {
            None => self.sooner_than_wait(&call, ready, policy::reach(&info, None)),
            Some(_) => None,
        };
        match sooner {
            Some(target) => self.switch(id, call, target, info),
            None => self.wait(id, call, wait, info),
        }
    }

    pub(crate) fn wake(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(mut call) = self.take(id) else { return };
        if call.deadline().is_some_and(|deadline| deadline <= now) {
            self.fail(id, *call, Why::Deadline);
            return;
        }
        if call.waits_until.is_some_and(|until| until <= now) {
            self.place(id, call);
            return;
        }
        if call.patience.is_some_and(|patience| patience <= now) {
            self.reconsider(id, call);
            return;
        }
        let expired = |attempt: &Attempt| attempt.expires.is_some_and(|expires| expires <= now);
        if let Some(attempt) = call.late.take_if(|attempt| expired(attempt)) {
            let info = Rc::new(local::timed_out());
            self.refused(&call, &attempt, &info);
            call.end(now, &attempt, Some(info), true);
            self.outputs.push_back(Output::Abort {
                call: id,
                attempt: attempt.id,
                timed_out: true,
            });
            if call.has_nothing_due() {
                self.place(id, call);
                return;
            }
            if call.current.is_none() && call.is_risked(now, None) {
                self.fail(id, *call, Why::AttemptsUsed);
                return;
            }
        }
        // An attempt may take all the time there is if the call may not pay for another one.
        let targets = call.target..call.spec.targets.len();
        let has_more = targets.into_iter().any(|target| call.affords(target));
        let keeps_late = call.spec.policy.keeps_late_attempts;
        if let Some(attempt) = call.current.as_deref_mut().filter(|_| !has_more && keeps_late) {
            attempt.expires = attempt.expires.max(Some(attempt.started + LATE_MAX));
        }
        let Some(mut attempt) = call.current.take_if(|attempt| expired(attempt)) else {
            self.put(id, call);
            return;
        };
        let info = Rc::new(local::timed_out());
        if call.spec.policy.keeps_late_attempts && call.late.is_none() {
            self.make_late(&attempt);
            attempt.expires = Some(attempt.started + LATE_MAX);
            call.late = Some(attempt);
        } else {
            call.end(now, &attempt, Some(Rc::clone(&info)), true);
            self.refused(&call, &attempt, &info);
            self.outputs.push_back(Output::Abort {
                call: id,
                attempt: attempt.id,
                timed_out: true,
            });
        }
        self.decide(id, call, info, None);
    }

    pub(crate) fn fail(&mut self, id: CallId, call: Call, why: Why) {
        let info = match &call.last {
            Some(last) => Rc::clone(last),
            None => Rc::new(local::out_of_time()),
        };
        self.settle(id, call, Ending::Failed { why, info });
    }

    pub(crate) fn settle(&mut self, id: CallId, mut call: Call, ending: Ending) {
        let sent_attempts = [(call.current.take(), false), (call.late.take(), true)];
        for (attempt, late) in sent_attempts {
            let Some(attempt) = attempt else { continue };
            let info = late.then(|| Rc::new(local::timed_out()));
            self.gave_up(&attempt);
            call.end(self.now.mono, &attempt, info, true);
            self.outputs.push_back(Output::Abort {
                call: id,
                attempt: attempt.id,
                timed_out: false,
            });
        }
        if call.queued.is_some() {
            self.unqueue(&mut call);
        } else if call.waits_until.is_some() {
            call.record.waited = call.record.waited + (self.now.mono - call.waiting_since);
        }
        self.parked.dirty |= self.parked.redeem(&mut call);
        if mutant!(SettlesTwice) {
            let (ending, record) = (ending.clone(), call.record.clone());
            self.outputs.push_back(Output::Settle { call: id, ending, record });
        }
        self.outputs.push_back(Output::Settle { call: id, ending, record: call.record });
    }
}
