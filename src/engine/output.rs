//! What the engine says: what to do outside, and how calls ended.

use std::rc::Rc;

use crate::base::time::{Millis, WallTime};
use crate::engine::ids::{AttemptId, CallId, ExchangeId, LaneId, ReplicaId};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Dimension;
use crate::quota::alert::Alert;
use crate::quota::refusal::Learned;
use crate::quota::shared::Request;
use crate::retry::ending::Why;

/// What is to be done outside.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send an attempt, and answer with [`crate::engine::input::Input::Answered`] or [`crate::engine::input::Input::Failed`].
    Send {
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// The attempt's number in the call, from 1.
        number: u32,
        /// The index of the target.
        target: usize,
    },
    /// Stop an attempt; nobody waits for it any more.
    Abort {
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// Whether its own time is over, rather than the whole call.
        timed_out: bool,
    },
    /// The call waits before it tries again.
    Wait {
        /// The call.
        call: CallId,
        /// The number of the attempt that failed.
        number: u32,
        /// How long the wait is.
        wait: Millis,
        /// When it ends.
        until: WallTime,
        /// Why it waits.
        info: Rc<ErrorInfo>,
    },
    /// The call waits in the queue of its target.
    Hold {
        /// The call.
        call: CallId,
        /// How many attempts it has sent.
        number: u32,
        /// How long it waits at least.
        wait: Millis,
        /// When that ends.
        until: WallTime,
        /// What keeps it.
        info: Rc<ErrorInfo>,
    },
    /// Apply the request to the state of the store, and answer with
    /// [`crate::engine::input::Input::Transacted`].
    Transact {
        /// The question.
        id: ExchangeId,
        /// Which state.
        replica: ReplicaId,
        /// What to apply.
        request: Rc<Request>,
    },
    /// Something about a quota that is worth telling.
    Notice(Notice),
    /// The call leaves its target for another.
    Switch {
        /// The call.
        call: CallId,
        /// The index of the target that it leaves.
        from: usize,
        /// The index of the target that it goes to.
        to: usize,
        /// Why it leaves.
        info: Rc<ErrorInfo>,
    },
    /// The call has ended. Its number is free again.
    Settle {
        /// The call.
        call: CallId,
        /// How it ended.
        ending: Ending,
        /// What it went through.
        record: Record,
    },
}

/// What is worth telling about a quota.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A limit was learned, or is another than was thought.
    Learned {
        /// The lane; `None` for the account's money.
        lane: LaneId,
        /// What was learned.
        learned: Learned,
    },
    /// The use of a limit has passed a threshold.
    Alert {
        /// The lane.
        lane: LaneId,
        /// Which limit and threshold.
        alert: Alert,
    },
    /// The use of the client's budget has passed a threshold.
    Budget(Alert),
    /// A limit keeps calls waiting, or refuses them.
    Exhausted {
        /// The lane.
        lane: LaneId,
        /// Which limit.
        dimension: Dimension,
        /// The limit.
        limit: Option<u64>,
        /// When it lets the next request pass.
        until: WallTime,
    },
    /// The store of the shared quotas does not answer, or answers again.
    Store {
        /// Whether it is down.
        down: bool,
    },
    /// A target's circuit breaker has opened: nothing is sent but one probe at a time.
    CircuitOpened {
        /// The lane.
        lane: LaneId,
        /// When the first probe goes.
        until: WallTime,
        /// What is wrong.
        info: Rc<ErrorInfo>,
    },
    /// It has closed again: a probe was answered.
    CircuitClosed {
        /// The lane.
        lane: LaneId,
    },
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// With the answer of this attempt.
    Answered(AttemptId),
    /// With an error.
    Failed {
        /// Why it does not go on.
        why: Why,
        /// The last error, or an error of ours where there was none.
        info: Rc<ErrorInfo>,
    },
    /// By the caller's abort.
    Cancelled,
    /// With the client.
    Closed,
}

/// What a call went through.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Its attempts, in order of their ends.
    pub attempts: Vec<PastAttempt>,
    /// The time that it spent waiting.
    pub waited: Millis,
    /// The targets that it left, in order.
    pub switches: Vec<Leave>,
}

/// A target that a call has left.
#[derive(Clone, Debug)]
pub struct Leave {
    /// Its index.
    pub from: usize,
    /// The index of the next.
    pub to: usize,
    /// Why.
    pub info: Rc<ErrorInfo>,
}

/// One attempt that has ended.
#[derive(Clone, Debug)]
pub struct PastAttempt {
    /// Its number in the call, from 1.
    pub number: u32,
    /// The index of its target.
    pub target: usize,
    /// How long it took.
    pub took: Millis,
    /// The wait before it.
    pub waited: Millis,
    /// How it failed; `None` for the one that answered.
    pub info: Option<Rc<ErrorInfo>>,
    /// Whether its answer may have been lost: it was stopped from here.
    pub abandoned: bool,
}

impl PastAttempt {
    /// Whether this is the attempt whose answer settled the call.
    #[must_use]
    pub const fn answered(&self) -> bool {
        self.info.is_none() && !self.abandoned
    }
}
