//! The scale of time: the service's may run faster than the caller's.

/// Maps the caller's time onto the service's, which may run faster.
#[derive(Clone, Debug)]
pub(crate) struct TimeScale {
    /// A moment on the caller's clock and the same moment on the service's.
    anchor: Option<(u64, u64)>,
    start: u64,
    factor: f64,
    latest: u64,
}

impl TimeScale {
    pub(crate) fn new(factor: f64) -> Self {
        Self { anchor: None, start: 0, factor, latest: 0 }
    }

    /// The service's time at the caller's `now`; never runs backwards.
    pub(crate) fn service_time(&mut self, now: u64) -> u64 {
        if self.anchor.is_none() {
            self.anchor = Some((now, now));
            self.start = now;
        }
        self.latest = self.latest.max(self.forward(now));
        self.latest
    }

    fn forward(&self, now: u64) -> u64 {
        let (from, to) = self.anchor.unwrap_or((now, now));
        let passed = now.saturating_sub(from);
        if self.factor == 1.0 {
            to.saturating_add(passed)
        } else {
            to.saturating_add((passed as f64 * self.factor) as u64)
        }
    }

    /// The caller's time at which the service's clock has reached `time`.
    pub(crate) fn caller_time(&self, time: u64) -> u64 {
        let (from, to) = self.anchor.unwrap_or((time, time));
        let passed = time.saturating_sub(to);
        let now = from.saturating_add(self.span(passed));
        // Rounding may fall one short.
        if self.forward(now) < time { now.saturating_add(1) } else { now }
    }

    /// Milliseconds since the first input, in the service's time.
    pub(crate) fn since_start(&self, time: u64) -> u64 {
        time.saturating_sub(self.start)
    }

    /// A span of the service's time in the caller's, for the hints that callers sleep by.
    pub(crate) fn span(&self, ms: u64) -> u64 {
        if self.factor == 1.0 { ms } else { (ms as f64 / self.factor).ceil() as u64 }
    }

    /// Changes the speed from the caller's `now` on, without a jump.
    pub(crate) fn set_factor(&mut self, now: u64, factor: f64) {
        if factor != self.factor && self.anchor.is_some() {
            let reached = self.service_time(now);
            self.anchor = Some((now, reached));
        }
        self.factor = factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_time_maps_back_and_never_runs_backwards() {
        let mut scale = TimeScale::new(60.0);
        assert_eq!(scale.service_time(1_000), 1_000);
        assert_eq!(scale.service_time(2_000), 61_000);
        assert_eq!(scale.caller_time(61_000), 2_000);
        assert_eq!(scale.caller_time(61_001), 2_001);
        assert_eq!(scale.service_time(1_500), 61_000);
        assert_eq!(scale.span(60_000), 1_000);
        scale.set_factor(3_000, 1.0);
        assert_eq!(scale.service_time(3_000), 121_000);
        assert_eq!(scale.service_time(3_005), 121_005);
    }
}
