//! How many requests go into one job, and by which way.

use unexhausted::protocol::need::Size;
use unexhausted::quota::tier::{self, Tier};

/// Bytes of a file that the service takes (batch guide of 2026: 2 GB).
pub const FILE_MAX: u64 = 2_000_000_000;
/// Tokens in one job of a model whose pool nobody has published: the smallest of those that are.
const TOKENS_MIN: u64 = 1_000_000;
/// Of the tokens that may wait, the share that one job takes, in percent. The service counts them
/// in its own way (our count is a quarter of the letters), and a job that is larger than the pool
/// is never taken.
const TOKENS_SHARE: u64 = 50;

/// Requests that go inside the create itself, at most, and the bytes of all of them and of their
/// results. Results then lie in the job, twice, so that each look at it sends them: 385 jobs of 150
/// pictures at 2K could never be read again (503 after 60 s, forum 174261), one of 122 had 1 GB.
/// The create may have 20 MB (batch guide of 2026).
const INLINE_REQUESTS: u64 = 10;
const INLINE_BYTES: u64 = 4_000_000;
const INLINE_RESULTS: u64 = 40_000_000;

/// Bytes of a picture in a result row, by size: 1K has 1.0 million letters of base64 and 2K 4
/// million (measured 2026-09), 4K by its area.
const PICTURE: &[(Size, u64)] =
    &[(Size::Px512, 400_000), (Size::K1, 1_100_000), (Size::K2, 4_200_000), (Size::K4, 16_000_000)];
/// A row beside its picture.
const ROW: u64 = 4_000;

/// One request, as far as it counts here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Bytes of its line.
    pub bytes: u64,
    /// Input tokens.
    pub tokens: u64,
    /// The size of its picture.
    pub size: Option<Size>,
}

/// The sums of the requests that are in a job so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// Requests.
    pub requests: u64,
    /// Bytes of their lines.
    pub bytes: u64,
    /// Their input tokens.
    pub tokens: u64,
    /// The bytes that their results may have.
    pub results: u64,
}

impl Part {
    /// The job with this request too; `None` where it belongs into the next one. The first one
    /// always fits: a request that is too large by itself is for the service to refuse.
    #[must_use]
    pub fn with(&self, row: &Row, model: &str, tier: Option<Tier>) -> Option<Self> {
        let picture = PICTURE.iter().find(|(size, _)| Some(*size) == row.size.or(Some(Size::K1)));
        let result = picture.map_or(0, |&(_, bytes)| bytes).saturating_add(ROW);
        let next = Self {
            requests: self.requests.saturating_add(1),
            bytes: self.bytes.saturating_add(row.bytes),
            tokens: self.tokens.saturating_add(row.tokens),
            results: self.results.saturating_add(result),
        };
        // The size that a file of results may have is not documented: the limit of any file is
        // safe.
        let fits = next.bytes <= FILE_MAX
            && next.results <= FILE_MAX
            && next.tokens <= tokens_max(model, tier);
        (fits || self.requests == 0).then_some(next)
    }

    /// Whether these few requests go inside the create, which saves an upload and a file.
    #[must_use]
    pub const fn is_inline(&self) -> bool {
        self.requests <= INLINE_REQUESTS
            && self.bytes <= INLINE_BYTES
            && self.results <= INLINE_RESULTS
    }
}

/// The tokens that one job may have. Without a tier it is the lowest: its jobs fit into all.
fn tokens_max(model: &str, tier: Option<Tier>) -> u64 {
    let pool = tier::batch_tokens(tier.unwrap_or(Tier::One), model).unwrap_or(TOKENS_MIN);
    pool.saturating_mul(TOKENS_SHARE) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRO: &str = "gemini-3-pro-image";

    fn filled(row: Row, model: &str, tier: Option<Tier>) -> Part {
        let mut part = Part::default();
        while let Some(next) = part.with(&row, model, tier) {
            part = next;
        }
        part
    }

    const SMALL: Row = Row { bytes: 200, tokens: 40, size: Some(Size::K1) };

    #[test]
    fn a_job_holds_as_many_pictures_as_a_file_of_results_may() {
        assert_eq!(filled(SMALL, PRO, None).requests, 1_811);
        let large = Row { size: Some(Size::K4), ..SMALL };
        assert_eq!(filled(large, PRO, None).requests, 124);
        assert_eq!(filled(Row { size: None, ..SMALL }, PRO, None).requests, 1_811);
    }

    #[test]
    fn a_job_is_half_of_the_tokens_that_may_wait() {
        let wordy = Row { tokens: 20_000, ..SMALL };
        assert_eq!(filled(wordy, PRO, None).requests, 50);
        assert_eq!(filled(wordy, "gemini-nano-banana-2.1", None).requests, 25);
        assert_eq!(filled(wordy, PRO, Some(Tier::Two)).requests, 1_811);
    }

    #[test]
    fn a_file_has_two_gigabytes() {
        let heavy = Row { bytes: 30_000_000, ..SMALL };
        let part = filled(heavy, PRO, None);
        assert_eq!(part.requests, 66);
        assert!(part.bytes <= FILE_MAX);
    }

    #[test]
    fn what_is_too_large_by_itself_is_a_job_of_its_own() {
        let huge = Row { bytes: 3_000_000_000, ..SMALL };
        assert_eq!(filled(huge, PRO, None).requests, 1);
    }

    #[test]
    fn only_few_and_small_ones_go_inside() {
        let of = |count: u64, row: Row| {
            (0..count).fold(Part::default(), |part, _| part.with(&row, PRO, None).unwrap())
        };
        assert!(of(10, SMALL).is_inline());
        assert!(!of(11, SMALL).is_inline());
        assert!(!of(3, Row { size: Some(Size::K4), ..SMALL }).is_inline());
        assert!(!of(2, Row { bytes: 3_000_000, ..SMALL }).is_inline());
    }
}
