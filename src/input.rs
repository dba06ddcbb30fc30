//! What the engine is told: calls to take in, and what happened outside.

use std::rc::Rc;

use crate::chain::Target;
use crate::info::ErrorInfo;
use crate::retry::{Policy, Verdict};
use crate::time::Millis;

/// A call, from its start until it is settled; the number is used again afterwards.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CallId(pub u32);

/// One attempt in flight; the number is never used again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FlightId(pub u32);

/// What a call is.
#[derive(Clone, Debug)]
pub struct CallSpec {
    /// How it tries again.
    pub policy: Rc<Policy>,
    /// Where it may go, in order of preference; the first is asked first.
    pub targets: Rc<[Target]>,
    /// How long it may take in all.
    pub deadline: Option<Millis>,
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// An attempt brought an answer that the caller wants.
    Answered {
        /// The call.
        call: CallId,
        /// The attempt.
        flight: FlightId,
    },
    /// An attempt failed.
    Failed {
        /// The call.
        call: CallId,
        /// The attempt.
        flight: FlightId,
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
    /// The client was closed: every call ends.
    Closed,
    /// Time passed.
    Woken,
}
