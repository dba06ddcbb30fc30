//! Whether a failed attempt may have been billed.

use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;

/// Whether the service may have made, and billed, a picture that did not reach us.
///
/// Error answers are not billed; a connection that broke, and a client that stopped waiting, say
/// nothing about what the service did (aborting does not stop billing).
#[must_use]
pub const fn may_be_billed(info: &ErrorInfo) -> bool {
    info.lost
        || info.status.is_none()
            && !info.unsent
            && matches!(info.kind, Kind::Timeout | Kind::Network | Kind::Cancelled | Kind::Deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_answer_may_have_been_billed() {
        let info = |kind| ErrorInfo::new(kind);
        assert!(may_be_billed(&info(Kind::Network)));
        assert!(may_be_billed(&info(Kind::Timeout)));
        assert!(!may_be_billed(&info(Kind::RateLimited)));
        assert!(!may_be_billed(&ErrorInfo { status: Some(504), ..info(Kind::Timeout) }));
        assert!(!may_be_billed(&ErrorInfo { unsent: true, ..info(Kind::Network) }));
        assert!(may_be_billed(&ErrorInfo { lost: true, status: Some(200), ..info(Kind::NoImage) }));
    }
}
