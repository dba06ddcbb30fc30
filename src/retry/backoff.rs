//! Waits between tries, by kind of error and number of tries; never shorter than the server's own.

use crate::base::random::Random;
use crate::base::time::Millis;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Kind, Retry};

/// The random part of a delay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Jitter {
    /// Up to this much on top of the delay, also of a delay at its cap.
    Above(Millis),
    /// The whole delay, from this floor up.
    Full(Millis),
}

/// A delay that doubles with each try up to a cap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Curve {
    /// The delay after the first try.
    pub base: Millis,
    /// The longest delay before jitter, which comes on top.
    pub cap: Millis,
    /// The random part.
    pub jitter: Jitter,
}

impl Curve {
    /// The delay after try number `tries`, counted from 1.
    #[must_use]
    pub const fn delay(&self, tries: u32, random: &mut Random) -> Millis {
        let doublings = tries.saturating_sub(1);
        let factor = if doublings < 63 { 1_u64 << doublings } else { u64::MAX };
        let grown = self.base.0.saturating_mul(factor);
        let grown = if grown < self.cap.0 { grown } else { self.cap.0 };
        match self.jitter {
            Jitter::Above(most) => Millis(grown.saturating_add(random.up_to(most).0)),
            Jitter::Full(floor) => Millis(
                floor.0.saturating_add(random.up_to(Millis(grown.saturating_sub(floor.0))).0),
            ),
        }
    }
}

/// The curve for each family of errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Curves {
    /// 429 that names no wait: `min(2^n, 29) + U(0, 1)` seconds (the guide's formula, its jitter
    /// kept above the cap).
    pub rate_limit: Curve,
    /// 503: `min(10 * 2^n, 115) + U(0, 5)` seconds (the guide's formula), and a spent spending
    /// rate, which needs minutes too.
    pub overloaded: Curve,
    /// Other transient errors: from 1 s, doubled, at most 30 s, all of it random.
    pub transient: Curve,
}

impl Curves {
    /// The curves of `retry`, `generate` and `batch`.
    pub const BY_KIND: Self = Self {
        rate_limit: Curve {
            base: Millis(2_000),
            cap: Millis(29_000),
            jitter: Jitter::Above(Millis(1_000)),
        },
        overloaded: Curve {
            base: Millis(20_000),
            cap: Millis(115_000),
            jitter: Jitter::Above(Millis(5_000)),
        },
        transient: Curve {
            base: Millis(1_000),
            cap: Millis(30_000),
            jitter: Jitter::Full(Millis(250)),
        },
    };

    /// The one curve of the hand-rolled loop: `min(base * 2^(n-1), 60 s) + U(0, 1)` seconds.
    #[must_use]
    pub const fn drop_in(base: Millis) -> Self {
        let curve = Curve { base, cap: Millis(60_000), jitter: Jitter::Above(Millis(1_000)) };
        Self { rate_limit: curve, overloaded: curve, transient: curve }
    }

    /// The curve for errors of this kind.
    #[must_use]
    pub const fn of(&self, kind: Kind) -> &Curve {
        match kind {
            Kind::RateLimited => &self.rate_limit,
            Kind::Overloaded | Kind::SpendLimited => &self.overloaded,
            _ => &self.transient,
        }
    }

    /// The wait before the next try after `tries` tries; `hint` says how a wait that the server
    /// named and the curve combine.
    #[must_use]
    pub fn wait(&self, info: &ErrorInfo, tries: u32, hint: Hint, random: &mut Random) -> Millis {
        match info.retry_after.filter(|named| named.0 > 0) {
            None => self.of(info.kind).delay(tries, random),
            Some(named) => {
                // The jitter goes upwards only: an early try would be refused again, and tries in
                // step with those of others would be a stampede.
                let floor = named + random.up_to(Millis(named.0 / 5));
                match hint {
                    Hint::Replaces => floor,
                    Hint::Lengthens => floor.max(self.of(info.kind).delay(tries, random)),
                }
            }
        }
    }
}

/// How a wait that the server named combines with the curve.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hint {
    /// The server's wait is taken instead of the curve's.
    Replaces,
    /// The longer of the two is taken, as the drop-in promises its `baseDelay`.
    Lengthens,
}

/// The pause of the sequential batch after a success: `delay` plus up to half a second.
#[must_use]
pub const fn batch_pause(delay: Millis, random: &mut Random) -> Millis {
    Millis(delay.0.saturating_add(random.up_to(Millis(500)).0))
}

/// The wait before try `attempt + 1`, or `None` where trying again soon cannot help.
#[must_use]
pub fn retry_delay(info: &ErrorInfo, attempt: u32, random: &mut Random) -> Option<Millis> {
    (info.retry == Retry::Soon)
        .then(|| Curves::BY_KIND.wait(info, attempt.max(1), Hint::Replaces, random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(info: &ErrorInfo, curves: &Curves, tries: u32, hint: Hint) -> (u64, u64) {
        let mut random = Random::new(3);
        let waits: Vec<u64> =
            (0..4000).map(|_| curves.wait(info, tries, hint, &mut random).0).collect();
        (*waits.iter().min().unwrap(), *waits.iter().max().unwrap())
    }

    #[track_caller]
    fn assert_range((low, high): (u64, u64), from: u64, to: u64) {
        assert!(low >= from && high <= to, "{low}..{high} is not within {from}..{to}");
        // Four thousand draws come within 2 % of both ends, or the range is not the one expected.
        let slack = (to - from) / 50 + 2;
        assert!(
            low <= from + slack && high >= to - slack,
            "{low}..{high} does not fill {from}..{to}"
        );
    }

    #[test]
    fn waits_by_kind_are_those_of_the_guide() {
        let by_kind =
            |kind, tries| range(&ErrorInfo::new(kind), &Curves::BY_KIND, tries, Hint::Replaces);
        assert_range(by_kind(Kind::RateLimited, 1), 2_000, 3_000);
        assert_range(by_kind(Kind::RateLimited, 3), 8_000, 9_000);
        assert_range(by_kind(Kind::RateLimited, 5), 29_000, 30_000);
        assert_range(by_kind(Kind::Overloaded, 1), 20_000, 25_000);
        assert_range(by_kind(Kind::Overloaded, 9), 115_000, 120_000);
        assert_range(by_kind(Kind::ServerError, 1), 250, 1_000);
        assert_range(by_kind(Kind::Network, 12), 250, 30_000);
        assert_range(by_kind(Kind::Timeout, u32::MAX), 250, 30_000);
    }

    #[test]
    fn the_drop_in_waits_as_the_loop_does() {
        let curves = Curves::drop_in(Millis(2_000));
        for kind in [Kind::RateLimited, Kind::Overloaded, Kind::ServerError, Kind::Network] {
            let info = ErrorInfo::new(kind);
            assert_range(range(&info, &curves, 1, Hint::Lengthens), 2_000, 3_000);
            assert_range(range(&info, &curves, 4, Hint::Lengthens), 16_000, 17_000);
            assert_range(range(&info, &curves, 6, Hint::Lengthens), 60_000, 61_000);
        }
    }

    #[test]
    fn a_server_s_hint_is_a_floor() {
        let info =
            ErrorInfo { retry_after: Some(Millis(31_773)), ..ErrorInfo::new(Kind::RateLimited) };
        assert_range(range(&info, &Curves::BY_KIND, 1, Hint::Replaces), 31_773, 38_127);
        let short = ErrorInfo { retry_after: Some(Millis(100)), ..info };
        assert_range(range(&short, &Curves::BY_KIND, 9, Hint::Replaces), 100, 120);
        let drop_in = Curves::drop_in(Millis(2_000));
        assert_range(range(&short, &drop_in, 1, Hint::Lengthens), 2_000, 3_000);
    }

    #[test]
    fn a_hint_of_zero_is_no_hint() {
        let info = ErrorInfo { retry_after: Some(Millis(0)), ..ErrorInfo::new(Kind::RateLimited) };
        assert_range(range(&info, &Curves::BY_KIND, 1, Hint::Replaces), 2_000, 3_000);
    }

    #[test]
    fn what_cannot_pass_soon_has_no_delay() {
        let mut random = Random::new(1);
        for kind in Kind::ALL {
            let delay = retry_delay(&ErrorInfo::new(kind), 1, &mut random);
            assert_eq!(delay.is_some(), kind.retry() == Retry::Soon, "{kind:?}");
        }
    }

    #[test]
    fn the_pause_of_a_batch_is_the_delay_and_up_to_half_a_second() {
        let mut random = Random::new(5);
        let pauses: Vec<u64> =
            (0..4000).map(|_| batch_pause(Millis(1_000), &mut random).0).collect();
        assert_range((*pauses.iter().min().unwrap(), *pauses.iter().max().unwrap()), 1_000, 1_500);
    }
}
