//! Deliberate mistakes, one for each checker of the simulation: they show that it can fail.
//!
//! Compiled with the feature `canary` alone, for tests. Each is a line or two where an honest
//! mistake could be made.

use std::cell::Cell;

use crate::engine::state_machine::Engine;

/// A mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Canary {
    /// An ending is told twice.
    SettlesTwice,
    /// A failed attempt does not count.
    ForgetsAttempts,
    /// Everybody probes a target that has an outage.
    ProbesAtOnce,
    /// The server's time is not obeyed.
    IgnoresHints,
    /// A call's deadline is lost.
    ForgetsDeadlines,
    /// An abort of the caller's is not heard.
    IgnoresCancel,
    /// Requests are not counted.
    CountsNothing,
    /// Permits are used that a store has not granted.
    TakesUnasked,
    /// The last to come goes first.
    LastFirst,
    /// The background never has its turn.
    StarvesBackground,
    /// A lane that waits is forgotten.
    NeverWakes,
    /// The engine wants to be woken at once, always.
    WakesAtOnce,
    /// A lane that waits for a limit sleeps for a month.
    Oversleeps,
    /// What an answer took is not settled.
    KeepsMoney,
    /// The caller's concurrency is exceeded.
    IgnoresConcurrency,
    /// A state is written at length.
    WritesLong,
    /// A state is read without what it says of the last minute.
    ReadsLess,
    /// The client's budget lets everything pass.
    ForgetsBudget,
    /// What a call may cost is not looked at.
    ForgetsPrice,
    /// A call that leaves a target passes over the next.
    SkipsTarget,
    /// Background calls go in hours that they avoid.
    IgnoresPeak,
    /// The pauses between probes shrink.
    ShortensRests,
    /// All targets of a client share one retry budget.
    SharesBudgets,
    /// A target that is returned to begins anew.
    ForgetsCount,
    /// A call ends once each target of its chain has had its turn.
    EndsEarly,
    /// Waits are drawn from a seed that nobody knows.
    DrawsAnew,
}

thread_local! {
    static CURRENT: Cell<Option<Canary>> = const { Cell::new(None) };
    static DRAWN: Cell<u64> = const { Cell::new(0) };
}

/// Whether this mistake is made now.
#[must_use]
pub fn is(canary: Canary) -> bool {
    CURRENT.get() == Some(canary)
}

/// Another number at each call.
#[must_use]
pub fn anew() -> u64 {
    let next = DRAWN.get().wrapping_add(0x9e37_79b9);
    DRAWN.set(next);
    if is(Canary::DrawsAnew) { next } else { 0 }
}

impl Engine {
    /// Lets all engines of this thread make a mistake; `None` for none.
    pub fn set_canary(canary: Option<Canary>) {
        CURRENT.set(canary);
    }
}
