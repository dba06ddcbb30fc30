//! The outcomes of attempts in the last seven days, by the hour, in bounded memory.

use crate::base::time::WallTime;
use crate::engine::peak::{self, Hours};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};

const HOUR: u64 = 3_600_000;
/// Seven days: the hours of overload are those of a day, and one day may be an exception.
const HOURS_MAX: u64 = 7 * 24;
/// The most different outcomes of an hour; beyond these, attempts are counted by kind alone.
const ROWS_MAX: usize = 32;
/// The most models with a name here.
const MODELS_MAX: usize = 16;

/// The outcomes that a client has seen.
#[derive(Clone, Debug, Default)]
pub struct History {
    models: Vec<Seen>,
    hours: Vec<Hour>,
}

#[derive(Clone, Debug)]
struct Seen {
    model: String,
    /// The moment since which it has only failed for lack of capacity.
    failing_since: Option<WallTime>,
}

#[derive(Clone, Debug)]
struct Hour {
    /// The number of the hour since 1970.
    number: u64,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    model: Option<usize>,
    kind: Option<Kind>,
    dimension: Option<Dimension>,
    limit: Option<u64>,
    count: u32,
}

impl Row {
    fn is_like(&self, other: &Self) -> bool {
        self.model == other.model
            && self.kind == other.kind
            && self.dimension == other.dimension
            && self.limit == other.limit
    }
}

/// Attempts of one hour that ended alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome<'a> {
    /// The beginning of the hour.
    pub at: WallTime,
    /// The model, if it is known.
    pub model: Option<&'a str>,
    /// The kind of their failure; `None` for those that brought an answer.
    pub kind: Option<Kind>,
    /// The dimension of the limit that they exceeded.
    pub dimension: Option<Dimension>,
    /// The value of that limit.
    pub limit: Option<u64>,
    /// The number of these attempts.
    pub count: u32,
}

impl History {
    /// Counts an attempt that has ended, with an error if there is `info`.
    pub fn count(&mut self, now: WallTime, model: Option<&str>, info: Option<&ErrorInfo>) {
        let row = Row {
            model: model.and_then(|model| self.model(model)),
            kind: info.map(|info| info.kind),
            dimension: info.and_then(|info| info.dimension),
            limit: info.and_then(|info| info.quota_limit),
            count: 1,
        };
        if let Some(seen) = row.model.and_then(|index| self.models.get_mut(index)) {
            match row.kind {
                None => seen.failing_since = None,
                Some(Kind::Overloaded | Kind::ServerError | Kind::Network) => {
                    seen.failing_since.get_or_insert(now);
                }
                Some(_) => {}
            }
        }
        self.hour(now.0 / HOUR);
        if let Some(hour) = self.hours.last_mut() {
            hour.add(row);
        }
    }

    fn model(&mut self, name: &str) -> Option<usize> {
        let found = self.models.iter().position(|seen| seen.model == name);
        if found.is_some() || self.models.len() >= MODELS_MAX {
            return found;
        }
        self.models.push(Seen { model: name.to_owned(), failing_since: None });
        Some(self.models.len().saturating_sub(1))
    }

    /// Begins an hour if the last one is over, and forgets those that are too old.
    fn hour(&mut self, number: u64) {
        // A clock that was set back counts on in the last hour.
        if self.hours.last().is_none_or(|last| last.number < number) {
            // Each hour is later than the one before, so that these are never more than HOURS_MAX.
            self.hours.retain(|hour| hour.number > oldest(number));
            self.hours.push(Hour { number, rows: Vec::new() });
        }
    }

    /// The hours of the day, UTC, in which the service had no capacity for this client more often
    /// than it answered, and more than twice.
    #[must_use]
    pub fn storm_hours(&self, now: WallTime) -> Hours {
        const FEW: u32 = 3;
        let mut storms = Hours::default();
        for hour in self.hours.iter().filter(|hour| hour.number > oldest(now.0 / HOUR)) {
            let count = |is_it: fn(&&Row) -> bool| {
                let rows = hour.rows.iter().filter(is_it);
                rows.fold(0, |sum, row| u32::saturating_add(sum, row.count))
            };
            let failed = count(|row| row.kind == Some(Kind::Overloaded));
            if failed >= FEW && failed.saturating_mul(2) > count(|_| true) {
                let at = WallTime(hour.number.saturating_mul(HOUR));
                storms = storms.with(peak::hour_of(at));
            }
        }
        storms
    }

    /// Reports the outcomes of the seven days before `now`, the oldest first.
    pub fn tell<'a>(&'a self, now: WallTime, mut tell: impl FnMut(Outcome<'a>)) {
        for hour in &self.hours {
            for row in hour.rows.iter().filter(|_| hour.number > oldest(now.0 / HOUR)) {
                let seen = row.model.and_then(|index| self.models.get(index));
                let Row { kind, dimension, limit, count, .. } = *row;
                tell(Outcome {
                    at: WallTime(hour.number.saturating_mul(HOUR)),
                    model: seen.map(|seen| seen.model.as_str()),
                    kind,
                    dimension,
                    limit,
                    count,
                });
            }
        }
    }

    /// The moment since which a model has only failed for lack of capacity, without one success:
    /// the earliest of all models.
    #[must_use]
    pub fn failing_since(&self) -> Option<WallTime> {
        self.models.iter().filter_map(|seen| seen.failing_since).min()
    }
}

/// The last hour that is forgotten, seven days before this one.
const fn oldest(number: u64) -> u64 {
    number.saturating_sub(HOURS_MAX)
}

impl Hour {
    fn add(&mut self, row: Row) {
        if let Some(same) = self.rows.iter_mut().find(|other| other.is_like(&row)) {
            same.count = same.count.saturating_add(1);
        } else if self.rows.len() < ROWS_MAX {
            self.rows.push(row);
        } else if let Some(similar) = self.rows.iter_mut().find(|other| other.kind == row.kind) {
            similar.count = similar.count.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * HOUR;
    const START: WallTime = WallTime(20_000 * DAY);

    fn outcomes(history: &History, now: WallTime) -> Vec<Outcome<'_>> {
        let mut outcomes = Vec::new();
        history.tell(now, |outcome| outcomes.push(outcome));
        outcomes
    }

    fn error(kind: Kind) -> ErrorInfo {
        ErrorInfo::new(kind)
    }

    #[test]
    fn attempts_that_ended_alike_are_one_row_an_hour() {
        let mut history = History::default();
        let daily = ErrorInfo {
            dimension: Some(Dimension::RequestsPerDay),
            quota_limit: Some(250),
            ..error(Kind::DailyQuota)
        };
        history.count(START, Some("pro"), None);
        history.count(START, Some("pro"), Some(&daily));
        history.count(WallTime(START.0 + HOUR - 1), Some("pro"), Some(&daily));
        history.count(WallTime(START.0 + HOUR), Some("lite"), Some(&daily));
        let rows = outcomes(&history, START);
        assert_eq!(rows.len(), 3);
        let expected = Outcome {
            at: START,
            model: Some("pro"),
            kind: Some(Kind::DailyQuota),
            dimension: Some(Dimension::RequestsPerDay),
            limit: Some(250),
            count: 2,
        };
        assert_eq!(rows[1], expected);
        assert_eq!(rows[2].model, Some("lite"));
    }

    #[test]
    fn seven_days_are_kept_and_no_more() {
        let mut history = History::default();
        for hour in 0..400 {
            history.count(WallTime(START.0 + hour * HOUR), Some("pro"), None);
        }
        let end = WallTime(START.0 + 399 * HOUR);
        let rows = outcomes(&history, end);
        assert_eq!(rows.len() as u64, HOURS_MAX);
        assert_eq!(rows[0].at, WallTime(end.0 - 167 * HOUR));
        assert!(outcomes(&history, WallTime(end.0 + 7 * DAY)).is_empty(), "all of it is old");
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut history = History::default();
        for number in 0..1_000_u64 {
            let model = format!("model-{number}");
            let info = ErrorInfo { quota_limit: Some(number), ..error(Kind::RateLimited) };
            history.count(START, Some(&model), Some(&info));
        }
        let rows = outcomes(&history, START);
        assert_eq!((rows.len(), history.models.len()), (ROWS_MAX, MODELS_MAX));
        assert_eq!(rows.iter().map(|row| row.count).sum::<u32>(), 1_000, "none is forgotten");
    }

    #[test]
    fn a_clock_that_is_set_back_loses_nothing() {
        let mut history = History::default();
        history.count(START, None, None);
        history.count(WallTime(START.0 - 30 * DAY), None, None);
        assert_eq!(outcomes(&history, START).iter().map(|row| row.count).sum::<u32>(), 2);
    }

    #[test]
    fn a_model_fails_until_it_succeeds() {
        let mut history = History::default();
        let later = WallTime(START.0 + 5);
        history.count(START, Some("pro"), Some(&error(Kind::Overloaded)));
        history.count(later, Some("pro"), Some(&error(Kind::RateLimited)));
        history.count(later, Some("lite"), None);
        assert_eq!(history.failing_since(), Some(START));
        history.count(later, Some("pro"), None);
        assert_eq!(history.failing_since(), None);
    }
}
