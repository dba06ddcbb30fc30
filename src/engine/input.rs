//! What the engine is told: calls to take in, and what happened outside.

use std::rc::Rc;

use crate::base::time::Millis;
use crate::engine::ids::{AttemptId, CallId, ExchangeId};
use crate::engine::peak::Hours;
use crate::engine::target::Target;
use crate::errors::info::ErrorInfo;
use crate::quota::shared::Reply;
use crate::retry::policy::{Policy, Verdict};

/// Somebody waits for the answer.
pub const INTERACTIVE: i32 = 10;
/// Nobody does: such calls wait where interactive ones fail or go elsewhere.
pub const BACKGROUND: i32 = 0;

/// About what five attempts take that wait as the curve for 503 says.
const OUTAGE_INTERACTIVE: Millis = Millis(300_000);
/// The guide has seen outages of 30 to 120 minutes.
const OUTAGE_BACKGROUND: Millis = Millis(3 * 3_600_000);

/// What a call does when the day's quota is spent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnDailyLimit {
    /// It fails.
    Fail,
    /// It goes to the next target, and fails where there is none.
    #[default]
    Fallback,
    /// It waits for the next day.
    Wait,
}

/// What an answer says that its request took.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Used {
    /// Input tokens.
    pub tokens: Option<u64>,
    /// Billionths of a USD.
    pub nanos: Option<u64>,
}

/// What a call is.
#[derive(Clone, Debug)]
pub struct CallSpec {
    /// How it tries again.
    pub policy: Rc<Policy>,
    /// Where it may go, in order of preference; the first is asked first.
    pub targets: Rc<[Target]>,
    /// How long it may take in all.
    pub deadline: Option<Millis>,
    /// Who goes first: higher before lower, see [`INTERACTIVE`] and [`BACKGROUND`].
    pub priority: i32,
    /// What it does when the day's quota is spent.
    pub on_daily_limit: OnDailyLimit,
    /// Input tokens that it takes beside those of its target: so that calls share their targets
    /// though their prompts differ.
    pub tokens: u64,
    /// What it may cost, in billionths of a USD.
    pub max_cost: Option<u64>,
    /// The hours that it keeps out of, where it is a background call.
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

    /// Whether nobody waits for the answer.
    #[must_use]
    pub const fn is_background(&self) -> bool {
        self.priority <= BACKGROUND
    }

    /// Whether nothing but its deadline ends it, as long as trying again can help: somebody waits, and
    /// has said for how long.
    #[must_use]
    pub fn lasts(&self) -> bool {
        self.policy.uses_deadline && self.deadline.is_some() && !self.is_background()
    }
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// An attempt brought an answer that the caller wants.
    Answered {
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// What the service says that it took; `None` where it does not say.
        used: Option<Used>,
    },
    /// An attempt failed.
    Failed {
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// What is known of the error.
        info: Rc<ErrorInfo>,
        /// The caller's own word on it.
        verdict: Option<Verdict>,
    },
    /// The caller aborted.
    Cancelled {
        /// The call.
        call: CallId,
    },
    /// A store has done what was asked of it, or failed.
    Transacted {
        /// The question.
        id: ExchangeId,
        /// What [`crate::quota::shared::apply`] gave the last time that it ran; `None` for a failure.
        reply: Option<Reply>,
    },
    /// The client takes nothing more: what is in flight goes on, and everything else ends.
    Draining,
    /// The client was closed: every call ends.
    Closed,
    /// Time passed.
    Woken,
}
