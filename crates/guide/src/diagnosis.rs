//! The pattern behind the errors that were seen, and what to do about it.

use serde::Serialize;

use crate::pattern::{Pattern, ROWS};
use crate::seen::{CAPACITY, HourCount, Sample, Seen};
use unexhausted::engine::peak;
use unexhausted::errors::kind::Kind;

/// The fault, the remedy, and the numbers that say so.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// The name of the pattern.
    pub pattern: &'static str,
    /// The fault, in a sentence.
    pub summary: &'static str,
    /// The remedy.
    pub action: &'static str,
    /// The models that failed, the one that failed most first.
    pub models: Vec<String>,
    /// The numbers that it rests on.
    pub numbers: Numbers,
    /// The attempts by hour of the day.
    pub hours: Vec<HourCount>,
}

/// How many attempts ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Numbers {
    /// All of them.
    pub attempts: u64,
    /// Those that brought an answer.
    pub succeeded: u64,
    /// Over a limit per minute, or a 429 that names none.
    pub per_minute: u64,
    /// Over a limit per day.
    pub per_day: u64,
    /// Over the money of ten minutes.
    pub spend: u64,
    /// The model is not in the tier.
    pub not_in_tier: u64,
    /// The service had no capacity, or failed.
    pub overloaded: u64,
    /// Of those whose hour is known, the share at the known hours of overload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overloaded_at_peak: Option<f64>,
    /// No answer came.
    pub unanswered: u64,
    /// All other failures.
    pub other: u64,
    /// For how many ms a model has failed for want of capacity without one success.
    pub failing_for: f64,
}

/// The limits per minute, of money, per day and of the tier.
const QUOTA: &[Kind] = &[Kind::RateLimited, Kind::SpendLimited, Kind::DailyQuota, Kind::NotInTier];
const UNANSWERED: &[Kind] = &[Kind::Timeout, Kind::Network];

/// The other faults, and the pattern of each.
const OTHERS: &[(&[Kind], Pattern)] = &[
    (UNANSWERED, Pattern::Connection),
    (&[Kind::Billing], Pattern::Billing),
    (&[Kind::Unauthenticated, Kind::Forbidden], Pattern::Access),
    (&[Kind::ModelNotFound], Pattern::Retired),
    (&[Kind::Blocked, Kind::NoImage], Pattern::Refused),
    (&[Kind::InvalidRequest, Kind::TooLarge], Pattern::Request),
    (&[Kind::Unknown], Pattern::Unknown),
];

/// Kinds that say nothing about the service: the caller or client ended the attempt.
const OURS: &[Kind] = &[Kind::Cancelled, Kind::Deadline, Kind::OverBudget, Kind::Closed];

/// Up to this share of failures retries are all that is needed.
const HEALTHY: f64 = 0.05;
/// Quota and capacity are both at fault from this share of the two on.
const BOTH: f64 = 0.2;
/// Overload is one of the known hours where this share of it is in them; by chance 29 % would be.
const AT_PEAK: f64 = 0.8;
/// Fewer cannot show that it happens at some hours only.
const FEW: u64 = 3;
/// The longest that an overload usually takes, in ms: the guide has seen 30 to 120 minutes.
const OVERLOAD_MAX: f64 = 120.0 * 60_000.0;
/// In so many hours of bare 429s it is the day's quota that is spent.
const ALL_DAY: u64 = 6;
/// The guide takes a 429 below so many pictures a day for the free tier's.
pub(crate) const FREE_PER_DAY: u64 = 10;

/// Names the pattern behind what was seen.
#[must_use]
pub fn diagnose(seen: &Seen) -> Diagnosis {
    diagnose_at(seen, false)
}

/// The same where it may be known that the project is free and makes a few pictures a day: then it
/// is the day that a 429 without a word on why is about.
#[must_use]
pub(crate) fn diagnose_at(seen: &Seen, is_free: bool) -> Diagnosis {
    let numbers = numbers(seen);
    let is_bare = |s: &Sample| s.kind == Some(Kind::RateLimited) && s.dimension.is_none();
    let pattern = match pattern(seen, &numbers) {
        Pattern::Burst | Pattern::DayExhausted if is_free && seen.count(is_bare) > 0 => {
            Pattern::FreeTier
        }
        pattern => pattern,
    };
    let found = ROWS.iter().find(|row| row.pattern == pattern);
    let (name, summary, action) =
        found.map_or(("", "", ""), |row| (row.name, row.summary, row.action));
    Diagnosis {
        pattern: name,
        summary,
        action,
        models: seen.failing_models(),
        numbers,
        hours: seen.by_hour(),
    }
}

fn numbers(seen: &Seen) -> Numbers {
    let attempts = seen.count(|sample| sample.kind.is_none_or(|kind| !OURS.contains(&kind)));
    let succeeded = seen.count(|sample| sample.kind.is_none());
    let known = [QUOTA, CAPACITY, UNANSWERED].map(|kinds| seen.failed(kinds));
    let named = known.iter().fold(succeeded, |sum, count| sum.saturating_add(*count));
    let at_hour =
        |peak| seen.count(|s| s.is_capacity() && s.hour_of_day().map(peak::is_peak) == Some(peak));
    Numbers {
        attempts,
        succeeded,
        per_minute: seen.failed(&[Kind::RateLimited]),
        per_day: seen.failed(&[Kind::DailyQuota]),
        spend: seen.failed(&[Kind::SpendLimited]),
        not_in_tier: seen.failed(&[Kind::NotInTier]),
        overloaded: seen.failed(CAPACITY),
        overloaded_at_peak: share(at_hour(true), at_hour(true).saturating_add(at_hour(false))),
        unanswered: seen.failed(UNANSWERED),
        other: attempts.saturating_sub(named),
        failing_for: seen.failing_for,
    }
}

/// One number as a share of another; `None` where that is 0.
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

fn pattern(seen: &Seen, numbers: &Numbers) -> Pattern {
    let failed = numbers.attempts.saturating_sub(numbers.succeeded);
    let quota = seen.failed(QUOTA);
    let capacity = numbers.overloaded;
    if numbers.attempts == 0 {
        return Pattern::NothingSeen;
    }
    let fails = |count: u64, least: f64| share(count, failed).is_some_and(|part| part >= least);
    if numbers.failing_for > OVERLOAD_MAX {
        return if fails(quota, BOTH) { Pattern::Mixed } else { Pattern::Outage };
    }
    // Waiting cures neither of these, so that a few of many tell.
    if fails(numbers.not_in_tier, BOTH) {
        return Pattern::FreeTier;
    }
    if share(failed, numbers.attempts).is_none_or(|part| part <= HEALTHY) {
        return Pattern::Healthy;
    }
    let most = OTHERS.iter().max_by_key(|(kinds, _)| seen.failed(kinds));
    if let Some((kinds, pattern)) = most
        && seen.failed(kinds) > quota.max(capacity)
    {
        return *pattern;
    }
    let both = quota.saturating_add(capacity);
    let is_both = |count| share(count, both).is_some_and(|part| part >= BOTH);
    if is_both(quota) && is_both(capacity) {
        Pattern::Mixed
    } else if quota >= capacity {
        of_quota(seen, numbers)
    } else {
        of_capacity(seen, numbers)
    }
}

fn of_quota(seen: &Seen, numbers: &Numbers) -> Pattern {
    let Numbers { per_minute, per_day, spend, .. } = *numbers;
    if spend > per_minute.max(per_day) {
        return Pattern::Spend;
    }
    // A minute's limit is hit on the way to the day's: where both are, the day is what ends it.
    if per_day > 0 {
        let limit = seen.samples.iter().filter(|s| s.kind == Some(Kind::DailyQuota));
        let limit = limit.filter_map(|sample| sample.limit).min();
        let is_low = limit.map_or_else(|| few_a_day(seen, numbers), |limit| limit <= FREE_PER_DAY);
        return if is_low { Pattern::FreeTier } else { Pattern::DayExhausted };
    }
    let is_bare = |s: &Sample| s.kind == Some(Kind::RateLimited) && s.dimension.is_none();
    let refused = seen.failed(QUOTA) > numbers.succeeded;
    if seen.hours(is_bare) >= ALL_DAY && refused { Pattern::DayExhausted } else { Pattern::Burst }
}

/// Whether so few pictures a day came through that it must be a free day's.
fn few_a_day(seen: &Seen, numbers: &Numbers) -> bool {
    let mut days: Vec<u64> = Vec::new();
    for day in seen.samples.iter().filter_map(|sample| sample.hour).map(|hour| hour / 24) {
        if !days.contains(&day) {
            days.push(day);
        }
    }
    let days = u64::try_from(days.len()).unwrap_or(u64::MAX);
    // Of a list of errors alone nobody knows what came through.
    numbers.succeeded > 0
        && share(numbers.succeeded, days).is_some_and(|a_day| a_day < FREE_PER_DAY as f64)
}

fn of_capacity(seen: &Seen, numbers: &Numbers) -> Pattern {
    let is_off_peak = |s: &Sample| s.hour_of_day().is_some_and(|hour| !peak::is_peak(hour));
    if numbers.overloaded_at_peak.is_some_and(|part| part >= AT_PEAK) && numbers.overloaded >= FEW {
        return Pattern::PeakOverload;
    }
    let hours = seen.hours(|sample| sample.is_capacity() && is_off_peak(sample));
    let failing = seen.count(|sample| sample.is_capacity() && is_off_peak(sample));
    let served = seen.count(|sample| sample.kind.is_none() && is_off_peak(sample));
    if hours >= FEW && failing > served { Pattern::Outage } else { Pattern::Overload }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unexhausted::errors::kind::Dimension;

    const DAY: u64 = 24;
    /// An hour of some day, counted from 1970.
    const START: u64 = 20_000 * DAY;

    fn sample(hour: u64, kind: Option<Kind>, count: u64) -> Sample {
        Sample {
            hour: Some(START + hour),
            kind,
            count,
            model: Some("pro".to_owned()),
            ..Sample::default()
        }
    }

    fn of(samples: &[Sample]) -> &'static str {
        diagnose(&Seen { samples: samples.to_vec(), failing_for: 0.0 }).pattern
    }

    fn fine(hour: u64, count: u64) -> Sample {
        sample(hour, None, count)
    }

    #[test]
    fn the_guide_s_table() {
        let minute = Sample {
            dimension: Some(Dimension::RequestsPerMinute),
            ..sample(3, Some(Kind::RateLimited), 30)
        };
        let daily = sample(5, Some(Kind::DailyQuota), 20);
        let overload = |hour, count| sample(hour, Some(Kind::Overloaded), count);
        // 429, under 10 images a day.
        assert_eq!(of(&[fine(4, 5), daily.clone()]), "free_tier");
        // 429, burst of requests.
        assert_eq!(of(&[fine(3, 50), minute.clone()]), "burst");
        // 429, all day long.
        assert_eq!(of(&[fine(3, 250), daily.clone()]), "day_exhausted");
        // 503, peak hours only.
        let peak = [fine(5, 40), fine(15, 40), overload(0, 5), overload(10, 5), overload(21, 5)];
        assert_eq!(of(&peak), "peak_overload");
        // 503, persistent.
        let lasting: Vec<_> = (3..9).map(|hour| overload(hour, 4)).collect();
        assert_eq!(of(&lasting), "outage");
        // 429 and 503.
        assert_eq!(of(&[fine(3, 50), minute, overload(14, 30)]), "mixed");
    }

    #[test]
    fn a_limit_of_zero_is_the_tier_s_whatever_else_is_seen() {
        let zero = sample(3, Some(Kind::NotInTier), 3);
        assert_eq!(
            of(&[fine(3, 90), zero.clone(), sample(3, Some(Kind::RateLimited), 5)]),
            "free_tier"
        );
        let low = Sample { limit: Some(2), ..sample(3, Some(Kind::DailyQuota), 3) };
        assert_eq!(of(std::slice::from_ref(&low)), "free_tier", "a paid day has more than two");
        let paid = Sample { limit: Some(250), ..low };
        assert_eq!(of(&[fine(3, 3), paid]), "day_exhausted", "others have used the rest");
    }

    #[test]
    fn bare_429s_all_day_are_the_day_s() {
        let bare = |hours: u64| (0..hours).map(|hour| sample(hour, Some(Kind::RateLimited), 9));
        assert_eq!(of(&bare(8).collect::<Vec<_>>()), "day_exhausted");
        assert_eq!(of(&bare(2).collect::<Vec<_>>()), "burst");
        let many: Vec<_> = bare(8).chain([fine(4, 900)]).collect();
        assert_eq!(of(&many), "burst", "most come through");
    }

    #[test]
    fn a_model_that_fails_for_hours_is_out_at_any_hour() {
        let samples = vec![fine(0, 500), sample(0, Some(Kind::Overloaded), 3)];
        let seen = |failing_for| Seen { samples: samples.clone(), failing_for };
        assert_eq!(diagnose(&seen(OVERLOAD_MAX + 1.0)).pattern, "outage");
        assert_eq!(diagnose(&seen(OVERLOAD_MAX)).pattern, "healthy");
    }

    #[test]
    fn without_hours_an_overload_is_just_that() {
        let bare = Sample { kind: Some(Kind::Overloaded), count: 9, ..Sample::default() };
        let found = diagnose(&Seen { samples: vec![bare], failing_for: 0.0 });
        assert_eq!((found.pattern, found.numbers.overloaded_at_peak), ("overload", None));
        assert!(found.hours.is_empty());
    }

    #[test]
    fn what_else_can_be_wrong() {
        for (kind, pattern) in [
            (Kind::SpendLimited, "spend"),
            (Kind::Timeout, "connection"),
            (Kind::Network, "connection"),
            (Kind::Billing, "billing"),
            (Kind::Forbidden, "access"),
            (Kind::ModelNotFound, "retired"),
            (Kind::NoImage, "refused"),
            (Kind::TooLarge, "request"),
            (Kind::Unknown, "unknown"),
            (Kind::ServerError, "overload"),
        ] {
            assert_eq!(of(&[fine(3, 2), sample(3, Some(kind), 4)]), pattern, "{kind:?}");
        }
    }

    #[test]
    fn what_succeeds_is_healthy_and_what_was_not_tried_is_not() {
        assert_eq!(of(&[]), "nothing_seen");
        assert_eq!(of(&[fine(3, 100), sample(3, Some(Kind::RateLimited), 4)]), "healthy");
        assert_eq!(
            of(&[sample(3, Some(Kind::Cancelled), 4)]),
            "nothing_seen",
            "the caller's doing"
        );
    }

    #[test]
    fn the_numbers_add_up() {
        let all: Vec<_> = Kind::ALL.into_iter().map(|kind| sample(1, Some(kind), 1)).collect();
        let numbers = diagnose(&Seen { samples: all, failing_for: 0.0 }).numbers;
        let Numbers {
            per_minute, per_day, spend, not_in_tier, overloaded, unanswered, other, ..
        } = numbers;
        let sum = per_minute + per_day + spend + not_in_tier + overloaded + unanswered + other;
        assert_eq!(sum + numbers.succeeded, numbers.attempts);
        assert_eq!(numbers.attempts as usize, Kind::ALL.len() - OURS.len());
    }
}
