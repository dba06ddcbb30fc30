//! One call while it lives: where it stands, and what it went through.

use std::rc::Rc;

use crate::cost;
use crate::info::ErrorInfo;
use crate::input::{CallSpec, FlightId};
use crate::lane::LaneId;
use crate::output::{Attempt, Record};
use crate::retry::Standing;
use crate::time::{Instant, Millis};
use crate::window::Amounts;

#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) id: FlightId,
    pub(crate) number: u32,
    pub(crate) target: usize,
    pub(crate) started: Instant,
    pub(crate) waited: Millis,
    /// When its own time is over, or its overtime.
    pub(crate) expires: Option<Instant>,
    /// What was reserved for it.
    pub(crate) permit: Option<Permit>,
}

/// The moments under which the money of a request was counted: by the client's budget, where there
/// is one, and by the account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Paid {
    pub(crate) budget: u64,
    pub(crate) account: u64,
}

/// What a ledger has counted for an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    pub(crate) lane: LaneId,
    /// The moment under which the lane has counted it, on its ledger's clock.
    pub(crate) at: u64,
    /// The same of the budget and the account, for the money.
    pub(crate) paid_at: Paid,
    pub(crate) want: Amounts,
    /// Whether it was sent while the day was in doubt.
    pub(crate) in_doubt: bool,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) spec: CallSpec,
    /// Until when it stays with its target while there is a next one.
    pub(crate) share: Option<Instant>,
    pub(crate) target: usize,
    pub(crate) tries: u32,
    pub(crate) used_here: u32,
    pub(crate) used: u32,
    pub(crate) free_waits: u32,
    pub(crate) empty_answers: u32,
    pub(crate) attempts: u32,
    /// When it was made.
    pub(crate) started: Instant,
    /// Its number in the order of arrival, which is its place in a queue.
    pub(crate) serial: u64,
    /// When the wait is over; `None` while an attempt is due or in flight.
    pub(crate) waits_until: Option<Instant>,
    /// The lane in whose queue it waits.
    pub(crate) queued: Option<LaneId>,
    /// When a queued call looks at its other targets again.
    pub(crate) patience: Option<Instant>,
    pub(crate) waiting_since: Instant,
    pub(crate) flying: Option<Box<Flight>>,
    pub(crate) overtime: Option<Box<Flight>>,
    pub(crate) record: Record,
    pub(crate) last: Option<Rc<ErrorInfo>>,
    /// Marks the one entry of the heap that is about this call and up to date.
    pub(crate) stamp: u32,
}

impl Call {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.spec.deadline.map(|deadline| self.started + deadline)
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        let flights = [&self.flying, &self.overtime].into_iter().flatten();
        let expires = flights.filter_map(|flight| flight.expires).min();
        [self.waits_until, expires, self.patience, self.deadline()].into_iter().flatten().min()
    }

    /// Shares out what is left of the deadline: half of it is its target's while there is a next
    /// one, so that a slow target cannot eat the time of the rest.
    pub(crate) fn share_out(&mut self, now: Instant) {
        let has_next = self.target.saturating_add(1) < self.spec.targets.len();
        let half = |deadline: Instant| now + Millis((deadline - now).0 / 2);
        self.share = self.deadline().filter(|_| has_next).map(half);
    }

    /// When an attempt that goes now has used up its target's share of the deadline: one that had
    /// to wait long has a quarter of what is left. Where it would be stopped for that, and not stay
    /// in flight beside the next, it has all the time there is.
    pub(crate) fn attempt_ends(&self, now: Instant) -> Option<Instant> {
        let (share, deadline) = (self.share?, self.deadline()?);
        if !self.spec.policy.overtime || self.overtime.is_some() {
            return None;
        }
        Some(share.max(now + Millis((deadline - now).0 / 4)))
    }

    /// The lane of the target that it asks.
    pub(crate) fn lane(&self) -> Option<LaneId> {
        self.spec.targets.get(self.target)?.lane
    }

    /// What a request to its target takes.
    pub(crate) fn want(&self) -> Amounts {
        self.want_of(self.target)
    }

    /// What a request to one of its targets takes.
    pub(crate) fn want_of(&self, target: usize) -> Amounts {
        let want = self.spec.targets.get(target).map(|target| target.want).unwrap_or_default();
        Amounts { tokens: want.tokens.saturating_add(self.spec.tokens), ..want }
    }

    /// Whether an answer may still come.
    pub(crate) const fn is_in_flight(&self) -> bool {
        self.flying.is_some() || self.overtime.is_some()
    }

    /// Whether nothing is under way for it but perhaps an attempt in overtime.
    pub(crate) const fn is_adrift(&self) -> bool {
        self.flying.is_none() && self.queued.is_none() && self.waits_until.is_none()
    }

    /// Whether another attempt, at this target, fits what the call may cost: attempts whose answers
    /// may be on their way, or lost, count.
    pub(crate) fn affords(&self, target: usize) -> bool {
        let Some(most) = self.spec.max_cost else { return true };
        #[cfg(feature = "canary")]
        if crate::canary::is(crate::canary::Canary::ForgetsPrice) {
            return true;
        }
        let price =
            |index: usize| self.spec.targets.get(index).map_or(0, |target| target.want.nanos);
        let is_billed = |attempt: &&Attempt| match &attempt.info {
            Some(info) => cost::may_be_billed(info),
            None => attempt.abandoned,
        };
        let lost = self.record.attempts.iter().filter(is_billed).map(|attempt| attempt.target);
        let open = [&self.flying, &self.overtime].into_iter().flatten().map(|flight| flight.target);
        let all = lost.chain(open).map(price).fold(price(target), u64::saturating_add);
        all <= most
    }

    pub(crate) fn standing(&self) -> Standing<'_> {
        Standing {
            policy: &self.spec.policy,
            targets: &self.spec.targets,
            target: self.target,
            tries: self.tries,
            used_here: self.used_here,
            used: self.used,
            free_waits: self.free_waits,
            empty_answers: self.empty_answers,
            deadline: self.deadline(),
            share: self.share,
            is_background: self.spec.is_background(),
            is_queued: self.lane().is_some(),
        }
    }

    pub(crate) fn end(
        &mut self,
        now: Instant,
        flight: &Flight,
        info: Option<Rc<ErrorInfo>>,
        abandoned: bool,
    ) {
        self.record.attempts.push(Attempt {
            number: flight.number,
            target: flight.target,
            took: now - flight.started,
            waited: flight.waited,
            info,
            abandoned,
        });
    }

    /// Takes out the flight of this number, where the call has it.
    pub(crate) fn take_flight(&mut self, id: FlightId) -> Option<Box<Flight>> {
        let is_it = |flight: &mut Box<Flight>| flight.id == id;
        self.flying.take_if(is_it).or_else(|| self.overtime.take_if(is_it))
    }
}
