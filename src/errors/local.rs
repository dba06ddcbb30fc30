//! Errors that are noticed on this side: no service has said them.

use crate::base::slice::decimal;
use crate::base::time::{Millis, WallTime};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::protocol::Protocol;

/// The error of a background call that keeps out of the hours of overload.
#[must_use]
pub fn peak_hours(wait: Millis, until: WallTime) -> ErrorInfo {
    ErrorInfo {
        retry_after: Some(wait),
        retry_at: Some(until),
        summary: "These are hours in which the service is often overloaded.".to_owned(),
        advice: "Wait, or do without `avoidPeak`.".to_owned(),
        ..ErrorInfo::new(Kind::Overloaded)
    }
}

/// The error of an attempt that we gave up on.
#[must_use]
pub fn timed_out() -> ErrorInfo {
    ErrorInfo {
        summary: "The attempt took longer than its timeout.".to_owned(),
        advice: "Raise `timeout`, or ask for a smaller picture or with a simpler prompt."
            .to_owned(),
        ..ErrorInfo::new(Kind::Timeout)
    }
}

/// The error of an answer that is not one of its target's protocol.
#[must_use]
pub fn foreign(protocol: Protocol, status: u16) -> ErrorInfo {
    let service = protocol.service();
    ErrorInfo {
        status: Some(status),
        foreign: true,
        summary: ["The answer is not one of ", service, "."].concat(),
        advice: ["Check `baseUrl`: something answers there, but not as ", service, " does."]
            .concat(),
        ..ErrorInfo::new(Kind::Unknown)
    }
}

/// The name of the error that `send` and its like in JavaScript throw for a redirect that is
/// opaque, as the Fetch standard calls it.
pub const OPAQUE: &str = "OpaqueRedirect";
const UNKNOWN: &str = "where a page cannot know";

/// The error of an answer that leads elsewhere: the server there gets no key and no prompt. It
/// tells the origin of that address alone, for the rest may hold secrets. In a page there is no
/// status.
#[must_use]
pub fn redirected(status: Option<u16>, origin: Option<&str>) -> ErrorInfo {
    let place = if status.is_some() { origin.unwrap_or("another path") } else { UNKNOWN };
    let summary = ["`baseUrl` redirects to ", place, "; nothing was sent there."].concat();
    let advice = "Check `baseUrl`: it must be the address that answers by itself, since no redirect is \
                  followed with a key or a prompt. In a page that holds for downloads too, which are \
                  for a server to read."
        .to_owned();
    ErrorInfo { status, foreign: true, summary, advice, ..ErrorInfo::new(Kind::Unknown) }
}

/// The error of an answer whose picture lies elsewhere and is not there; `status` is that of its
/// link, where the link gave one.
#[must_use]
pub fn broken_link(status: Option<u16>) -> ErrorInfo {
    let mut summary = "The answer's link leads to no picture".to_owned();
    if let Some(status) = status {
        summary.push_str(", but to a ");
        decimal(status.into(), &mut summary);
    }
    summary.push('.');
    let advice = "Ask whoever runs the target: it has made a picture, likely billed it, and does not \
                  hand it over. In a page the link's server must allow it by CORS.";
    lost(Kind::NoImage, summary, advice)
}

/// The error of an answer whose picture lies at an address that an answer must not send us to.
#[must_use]
pub fn private_link() -> ErrorInfo {
    let summary =
        "The answer's link leads to an address of this machine or its network.".to_owned();
    let advice = "It was not asked. Whoever runs the target has likely billed the picture.";
    lost(Kind::NoImage, summary, advice)
}

/// The error of an answer that is larger than the caller allows.
#[must_use]
pub fn too_large() -> ErrorInfo {
    let summary = "The answer is larger than `maxBodyBytes` allows.".to_owned();
    let advice = "Raise `maxBodyBytes`, or ask for fewer or smaller pictures: it is likely billed.";
    lost(Kind::TooLarge, summary, advice)
}

/// The error of an answer that has come, and is likely billed, but whose picture is lost.
#[inline(never)]
fn lost(kind: Kind, summary: String, advice: &str) -> ErrorInfo {
    ErrorInfo {
        // That of the answer: a link's own is another server's.
        status: Some(200),
        lost: true,
        summary,
        advice: advice.to_owned(),
        ..ErrorInfo::new(kind)
    }
}

/// The error of a call whose deadline was over before anything failed.
#[must_use]
pub fn out_of_time() -> ErrorInfo {
    ErrorInfo {
        summary: "The call did not end before its deadline.".to_owned(),
        ..ErrorInfo::new(Kind::Deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::billed::may_be_billed;

    #[test]
    fn a_picture_that_is_not_handed_over_may_be_billed() {
        let info = broken_link(Some(404));
        assert!(may_be_billed(&info));
        assert_eq!(info.summary, "The answer's link leads to no picture, but to a 404.");
        assert_eq!(broken_link(None).summary, "The answer's link leads to no picture.");
        let info = foreign(Protocol::OpenaiChat, 200);
        assert_eq!(info.summary, "The answer is not one of an OpenAI-like chat API.");
    }

    #[test]
    fn where_an_answer_leads_is_told_and_costs_nothing() {
        let info = redirected(Some(308), Some("https://other.example"));
        assert_eq!(
            info.summary,
            "`baseUrl` redirects to https://other.example; nothing was sent there."
        );
        assert!(!may_be_billed(&info) && info.status == Some(308));
        let opaque = redirected(None, None);
        assert_eq!(
            opaque.summary,
            "`baseUrl` redirects to where a page cannot know; nothing was sent there."
        );
        assert!(!may_be_billed(&opaque) && opaque.advice.contains("server"));
        assert!(may_be_billed(&too_large()));
        assert!(may_be_billed(&private_link()));
    }
}
