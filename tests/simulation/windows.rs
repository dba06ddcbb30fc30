//! The limits of the service, written again for a reader that knows them all: when an arrival is
//! taken, and that it was. Times are those of the caller's clock, `offset` is how far the service's
//! is ahead.

use std::collections::VecDeque;

use unexhausted_emulator::Discipline;

use crate::situations::{MIDNIGHT, Situation};

const MINUTE: u64 = 60_000;

/// The amounts that one arrival takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) tokens: u64,
    pub(crate) nanos: u64,
}

#[derive(Debug)]
enum Window {
    /// Minutes of the service's clock.
    Fixed { limit: u64, offset: i64, minute: u64, used: u64 },
    /// The last so many milliseconds at any moment.
    Sliding { limit: u64, span: u64, log: VecDeque<(u64, u64)> },
    /// A bucket that holds a minute's worth and starts full; counted in whole 60,000ths.
    Bucket { limit: u64, level: i64, at: Option<u64> },
    /// A day, and the one after it, in which all is done.
    Day { limit: u64, end: u64, used: u64 },
    /// A time in which nothing is answered.
    Outage { from: u64, to: u64 },
    /// Amounts that could be split as one likes: with prompts of many sizes that comes close to
    /// the best packing, and no packing can be better.
    Fluid { limit: u64, discipline: Discipline, offset: i64, start: u64, used: u64 },
}

impl Window {
    fn earliest(&mut self, time: u64, amount: u64) -> u64 {
        match self {
            Self::Fixed { limit, offset, minute, used } => {
                let current = time.saturating_add_signed(*offset) / MINUTE;
                let is_full = current == *minute && *used + amount > *limit;
                if is_full {
                    ((current + 1) * MINUTE).saturating_add_signed(-*offset)
                } else {
                    time
                }
            }
            Self::Sliding { limit, span, log } => {
                log.retain(|(at, _)| at + *span > time);
                let mut used: u64 = log.iter().map(|(_, gone)| gone).sum();
                let mut earliest = time;
                for (at, gone) in log.iter() {
                    if used + amount <= *limit {
                        break;
                    }
                    used -= gone;
                    earliest = at + *span;
                }
                earliest
            }
            Self::Bucket { limit, .. } => {
                let limit = *limit;
                let lacking = (amount * MINUTE).cast_signed() - self.level(time);
                time + u64::try_from(lacking).unwrap_or(0).div_ceil(limit)
            }
            Self::Day { limit, end, used } => {
                if time >= *end || *used + amount <= *limit {
                    time
                } else {
                    *end
                }
            }
            Self::Outage { from, to } => {
                if (*from..*to).contains(&time) {
                    *to
                } else {
                    time
                }
            }
            Self::Fluid { limit, discipline, offset, start, used } => {
                let used = *used + amount;
                let full = used.div_ceil(*limit).saturating_sub(1);
                let first = start.saturating_add_signed(*offset) / MINUTE;
                let from = match discipline {
                    Discipline::Bucket => *start + used.saturating_sub(*limit) * MINUTE / *limit,
                    _ if full == 0 => time,
                    Discipline::Sliding => *start + full * MINUTE,
                    Discipline::Fixed => ((first + full) * MINUTE).saturating_add_signed(-*offset),
                };
                time.max(from)
            }
        }
    }

    fn take(&mut self, time: u64, amount: u64) {
        let level = self.level(time);
        match self {
            Self::Fixed { offset, minute, used, .. } => {
                let current = time.saturating_add_signed(*offset) / MINUTE;
                if current != *minute {
                    *used = 0;
                }
                *minute = current;
                *used += amount;
            }
            Self::Sliding { log, .. } => log.push_back((time, amount)),
            Self::Bucket { level: left, at, .. } => {
                *left = level - (amount * MINUTE).cast_signed();
                *at = Some(time);
            }
            Self::Day { end, used, .. } if time < *end => *used += amount,
            Self::Fluid { used, .. } => *used += amount,
            Self::Day { .. } | Self::Outage { .. } => {}
        }
    }

    /// The content of a bucket.
    fn level(&self, time: u64) -> i64 {
        let Self::Bucket { limit, level, at } = self else { return 0 };
        let refill = (time - at.unwrap_or(time)) * limit;
        (level + refill.cast_signed()).min((limit * MINUTE).cast_signed())
    }
}

#[derive(Clone, Copy, Debug)]
enum Counts {
    One,
    Tokens,
    Nanos,
}

/// All limits at once.
#[derive(Debug)]
pub(crate) struct Windows(Vec<(Window, Counts)>);

impl Windows {
    /// The limits as they really are; `first` is the earliest arrival that can be.
    pub(crate) fn new(
        situation: &Situation,
        discipline: Discipline,
        offset: i64,
        start: u64,
        first: u64,
    ) -> Self {
        let mut all = Vec::new();
        let truth = situation.truth;
        if let Some(limit) = truth.rpm {
            let window = match discipline {
                Discipline::Fixed => Window::Fixed { limit, offset, minute: 0, used: 0 },
                Discipline::Sliding => {
                    Window::Sliding { limit, span: MINUTE, log: VecDeque::new() }
                }
                Discipline::Bucket => {
                    Window::Bucket { limit, level: (limit * MINUTE).cast_signed(), at: None }
                }
            };
            all.push((window, Counts::One));
        }
        if let Some(limit) = truth.tpm {
            let window = Window::Fluid { limit, discipline, offset, start: first, used: 0 };
            all.push((window, Counts::Tokens));
        }
        if let Some(limit) = truth.rpd {
            let end = MIDNIGHT.saturating_add_signed(-offset);
            all.push((Window::Day { limit, end, used: 0 }, Counts::One));
        }
        if let Some(usd) = situation.spend {
            let limit = (usd * 1e9) as u64;
            let window = Window::Sliding { limit, span: 10 * MINUTE, log: VecDeque::new() };
            all.push((window, Counts::Nanos));
        }
        if let Some((from, to)) = situation.outage {
            all.push((Window::Outage { from: start + from, to: start + to }, Counts::One));
        }
        Self(all)
    }

    /// Takes an arrival as soon as all of them do, from `time` on; gives when.
    pub(crate) fn place(&mut self, mut time: u64, cost: Cost) -> u64 {
        let amount = |counts: Counts| match counts {
            Counts::One => 1,
            Counts::Tokens => cost.tokens,
            Counts::Nanos => cost.nanos,
        };
        loop {
            let before = time;
            for (window, counts) in &mut self.0 {
                time = window.earliest(time, amount(*counts));
            }
            if time == before {
                break;
            }
        }
        for (window, counts) in &mut self.0 {
            window.take(time, amount(*counts));
        }
        time
    }
}
