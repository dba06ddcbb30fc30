//! The attempts at a service, counted: a diagnosis rests on them.

use serde::Serialize;

use unexhausted::base::value::Value;
use unexhausted::engine::peak;
use unexhausted::errors::kind::{Dimension, Kind};

const HOUR: f64 = 3_600_000.0;

/// Attempts that ended alike, in the same hour where that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The hour, counted from 1970.
    pub hour: Option<u64>,
    /// The model.
    pub model: Option<String>,
    /// How they failed; `None` for those that brought an answer.
    pub kind: Option<Kind>,
    /// The unit of the limit that they were over.
    pub dimension: Option<Dimension>,
    /// That limit.
    pub limit: Option<u64>,
    /// How many there were.
    pub count: u64,
}

/// The attempts of a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// How attempts ended.
    pub samples: Vec<Sample>,
    /// For how many ms a model has failed for want of capacity, without one success.
    pub failing_for: f64,
}

impl Seen {
    /// Reads `{ outcomes: [{ at, model, kind, dimension, limit, count }], failingSince, at }`, the
    /// moments in ms since 1970.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn read(value: &Value) -> Result<Self, String> {
        let Some(Value::Array(outcomes)) = value.get("outcomes") else {
            return Err("`errors` must be a list, or what `client.diagnose()` gave".to_owned());
        };
        let number = |key: &str| value.get(key).and_then(Value::as_f64);
        let failing_for = match (number("failingSince"), number("at")) {
            (Some(since), Some(now)) => (now - since).max(0.0),
            _ => 0.0,
        };
        let samples = outcomes.iter().map(Sample::read).collect::<Result<_, _>>()?;
        Ok(Self { samples, failing_for })
    }

    /// How many attempts `fits` fits.
    pub fn count(&self, fits: impl Fn(&Sample) -> bool) -> u64 {
        let fitting = self.samples.iter().filter(|sample| fits(sample));
        fitting.fold(0, |sum, sample| sum.saturating_add(sample.count))
    }

    /// How many attempts failed in one of these ways.
    #[must_use]
    pub fn failed(&self, kinds: &[Kind]) -> u64 {
        self.count(|sample| sample.kind.is_some_and(|kind| kinds.contains(&kind)))
    }

    /// In how many different hours there was an attempt that `fits` fits.
    pub fn hours(&self, fits: impl Fn(&Sample) -> bool) -> u64 {
        let mut hours: Vec<u64> = Vec::new();
        for hour in self.samples.iter().filter(|sample| fits(sample)).filter_map(|s| s.hour) {
            if !hours.contains(&hour) {
                hours.push(hour);
            }
        }
        u64::try_from(hours.len()).unwrap_or(u64::MAX)
    }

    /// The attempts in each hour of the day, UTC, in which there were any.
    #[must_use]
    pub fn by_hour(&self) -> Vec<HourCount> {
        let rows = (0..24_u8).map(|hour| {
            let here = |sample: &Sample| sample.hour_of_day() == Some(hour);
            HourCount {
                hour,
                peak: peak::is_peak(hour),
                attempts: self.count(here),
                failed: self.count(|sample| here(sample) && sample.kind.is_some()),
                overloaded: self.count(|sample| here(sample) && sample.is_capacity()),
            }
        });
        rows.filter(|row| row.attempts > 0).collect()
    }

    /// The models that failed, the one that failed most first.
    #[must_use]
    pub fn failing_models(&self) -> Vec<String> {
        let mut counts: Vec<(&str, u64)> = Vec::new();
        for sample in self.samples.iter().filter(|sample| sample.kind.is_some()) {
            let Some(model) = sample.model.as_deref() else { continue };
            match counts.iter_mut().find(|(name, _)| *name == model) {
                Some((_, count)) => *count = count.saturating_add(sample.count),
                None => counts.push((model, sample.count)),
            }
        }
        counts.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        counts.into_iter().map(|(model, _)| model.to_owned()).collect()
    }
}

impl Sample {
    fn read(value: &Value) -> Result<Self, String> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let number = |key: &str| value.get(key).and_then(Value::as_f64).filter(|n| *n >= 0.0);
        let kind = match text("kind") {
            None => None,
            Some(name) => match Kind::ALL.into_iter().find(|kind| kind.as_str() == name) {
                Some(kind) => Some(kind),
                None => return Err(["`", name, "` is no kind of error"].concat()),
            },
        };
        Ok(Self {
            hour: number("at").map(|at| whole(at / HOUR)),
            model: text("model").map(str::to_owned),
            kind,
            dimension: text("dimension").and_then(dimension),
            limit: number("limit").map(whole),
            count: number("count").map_or(1, whole),
        })
    }

    /// The hour of the day, UTC.
    #[must_use]
    pub fn hour_of_day(&self) -> Option<u8> {
        u8::try_from(self.hour? % 24).ok()
    }

    /// Whether the service had no capacity; no quota of the caller's is involved.
    #[must_use]
    pub fn is_capacity(&self) -> bool {
        self.kind.is_some_and(|kind| CAPACITY.contains(&kind))
    }
}

/// Kinds that are about the service's capacity.
pub const CAPACITY: &[Kind] = &[Kind::Overloaded, Kind::ServerError];

fn dimension(name: &str) -> Option<Dimension> {
    let all = [
        Dimension::RequestsPerMinute,
        Dimension::TokensPerMinute,
        Dimension::ImagesPerMinute,
        Dimension::RequestsPerDay,
        Dimension::TokensPerDay,
        Dimension::Spend,
        Dimension::EnqueuedTokens,
    ];
    all.into_iter().find(|dimension| dimension.as_str() == name)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
const fn whole(number: f64) -> u64 {
    // The cast saturates, and rounds down.
    number as u64
}

/// The attempts in one hour of the day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HourCount {
    /// The hour, UTC, from 0.
    pub hour: u8,
    /// Whether it is in a known window of overload.
    pub peak: bool,
    /// Attempts.
    pub attempts: u64,
    /// Those that failed, in whatever way.
    pub failed: u64,
    /// Those that failed for want of capacity.
    pub overloaded: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use unexhausted::errors::reader::read;

    #[test]
    fn what_a_client_has_counted_is_read() {
        let text = "{\"outcomes\":[{\"at\":7200000,\"count\":3,\"model\":\"pro\"},\
            {\"at\":3600000,\"count\":2,\"model\":\"pro\",\"kind\":\"daily_quota\",\
            \"dimension\":\"requests_per_day\",\"limit\":250}],\"failingSince\":1000,\"at\":4000}";
        let seen = Seen::read(&read(text).unwrap().0).unwrap();
        assert_eq!(seen.failing_for, 3_000.0);
        assert_eq!(seen.samples[0].hour_of_day(), Some(2));
        let daily = &seen.samples[1];
        assert_eq!((daily.kind, daily.limit), (Some(Kind::DailyQuota), Some(250)));
        assert_eq!(daily.dimension, Some(Dimension::RequestsPerDay));
        assert_eq!(seen.count(|_| true), 5);
        assert_eq!(seen.failed(&[Kind::DailyQuota]), 2);
        assert_eq!(seen.failing_models(), ["pro"]);
        let hours: Vec<_> = seen.by_hour().iter().map(|row| (row.hour, row.attempts)).collect();
        assert_eq!(hours, [(1, 2), (2, 3)]);
    }

    #[test]
    fn what_is_no_summary_is_refused() {
        let read = |text: &str| Seen::read(&read(text).unwrap().0).unwrap_err();
        assert!(read("{\"x\":1}").contains("client.diagnose()"));
        let message = read("{\"outcomes\":[{\"kind\":\"gone\"}]}");
        assert_eq!(message, "`gone` is no kind of error");
    }
}
