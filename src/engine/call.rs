//! A live call: its state, and the record of its attempts.

use std::rc::Rc;

use crate::base::time::{Instant, Millis};
use crate::engine::circuit_breaker::Outage;
use crate::engine::ids::{AttemptId, LaneId, ReplicaId};
use crate::engine::input::CallSpec;
use crate::engine::output::{PastAttempt, Record};
use crate::engine::queue::Ticket;
use crate::engine::target;
use crate::errors::billed::may_be_billed;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::quota::window::Amounts;
use crate::retry::fallback::Action;
use crate::retry::policy::{self, Decision, Standing};

#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) id: AttemptId,
    pub(crate) number: u32,
    pub(crate) target: usize,
    pub(crate) started: Instant,
    pub(crate) waited: Millis,
    /// The moment at which its time is over: its own, or that of a late attempt.
    pub(crate) expires: Option<Instant>,
    /// The permit with its reserved amounts.
    pub(crate) permit: Option<Permit>,
}

/// The moments at which the money of a request was counted: by the client's budget, if there is
/// one, and by the account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChargedAt {
    pub(crate) budget: u64,
    pub(crate) account: u64,
}

/// A request's place in the usage: the amounts counted for it, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    pub(crate) lane: LaneId,
    /// The moment at which the lane counted it, on its usage's clock.
    pub(crate) at: u64,
    /// The moments at which the budget and the account counted its money.
    pub(crate) charged_at: ChargedAt,
    pub(crate) cost: Amounts,
    /// Whether it was sent while the day was in doubt.
    pub(crate) in_doubt: bool,
}

/// A call's state at one of its targets, from which it goes on if it comes back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Visit {
    /// Attempts sent there.
    pub(crate) tries: u32,
    /// Failed attempts that counted.
    pub(crate) used: u32,
    /// Waits in a row for a minute to pass.
    pub(crate) free_waits: u8,
    /// Answers without a picture.
    pub(crate) empty_answers: u8,
    /// The moment at which its own wait there is over.
    pub(crate) ready: Instant,
    /// The moment at which it came here from another target; before that, the start of the clock.
    pub(crate) came: Instant,
    /// Whether it was left, which takes it out of the first round.
    pub(crate) was_left: bool,
    /// Whether the call does not return to it.
    pub(crate) is_over: bool,
    /// Whether the retry that is due there takes nothing more from a retry budget.
    pub(crate) is_paid: bool,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) spec: CallSpec,
    /// The moment until which it stays with its target while there is a next one.
    pub(crate) share: Option<Instant>,
    pub(crate) target: usize,
    /// Its state at that target.
    pub(crate) here: Visit,
    /// Its states at all targets, once it has left one; that of the present target is out of date.
    pub(crate) visits: Box<[Visit]>,
    pub(crate) attempts: u32,
    /// The moment of its start.
    pub(crate) started: Instant,
    /// Its number in the order of arrival, which is its place in a queue.
    pub(crate) serial: u64,
    /// The moment at which the wait is over; `None` while an attempt is due or in flight.
    pub(crate) waits_until: Option<Instant>,
    /// The quota in whose queue it waits: its lane's, or the budget's.
    pub(crate) queued: Option<ReplicaId>,
    /// Its cost, in billionths of a USD, if it was woken for money and has not gone yet; else 0.
    pub(crate) promised: u64,
    /// When a queued call looks at its other targets again.
    pub(crate) patience: Option<Instant>,
    pub(crate) waiting_since: Instant,
    pub(crate) current: Option<Box<Attempt>>,
    pub(crate) late: Option<Box<Attempt>>,
    pub(crate) record: Record,
    pub(crate) last: Option<Rc<ErrorInfo>>,
    /// The number of its one current entry in the heap.
    pub(crate) stamp: u32,
}

impl Call {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.spec.deadline.map(|deadline| self.started + deadline)
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        let sent_attempts = [&self.current, &self.late].into_iter().flatten();
        let expires = sent_attempts.filter_map(|attempt| attempt.expires).min();
        [self.waits_until, expires, self.patience, self.deadline()].into_iter().flatten().min()
    }

    /// Shares out the time left until the deadline: half of it is its target's while there is a
    /// next one, so that a slow target cannot use up the others' time.
    pub(crate) fn share_out(&mut self, now: Instant) {
        let has_next = self.next_new(Action::Next).is_some();
        let half = |deadline: Instant| now + Millis((deadline - now).0 / 2);
        self.share = self.deadline().filter(|_| has_next).map(half);
    }

    /// When an attempt that goes now has used up its target's share of the deadline; one that had
    /// to wait long has a quarter of the time left. `None` if it would be stopped then, rather than
    /// stay in flight beside the next one: it has all the time there is.
    pub(crate) fn attempt_ends(&self, now: Instant) -> Option<Instant> {
        self.next_new(Action::Next)?;
        let (share, deadline) = (self.share?, self.deadline()?);
        if !self.spec.policy.keeps_late_attempts || self.late.is_some() {
            return None;
        }
        Some(share.max(now + Millis((deadline - now).0 / 4)))
    }

    /// Its state at a target.
    pub(crate) fn visit(&self, target: usize) -> Visit {
        if target == self.target {
            return self.here;
        }
        self.visits.get(target).copied().unwrap_or_default()
    }

    /// Moves to another target, where it goes on from its last state there.
    pub(crate) fn move_to(&mut self, target: usize, now: Instant) {
        self.here.was_left = true;
        self.remember();
        if let Some(left) = self.visits.get_mut(self.target) {
            *left = self.here;
        }
        self.here = self.visits.get(target).copied().unwrap_or_default();
        if mutant!(ForgetsCount) {
            self.here.tries = 0;
        }
        self.here.came = now;
        self.target = target;
    }

    /// Whether it is held back during an outage of its target. The drop-in holds back only a first
    /// try, and only for load: the loop that it replaces tries again whatever other calls meet.
    pub(crate) fn rides(&self, outage: &Outage) -> bool {
        let is_fresh = self.here.tries == 0 && outage.info.kind == Kind::RateLimited;
        self.spec.policy.rides_outages || is_fresh
    }

    /// Whether it ignores limits that are only guessed: a wait of the drop-in ends when the loop's
    /// would.
    pub(crate) fn insists(&self) -> bool {
        !self.spec.policy.rides_outages && self.here.tries > 0
    }

    /// Marks its target, or all targets of its account, as not to be returned to.
    pub(crate) fn give_up(&mut self, action: Action) {
        self.here.is_over = true;
        if action == Action::NextAccount {
            self.in_account(|visit| visit.is_over = true);
        }
    }

    /// Makes room for a state of each target, once that of one is not enough.
    fn remember(&mut self) {
        if self.visits.is_empty() {
            self.visits = vec![Visit::default(); self.spec.targets.len()].into();
        }
    }

    /// Changes its states at the targets of its present account.
    fn in_account(&mut self, change: impl Fn(&mut Visit)) {
        if self.spec.targets.len() < 2 {
            return;
        }
        self.remember();
        let account = self.spec.targets.get(self.target).map(|target| target.account);
        for (visit, target) in self.visits.iter_mut().zip(&*self.spec.targets) {
            if Some(target.account) == account {
                change(visit);
            }
        }
    }

    /// Lets it ask a target only from this moment on.
    pub(crate) fn hold(&mut self, target: usize, until: Instant) {
        if target == self.target {
            self.here.ready = self.here.ready.max(until);
        } else if let Some(visit) = self.visits.get_mut(target) {
            visit.ready = visit.ready.max(until);
        }
    }

    /// Marks a target that was left as not to be returned to.
    pub(crate) fn close(&mut self, target: usize) {
        if let Some(visit) = self.visits.get_mut(target) {
            visit.is_over = true;
        }
    }

    /// Notes that the spending rate of the account is used up until then, for every model.
    pub(crate) fn hold_account(&mut self, until: Instant) {
        self.here.ready = self.here.ready.max(until);
        self.in_account(|visit| {
            visit.ready = visit.ready.max(until);
            visit.was_left = true;
        });
    }

    /// The next target of the first round that an action allows.
    pub(crate) fn next_new(&self, action: Action) -> Option<usize> {
        let mut at = self.target;
        loop {
            at = target::next(&self.spec.targets, at, action)?;
            let visit = self.visit(at);
            if !visit.was_left && !visit.is_over && visit.tries == 0 {
                return Some(at);
            }
        }
    }

    /// The other targets that it may go or come back to.
    pub(crate) fn others(&self) -> impl Iterator<Item = usize> {
        let all = self.spec.targets.iter().enumerate();
        let open = all.filter(|(index, target)| {
            let visit = self.visit(*index);
            // A smaller picture is asked for the first time only after timeouts.
            let is_open = !target.is_smaller || visit.was_left;
            *index != self.target && is_open && !visit.is_over
        });
        open.map(|(index, _)| index)
    }

    /// Whether a retry after this error is limited by the service itself, and not by a retry
    /// budget.
    pub(crate) fn is_kept(&self, info: &ErrorInfo) -> bool {
        let is_queued = self.lane().is_some();
        !self.spec.policy.budgeted || policy::is_kept(info, is_queued)
    }

    /// Whether as many attempts as are allowed have ended with an answer that is lost and likely
    /// billed; one that fails now, with `failing`, is counted too.
    pub(crate) fn is_risked(&self, now: Instant, failing: Option<&ErrorInfo>) -> bool {
        const MOST: usize = 5;
        let most = usize::try_from(self.spec.policy.max_attempts).unwrap_or(usize::MAX).max(MOST);
        let took = self.current.as_ref().map_or(Millis::ZERO, |attempt| now - attempt.started);
        let is_lost = |info: &ErrorInfo| may_be_billed(info) && !is_at_once(info, took);
        let failing = usize::from(failing.is_some_and(is_lost));
        let lost = self.record.attempts.iter().filter(is_billed);
        let is_likely = |attempt: &&PastAttempt| {
            attempt.info.as_ref().is_none_or(|info| !is_at_once(info, attempt.took))
        };
        lost.filter(is_likely).count().saturating_add(failing) >= most
    }

    /// The lane of its target.
    pub(crate) fn lane(&self) -> Option<LaneId> {
        self.spec.targets.get(self.target)?.lane
    }

    /// The amounts that a request to its target takes.
    pub(crate) fn cost(&self) -> Amounts {
        self.cost_of(self.target)
    }

    /// The amounts that a request to one of its targets takes.
    pub(crate) fn cost_of(&self, target: usize) -> Amounts {
        let cost = self.spec.targets.get(target).map(|target| target.cost).unwrap_or_default();
        Amounts { tokens: cost.tokens.saturating_add(self.spec.tokens), ..cost }
    }

    /// Whether an answer may still come.
    pub(crate) const fn is_in_flight(&self) -> bool {
        self.current.is_some() || self.late.is_some()
    }

    /// Whether it neither waits nor has an attempt in flight, except perhaps a late one.
    pub(crate) const fn has_nothing_due(&self) -> bool {
        self.current.is_none() && self.queued.is_none() && self.waits_until.is_none()
    }

    /// Whether another attempt, at this target, fits the call's maximum cost. Attempts count whose
    /// answers may be on their way or lost.
    pub(crate) fn affords(&self, target: usize) -> bool {
        let Some(most) = self.spec.max_cost else { return true };
        if mutant!(ForgetsPrice) {
            return true;
        }
        let price =
            |index: usize| self.spec.targets.get(index).map_or(0, |target| target.cost.nanos);
        let lost = self.record.attempts.iter().filter(is_billed).map(|attempt| attempt.target);
        let open = [&self.current, &self.late].into_iter().flatten().map(|attempt| attempt.target);
        let all = lost.chain(open).map(price).fold(price(target), u64::saturating_add);
        all <= most
    }

    /// The target that asks for a smaller picture of the same model, if the caller allows that
    /// after timeouts.
    fn smaller(&self) -> Option<usize> {
        let following = self.target.saturating_add(1);
        let is_smaller = self.spec.targets.get(following).is_some_and(|target| target.is_smaller);
        (is_smaller && self.visit(following).tries == 0).then_some(following)
    }

    pub(crate) fn standing(&self) -> Standing<'_> {
        Standing {
            policy: &self.spec.policy,
            next: [Action::Next, Action::NextAccount].map(|action| self.next_new(action)),
            smaller: self.smaller(),
            tries: self.here.tries,
            used: self.here.used,
            free_waits: self.here.free_waits,
            empty_answers: self.here.empty_answers,
            deadline: self.deadline(),
            lasts: self.spec.lasts(),
            share: self.share,
            is_background: self.spec.is_background(),
            is_queued: self.lane().is_some(),
            is_crowded: false,
        }
    }

    /// Counts a failed attempt at its target, by the decision on it.
    pub(crate) fn count(&mut self, decision: &Decision, info: &ErrorInfo, is_minute: bool) {
        let (counted, comes_back) = match decision {
            Decision::Again { counted, .. } => (*counted, true),
            Decision::Switch { counted, back, .. } => (*counted, back.is_some()),
            Decision::Over { counted, .. } => (*counted, false),
            Decision::End(_) => return,
        };
        if mutant!(ForgetsAttempts, counted, false) {
            self.here.used = self.here.used.saturating_add(1);
        }
        let waits_for_minute = is_minute && comes_back;
        self.here.free_waits =
            if waits_for_minute { self.here.free_waits.saturating_add(1) } else { 0 };
        if info.kind == Kind::NoImage {
            self.here.empty_answers = self.here.empty_answers.saturating_add(1);
        }
    }

    pub(crate) fn end(
        &mut self,
        now: Instant,
        attempt: &Attempt,
        info: Option<Rc<ErrorInfo>>,
        abandoned: bool,
    ) {
        self.record.attempts.push(PastAttempt {
            number: attempt.number,
            target: attempt.target,
            took: now - attempt.started,
            waited: attempt.waited,
            info,
            abandoned,
        });
    }

    /// Takes out the attempt of this number, if the call has it.
    pub(crate) fn take_attempt(&mut self, id: AttemptId) -> Option<Box<Attempt>> {
        let is_it = |attempt: &mut Box<Attempt>| attempt.id == id;
        self.current.take_if(is_it).or_else(|| self.late.take_if(is_it))
    }
}

/// Whether the call of a ticket still waits in this queue.
pub(crate) fn waits(calls: &[Option<Box<Call>>], queue: ReplicaId, ticket: Ticket) -> bool {
    let call = calls.get(ticket.call.0 as usize).and_then(Option::as_deref);
    call.is_some_and(|call| call.serial == ticket.serial && call.queued == Some(queue))
}

/// Whether an attempt may have been billed although its answer did not come.
fn is_billed(attempt: &&PastAttempt) -> bool {
    match &attempt.info {
        Some(info) => may_be_billed(info),
        None => attempt.abandoned,
    }
}

/// Whether the connection broke before a picture can have been made: half of the pictures of the
/// quickest model take more than 4 s (2026-11).
fn is_at_once(info: &ErrorInfo, took: Millis) -> bool {
    const AT_ONCE: Millis = Millis(2_000);
    info.kind == Kind::Network && !info.lost && took < AT_ONCE
}
