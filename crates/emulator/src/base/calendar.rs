//! Moments as dates, and midnight in Pacific time.
//!
//! The daylight-saving rule is written here again, on purpose: the emulator shares no code with
//! the core that it tests, or both would share a mistake.

/// Milliseconds in the window of a per-minute limit.
pub(crate) const MINUTE: u64 = 60_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = month.saturating_add(9).rem_euclid(12);
    let day_of_year =
        (shifted.saturating_mul(153).saturating_add(2) / 5).saturating_add(day).saturating_sub(1);
    let day_of_era = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era / 4)
        .saturating_sub(year_of_era / 100)
        .saturating_add(day_of_year);
    era.saturating_mul(146_097).saturating_add(day_of_era).saturating_sub(719_468)
}

/// A moment as `2026-11-24T12:00:00.000Z`.
pub(crate) fn rfc3339(unix_ms: u64) -> String {
    let ms = i64::try_from(unix_ms).unwrap_or(0);
    let (days, in_day) = (ms.div_euclid(DAY), ms.rem_euclid(DAY));
    let year = year_of(ms);
    let first = |month: i64| days_from_civil(year, month, 1);
    let month = (1..=12).rev().find(|month| first(*month) <= days).unwrap_or(1);
    let day = days.saturating_sub(first(month)).saturating_add(1);
    let (hour, minute) = (in_day / HOUR, in_day / 60_000 % 60);
    let (second, milli) = (in_day / 1_000 % 60, in_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The year (UTC) that a moment falls in.
fn year_of(ms: i64) -> i64 {
    let days = ms.div_euclid(DAY);
    // A first guess by the mean year, then at most one step either way.
    let guess = days.saturating_mul(400).div_euclid(146_097).saturating_add(1970);
    if days < days_from_civil(guess, 1, 1) {
        guess.saturating_sub(1)
    } else if days >= days_from_civil(guess.saturating_add(1), 1, 1) {
        guess.saturating_add(1)
    } else {
        guess
    }
}

/// Day number of the `nth` (from 1) Sunday of a month.
fn sunday(year: i64, month: i64, nth: i64) -> i64 {
    let first = days_from_civil(year, month, 1);
    // 1970-01-01 was a Thursday: day 3 was the first Sunday.
    let ahead = (3_i64.saturating_sub(first)).rem_euclid(7);
    first.saturating_add(ahead).saturating_add(nth.saturating_sub(1).saturating_mul(7))
}

/// Whether Pacific time is on daylight-saving time: from 2:00 on the second Sunday of March to
/// 2:00 on the first Sunday of November (Energy Policy Act of 2005).
fn is_daylight(ms: i64) -> bool {
    let year = year_of(ms);
    let from = sunday(year, 3, 2).saturating_mul(DAY).saturating_add(HOUR.saturating_mul(10));
    let to = sunday(year, 11, 1).saturating_mul(DAY).saturating_add(HOUR.saturating_mul(9));
    ms >= from && ms < to
}

/// The next midnight in Pacific time strictly after `unix_ms`, when daily limits start anew.
#[must_use]
pub fn next_pacific_midnight(unix_ms: u64) -> u64 {
    let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX / 2);
    let behind = if is_daylight(ms) { 7 } else { 8 };
    let local = ms.saturating_sub(HOUR.saturating_mul(behind));
    let midnight = local.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
    // Clocks change at 2:00, so midnight itself is never doubtful.
    let summer = midnight.saturating_add(HOUR.saturating_mul(7));
    let utc = if is_daylight(summer) { summer } else { summer.saturating_add(HOUR) };
    u64::try_from(utc).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_the_wire_has_them() {
        assert_eq!(rfc3339(1_795_521_600_000), "2026-11-24T12:00:00.000Z");
        assert_eq!(rfc3339(1_709_251_199_999), "2024-02-29T23:59:59.999Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_767_225_599_000), "2025-12-31T23:59:59.000Z");
    }

    #[test]
    fn midnights_of_known_days() {
        // 2026-03-08 08:00 UTC is midnight PST; the clocks go forward two hours later.
        let march = 1_772_956_800_000;
        assert_eq!(next_pacific_midnight(march - 1), march);
        assert_eq!(next_pacific_midnight(march), march + 23 * 3_600_000);
        // 2026-11-01 07:00 UTC is midnight PDT; that day has 25 hours.
        let november = 1_793_516_400_000;
        assert_eq!(next_pacific_midnight(november - 1), november);
        assert_eq!(next_pacific_midnight(november), november + 25 * 3_600_000);
        assert_eq!(next_pacific_midnight(0), 8 * 3_600_000);
    }
}
