//! Random draws that depend on the seed and the request alone, never on the order of events.

/// The purpose of a draw. Each purpose of each request has its own stream, so that one draw more or
/// less moves no other.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Purpose {
    ClockOffset = 1,
    Transit = 2,
    Latency = 3,
    Fault = 4,
    Hint = 5,
    Usage = 6,
    Identity = 7,
    Noise = 8,
}

/// SplitMix64: small, fast, and the same on every platform.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of one purpose of one request.
    pub(crate) fn keyed(seed: u64, sequence: u64, purpose: Purpose) -> Self {
        let mut random = Self(seed);
        let mixed = random.next() ^ sequence.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mut random = Self(mixed);
        Self(random.next() ^ (purpose as u64).wrapping_mul(0xA076_1D64_78BD_642F))
    }

    /// 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `low..=high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        let wide = u128::from(self.next()).saturating_mul(u128::from(span));
        low.saturating_add((wide >> 64) as u64)
    }

    /// About normal, mean 0 and deviation 1: twelve uniforms, so that native and wasm agree to
    /// the last bit, which `ln` and `cos` of two math libraries do not.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// `e^x` from additions and multiplications alone, for the same reason.
pub(crate) fn exp(x: f64) -> f64 {
    if x < -50.0 {
        return 0.0;
    }
    let x = x.min(50.0);
    let halvings = 10;
    let small = x / f64::from(1u32 << halvings);
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..12 {
        term *= small / f64::from(n);
        sum += term;
    }
    for _ in 0..halvings {
        sum *= sum;
    }
    sum
}

/// FNV-1a, continued from `state`.
pub(crate) fn hash(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |h, byte| (h ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

/// The state in which a hash starts.
pub(crate) const HASH_START: u64 = 0xCBF2_9CE4_8422_2325;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_to_the_library() {
        for x in [-3.0, -0.5, 0.0, 0.35, 1.0, 2.5] {
            assert!((exp(x) / f64::exp(x) - 1.0).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn streams_differ_by_seed_request_and_purpose() {
        let first = Random::keyed(1, 1, Purpose::Transit).next();
        assert_eq!(first, Random::keyed(1, 1, Purpose::Transit).next());
        assert_ne!(first, Random::keyed(2, 1, Purpose::Transit).next());
        assert_ne!(first, Random::keyed(1, 2, Purpose::Transit).next());
        assert_ne!(first, Random::keyed(1, 1, Purpose::Latency).next());
    }

    #[test]
    fn between_keeps_to_its_bounds_and_reaches_them() {
        let mut random = Random::keyed(7, 0, Purpose::Noise);
        let draws: Vec<u64> = (0..1000).map(|_| random.between(20, 24)).collect();
        assert_eq!(draws.iter().min(), Some(&20));
        assert_eq!(draws.iter().max(), Some(&24));
        assert_eq!(random.between(5, 5), 5);
    }
}
