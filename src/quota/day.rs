//! The day of a quota, which ends at midnight in Los Angeles.

use crate::base::time::Millis;
use crate::quota::window::Amounts;

/// The largest difference between the service's clock and ours around midnight: its clock is off by
/// up to 1.5 s, and ours is set by a second or two now and then.
pub(crate) const MIDNIGHT_MARGIN: Millis = Millis(4_000);

/// Two days, each as long as one is when the clocks are put back.
pub(crate) const DAYS: Millis = Millis(2 * 25 * 3_600_000);

/// The day that is counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Day {
    /// Midnight, on the wall clock; 0 before the first use.
    pub(crate) ends: u64,
    /// The same moment on the usage's clock, as it was expected then.
    pub(crate) ends_at: u64,
    /// When it began on the usage's clock, or was first used.
    pub(crate) began: u64,
    pub(crate) used: Amounts,
    /// Amounts used after the day was over by the wall clock alone: they may be the next day's.
    pub(crate) after_midnight: Amounts,
    /// When the last request that tests whether the day is over was sent, on the usage's clock; 0
    /// for never.
    pub(crate) asked: u64,
}
