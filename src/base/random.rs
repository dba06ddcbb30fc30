//! A small seeded generator (SplitMix64): one seed decides every wait.

use crate::base::time::Millis;

/// A seeded generator of random waits.
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator whose whole future the seed decides.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub const fn bits(&mut self) -> u64 {
        // The constants are those of Steele, Lea and Flood, "Fast splittable pseudorandom number
        // generators", 2014.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A duration drawn evenly from zero up to and including `most`.
    #[allow(clippy::cast_possible_truncation)]
    pub const fn up_to(&mut self, most: Millis) -> Millis {
        // Multiplying by the range and keeping the high half has no modulo bias worth naming.
        let range = most.0.saturating_add(1) as u128;
        Millis(((self.bits() as u128).wrapping_mul(range) >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_another_gives_another() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [random.bits(), random.bits(), random.bits()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn draws_reach_both_ends_and_never_pass_them() {
        let mut random = Random::new(1);
        let draws: Vec<u64> = (0..2000).map(|_| random.up_to(Millis(9)).0).collect();
        assert!(draws.iter().all(|&draw| draw <= 9));
        assert!(draws.contains(&0) && draws.contains(&9));
    }
}
