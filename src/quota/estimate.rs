//! How many tokens the service counts for what we take for a thousand.
//!
//! Nobody knows before the answer how many tokens a prompt has: letters are counted, and a quarter
//! of them is right for English text only. Each answer tells, and the next estimate is better.

/// Learns from each answer. Numbers are thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    mean: u64,
    deviation: u64,
}

impl Default for Estimate {
    fn default() -> Self {
        // Until something is known, 15 % more than expected are reserved.
        Self { mean: 1_000, deviation: 250 }
    }
}

/// One answer moves the mean by this part of its difference.
const WEIGHT: u64 = 10;
/// No text has more than this many tokens for each that was expected.
const MOST: u64 = 20_000;

impl Estimate {
    /// What to reserve for so many expected tokens.
    pub(crate) const fn reserve(&self, expected: u64) -> u64 {
        // Three fifths of the deviation: many requests together differ less than each of them.
        let factor = self.mean.saturating_add(self.deviation.saturating_mul(3) / 5);
        expected.saturating_mul(factor).div_ceil(1_000)
    }

    /// An answer says how many tokens there were.
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
