//! Midnight in Los Angeles, where the service's day ends.
//!
//! By the rule of the United States since 2007: daylight saving from the second Sunday of March
//! to the first Sunday of November, at two in the morning, so that midnight always exists once.

use crate::base::time::WallTime;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// The next midnight in Los Angeles that is later than `now`.
#[must_use]
pub fn next_midnight(now: WallTime) -> WallTime {
    // Local midnight is at 7:00 or 8:00 UTC, so it falls on one of these two UTC days.
    let today = now.0 / DAY;
    let later = |day: u64| Some(midnight(day)).filter(|at| *at > now);
    later(today).or_else(|| later(today.saturating_add(1))).unwrap_or(WallTime(u64::MAX))
}

/// Midnight at the start of a day in Los Angeles, the day counted from 1970-01-01.
const fn midnight(day: u64) -> WallTime {
    let behind = if is_daylight_saving(day) { 7 * HOUR } else { 8 * HOUR };
    WallTime(day.saturating_mul(DAY).saturating_add(behind))
}

/// Whether the day begins in daylight saving time; the clocks change two hours later.
const fn is_daylight_saving(day: u64) -> bool {
    let year = year_of(day);
    sunday_from(days_from_civil(year, 3, 8)) < day
        && day <= sunday_from(days_from_civil(year, 11, 1))
}

/// The first Sunday on or after a day; 1970-01-01 was a Thursday.
const fn sunday_from(day: u64) -> u64 {
    let weekday = day.saturating_add(4) % 7;
    day.saturating_add((7_u64.saturating_sub(weekday)) % 7)
}

/// The year of a day.
const fn year_of(day: u64) -> u64 {
    // 146,097 days are 400 years, so the guess is right or one too late or too early.
    let guess = day.saturating_mul(400) / 146_097;
    let guess = guess.saturating_add(1970);
    if days_from_civil(guess, 1, 1) > day {
        guess.saturating_sub(1)
    } else if days_from_civil(guess.saturating_add(1), 1, 1) <= day {
        guess.saturating_add(1)
    } else {
        guess
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, from 1970 on.
///
/// The year is taken to begin in March, so that the leap day is its last.
pub(crate) const fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    const TO_1970: u64 = 719_468;
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let from_march = if month > 2 { month.saturating_sub(3) } else { month.saturating_add(9) };
    let leaps = (year / 4).saturating_sub(year / 100).saturating_add(year / 400);
    let in_year = (from_march.saturating_mul(153).saturating_add(2) / 5).saturating_add(day);
    year.saturating_mul(365)
        .saturating_add(leaps)
        .saturating_add(in_year)
        .saturating_sub(1)
        .saturating_sub(TO_1970)
}
