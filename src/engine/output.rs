//! The engine's output: requests to the outside, and the ends of calls.

use std::rc::Rc;

use crate::base::time::{Millis, WallTime};
use crate::engine::ids::{AttemptId, CallId, ExchangeId, LaneId, ReplicaId};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Dimension;
use crate::quota::alert::Alert;
use crate::quota::refusal::Learned;
use crate::quota::shared::Request;
use crate::retry::ending::Why;

/// An instruction to the host.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send an attempt, and answer with [`Answered`](crate::engine::input::Input::Answered) or
    /// [`Failed`](crate::engine::input::Input::Failed).
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
    /// Stop an attempt; its answer is no longer waited for.
    Abort {
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// Whether the attempt's own time is over, rather than the whole call's.
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
        /// The end of the wait.
        until: WallTime,
        /// The reason for the wait.
        info: Rc<ErrorInfo>,
    },
    /// The call waits in the queue of its target.
    Hold {
        /// The call.
        call: CallId,
        /// The number of attempts that it has sent.
        number: u32,
        /// The shortest time that it waits.
        wait: Millis,
        /// The end of that time.
        until: WallTime,
        /// The reason for the wait.
        info: Rc<ErrorInfo>,
    },
    /// Apply the request to the state of the store, and answer with
    /// [`crate::engine::input::Input::Transacted`].
    Transact {
        /// The question.
        id: ExchangeId,
        /// The quota whose state it is.
        replica: ReplicaId,
        /// The request to apply.
        request: Rc<Request>,
    },
    /// A notice about a quota.
    Notice(Notice),
    /// The call leaves its target for another.
    Switch {
        /// The call.
        call: CallId,
        /// The index of the target that it leaves.
        from: usize,
        /// The index of the target that it goes to.
        to: usize,
        /// The reason for leaving.
        info: Rc<ErrorInfo>,
    },
    /// The call has ended. Its number is free again.
    Settle {
        /// The call.
        call: CallId,
        /// How it ended.
        ending: Ending,
        /// The record of its attempts.
        record: Record,
    },
}

/// A notice about a quota or a target.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A limit was learned, or has another value than was believed.
    Learned {
        /// The lane; `None` for the account's money.
        lane: LaneId,
        /// The limit that was learned.
        learned: Learned,
    },
    /// The use of a limit has passed a threshold.
    Alert {
        /// The lane.
        lane: LaneId,
        /// The limit and the threshold.
        alert: Alert,
    },
    /// The use of the client's budget has passed a threshold.
    Budget(Alert),
    /// A limit keeps calls waiting, or refuses them.
    Exhausted {
        /// The lane.
        lane: LaneId,
        /// The limit's dimension.
        dimension: Dimension,
        /// The limit's value.
        limit: Option<u64>,
        /// When it lets the next request pass.
        until: WallTime,
    },
    /// The store of the shared quotas does not answer, or answers again.
    Store {
        /// Whether it is down.
        down: bool,
    },
    /// A target's circuit breaker has opened: only one probe at a time is sent.
    CircuitOpened {
        /// The lane.
        lane: LaneId,
        /// The moment of the first probe.
        until: WallTime,
        /// The error that opened it.
        info: Rc<ErrorInfo>,
    },
    /// A target's circuit breaker has closed again: a probe was answered.
    CircuitClosed {
        /// The lane.
        lane: LaneId,
    },
}

/// The end of a call.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It was answered by this attempt.
    Answered(AttemptId),
    /// It failed.
    Failed {
        /// The reason for its end.
        why: Why,
        /// The last error, or an error of the client's own if there was none.
        info: Rc<ErrorInfo>,
    },
    /// The caller aborted it.
    Cancelled,
    /// The client was closed.
    Closed,
}

/// The record of a call.
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
    /// The reason for leaving.
    pub info: Rc<ErrorInfo>,
}

/// One attempt that has ended.
#[derive(Clone, Debug)]
pub struct PastAttempt {
    /// Its number in the call, from 1.
    pub number: u32,
    /// The index of its target.
    pub target: usize,
    /// The time that it took.
    pub took: Millis,
    /// The wait before it.
    pub waited: Millis,
    /// Its error; `None` for the attempt that answered.
    pub info: Option<Rc<ErrorInfo>>,
    /// Whether its answer may have been lost: the attempt was stopped by the client.
    pub abandoned: bool,
}

impl PastAttempt {
    /// Whether this is the attempt whose answer settled the call.
    #[must_use]
    pub const fn answered(&self) -> bool {
        self.info.is_none() && !self.abandoned
    }
}
