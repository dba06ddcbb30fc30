//! The reason why a call ended without an answer, and the message that its caller gets.

use crate::base::slice::decimal;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;

/// Canonical status names by HTTP status (googleapis `google/rpc/code.proto`).
const STATUS_NAMES: &[(u16, &str)] = &[
    (400, "INVALID_ARGUMENT"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (409, "ABORTED"),
    (429, "RESOURCE_EXHAUSTED"),
    (499, "CANCELLED"),
    (500, "INTERNAL"),
    (501, "UNIMPLEMENTED"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
];

/// Why a call ended without an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// The error is one that trying again cannot cure.
    Final,
    /// Every attempt was used.
    AttemptsUsed,
    /// The server asks for a longer wait than the caller allows.
    ServerDelay,
    /// The deadline is over, or the next wait does not fit it.
    Deadline,
    /// The target's retry budget is empty.
    RetryBudget,
    /// No request could be sent: a quota, or a target that refuses every request, is in the way.
    Blocked,
    /// The target's outage is longer than the call waits for.
    Outage,
    /// It would cost more than the budget or the call allows.
    OverBudget,
    /// The client was closed while an attempt was in flight, and may not try again.
    Closed,
}

/// The kind that the caller sees: an ending that this client decided has a kind of its own,
/// whatever error came before it.
#[must_use]
pub const fn kind(why: Why, info: &ErrorInfo) -> Kind {
    match why {
        Why::Deadline => Kind::Deadline,
        Why::Closed => Kind::Closed,
        _ => info.kind,
    }
}

/// The message of the error: `429 RESOURCE_EXHAUSTED: what the service said (gave up after 5
/// attempts). What to do.`
#[must_use]
pub fn message(why: Why, info: &ErrorInfo, attempts: u32) -> String {
    let mut message = String::new();
    // A 200 without a picture is no error of HTTP.
    if let Some(status) = info.status.filter(|status| *status != 200) {
        decimal(status.into(), &mut message);
        if let Some((_, name)) = STATUS_NAMES.iter().find(|(row, _)| *row == status) {
            message.push(' ');
            message.push_str(name);
        }
        message.push_str(": ");
    }
    let said = [info.message.as_str(), info.summary.as_str(), info.kind.as_str()];
    let said = said.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    message.push_str(said.trim_end_matches('.'));
    message.push_str(" (");
    if matches!(why, Why::Blocked | Why::OverBudget) && attempts == 0 {
        message.push_str("no request was sent).");
    } else {
        message.push_str(reason(why));
        message.push_str(" after ");
        decimal(attempts.into(), &mut message);
        message.push_str(if attempts == 1 { " attempt)." } else { " attempts)." });
    }
    let advice = advice(why, info);
    if !advice.is_empty() {
        message.push(' ');
        message.push_str(&advice);
    }
    message
}

/// The advice to the caller: on the ending, if this client decided it, then on the error behind it.
#[must_use]
pub fn advice(why: Why, info: &ErrorInfo) -> String {
    let ours = match why {
        Why::Deadline => "Allow a longer `deadline`, or try again later.",
        Why::ServerDelay => "The service asks for a longer wait than `maxServerDelay` allows.",
        Why::RetryBudget => {
            "Too many calls of this client are failing to retry each of them; slow down and try again."
        }
        Why::Outage => "The service has been down for longer than the call may wait.",
        Why::Closed => "Make a new client with createClient().",
        Why::Final | Why::AttemptsUsed | Why::Blocked | Why::OverBudget => "",
    };
    match (ours.is_empty(), info.advice.is_empty()) {
        (true, _) => info.advice.clone(),
        (_, true) => ours.to_owned(),
        _ => [ours, " ", &info.advice].concat(),
    }
}

const fn reason(why: Why) -> &'static str {
    match why {
        Why::Final => "not retried",
        Why::AttemptsUsed => "gave up",
        Why::ServerDelay => "not waited for",
        Why::Deadline => "out of time",
        Why::RetryBudget => "retry budget empty",
        Why::Blocked => "not sent",
        Why::Outage => "outage too long",
        Why::OverBudget => "too expensive",
        Why::Closed => "the client was closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_the_service_said_and_what_to_do() {
        let info = ErrorInfo {
            status: Some(429),
            message: "You exceeded your current quota.".to_owned(),
            advice: "Wait a minute.".to_owned(),
            ..ErrorInfo::new(Kind::RateLimited)
        };
        assert_eq!(
            message(Why::AttemptsUsed, &info, 5),
            "429 RESOURCE_EXHAUSTED: You exceeded your current quota (gave up after 5 attempts). Wait a minute."
        );
        assert_eq!(kind(Why::AttemptsUsed, &info), Kind::RateLimited);
    }

    #[test]
    fn an_end_of_ours_is_named_before_the_error_behind_it() {
        let info = ErrorInfo { advice: "Wait.".to_owned(), ..ErrorInfo::new(Kind::Overloaded) };
        assert_eq!(kind(Why::Deadline, &info), Kind::Deadline);
        assert_eq!(
            message(Why::Deadline, &info, 1),
            "overloaded (out of time after 1 attempt). Allow a longer `deadline`, or try again later. Wait."
        );
    }
}
