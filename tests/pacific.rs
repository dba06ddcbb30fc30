//! Midnight Pacific by our rule is midnight Pacific by the time zone database.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use unexhausted::base::pacific::next_midnight;
use unexhausted::base::time::WallTime;

fn los_angeles() -> TimeZone {
    TimeZone::get("America/Los_Angeles").expect("the time zone database has Los Angeles")
}

fn by_jiff(now: WallTime, zone: &TimeZone) -> WallTime {
    let millis = i64::try_from(now.0).expect("a moment of this era");
    let local = Timestamp::from_millisecond(millis).expect("a moment of this era");
    let today = local.to_zoned(zone.clone()).date();
    let midnight = today.checked_add(1.day()).expect("a date").to_zoned(zone.clone());
    let millis = midnight.expect("midnight exists").timestamp().as_millisecond();
    WallTime(u64::try_from(millis).expect("after 1970"))
}

fn millis(year: i16) -> u64 {
    let start = date(year, 1, 1).to_zoned(TimeZone::UTC).expect("a date");
    u64::try_from(start.timestamp().as_millisecond()).expect("after 1970")
}

#[test]
fn every_day_of_2007_to_2100_ends_when_the_database_says() {
    let zone = los_angeles();
    let (mut now, end) = (millis(2007), millis(2101));
    let mut days = 0;
    while now < end {
        let midnight = next_midnight(WallTime(now));
        assert_eq!(midnight, by_jiff(WallTime(now), &zone), "after {now}");
        assert_eq!(next_midnight(WallTime(midnight.0 - 1)), midnight, "just before {}", midnight.0);
        assert!(next_midnight(midnight) > midnight, "strictly after {}", midnight.0);
        now = midnight.0;
        days += 1;
    }
    assert_eq!(days, 34_334, "94 years have so many days");
}

#[test]
fn the_clocks_change_in_march_and_november() {
    for (now, midnight) in [
        ("2026-03-08T07:59:59Z", "2026-03-08T08:00:00Z"),
        ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"),
        ("2026-11-01T06:59:59Z", "2026-11-01T07:00:00Z"),
        ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"),
    ] {
        let at = |text: &str| {
            let stamp: Timestamp = text.parse().expect("a timestamp");
            WallTime(u64::try_from(stamp.as_millisecond()).expect("after 1970"))
        };
        assert_eq!(next_midnight(at(now)), at(midnight), "{now}");
    }
}

proptest! {
    #[test]
    fn any_moment_agrees_with_the_database(now in millis(2007)..millis(2101)) {
        prop_assert_eq!(next_midnight(WallTime(now)), by_jiff(WallTime(now), &los_angeles()));
    }

    #[test]
    fn any_number_at_all_has_an_answer(now: u64) {
        let midnight = next_midnight(WallTime(now));
        prop_assert!(midnight.0 > now || midnight.0 == u64::MAX);
    }
}
