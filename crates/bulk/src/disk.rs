//! The wait of a batch that cannot write: it holds what is in hand until there is room, for a
//! while.

use unexhausted::base::time::Millis;

/// The wait before the first new try.
const FIRST: Millis = Millis::from_secs(1);
/// The longest wait, which they grow to.
const MOST: Millis = Millis::from_secs(30);
/// How long a batch holds finished pictures in memory for want of a disk: long enough for somebody
/// who is told to make room, short enough that a program left alone ends and says why.
const PATIENCE: Millis = Millis::from_secs(600);

/// System errors that pass when somebody makes room, and what to say of each (errno(3)).
const PASSING: &[(&str, &str)] = &[
    ("ENOSPC", "the disk is full"),
    ("EDQUOT", "the disk quota is used up"),
    ("EIO", "the disk fails"),
    ("EMFILE", "too many files are open"),
    ("ENFILE", "too many files are open on this machine"),
    ("EAGAIN", "the disk is busy"),
    ("EBUSY", "the disk is busy"),
    ("ETIMEDOUT", "the network disk does not answer"),
    ("ESTALE", "the network disk has lost the file"),
    // The browsers' name for a full store.
    ("QuotaExceededError", "the browser's storage is full"),
];

/// The obstacle to writing in words, where it may pass.
#[must_use]
pub fn passing(code: &str) -> Option<&'static str> {
    PASSING.iter().find(|row| row.0 == code).map(|row| row.1)
}

/// The wait before the next try to write, after `failures` in a row over `elapsed`; `None` where it
/// is time to give up.
#[must_use]
pub fn wait(failures: u32, elapsed: Millis) -> Option<Millis> {
    let doubled = FIRST.times(1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX));
    (elapsed < PATIENCE).then(|| doubled.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        assert_eq!(wait(1, Millis::ZERO), Some(Millis(1_000)));
        assert_eq!(wait(4, Millis(7_000)), Some(Millis(8_000)));
        assert_eq!(wait(99, Millis(60_000)), Some(Millis(30_000)));
        assert_eq!(wait(30, PATIENCE), None);
        assert_eq!(passing("ENOSPC"), Some("the disk is full"));
        assert_eq!(passing("EACCES"), None);
    }
}
