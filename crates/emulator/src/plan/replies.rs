//! Replies that the service gives on its own, and faults too.

use crate::parse::parsed::Intent;
use crate::wire::refusal::Refusal;
use crate::wire::reply::{HTML, Reply};

const SPEND: &str = "You exceeded your spend-based rate limit. Your spending rate is above what \
                     your billing history and tier allow.";

pub(crate) const PREPAID: &str =
    "Your prepayment credits are depleted. Top up at https://ai.studio/projects .";

pub(crate) const DEADLINE: &str = "Deadline expired before operation could complete.";

/// The 429 of money.
pub(crate) fn spend_reply() -> Reply {
    Reply::error(429, SPEND)
}

/// The 503 of a front end.
pub(crate) fn unavailable_reply() -> Reply {
    Reply::error(503, "The service is currently unavailable.")
}

/// The 504 of the service's own deadline.
pub(crate) fn deadline_reply() -> Reply {
    Reply::error(504, DEADLINE)
}

/// The answer to a request that is wrong or needs no work.
pub(crate) fn immediate_reply(intent: &Intent) -> Reply {
    match intent {
        Intent::Preflight { allowed } => {
            Reply::typed(if *allowed { 200 } else { 403 }, "text/html", String::new())
        }
        Intent::Refused(Refusal { status, body }) if body.starts_with('<') => {
            Reply::typed(*status, HTML, body.clone())
        }
        Intent::Refused(Refusal { status, body }) => Reply::json(*status, body.clone()),
        Intent::Ready { body } => Reply::json(200, body.clone()),
        // The picture is drawn when it is sent.
        Intent::Fetch(_) => Reply::typed(200, "image/png", String::new()),
        // Never asked: these take work.
        Intent::Generate(_) | Intent::Call(_) => Reply::json(500, String::new()),
    }
}
