//! How many pictures a minute a batch makes, for an estimate of the time that is left.

/// The stretch that one count is of, in ms.
const STEP: u64 = 10_000;
/// So many of them are looked at: five minutes, in which a quota's minutes even out.
const STEPS: u64 = 30;

/// Counts of the last minutes.
#[derive(Debug, Default)]
pub struct Rate {
    counts: [u32; STEPS as usize],
    /// The stretch that was counted last.
    step: u64,
    /// When the first was counted, in ms since 1970.
    since: Option<u64>,
}

impl Rate {
    /// One more, at `now` in ms since 1970.
    pub fn count(&mut self, now: u64) {
        self.since.get_or_insert(now);
        self.forget(now);
        if let Some(count) = self.counts.get_mut(slot(self.step)) {
            *count = count.saturating_add(1);
        }
    }

    /// Pictures a minute over the last five minutes, or since the first; 0 in the first ten
    /// seconds.
    #[must_use]
    pub fn per_minute(&self, now: u64) -> f64 {
        let Some(since) = self.since else { return 0.0 };
        let oldest = (now / STEP).saturating_sub(STEPS.saturating_sub(1));
        let span = now.saturating_sub(since.max(oldest.saturating_mul(STEP)));
        if span < STEP {
            return 0.0;
        }
        let recent = |age: &u64| self.step.saturating_sub(*age) >= oldest;
        let ages = (0..STEPS).filter(|age| *age <= self.step).filter(recent);
        let count = |age| self.counts.get(slot(self.step.saturating_sub(age))).copied();
        let sum = ages.filter_map(count).map(u64::from).fold(0, u64::saturating_add);
        sum as f64 * 60_000.0 / span as f64
    }

    /// Clears the stretches in which nothing was counted; a clock that was set back counts on.
    fn forget(&mut self, now: u64) {
        let step = now / STEP;
        let passed = step.saturating_sub(self.step).min(STEPS);
        for age in 0..passed {
            if let Some(count) = self.counts.get_mut(slot(step.saturating_sub(age))) {
                *count = 0;
            }
        }
        self.step = self.step.max(step);
    }
}

#[allow(clippy::cast_possible_truncation)]
const fn slot(step: u64) -> usize {
    step.rem_euclid(STEPS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u64 = 1_764_000_000_000;

    #[test]
    fn a_steady_stream_is_told_as_it_is() {
        let mut rate = Rate::default();
        for n in 0..600 {
            rate.count(T + n * 3_000);
        }
        let told = rate.per_minute(T + 600 * 3_000);
        assert!((told - 20.0).abs() < 0.7, "{told}");
    }

    #[test]
    fn nothing_is_said_at_first_and_a_pause_brings_it_down() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_minute(T), 0.0);
        for n in 0..40 {
            rate.count(T + n * 1_000);
        }
        assert_eq!(rate.per_minute(T + 5_000), 0.0);
        assert!(rate.per_minute(T + 40_000) > 55.0);
        assert!(rate.per_minute(T + 160_000) < 16.0);
        assert_eq!(rate.per_minute(T + 400_000), 0.0);
    }
}
