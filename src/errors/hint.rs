//! How long the service asks to wait: RetryInfo, Retry-After, "Please retry in", every form.
//!
//! All delays are rounded up to whole milliseconds, since coming back early is refused again. None
//! is longer than a year: code that shows a moment beyond what a `Date` can tell would throw.

use crate::base::pacific::days_from_civil;
use crate::base::slice::{bounded, digits, from, integer, skip, skip_back};
use crate::base::time::{Millis, WallTime};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The longest wait that is believed: a longer one is a mistake of its sender.
pub const LONGEST: Millis = Millis(365 * DAY);

/// How each unit begins, in lower case; one letter, or "ms", is a unit by itself alone.
const UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("milli", 1),
    ("s", SECOND),
    ("sec", SECOND),
    ("秒", SECOND),
    ("m", MINUTE),
    ("min", MINUTE),
    ("h", HOUR),
    ("hr", HOUR),
    ("hour", HOUR),
    ("d", DAY),
    ("day", DAY),
];

/// The delay at the start of a text: `31.77s`, `900.2ms`, `11h28m29.9s`, `2 minutes 3 seconds`.
#[must_use]
pub fn duration(text: &str) -> Option<Millis> {
    let mut total = None;
    let mut rest = text;
    while let Some((amount, after)) = amount(rest) {
        let after = skip(after, " ");
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
        let length = after.bytes().take_while(|byte| is_letter(*byte)).count();
        let Some(unit) = unit(bounded(after, length)) else { break };
        let sum = total.unwrap_or(Millis::ZERO) + amount.in_units_of(unit);
        total = Some(sum.min(LONGEST));
        rest = skip(from(after, length), " ,");
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    total
}

/// The delay at the start of a text whose field counts seconds, so that the unit may be missing.
#[must_use]
pub fn seconds(text: &str) -> Option<Millis> {
    duration(text).or_else(|| amount(text).map(|(amount, _)| amount.in_units_of(SECOND)))
}

/// The delay at the start of a text whose field counts milliseconds, so that the unit may be
/// missing.
#[must_use]
pub fn millis(text: &str) -> Option<Millis> {
    duration(text).or_else(|| amount(text).map(|(amount, _)| amount.in_units_of(1)))
}

fn unit(word: &str) -> Option<u64> {
    let known = UNITS.iter().find(|(name, _)| {
        let (head, tail) = word.split_at_checked(name.len()).unwrap_or(("", ""));
        // A lost backslash leaves the letter of the line end behind: `3.5sn* Quota`.
        head.eq_ignore_ascii_case(name)
            && (tail.is_empty() || tail.starts_with("n") || (name.len() > 1 && *name != "ms"))
    });
    known.map(|(_, unit)| *unit)
}

/// A decimal number: the digits before the point, and those behind it.
#[derive(Clone, Copy)]
struct Amount<'a> {
    whole: &'a str,
    fraction: &'a str,
}

fn amount(text: &str) -> Option<(Amount<'_>, &str)> {
    let (whole, rest) = digits(text);
    // A full stop ends the sentence and not the number.
    let (fraction, after) = digits(rest.strip_prefix(".").unwrap_or(""));
    let after = if fraction.is_empty() { rest } else { after };
    (!whole.is_empty()).then_some((Amount { whole, fraction }, after))
}

impl Amount<'_> {
    /// The amount of a unit of so many milliseconds, rounded up, at most a year.
    fn in_units_of(self, unit: u64) -> Millis {
        let whole = integer(self.whole).unwrap_or(0).saturating_mul(unit);
        let nine = bounded(self.fraction, 9);
        // Each digit is a tenth of the place before it, and what is left over rounds up.
        let (mut part, mut rest) = (integer(nine).unwrap_or(0).saturating_mul(unit), 0);
        for _ in nine.bytes() {
            rest |= part % 10;
            part /= 10;
        }
        let part = part.saturating_add(u64::from(rest > 0));
        Millis(whole.saturating_add(part)).min(LONGEST)
    }
}

/// The delay of a `Retry-After` header: seconds, or the date of RFC 9110 (`IMF-fixdate`); a date
/// that is over is no delay at all, and anything else is `None`.
#[must_use]
pub fn retry_after(header: &str, now: WallTime) -> Option<Millis> {
    let header = skip_back(skip(header, " "), " ");
    match amount(header) {
        Some((amount, "")) => Some(amount.in_units_of(SECOND)),
        Some(_) => duration(header),
        None => date(header).map(|at| (at - now).min(LONGEST)),
    }
}

/// The delay of a `RateLimit-Reset`: seconds or a duration, as OpenAI and the IETF's draft have it,
/// or a moment in seconds or milliseconds, as GitHub and OpenRouter have it. A moment that is over
/// says nothing.
pub(crate) fn reset(text: &str, now: WallTime) -> Option<Millis> {
    /// Before 1970-02, or in the year 2001: no number of seconds to wait is as large.
    const MOMENT: u64 = 1_000_000_000;
    match amount(text) {
        Some((amount, "")) => {
            let whole = integer(amount.whole).filter(|whole| *whole >= MOMENT);
            let Some(whole) = whole else { return Some(amount.in_units_of(SECOND)) };
            let is_millis = whole >= MOMENT.saturating_mul(100);
            let at = WallTime(whole.saturating_mul(if is_millis { 1 } else { SECOND }));
            (at > now).then(|| (at - now).min(LONGEST))
        }
        _ => duration(text),
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Wed, 21 Oct 2026 07:28:00 GMT`, by position.
pub(crate) fn date(text: &str) -> Option<WallTime> {
    if text.len() != 29 || !text.ends_with(" GMT") {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to).and_then(integer);
    let name = text.get(8..11)?;
    let month = u64::try_from(MONTHS.iter().position(|month| *month == name)?).ok()?;
    let month = month.saturating_add(1);
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    if !(1..=31).contains(&day) || year < 1970 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let parts =
        [days.saturating_mul(DAY), hour.saturating_mul(HOUR), minute.saturating_mul(MINUTE)];
    let sum =
        parts.iter().fold(second.saturating_mul(SECOND), |sum, part| sum.saturating_add(*part));
    Some(WallTime(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_delay_is_read_and_rounded_up() {
        for (text, ms) in [
            ("31.772104956s", 31_773),
            ("31s", 31_000),
            ("641.27ms", 642),
            ("0.539477544s", 540),
            ("0s", 0),
            ("11h28m29.9s", 41_309_900),
            ("41310s", 41_310_000),
            ("6h3m11s.", 21_791_000),
            ("30 seconds.", 30_000),
            ("2 minutes and 3 seconds", 123_000),
            ("1 hour, 5 min", 3_900_000),
            ("18h 34m", 66_840_000),
            ("3.5sn* Quota", 3_500),
            ("44.603118s. [{", 44_604),
        ] {
            assert_eq!(duration(text), Some(Millis(ms)), "{text}");
        }
        for text in ["", "s", "12", "12 images", "soon", ".5s", "12."] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(seconds("12"), Some(Millis(12_000)));
        assert_eq!(seconds("1.5"), Some(Millis(1_500)));
        for text in ["99999999999999999999999h", "9999999999999s", "364d 9d", "1000000000 hours"] {
            assert_eq!(duration(text), Some(LONGEST), "{text}");
        }
        assert_eq!(seconds("9999999999999"), Some(LONGEST));
        assert_eq!(millis("1500.2"), Some(Millis(1_501)));
        assert_eq!(millis("1500ms"), Some(Millis(1_500)));
        assert_eq!(millis("86400000"), Some(Millis(DAY)), "a day in ms is no thousand days");
    }

    #[test]
    fn a_reset_is_a_duration_or_a_moment() {
        let now = WallTime(1_795_521_600_000);
        for (header, ms) in [
            ("12", Some(12_000)),
            ("6m0s", Some(360_000)),
            ("1795521630", Some(30_000)),
            ("1795521630000", Some(30_000)),
            ("1795521599", None),
            ("soon", None),
        ] {
            assert_eq!(reset(header, now), ms.map(Millis), "{header}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // 2026-11-24T12:00:00Z
        let now = WallTime(1_795_521_600_000);
        for (header, ms) in [
            ("17", Some(17_000)),
            (" 0.5 ", Some(500)),
            ("30s", Some(30_000)),
            ("Tue, 24 Nov 2026 12:01:30 GMT", Some(90_000)),
            ("Tue, 24 Nov 2026 11:00:00 GMT", Some(0)),
            ("Sun, 29 Feb 2032 00:00:00 GMT", Some(LONGEST.0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(LONGEST.0)),
            ("9999999999999", Some(LONGEST.0)),
            ("Tue, 24 Nov 2026 12:01:30 CET", None),
            ("Tue, 24 aNo 2026 12:01:30 GMT", None),
            ("Tue, 99 Nov 2026 12:01:30 GMT", None),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(header, now), ms.map(Millis), "{header}");
        }
    }
}
