//! Replies that the service gives on its own, and faults too.

use crate::wire::error;
use crate::wire::reply::Reply;

const SPEND: &str = "You exceeded your spend-based rate limit. Your spending rate is above what \
                     your billing history and tier allow.";

pub(crate) const PREPAID: &str =
    "Your prepayment credits are depleted. Top up at https://ai.studio/projects .";

pub(crate) const DEADLINE: &str = "Deadline expired before operation could complete.";

/// The 429 of money.
pub(crate) fn spend_reply() -> Reply {
    Reply::json(429, error::plain(429, SPEND))
}

/// The 503 of a front end.
pub(crate) fn unavailable_reply() -> Reply {
    Reply::json(503, error::plain(503, "The service is currently unavailable."))
}

/// The 504 of the service's own deadline.
pub(crate) fn deadline_reply() -> Reply {
    Reply::json(504, error::plain(504, DEADLINE))
}
