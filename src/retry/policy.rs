//! The decision after a failed attempt: again and when, elsewhere, or the end. Its rules are
//! ordered.

use crate::base::random::Random;
use crate::base::time::{Instant, Millis};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::retry::backoff::{Curves, Hint};
use crate::retry::ending::Why;
use crate::retry::fallback::{self, Action};
use crate::retry::retry_budget::RetryBudget;

/// The most waits in a row on a per-minute limit that cost no attempt.
const FREE_WAITS_MAX: u8 = 20;

/// The longest wait that is believed if it exceeds what callers sit through and is not a quota's:
/// as long as the longest pause between two probes of an overload.
const DOUBTED: Millis = Millis(300_000);

/// The rules by which one call tries again.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Failed attempts that end the call, the first included.
    pub max_attempts: u32,
    /// Whether an interactive call with a deadline goes on until then instead, however many
    /// attempts fail.
    pub uses_deadline: bool,
    /// Tries of a target while there is a next one.
    pub tries_per_target: u32,
    /// The waits for errors for which the server names none.
    pub curves: Curves,
    /// How a wait that the server names combines with the curve.
    pub hint: Hint,
    /// The longest wait named by the server that is obeyed; a longer one ends the call or switches.
    pub max_server_delay: Millis,
    /// The longest wait for a target while there is a next one.
    pub max_wait_per_target: Millis,
    /// How long an attempt may take; `None` for no limit.
    pub timeout: Option<Millis>,
    /// Whether an attempt that timed out stays in flight while the call goes on: its picture may
    /// be paid for, and may still come.
    pub keeps_late_attempts: bool,
    /// Whether waiting on a per-minute limit costs no attempt.
    pub free_quota_waits: bool,
    /// Whether retries are taken from the client's retry budget.
    pub budgeted: bool,
    /// Whether a spent spending rate is waited for without a word from the server on how long.
    pub waits_for_spend: bool,
    /// Whether the call is held back during an outage of its target, except for one probe at a
    /// time.
    pub rides_outages: bool,
    /// The longest outage that the call waits for; `None` for the default of its priority.
    pub max_outage: Option<Millis>,
}

impl Policy {
    /// The policy of `retry(fn)`.
    pub const RETRY: Self = Self {
        max_attempts: 5,
        uses_deadline: true,
        tries_per_target: 2,
        curves: Curves::BY_KIND,
        hint: Hint::Replaces,
        max_server_delay: Millis(120_000),
        max_wait_per_target: Millis(5_000),
        timeout: None,
        keeps_late_attempts: false,
        free_quota_waits: false,
        budgeted: true,
        waits_for_spend: false,
        rides_outages: true,
        max_outage: None,
    };

    /// The policy of `generate`.
    pub const GENERATE: Self =
        Self { keeps_late_attempts: true, free_quota_waits: true, ..Self::RETRY };

    /// The policy of the drop-in, which sends what the hand-rolled loop would send.
    #[must_use]
    pub const fn drop_in(max_retries: u32, base_delay: Millis) -> Self {
        Self {
            max_attempts: max_retries,
            uses_deadline: false,
            curves: Curves::drop_in(base_delay),
            hint: Hint::Lengthens,
            budgeted: false,
            waits_for_spend: true,
            rides_outages: false,
            ..Self::RETRY
        }
    }

    /// The policy of `generateWithFallback`: the loop's waits, two tries a model.
    #[must_use]
    pub const fn fallback() -> Self {
        Self { keeps_late_attempts: true, uses_deadline: true, ..Self::drop_in(2, Millis(2_000)) }
    }

    /// The number of failed attempts at a target that ends a call; `lasts` is for a call that only
    /// its deadline ends.
    #[must_use]
    pub const fn attempts(&self, lasts: bool) -> u32 {
        if lasts { u32::MAX } else { self.max_attempts }
    }
}

/// The caller's verdict on a failed attempt, which overrules the classifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Try again, after the usual wait.
    Retry,
    /// Try again after this wait.
    RetryAfter(Millis),
    /// End the call.
    Stop,
    /// Go on to the next target, and fail if there is none.
    Leave,
    /// Stay with the target: try it again if that can help, else fail.
    Stay,
}

/// The next step of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// The same target after this wait.
    Again {
        /// How long to wait.
        wait: Millis,
        /// Whether the failed attempt counts against `max_attempts`.
        counted: bool,
    },
    /// Another target, at once.
    Switch {
        /// Its index.
        target: usize,
        /// Whether the failed attempt counts against `max_attempts`.
        counted: bool,
        /// The wait after which the present target may be asked again; `None` for never in this
        /// call.
        back: Option<Millis>,
    },
    /// No further try of this target; the call may return to one that it left before.
    Over {
        /// The reason for the call's end if there is none.
        why: Why,
        /// The other targets that this is true of as well.
        action: Action,
        /// Whether the failed attempt counts against `max_attempts`.
        counted: bool,
    },
    /// The call has failed.
    End(Why),
}

/// The state of a call after a failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// How the call tries again.
    pub policy: &'a Policy,
    /// The next target of the first round, and the next one of another account.
    pub next: [Option<usize>; 2],
    /// The target of a smaller picture, for a picture that keeps timing out.
    pub smaller: Option<usize>,
    /// Attempts at this target so far, from 1.
    pub tries: u32,
    /// Failed attempts at this target that counted, before this one.
    pub used: u32,
    /// Waits in a row for a minute to pass.
    pub free_waits: u8,
    /// Answers without a picture from this target, before this one.
    pub empty_answers: u8,
    /// When the call must have ended.
    pub deadline: Option<Instant>,
    /// Whether only the deadline ends it, as long as trying again can help.
    pub lasts: bool,
    /// The moment until which it stays with this target while there is a next one: the target's
    /// share of the deadline.
    pub share: Option<Instant>,
    /// Whether it is a background call, which waits in cases in which others go elsewhere or fail.
    pub is_background: bool,
    /// Whether it goes through a queue, which holds all its calls back after a 429.
    pub is_queued: bool,
    /// Whether its target refuses several calls alike, without saying why.
    pub is_crowded: bool,
}

impl Standing<'_> {
    /// Decides the step after an attempt that failed with `info`.
    pub fn decide(
        &self,
        now: Instant,
        info: &ErrorInfo,
        verdict: Option<Verdict>,
        budget: &mut RetryBudget,
        random: &mut Random,
    ) -> Decision {
        let stays = verdict == Some(Verdict::Stay);
        let [any, _] = self.next;
        // A call told to stay decides by the table, as if it had no next target; one told to leave
        // needs a next target.
        let verdict = verdict.filter(|verdict| match verdict {
            Verdict::Stay => false,
            Verdict::Leave => any.is_some(),
            _ => true,
        });
        let leaves = verdict == Some(Verdict::Leave);
        let action = match verdict {
            Some(Verdict::Stop) => return Decision::End(Why::Final),
            Some(Verdict::Retry | Verdict::RetryAfter(_)) => Action::Retry,
            Some(Verdict::Leave | Verdict::Stay) | None => self.action(info, stays, leaves),
        };
        let reach = reach(info, verdict);
        let next = self.after(info.kind, reach);
        let next = next.filter(|_| !stays);
        let is_over = self.deadline.is_some_and(|deadline| deadline <= now);
        let leave = |why, counted, back| match next {
            Some(_) if is_over => Decision::End(Why::Deadline),
            Some(target) => Decision::Switch { target, counted, back },
            None if stays => Decision::End(why),
            None => Decision::Over { why, action: reach, counted },
        };
        match action {
            Action::Stop if leaves => return leave(Why::Final, false, None),
            Action::Stop => return Decision::End(Why::Final),
            Action::Next | Action::NextAccount => {
                // A spent spending rate is free again after a while, if the service says so.
                let is_obeyed = self.is_background || !is_long(info, self.policy.max_server_delay);
                let back =
                    info.retry_after.filter(|_| info.kind == Kind::SpendLimited && is_obeyed);
                return leave(Why::Final, false, back);
            }
            Action::OnceMore if self.empty_answers > 0 => return leave(Why::Final, true, None),
            Action::OnceMore | Action::Retry => {}
        }

        let counted = !self.is_free(info);
        let used = self.used.saturating_add(u32::from(counted));
        // A caller that says when to try again would otherwise keep the call trying for ever.
        let lasts = self.lasts && verdict.is_none();
        if counted && used >= self.policy.attempts(lasts) {
            return leave(Why::AttemptsUsed, counted, None);
        }
        let Some(wait) = self.wait(info, verdict, random) else {
            return leave(Why::ServerDelay, counted, None);
        };
        if self.deadline.is_some_and(|deadline| now + wait >= deadline) {
            return leave(Why::Deadline, counted, None);
        }
        let goes_on = leaves || self.has_had_its_turn(now, info, verdict, used, wait);
        if let Some(target) = next.filter(|_| goes_on) {
            return Decision::Switch { target, counted, back: Some(wait) };
        }
        // The retry budget keeps calls from storming a failing target. A limit per minute is kept
        // by the service itself, and another target is not the one that fails.
        let is_kept = is_kept(info, self.is_queued);
        if self.policy.budgeted && !is_kept && !budget.take(now) {
            return leave(Why::RetryBudget, counted, None);
        }
        Decision::Again { wait, counted }
    }

    /// The wait for the target; `None` if the service asks for a longer one than is obeyed.
    fn wait(
        &self,
        info: &ErrorInfo,
        verdict: Option<Verdict>,
        random: &mut Random,
    ) -> Option<Millis> {
        if let Some(Verdict::RetryAfter(wait)) = verdict {
            return Some(wait);
        }
        if !self.is_background && is_long(info, self.policy.max_server_delay) {
            return None;
        }
        let named = believed(info, self.policy.max_server_delay);
        let info = ErrorInfo { retry_after: named, ..ErrorInfo::new(info.kind) };
        Some(self.policy.curves.wait(&info, self.tries, self.policy.hint, random))
    }

    /// Whether it is the next target's turn. In the first round no target gets more than two tries,
    /// nor a long wait; an attempt that timed out stays in flight beside the next one.
    fn has_had_its_turn(
        &self,
        now: Instant,
        info: &ErrorInfo,
        verdict: Option<Verdict>,
        used: u32,
        wait: Millis,
    ) -> bool {
        let is_patient = matches!(verdict, Some(Verdict::RetryAfter(_))) || self.is_background;
        let is_long = !is_patient && wait > self.policy.max_wait_per_target;
        let is_ours = info.kind == Kind::Timeout && info.status.is_none();
        let stays_in_flight = verdict.is_none() && self.policy.keeps_late_attempts && is_ours;
        let is_late = self.share.is_some_and(|share| now + wait >= share);
        used >= self.policy.tries_per_target || is_late || is_long || stays_in_flight
    }

    /// The next target of the first round.
    fn after(&self, kind: Kind, action: Action) -> Option<usize> {
        let [any, of_other_account] = self.next;
        let smaller = self.smaller.filter(|_| kind == Kind::Timeout);
        smaller.or(if action == Action::NextAccount { of_other_account } else { any })
    }

    /// The fallback table's action; a spent spending rate may be worth a wait at the same account.
    fn action(&self, info: &ErrorInfo, stays: bool, leaves: bool) -> Action {
        let action = fallback::action_after(info);
        let waits = self.policy.waits_for_spend || info.retry_after.is_some();
        let elsewhere = leaves || (!stays && self.after(info.kind, action).is_some());
        if info.kind == Kind::SpendLimited && (self.is_background || (waits && !elsewhere)) {
            return Action::Retry;
        }
        action
    }

    fn is_free(&self, info: &ErrorInfo) -> bool {
        let is_quota =
            self.is_minute(info) || (self.is_background && info.kind == Kind::SpendLimited);
        self.policy.free_quota_waits && is_quota && self.free_waits < FREE_WAITS_MAX
    }

    /// Whether this refusal is about the minute: a call that asks on behalf of a crowd whether
    /// requests are let in again loses nothing by a refusal.
    pub(crate) fn is_minute(&self, info: &ErrorInfo) -> bool {
        let is_bare = info.kind == Kind::RateLimited && info.dimension.is_none();
        names_minute(info) || (is_bare && self.is_crowded)
    }
}

/// The targets that a failure is about. The caller's verdict overrules the table, but for a
/// spending rate, which is the account's even for a call that waits for it.
pub(crate) fn reach(info: &ErrorInfo, verdict: Option<Verdict>) -> Action {
    match verdict {
        None | Some(Verdict::Stay) => fallback::action_after(info),
        Some(Verdict::Leave) => Action::Next,
        Some(_) if info.kind == Kind::SpendLimited => Action::NextAccount,
        Some(_) => Action::Retry,
    }
}

/// Whether a failure at the last target ends the call, however many attempts are left.
pub(crate) fn ends(info: &ErrorInfo, verdict: Option<Verdict>) -> bool {
    match verdict {
        None | Some(Verdict::Stay | Verdict::Leave) => fallback::action_after(info) == Action::Stop,
        Some(Verdict::Stop) => true,
        Some(Verdict::Retry | Verdict::RetryAfter(_)) => false,
    }
}

/// Whether the service itself limits retries after this error.
pub(crate) fn is_kept(info: &ErrorInfo, is_queued: bool) -> bool {
    names_minute(info) || (is_queued && info.kind == Kind::RateLimited)
}

/// The wait named by the service, as far as it is believed, for callers that sit through `most`. A
/// longer one is often wrong, and a request asks before its end; a quota's end is known, and is
/// always waited for.
#[must_use]
pub fn believed(info: &ErrorInfo, most: Millis) -> Option<Millis> {
    let is_doubted = is_long(info, most) && !names_quota(info);
    info.retry_after.map(|named| if is_doubted { named.min(DOUBTED) } else { named })
}

/// Whether the service asks for a longer wait than `most`, the longest that the caller allows.
pub(crate) fn is_long(info: &ErrorInfo, most: Millis) -> bool {
    info.retry_after.is_some_and(|named| named > most)
}

/// Whether the error is certain to be about a quota: a 429 without details may be load.
pub(crate) fn names_quota(info: &ErrorInfo) -> bool {
    info.dimension.is_some() || matches!(info.kind, Kind::DailyQuota | Kind::SpendLimited)
}

/// Whether the error is a limit per minute: waiting for it to pass is no failure.
#[must_use]
pub fn names_minute(info: &ErrorInfo) -> bool {
    info.kind == Kind::RateLimited && info.dimension.is_some_and(Dimension::is_per_minute)
}
