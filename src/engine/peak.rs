//! The hours of the day in which the service is known to be overloaded, as data.

use crate::base::time::{Millis, WallTime};

const HOUR: u64 = 3_600_000;

/// Hours of a day in UTC.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hours(u32);

/// One window of the day, in hours UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Window {
    /// The first hour.
    pub from: u8,
    /// The hour after the last one.
    pub to: u8,
    /// The part of the day and the region whose peak it is.
    pub name: &'static str,
}

const fn window(from: u8, to: u8, name: &'static str) -> Window {
    Window { from, to, name }
}

/// The known windows. Source: the troubleshooting guide for Nano Banana Pro of February 2026, which
/// saw 503s cluster in them; Google publishes none.
pub const WINDOWS: &[Window] = &[
    window(0, 2, "evening in the Americas"),
    window(9, 11, "business hours in Asia"),
    window(20, 23, "evening in Europe"),
];

/// The hours of `WINDOWS`.
#[must_use]
pub fn known() -> Hours {
    (0..24).filter(|&hour| is_peak(hour)).fold(Hours::default(), Hours::with)
}

/// Whether an hour of the day, UTC, is in a known window of overload.
#[must_use]
pub fn is_peak(hour: u8) -> bool {
    WINDOWS.iter().any(|window| window.from <= hour && hour < window.to)
}

/// The hour of the day, UTC, from 0 to 23.
#[must_use]
#[allow(clippy::cast_possible_truncation)]
pub const fn hour_of(now: WallTime) -> u8 {
    (now.0 / HOUR % 24) as u8
}

impl Hours {
    /// These and one more; an hour that no day has changes nothing.
    #[must_use]
    pub const fn with(self, hour: u8) -> Self {
        if hour < 24 { Self(self.0 | 1 << hour) } else { self }
    }

    /// These hours and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether the hour is one of these.
    #[must_use]
    pub const fn has(self, hour: u8) -> bool {
        hour < 24 && self.0 >> hour & 1 == 1
    }

    /// Each of the hours, from midnight on.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..24).filter(move |&hour| self.has(hour))
    }

    /// The first moment from `now` on that is in none of these hours; `now` itself also if all
    /// hours are among them, since waiting would not help.
    #[must_use]
    pub fn next_outside(self, now: WallTime) -> WallTime {
        let start = WallTime((now.0 / HOUR).saturating_mul(HOUR));
        let hours = (0..24).map(|ahead| start + Millis(HOUR).times(ahead));
        hours.into_iter().find(|&at| !self.has(hour_of(at))).map_or(now, |at| at.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * HOUR;

    #[test]
    fn the_known_windows_are_seven_hours_of_the_day() {
        assert_eq!(known().iter().collect::<Vec<_>>(), [0, 1, 9, 10, 20, 21, 22]);
        assert!(is_peak(22) && !is_peak(23) && !is_peak(24));
    }

    #[test]
    fn a_window_ends_on_its_hour() {
        let at = |hour: u64, minute: u64| WallTime(7 * DAY + hour * HOUR + minute * 60_000);
        assert_eq!(known().next_outside(at(9, 30)), at(11, 0));
        assert_eq!(known().next_outside(at(11, 0)), at(11, 0));
        assert_eq!(known().next_outside(at(3, 17)), at(3, 17));
    }

    #[test]
    fn a_window_over_midnight_ends_on_the_next_day() {
        let hours = known().with(23);
        assert_eq!(hours.next_outside(WallTime(20 * HOUR)), WallTime(DAY + 2 * HOUR));
        assert!(!hours.with(24).has(24));
    }

    #[test]
    fn where_all_hours_are_taken_nothing_is_put_off() {
        let all = (0..24).fold(Hours::default(), Hours::with);
        assert_eq!(all.next_outside(WallTime(5)), WallTime(5));
        assert_eq!(known().and(all), all);
    }
}
