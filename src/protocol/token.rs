//! When a bearer token is asked for anew.

use crate::base::time::{Millis, WallTime};

/// So long before its end a token is replaced: a request may wait and travel that long.
const MARGIN: Millis = Millis(60_000);
/// How long a token is kept that does not say when it ends. Google's own library replaces its
/// tokens five minutes before their end, so that what it gives lasts at least that long.
const UNSAID: Millis = Millis(240_000);

/// Until when a token that came at `now` is used.
#[must_use]
pub fn fresh_until(now: WallTime, expires: Option<WallTime>) -> WallTime {
    match expires {
        Some(WallTime(end)) => WallTime(end.saturating_sub(MARGIN.0)),
        None => now + UNSAID,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_before_its_end() {
        let now = WallTime(1_000_000);
        assert_eq!(fresh_until(now, Some(WallTime(4_600_000))), WallTime(4_540_000));
        assert_eq!(fresh_until(now, Some(WallTime(10))), WallTime(0), "over already");
        assert_eq!(fresh_until(now, None), WallTime(1_240_000));
    }
}
