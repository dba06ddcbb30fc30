//! The engine's input: new calls, and events outside.

use std::rc::Rc;

use crate::base::time::Millis;
use crate::engine::ids::{AttemptId, CallId, ExchangeId};
use crate::engine::peak::Hours;
use crate::engine::target::Target;
use crate::errors::info::ErrorInfo;
use crate::quota::shared::Reply;
use crate::retry::policy::{Policy, Verdict};

/// The priority of a call whose caller waits for the answer.
pub const INTERACTIVE: i32 = 10;
/// The priority of a call that is not urgent: it waits in cases in which interactive ones fail or
/// go elsewhere.
pub const BACKGROUND: i32 = 0;

/// The time that five attempts take with the waits of the curve for 503, roughly.
const OUTAGE_INTERACTIVE: Millis = Millis(300_000);
/// The guide has seen outages of 30 to 120 minutes.
const OUTAGE_BACKGROUND: Millis = Millis(3 * 3_600_000);

/// Behaviour of a call when the day's quota is spent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnDailyLimit {
    /// It fails.
    Fail,
    /// It goes to the next target, and fails if there is none.
    #[default]
    Fallback,
    /// It waits for the next day.
    Wait,
}

/// Amounts that a request took, as its answer says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Used {
    /// Input tokens.
    pub tokens: Option<u64>,
    /// Billionths of a USD.
    pub nanos: Option<u64>,
}

/// The specification of a call.
#[derive(Clone, Debug)]
pub struct CallSpec {
    /// The rules by which it tries again.
    pub policy: Rc<Policy>,
    /// The targets that it may go to, in order of preference; the first is asked first.
    pub targets: Rc<[Target]>,
    /// The longest time that it may take in all; `None` for no limit.
    pub deadline: Option<Millis>,
    /// Its priority: higher goes before lower, see [`INTERACTIVE`] and [`BACKGROUND`].
    pub priority: i32,
    /// Its behaviour when the day's quota is spent.
    pub on_daily_limit: OnDailyLimit,
    /// Input tokens of its own beside those of its target, so that calls with different prompts can
    /// share their targets.
    pub tokens: u64,
    /// The most that it may cost, in billionths of a USD; `None` for no limit.
    pub max_cost: Option<u64>,
    /// The hours that it avoids if it is a background call.
    pub avoid: Option<Hours>,
}

impl CallSpec {
    /// An interactive call without a deadline.
    #[must_use]
    pub const fn new(policy: Rc<Policy>, targets: Rc<[Target]>) -> Self {
        let on_daily_limit = OnDailyLimit::Fallback;
        let (deadline, max_cost, avoid, priority) = (None, None, None, INTERACTIVE);
        Self { policy, targets, deadline, priority, on_daily_limit, tokens: 0, max_cost, avoid }
    }

    /// The longest outage of its target that it sits out.
    #[must_use]
    pub fn max_outage(&self) -> Millis {
        let usual = if self.is_background() { OUTAGE_BACKGROUND } else { OUTAGE_INTERACTIVE };
        self.policy.max_outage.unwrap_or(usual)
    }

    /// Whether its caller does not wait for the answer.
    #[must_use]
    pub const fn is_background(&self) -> bool {
        self.priority <= BACKGROUND
    }

    /// Whether only its deadline ends it, as long as trying again can help: its caller waits, and
    /// has said for how long.
    #[must_use]
    pub fn lasts(&self) -> bool {
        self.policy.uses_deadline && self.deadline.is_some() && !self.is_background()
    }
}

/// An event outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// An attempt brought an answer that the caller wants.
    Answered {
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// Amounts that the service says it took; `None` if it does not say.
        used: Option<Used>,
    },
    /// An attempt failed.
    Failed {
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// The error, as far as it is known.
        info: Rc<ErrorInfo>,
        /// The caller's own verdict on it.
        verdict: Option<Verdict>,
    },
    /// The caller aborted.
    Cancelled {
        /// The call.
        call: CallId,
    },
    /// A store has applied a request, or failed.
    Transacted {
        /// The question.
        id: ExchangeId,
        /// The result of [`crate::quota::shared::apply`] the last time that it ran; `None` for a
        /// failure.
        reply: Option<Reply>,
    },
    /// The client takes no more calls: attempts in flight go on, and all other calls end.
    Draining,
    /// The client was closed: every call ends.
    Closed,
    /// Time passed.
    Woken,
}
