//! The estimate of a request's tokens, from the tokens that the service counted for earlier ones.
//!
//! The tokens of a prompt are not known before the answer: letters are counted, and a quarter of
//! them is right for English text only. Each answer improves the next estimate.

/// A running mean and deviation of the tokens counted for each that was expected, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    mean: u64,
    deviation: u64,
}

impl Default for Estimate {
    fn default() -> Self {
        // The first reservations are 15 % more than expected.
        Self { mean: 1_000, deviation: 250 }
    }
}

/// The divisor of the difference by which one answer moves the mean.
const WEIGHT: u64 = 10;
/// The most tokens for each that was expected, in thousandths.
const MOST: u64 = 20_000;

impl Estimate {
    /// The tokens to reserve for `expected` ones.
    pub(crate) const fn reserve(&self, expected: u64) -> u64 {
        // Three fifths of the deviation: many requests together differ less than each of them.
        let factor = self.mean.saturating_add(self.deviation.saturating_mul(3) / 5);
        expected.saturating_mul(factor).div_ceil(1_000)
    }

    /// Learns from an answer, which says how many tokens there were.
    pub(crate) fn learn(&mut self, expected: u64, counted: u64) {
        let Some(ratio) = counted.saturating_mul(1_000).checked_div(expected) else { return };
        let ratio = ratio.min(MOST);
        let distance = ratio.abs_diff(self.mean);
        self.mean = moved(self.mean, ratio);
        self.deviation = moved(self.deviation, distance);
    }
}

const fn moved(from: u64, to: u64) -> u64 {
    let part = from.abs_diff(to) / WEIGHT;
    if to > from { from.saturating_add(part) } else { from.saturating_sub(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_say_replaces_the_first_guess() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.reserve(1_000), 1_150);
        for _ in 0..100 {
            estimate.learn(1_000, 3_000);
        }
        let reserved = estimate.reserve(1_000);
        assert!((2_950..3_100).contains(&reserved), "{reserved}");
        estimate.learn(0, 5);
        assert_eq!(estimate.reserve(1_000), reserved, "nothing expected, nothing learned");
    }
}
