//! Deliberate mistakes, one for each checker of the simulation: they show that it can fail.
//!
//! They are made with the feature `mutants` alone, for tests. Each is a line where an honest
//! mistake could be made: `mutant!(IgnoresHints, wait, Millis::ZERO)`.

use std::cell::Cell;

/// The first value, or with the feature `mutants` the second while that mistake is made; without
/// values, whether it is.
macro_rules! mutant {
    ($name:ident) => {
        cfg!(feature = "mutants") && $crate::base::mutant::is($crate::base::mutant::Mutant::$name)
    };
    ($name:ident, $right:expr, $wrong:expr) => {
        if mutant!($name) { $wrong } else { $right }
    };
}

/// A mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mutant {
    /// An ending is told twice.
    SettlesTwice,
    /// A failed attempt does not count.
    ForgetsAttempts,
    /// All calls probe a target that has an outage.
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
    /// The cost of an answer is not settled.
    KeepsMoney,
    /// The caller's concurrency is exceeded.
    IgnoresConcurrency,
    /// A state is written at length.
    WritesLong,
    /// A state is read without what it says of the last minute.
    ReadsLess,
    /// The client's budget lets everything pass.
    ForgetsBudget,
    /// The most that a call may cost is not looked at.
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
    static CURRENT: Cell<Option<Mutant>> = const { Cell::new(None) };
    static DRAWN: Cell<u64> = const { Cell::new(0) };
}

/// Whether this mistake is made now.
#[must_use]
pub fn is(mutant: Mutant) -> bool {
    CURRENT.get() == Some(mutant)
}

/// Another number at each call.
#[must_use]
pub fn anew() -> u64 {
    let next = DRAWN.get().wrapping_add(0x9e37_79b9);
    DRAWN.set(next);
    if is(Mutant::DrawsAnew) { next } else { 0 }
}

/// Lets all engines of this thread make a mistake; `None` for none.
pub fn set(mutant: Option<Mutant>) {
    CURRENT.set(mutant);
}
