//! The clocks by which usage is counted.

/// The times that the clocks of a usage show, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Clock {
    /// The clock by which minutes are counted: monotonic if one process keeps the usage, the
    /// store's clock if several do.
    pub now: u64,
    /// The wall clock, by which the day ends.
    pub wall: u64,
}
