//! Durations and moments as integers, with arithmetic that saturates instead of panicking.
//!
//! The core never reads a clock: every moment in it came in as an argument. Monotonic and wall
//! time are different types, since a wall clock can be set back and a monotonic one cannot.

use core::ops::{Add, Sub};

/// A duration in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Millis(pub u64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A duration of whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// A duration from a JavaScript number of milliseconds, rounded up; NaN and negatives are zero.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn from_f64(ms: f64) -> Self {
        // A float-to-integer cast saturates and maps NaN to zero.
        let whole = ms as u64;
        Self(if ms > whole as f64 { whole.saturating_add(1) } else { whole })
    }

    /// The duration as a JavaScript number of milliseconds.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// The duration multiplied by `factor`.
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Millis {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A moment on a monotonic clock, in milliseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(pub u64);

impl Add<Millis> for Instant {
    type Output = Self;
    fn add(self, duration: Millis) -> Self {
        Self(self.0.saturating_add(duration.0))
    }
}

impl Sub for Instant {
    type Output = Millis;
    /// The time from `earlier` to `self`; zero when `earlier` is later.
    fn sub(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// A moment on the wall clock, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WallTime(pub u64);

impl WallTime {
    /// The last moment that a JavaScript `Date` can tell (ECMA-262, 21.4.1.1).
    pub(crate) const LAST: u64 = 8_640_000_000_000_000;

    /// The moment as a JavaScript number that makes a valid `Date`, whatever was added to it.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        (if self.0 < Self::LAST { self.0 } else { Self::LAST }) as f64
    }
}

impl Add<Millis> for WallTime {
    type Output = Self;
    fn add(self, duration: Millis) -> Self {
        Self(self.0.saturating_add(duration.0))
    }
}

impl Sub for WallTime {
    type Output = Millis;
    /// The time from `earlier` to `self`; zero when `earlier` is later.
    fn sub(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// The readings of both clocks at the moment of an input.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Now {
    /// The monotonic clock: waits, timeouts and deadlines are judged by it.
    pub mono: Instant,
    /// The wall clock: daily windows and the dates that callers see are judged by it.
    pub wall: WallTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javascript_numbers_become_whole_milliseconds_or_zero() {
        assert_eq!(Millis::from_f64(0.2), Millis(1));
        assert_eq!(Millis::from_f64(31_772.104), Millis(31_773));
        assert_eq!(Millis::from_f64(f64::NAN), Millis::ZERO);
        assert_eq!(Millis::from_f64(-5.0), Millis::ZERO);
        assert_eq!(Millis::from_f64(f64::INFINITY), Millis(u64::MAX));
    }

    #[test]
    fn every_moment_makes_a_valid_date() {
        assert_eq!(WallTime(1_795_521_600_000).as_f64(), 1_795_521_600_000.0);
        assert_eq!((WallTime(1_795_521_600_000) + Millis(u64::MAX)).as_f64(), 8.64e15);
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Millis(u64::MAX) + Millis(1), Millis(u64::MAX));
        assert_eq!(Millis(1) - Millis(2), Millis::ZERO);
        assert_eq!(Instant(1) - Instant(2), Millis::ZERO);
    }
}
