//! Alerts: one when a limit is nearly used up, and another after its use has fallen for a while.

use crate::errors::kind::Dimension;
use crate::quota::limits::DIMENSIONS;
use crate::quota::usage::Usage;

/// The share of a limit at which an alert is given if the caller names none.
pub const ALERT_AT: f64 = 0.7;
/// An alert is given again after its use has fallen below this share of its threshold: below 50 %
/// for the usual 70 %.
const FALLS_TO: f64 = 5.0 / 7.0;

/// A limit whose use has passed a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alert {
    /// The limit's dimension.
    pub dimension: Dimension,
    /// Units used, in the dimension's unit.
    pub used: u64,
    /// The limit.
    pub limit: u64,
    /// The threshold, as a share of the limit.
    pub threshold: f64,
}

/// The thresholds already reported, a bit each, for every dimension.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    told: [u32; DIMENSIONS.len()],
}

impl Alerts {
    /// The highest threshold that the use of each dimension has passed since the last look.
    pub fn look(&mut self, usage: &Usage, thresholds: &[f64]) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for (dimension, told) in DIMENSIONS.into_iter().zip(&mut self.told) {
            let Some(limit) = usage.estimator(dimension).limit() else { continue };
            let used = usage.used(dimension);
            let share = used as f64 / limit.max(1) as f64;
            let mut passed = None;
            for (index, &threshold) in thresholds.iter().take(32).enumerate() {
                let bit = u32::try_from(index).ok().and_then(|index| 1_u32.checked_shl(index));
                let bit = bit.unwrap_or_default();
                if share < threshold * FALLS_TO {
                    *told &= !bit;
                } else if share >= threshold && *told & bit == 0 {
                    *told |= bit;
                    passed = Some(threshold.max(passed.unwrap_or_default()));
                }
            }
            if let Some(threshold) = passed {
                alerts.push(Alert { dimension, used, limit, threshold });
            }
        }
        alerts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::clock::Clock;
    use crate::quota::limits::Limits;
    use crate::quota::window::Amounts;

    const DAY: Dimension = Dimension::RequestsPerDay;

    fn thresholds(used: &[u64], at: &[f64]) -> Vec<Option<f64>> {
        let mut alerts = Alerts::default();
        used.iter()
            .map(|&used| {
                let limits = Limits::default().with(DAY, Some(100));
                let mut quota = Usage::new(&limits, &Limits::default());
                let amounts = Amounts { requests: used, ..Amounts::default() };
                quota.record(Clock::default(), 0, &amounts);
                let found = alerts.look(&quota, at);
                assert!(found.iter().all(|alert| alert.used == used && alert.limit == 100));
                found.first().map(|alert| alert.threshold)
            })
            .collect()
    }

    #[test]
    fn an_alert_comes_on_rising_and_again_after_falling_below_half() {
        let at = Some(ALERT_AT);
        assert_eq!(
            thresholds(&[69, 70, 90, 51, 75, 49, 69, 70], &[ALERT_AT]),
            [None, at, None, None, None, None, None, at]
        );
    }

    #[test]
    fn of_several_thresholds_the_highest_passed_is_told() {
        assert_eq!(
            thresholds(&[60, 96, 97, 70, 96], &[0.5, 0.95]),
            [Some(0.5), Some(0.95), None, None, None]
        );
    }
}
