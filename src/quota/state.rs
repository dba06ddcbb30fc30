//! A usage as text: numbers in base 36 with blanks between them, lists with their length before.

use crate::base::time::{Millis, WallTime};
use crate::errors::hint::LONGEST;
use crate::errors::kind::Dimension;
use crate::quota::day::{DAYS, Day};
use crate::quota::denial::Denial;
use crate::quota::found_limit::Found;
use crate::quota::limit_estimator::LimitEstimator;
use crate::quota::limits::DIMENSIONS;
use crate::quota::usage::Usage;
use crate::quota::window::{Amounts, Entry, Window};

/// The version of the format, with which a state begins.
const MARK: &str = "u2";
/// The most steps of a window that are read: ten minutes by seconds or a minute by tenths, and
/// some. A single process keeps finer steps than a store gets.
const ENTRIES_MAX: u64 = 1_000;
/// The amount by which a block's dimension number is raised if the service itself named its end.
const NAMED: u64 = 16;

/// Writes numbers.
#[derive(Debug)]
pub struct Writer(String);

impl Default for Writer {
    fn default() -> Self {
        Self(MARK.to_owned())
    }
}

impl Writer {
    /// Writes a number.
    pub fn number(&mut self, mut number: u64) {
        self.0.push(' ');
        let start = self.0.len();
        loop {
            let digit = u32::try_from(number % 36).unwrap_or_default();
            self.0.insert(start, char::from_digit(digit, 36).unwrap_or('0'));
            number /= 36;
            if number == 0 {
                return;
            }
        }
    }

    /// Writes a number, or that there is none.
    pub fn option(&mut self, number: Option<u64>) {
        self.number(number.map_or(0, |number| number.saturating_add(1)));
    }

    /// Writes a moment as its distance from another: the sign, then the distance.
    pub fn moment(&mut self, base: u64, at: u64) {
        let distance = base.abs_diff(at).saturating_mul(2);
        self.number(if at > base { distance.saturating_add(1) } else { distance });
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }
}

/// Reads numbers.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of a text of this format; `None` for another.
    #[must_use]
    pub fn new(text: &'a str) -> Option<Self> {
        Some(Self(text.as_bytes().strip_prefix(MARK.as_bytes())?))
    }

    /// The next number.
    pub fn number(&mut self) -> Option<u64> {
        let (blank, mut rest) = self.0.split_first()?;
        if *blank != b' ' {
            return None;
        }
        let mut number = 0_u64;
        let mut digits = 0_u32;
        while let Some((byte, after)) = rest.split_first() {
            let Some(digit) = char::from(*byte).to_digit(36) else { break };
            number = number.checked_mul(36)?.checked_add(digit.into())?;
            digits = digits.saturating_add(1);
            rest = after;
        }
        self.0 = rest;
        (digits > 0).then_some(number)
    }

    /// A number, or `None` inside if there is none.
    #[allow(clippy::option_option)]
    pub fn option(&mut self) -> Option<Option<u64>> {
        self.number().map(|number| number.checked_sub(1))
    }

    /// A moment in the past, by its distance from now. Clocks are set by a day or two at times; a
    /// moment that claims to be later still was not written by this library.
    pub fn past(&mut self, now: u64) -> Option<u64> {
        Some(self.moment(now)?.min(now.saturating_add(DAYS.0)))
    }

    /// A moment by its distance from another.
    pub fn moment(&mut self, base: u64) -> Option<u64> {
        let number = self.number()?;
        let distance = number / 2;
        Some(if number % 2 == 1 {
            base.saturating_add(distance)
        } else {
            base.saturating_sub(distance)
        })
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

impl Usage {
    pub(crate) fn write(&self, writer: &mut Writer) {
        let at = self.at;
        writer.number(at);
        writer.moment(at, self.day.ends);
        writer.moment(at, self.day.ends_at);
        writer.moment(at, self.day.began);
        for used in [&self.day.used, &self.day.after_midnight] {
            writer.number(used.requests);
            writer.number(used.tokens);
            writer.number(used.nanos);
        }
        writer.number(self.day.asked);
        writer.number(self.spent);
        match self.block {
            None => writer.number(0),
            Some(block) => {
                let index = DIMENSIONS.iter().position(|row| Some(*row) == block.dimension);
                let number = index.map_or(1, |index| (index as u64).saturating_add(2));
                writer.number(number.saturating_add(if block.is_named { NAMED } else { 0 }));
                writer.moment(at, block.until);
            }
        }
        for estimator in &self.estimators {
            writer.option(estimator.told);
            match &estimator.found {
                None => writer.number(0),
                Some(found) => {
                    writer.number(1);
                    writer.number(found.value);
                    writer.number(found.step);
                    writer.option(Some(found.bad).filter(|bad| *bad < u64::MAX));
                    writer.number(found.pause.0);
                    writer.moment(at, found.next);
                    writer.moment(at, found.refused);
                    writer.option(found.tried.map(|tried| at.saturating_sub(tried)));
                    writer.number(found.strikes);
                    writer.moment(at, found.even_until.max(at));
                }
            }
        }
        for window in [&self.minute, &self.money] {
            writer.number(window.entries().count() as u64);
            for entry in window.entries() {
                writer.moment(at, entry.last);
                writer.number(entry.used.requests);
                writer.number(entry.used.tokens);
                writer.number(entry.used.images);
                // Millionths of a USD are fine enough to share, rounded up.
                writer.number(entry.used.nanos.div_ceil(1_000));
                writer.number(entry.refused);
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        // No clock shows more: distances from there could not be formed.
        let at = reader.number().filter(|at| *at <= WallTime::LAST)?;
        let (ends, ends_at) = (reader.moment(at)?, reader.moment(at)?);
        let began = reader.moment(at)?;
        let (used, late, asked) = (read_day(reader)?, read_day(reader)?, reader.number()?);
        let day = Day { ends, ends_at, began, used, after_midnight: late, asked };
        let spent = reader.number()?;
        let block = match reader.number()? {
            0 => None,
            number => {
                let is_named = number >= NAMED;
                let index = if is_named { number.saturating_sub(NAMED) } else { number };
                let index = usize::try_from(index.saturating_sub(2)).ok().filter(|_| index > 1);
                let dimension = index.and_then(|index| DIMENSIONS.get(index)).copied();
                // No service is obeyed for longer.
                let until = reader.moment(at)?.min(at.saturating_add(LONGEST.0));
                Some(Denial { until, dimension, is_named })
            }
        };
        let mut usage = Self { day, spent, block, at, ..Self::default() };
        for (estimator, dimension) in usage.estimators.iter_mut().zip(DIMENSIONS) {
            // A limit of 0, which no service names, would hold nothing back.
            let told = reader.option()?.filter(|told| *told > 0);
            let mut read = LimitEstimator { told, ..LimitEstimator::default() };
            if reader.number()? == 1 {
                read.found = Some(Found {
                    value: reader.number()?.max(1),
                    step: reader.number()?,
                    bad: reader.option()?.unwrap_or(u64::MAX),
                    pause: Millis(reader.number()?),
                    next: reader.moment(at)?,
                    refused: reader.moment(at)?,
                    tried: reader.option()?.map(|ago| at.saturating_sub(ago)),
                    strikes: reader.number()?,
                    even_until: reader.moment(at)?,
                });
            }
            // No service names a budget: a number there would be kept to for ever.
            if !matches!(dimension, Dimension::Budget | Dimension::BudgetPerDay) {
                *estimator = read;
            }
        }
        for window in [&mut usage.minute, &mut usage.money] {
            read_window(reader, at, window)?;
        }
        if mutant!(ReadsLess) {
            usage.minute = Window::minute(true);
        }
        Some(usage)
    }
}

/// Amounts used on a day, on which pictures are not counted.
fn read_day(reader: &mut Reader<'_>) -> Option<Amounts> {
    let (requests, tokens, nanos) = (reader.number()?, reader.number()?, reader.number()?);
    Some(Amounts { requests, tokens, images: 0, nanos })
}

fn read_window(reader: &mut Reader<'_>, at: u64, window: &mut Window) -> Option<()> {
    for _ in 0..reader.number()?.min(ENTRIES_MAX) {
        let last = reader.past(at)?;
        let used = Amounts {
            requests: reader.number()?,
            tokens: reader.number()?,
            images: reader.number()?,
            nanos: reader.number()?.saturating_mul(1_000),
        };
        window.restore(Entry { last, used, refused: reader.number()? });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 35, 36, 1_000_000, u64::MAX];
        let mut writer = Writer::default();
        for number in numbers {
            writer.number(number);
        }
        writer.option(None);
        writer.option(Some(7));
        writer.moment(1_000, 999);
        writer.moment(1_000, 1_001);
        let text = writer.finish();
        let mut reader = Reader::new(&text).unwrap();
        for number in numbers {
            assert_eq!(reader.number(), Some(number));
        }
        assert_eq!((reader.option(), reader.option()), (Some(None), Some(Some(7))));
        assert_eq!((reader.moment(1_000), reader.moment(1_000)), (Some(999), Some(1_001)));
        assert!(reader.is_done());
    }

    #[test]
    fn what_is_none_of_ours_is_not_read() {
        for text in ["", "u2x", "u2 zzzzzzzzzzzzzzzzzz", "u1 1", "u2  1", "{}"] {
            assert_eq!(Reader::new(text).and_then(|mut reader| reader.number()), None, "{text}");
        }
    }
}
