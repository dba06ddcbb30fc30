//! Cases that a seed each makes: `FUZZ_COUNT` of them from `FUZZ_SEED` on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use unexhausted::base::random::Random;
use unexhausted::base::time::Millis;

/// A case takes well under a millisecond.
const HANGS: Duration = Duration::from_secs(60);

/// Runs the cases; one that panics, or never ends, is told with its seed.
pub(crate) fn cases(name: &str, one: impl Fn(&mut Dice)) {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let (first, count) = (number("FUZZ_SEED", 1), number("FUZZ_COUNT", 1_000));
    let now = Arc::new(AtomicU64::new(first));
    let seen = Arc::clone(&now);
    std::thread::spawn(move || {
        let mut before = u64::MAX;
        loop {
            std::thread::sleep(HANGS);
            let seed = seen.load(Ordering::Relaxed);
            if seed == before {
                eprintln!("seed {seed}: it never ends");
                std::process::abort();
            }
            before = seed;
        }
    });
    for seed in first..first.saturating_add(count) {
        now.store(seed, Ordering::Relaxed);
        let run = catch_unwind(AssertUnwindSafe(|| one(&mut Dice(Random::new(seed)))));
        assert!(run.is_ok(), "seed {seed} of `{name}` failed, as told above");
    }
    now.store(u64::MAX, Ordering::Relaxed);
    println!("{name}: {count} cases from seed {first}");
}

/// Random choices.
pub(crate) struct Dice(Random);

#[allow(dead_code)]
impl Dice {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let most = Millis((count as u64).saturating_sub(1));
        usize::try_from(self.0.up_to(most).0).expect("a small number")
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Up to `most` of them.
    pub(crate) fn list<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    /// A place in a text, at the edge of a character.
    pub(crate) fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The text, damaged in one place: cut, spliced, or with something else in it.
    pub(crate) fn damaged(&mut self, text: &str, pieces: &[&str]) -> String {
        let (one, other) = (self.place(text), self.place(text));
        let (from, to) = (one.min(other), one.max(other));
        let piece = *self.pick(pieces);
        match self.below(6) {
            0 => text[..to].to_owned(),
            1 => [&text[..from], &text[to..]].concat(),
            2 => [&text[..to], &text[from..]].concat(),
            3 => [&text[..from], piece, &text[to..]].concat(),
            4 => [&text[..from], &piece.repeat(self.below(300)), &text[from..]].concat(),
            _ => [&text[..from], piece, &text[from..]].concat(),
        }
    }
}
