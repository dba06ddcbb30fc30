//! When to look again, and how long a look may take.

use unexhausted::base::time::Millis;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 3_600_000;
const DAY: Millis = Millis(24 * HOUR);

/// How often to look at a job, by its age: the rows in order, the first whose age is not reached.
/// The samples of the batch guide look every 10 to 30 s, and a job is meant to end within 24 h. By
/// age and not by the number of looks, so that a process that was started anew goes on as before.
const LOOKS: &[(Millis, Millis)] = &[
    (Millis(MINUTE), Millis(10_000)),
    (Millis(5 * MINUTE), Millis(20_000)),
    (Millis(20 * MINUTE), Millis(MINUTE)),
    (Millis(2 * HOUR), Millis(2 * MINUTE)),
    (DAY, Millis(5 * MINUTE)),
];
/// A job that has been running for a day is likely stuck: it expires at 48 h.
const LATE_LOOK: Millis = Millis(30 * MINUTE);

/// The time that is kept free for the last look before a deadline: few take longer.
const LOOK: Millis = Millis(2_000);

/// Waits for room after a refusal; the last is repeated. Room comes when a job ends, which takes
/// minutes at best.
const ROOM: &[Millis] = &[Millis(30_000), Millis(MINUTE), Millis(2 * MINUTE), Millis(5 * MINUTE)];
const ROOM_LAST: Millis = Millis(10 * MINUTE);

/// Looks by listing for a job whose answer was lost, each after this wait. A list may lag behind,
/// and a job too many is paid twice, so there are several.
const SEARCHES: &[Millis] = &[Millis(2_000), Millis(10_000), Millis(30_000), Millis(MINUTE)];

/// Waits before a look that failed is made again, beyond what `retry` does; the last is repeated.
const FAILED: &[Millis] = &[Millis(30_000), Millis(MINUTE), Millis(2 * MINUTE)];
const FAILED_LAST: Millis = Millis(5 * MINUTE);
/// Looks in a row that may fail. With their waits, and those of `retry` within each, two hours
/// pass.
const FAILED_MAX: usize = 24;

/// The wait before the next look at a job of this age; `random` is from 0 to 1.
#[must_use]
pub fn next_look(age: Millis, random: f64) -> Millis {
    let row = LOOKS.iter().find(|(until, _)| age < *until);
    spread(row.map_or(LATE_LOOK, |(_, wait)| *wait), random)
}

/// The wait, or what is left of the time where that is less, so that the last look is made when it
/// is over; `None` from then on.
#[must_use]
pub fn within(wait: Millis, left: Option<Millis>) -> Option<Millis> {
    let left = left.unwrap_or(wait);
    (left > Millis::ZERO).then(|| wait.min(left))
}

/// The wait until the last look, where so much is left until a deadline: the answer takes a moment
/// too.
#[must_use]
pub fn last_look(left: Millis) -> Millis {
    Millis(left.0.saturating_sub(LOOK.0.min(left.0 / 10)))
}

/// The wait before the next try to create a job where there was no room; `tries` is from 1. A wait
/// that the service names is a floor.
#[must_use]
pub fn room(tries: usize, named: Option<Millis>, random: f64) -> Millis {
    let wait = ROOM.get(tries.saturating_sub(1)).copied().unwrap_or(ROOM_LAST);
    spread(wait.max(named.unwrap_or_default()), random)
}

/// The wait before a look by listing, from 1; `None` once it was looked for often enough.
#[must_use]
pub fn search(looks: usize) -> Option<Millis> {
    SEARCHES.get(looks.saturating_sub(1)).copied()
}

/// The wait after so many looks in a row that failed, from 1; `None` to give up.
#[must_use]
pub fn failed(looks: usize, named: Option<Millis>, random: f64) -> Option<Millis> {
    let wait = FAILED.get(looks.saturating_sub(1)).copied().unwrap_or(FAILED_LAST);
    (looks <= FAILED_MAX).then(|| spread(wait.max(named.unwrap_or_default()), random))
}

/// Whether a delete that was answered with this status has nothing left to do: what is gone at the
/// second attempt was deleted by the first, whose answer was lost.
#[must_use]
pub const fn is_deleted(status: u16, attempt: u32) -> bool {
    status == 404 && attempt > 1
}

/// Up to a tenth more, so that many who began together do not ask together.
fn spread(wait: Millis, random: f64) -> Millis {
    let share = if random > 1.0 { 1.0 } else { random.max(0.0) };
    Millis::from_f64(wait.as_f64() * (1.0 + 0.1 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_from_ten_seconds_to_five_minutes_and_are_rare_after_a_day() {
        let next_look = |age| next_look(age, 0.0);
        assert_eq!(next_look(Millis(0)), Millis(10_000));
        assert_eq!(next_look(Millis(3 * HOUR)), Millis(5 * MINUTE));
        assert_eq!(next_look(DAY), Millis(30 * MINUTE));
        let mut last = Millis::ZERO;
        for hour in 0..50 {
            let wait = next_look(Millis(hour * HOUR));
            assert!(wait >= last);
            last = wait;
        }
    }

    #[test]
    fn a_day_takes_a_few_hundred_looks() {
        let (mut age, mut looks) = (Millis::ZERO, 0);
        while age < DAY {
            age = age + next_look(age, 0.0);
            looks += 1;
        }
        assert!((250..500).contains(&looks), "{looks}");
    }

    #[test]
    fn the_last_look_is_just_before_the_deadline() {
        let left = |ms| within(LATE_LOOK, Some(Millis(ms)));
        assert_eq!(left(5_000), Some(Millis(5_000)));
        assert_eq!(left(2 * HOUR), Some(LATE_LOOK));
        assert_eq!(left(0), None);
        assert_eq!(within(LATE_LOOK, None), Some(LATE_LOOK));
        assert_eq!(last_look(Millis(2 * HOUR)), Millis(2 * HOUR - 2_000));
        assert_eq!(last_look(Millis(1_000)), Millis(900));
        assert_eq!(last_look(Millis::ZERO), Millis::ZERO);
    }

    #[test]
    fn what_is_gone_at_the_second_attempt_was_deleted() {
        assert!(is_deleted(404, 2));
        assert!(!is_deleted(404, 1) && !is_deleted(403, 2));
    }

    #[test]
    fn waits_for_room_grow_and_obey_the_service() {
        assert_eq!(room(1, None, 0.0), Millis(30_000));
        assert_eq!(room(9, None, 0.0), ROOM_LAST);
        assert_eq!(room(1, Some(Millis(90_000)), 0.0), Millis(90_000));
        assert_eq!(room(1, None, 1.0), Millis(33_000));
        assert_eq!(room(1, None, f64::NAN), Millis(30_000));
    }

    #[test]
    fn searches_and_failed_looks_end() {
        assert!(search(1).is_some() && search(2).is_some());
        assert_eq!(search(SEARCHES.len() + 1), None);
        assert!(failed(FAILED_MAX, None, 0.0).is_some());
        assert_eq!(failed(FAILED_MAX + 1, None, 0.0), None);
    }
}
