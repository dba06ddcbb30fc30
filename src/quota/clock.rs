//! The clocks by which usage is counted.

/// What the clocks of a usage show, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Clock {
    /// The clock by which minutes are counted: monotonic where one process keeps the usage, the
    /// store's where several do.
    pub now: u64,
    /// The wall clock, by which the day ends.
    pub wall: u64,
}
