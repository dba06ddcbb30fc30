//! The 429 of limits that were really reached.

use crate::base::delay::Delay;
use crate::base::random::{Purpose, Random};
use crate::decide::state::State;
use crate::model::limits::{Dimension, Violation};
use crate::settings::choices::{DailyHint, QuotaBody};
use crate::wire::quota_error::{self, QuotaLine};
use crate::wire::reply::Reply;

/// The answer that names the limits, as the configuration has it.
pub(crate) fn over_limit(state: &State, sequence: u64, model: &str, broken: &[Violation]) -> Reply {
    let delay = delay(state, sequence, broken);
    match state.config.quota_body {
        QuotaBody::Detailed => {
            let line = |violation: &Violation| QuotaLine {
                dimension: violation.dimension,
                limit: violation.limit,
                free: violation.limit == 0,
            };
            let lines: Vec<QuotaLine> = broken.iter().map(line).collect();
            Reply::json(429, quota_error::quota(&lines, model, delay))
        }
        QuotaBody::Bare => Reply::error(429, quota_error::BARE_429),
        QuotaBody::Empty => Reply::json(429, String::new()),
        QuotaBody::Gateway => {
            let mut reply = Reply::error(429, quota_error::BARE_429);
            let seconds = delay.nanos.div_ceil(1_000_000_000);
            reply.set("retry-after", &seconds.to_string());
            reply
        }
    }
}

/// The longest wait of the limits. That of a spent day may mislead; that of a limit of 0 does.
fn delay(state: &State, sequence: u64, broken: &[Violation]) -> Delay {
    let mut random = state.random(sequence, Purpose::Hint);
    let zero = broken.iter().any(|violation| violation.limit == 0);
    let short = Delay::random(&mut random, 5, 55);
    let misleads = match state.config.daily_hint {
        DailyHint::True => false,
        DailyHint::Short => true,
        DailyHint::Mixed => random.next() & 1 == 1,
    };
    let waits = broken.iter().map(|violation| {
        if zero || (misleads && violation.dimension == Dimension::Rpd) {
            short
        } else {
            told(state, &mut random, violation.wait)
        }
    });
    waits.max_by_key(|delay| delay.nanos).unwrap_or(short)
}

/// A wait as a body tells it: on the caller's clock, with a fraction, never too short.
fn told(state: &State, random: &mut Random, wait: u64) -> Delay {
    let nanos = Delay::from_ms(state.scale.span(wait)).nanos;
    Delay { nanos: nanos.saturating_add(random.between(1, 999_999)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::config::Config;

    #[test]
    fn a_random_stream_gives_a_hint_that_is_not_short() {
        let state = State::new(Config::default());
        let mut random = Random::keyed(1, 1, Purpose::Hint);
        for wait in [0, 1, 999, 60_000] {
            assert!(told(&state, &mut random, wait).nanos > wait * 1_000_000);
        }
    }
}
