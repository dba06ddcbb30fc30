//! Which limits an error names: violations, the lines of a message, and limit 0.

use crate::base::slice::{begins, bounded, digits, from, integer, skip};
use crate::errors::field::Field;
use crate::errors::kind::Dimension;
use crate::errors::limit_name::{dimension, is_per_day};
use crate::errors::violation::Violation;

const VIOLATIONS_MAX: usize = 32;
const ID_MAX: usize = 200;

/// A violation of which fields are still coming in.
#[derive(Default)]
struct Draft {
    open: Violation,
    /// Which fields it has; a field that comes again begins the next violation.
    seen: u16,
    done: Vec<Violation>,
}

impl Draft {
    fn field(&mut self, field: Field) -> &mut Violation {
        let bit = 1_u16.checked_shl(field as u32).unwrap_or(0);
        if self.seen & bit != 0 {
            self.close();
        }
        self.seen |= bit;
        &mut self.open
    }

    fn close(&mut self) {
        let open = core::mem::take(&mut self.open);
        self.seen = 0;
        let is_named = open.quota_id.is_some() || open.quota_metric.is_some();
        let is_counted = open.limit.is_some() && open.model.is_some();
        if (is_named || is_counted)
            && self.done.len() < VIOLATIONS_MAX
            && !self.done.contains(&open)
        {
            self.done.push(open);
        }
    }

    const fn lacks_model(&self) -> bool {
        self.seen != 0 && self.open.model.is_none()
    }
}

/// Every limit that was named.
#[derive(Default)]
pub(crate) struct Quotas {
    /// `QuotaFailure.violations`, or the older `ErrorInfo.metadata`.
    details: Draft,
    /// The lines `Quota exceeded for metric: …, limit: …, model: …`.
    lines: Draft,
    /// A quota of 0 was written out, in whatever spelling.
    zero: bool,
    /// The last limit that stood by itself, which may be of a buffer, a page or a client's retries.
    lone: Option<u64>,
    /// One of them was 0.
    lone_zero: bool,
}

impl Quotas {
    /// Takes in a field of a violation; `after` is the known field before it.
    pub(crate) fn take(&mut self, field: Field, after: Option<Field>, value: &str) {
        let number = leading_number(value);
        match field {
            Field::QuotaId | Field::QuotaLimit if number.is_none() => {
                self.details.field(Field::QuotaId).quota_id = id(value);
            }
            Field::QuotaMetric => {
                self.details.field(field).quota_metric = id(value);
            }
            Field::QuotaValue | Field::QuotaLimit => {
                self.details.field(Field::QuotaValue).limit = number;
                self.zero |= number == Some(0);
            }
            // protobuf text repeats the name for each entry of the map.
            Field::QuotaDimensions if after != Some(Field::QuotaDimensions) => {
                self.details.field(field);
            }
            Field::Metric => self.lines.field(field).quota_metric = id(value),
            Field::Limit => {
                // A limit without a metric before it is a line of its own.
                let is_lone = after != Some(Field::Metric);
                if is_lone {
                    self.lines.close();
                }
                self.lines.field(field).limit = number;
                if is_lone {
                    self.lone = number.or(self.lone);
                }
                self.lone_zero |= is_lone && number == Some(0);
                self.zero |= !is_lone && number == Some(0);
            }
            _ => {}
        }
    }

    /// Gives the model to the violation that it stands in; false where it stands in none.
    pub(crate) fn model(&mut self, after: Option<Field>, model: &str) -> bool {
        let draft = match after {
            Some(Field::Metric | Field::Limit) => &mut self.lines,
            Some(
                Field::QuotaId | Field::QuotaMetric | Field::QuotaDimensions | Field::QuotaValue,
            ) => &mut self.details,
            _ => return false,
        };
        let takes = draft.lacks_model();
        if takes {
            draft.open.model = Some(model.to_owned());
        }
        takes
    }

    /// Whether any violation came in, open or closed.
    pub(crate) const fn is_empty(&self) -> bool {
        self.details.seen == 0
            && self.lines.seen == 0
            && self.details.done.is_empty()
            && self.lines.done.is_empty()
    }

    /// Closes the drafts and joins what they say.
    pub(crate) fn finish(mut self) -> Limits {
        self.details.close();
        self.lines.close();
        let lines = self.lines.done;
        let mut all = self.details.done;
        // The limit in a message overrules a value that is not there.
        let silent = all.len() > 1
            && all.iter().all(|violation| violation.limit.is_none())
            && lines.iter().all(|line| line.limit.is_none());
        for violation in all.iter_mut().filter(|violation| violation.limit.is_none()) {
            let line = lines
                .iter()
                .find(|line| line.quota_metric == violation.quota_metric)
                .or_else(|| lines.first().filter(|_| lines.len() == 1));
            violation.limit = line.and_then(|line| line.limit);
            if silent {
                violation.limit = Some(0);
            }
        }
        if all.is_empty() {
            all = lines;
        }
        for violation in &mut all {
            violation.dimension = dimension(violation);
        }
        Limits { zero: self.zero || silent, lone: self.lone, lone_zero: self.lone_zero, all }
    }
}

/// The limits that an error names.
pub(crate) struct Limits {
    /// One of them is 0, so that no waiting helps.
    pub(crate) zero: bool,
    /// A limit that names no quota.
    pub(crate) lone: Option<u64>,
    /// One of those is 0.
    pub(crate) lone_zero: bool,
    /// All of them.
    pub(crate) all: Vec<Violation>,
}

impl Limits {
    /// The one that decides: 0 before all, then a day before a minute.
    pub(crate) fn deciding(&self) -> Option<&Violation> {
        let weight = |violation: &Violation| {
            (
                violation.limit == Some(0),
                violation.dimension.is_some_and(is_per_day),
                violation.dimension.is_some(),
            )
        };
        // The first of several that weigh the same.
        self.all.iter().rev().max_by_key(|violation| weight(violation))
    }

    /// Whether a limit per day is spent.
    pub(crate) fn is_per_day(&self) -> bool {
        self.deciding().is_some_and(|violation| violation.dimension.is_some_and(is_per_day))
    }

    /// Whether a limit per minute is.
    pub(crate) fn is_per_minute(&self) -> bool {
        self.deciding().is_some_and(|v| v.dimension.is_some_and(Dimension::is_per_minute))
    }
}

/// The number at the start of a value; none where it goes on with a fraction.
fn leading_number(value: &str) -> Option<u64> {
    let (number, rest) = digits(skip(value, "\"' "));
    let behind = from(rest, 1);
    // `0/1min` is a rate, and `0/5` a count.
    let unit = digits(behind).1.bytes().next();
    let is_rate = begins(rest, "/") && unit.is_some_and(|byte| byte.is_ascii_alphabetic());
    let goes_on = begins(rest, "./") && begins(behind, "0123456789") && !is_rate;
    integer(number).filter(|_| !goes_on)
}

/// An id without the signs that a frame or a line end put into it; `None` for words, which may be
/// anybody's.
fn id(value: &str) -> Option<String> {
    let mut id = String::new();
    let (mut is_apart, mut is_broken) = (false, false);
    for char in bounded(value, ID_MAX).chars() {
        if !char.is_ascii_alphanumeric() && !"-_./:".contains(char) {
            is_apart = !id.is_empty();
            is_broken |= !char.is_ascii() || "\n\r|\\".contains(char);
            continue;
        }
        if is_apart && !is_broken {
            return None;
        }
        (is_apart, is_broken) = (false, false);
        id.push(char);
    }
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_word_however_it_is_framed() {
        let named = Some("GenerateRequestsPerDay-FreeTier".to_owned());
        for value in [
            "GenerateRequestsPerDay-FreeTier",
            " 'GenerateRequestsPerDay-FreeTier', ",
            "GenerateRequests\n    PerDay-FreeTier",
            "GenerateRequests │\n│ PerDay-FreeTier",
        ] {
            assert_eq!(id(value), named, "{value}");
        }
        for value in ["", "…", "Refused for somebody", "a red kite"] {
            assert_eq!(id(value), None, "{value}");
        }
    }
}
