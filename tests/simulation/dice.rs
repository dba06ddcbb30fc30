//! Draws that depend on a seed alone, with no part of the engine's or the service's own dice.

/// SplitMix64.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed ^ 0x51AB_71E5_0DD5_EED5)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// True so many times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.between(0, 99) < percent
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0, of.len() as u64 - 1) as usize]
    }

    /// A generator of its own for one purpose, so that a draw more here moves nothing there.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// The pause to the next of events that come by chance, on average after `mean`.
    pub(crate) fn pause(&mut self, mean: u64) -> u64 {
        let unit = (self.between(1, 1_000_000) as f64) / 1e6;
        (-(unit.ln()) * mean as f64).round() as u64
    }
}
