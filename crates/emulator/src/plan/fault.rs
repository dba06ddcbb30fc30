//! The plan of each fault.

use serde_json::Value;

use crate::base::delay::Delay;
use crate::base::random::Random;
use crate::model::generated::Generated;
use crate::model::limits::Dimension;
use crate::plan::action::Action;
use crate::plan::replies::{DEADLINE, PREPAID, deadline_reply, spend_reply};
use crate::settings::fault::Fault;
use crate::settings::fault_kind::FaultKind;
use crate::wire::quota_error::QuotaLine;
use crate::wire::reply::Reply;
use crate::wire::{error, link, quota_error, sentences};

/// The action, its time and its consequences.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) action: Action,
    /// Milliseconds from arrival; `None` for the latency of a picture.
    pub(crate) after: Option<u64>,
}

/// What a fault needs to know of its request.
pub(crate) struct FaultContext<'a> {
    pub(crate) model: &'a str,
    /// The configured limit of a dimension.
    pub(crate) limit: &'a dyn Fn(Dimension) -> Option<u64>,
    pub(crate) random: Random,
}

/// A plausible limit where none is configured: tier 1 of the last published table.
fn usual_limit(dimension: Dimension) -> u64 {
    match dimension {
        Dimension::Rpm => 20,
        Dimension::Tpm => 100_000,
        Dimension::Ipm => 10,
        Dimension::Rpd => 250,
    }
}

/// Some seconds with a fraction, to the nanosecond.
pub(crate) fn seeded_delay(random: &mut Random, low: u64, high: u64) -> Delay {
    let ms = random.between(low.saturating_mul(1000), high.saturating_mul(1000));
    let nanos = Delay::from_ms(ms).nanos.saturating_add(random.between(1, 999_999));
    Delay { nanos }
}

fn quota_reply(fault: &Fault, at: &mut FaultContext<'_>) -> Reply {
    let line = |dimension: Dimension| {
        let limit = fault.limit.or_else(|| (at.limit)(dimension));
        let limit = limit.unwrap_or(usual_limit(dimension));
        QuotaLine { dimension, limit, free: limit == 0 }
    };
    let zero = |dimension: Dimension| QuotaLine { dimension, limit: 0, free: true };
    let lines = match fault.fault {
        FaultKind::QuotaDay => vec![line(Dimension::Rpd)],
        FaultKind::QuotaLimitZero => {
            vec![zero(Dimension::Rpm), zero(Dimension::Tpm), zero(Dimension::Rpd)]
        }
        FaultKind::QuotaSeveral => {
            vec![line(Dimension::Rpm), line(Dimension::Tpm), line(Dimension::Rpd)]
        }
        _ => vec![line(fault.dimension.unwrap_or(Dimension::Rpm))],
    };
    let delay = fault.retry_delay.unwrap_or_else(|| seeded_delay(&mut at.random, 5, 55));
    Reply::json(429, quota_error::quota(&lines, at.model, delay))
}

const MONTHLY: &str = "Your project has exceeded its monthly spending cap. Raise the cap in AI \
                       Studio: https://ai.studio/spend";

const OVERLOADED: &str = "The model is overloaded. Please try again later.";

const HIGH_DEMAND: &str = "This model is currently experiencing high demand. Spikes in demand are \
                           usually temporary. Please try again later.";

const INTERNAL: &str = "An internal error has occurred. Please retry or report in \
                        https://developers.generativeai.google/guide/troubleshooting";

const HTML: &str = "text/html; charset=UTF-8";

/// The plan of a fault; [`FaultKind::Ok`] has the action of a good answer.
pub(crate) fn of_fault(fault: &Fault, mut at: FaultContext<'_>) -> Plan {
    let plain = |status: u16, sentence: &str| {
        Action::Reply(Reply::json(status, error::plain(status, sentence)))
    };
    let reason = |usual: &str| fault.reason.clone().unwrap_or_else(|| usual.to_owned());
    let nothing = |usual: &str, free: bool| {
        Action::Answer(Generated::Nothing { reason: reason(usual), free })
    };
    let mut action = match fault.fault {
        FaultKind::Ok => Action::Answer(Generated::Image { thoughts: false }),
        FaultKind::Thoughts => Action::Answer(Generated::Image { thoughts: true }),
        FaultKind::TextOnly => Action::Answer(Generated::Text),
        FaultKind::NoImage => nothing("NO_IMAGE", false),
        FaultKind::ImageSafety => nothing("IMAGE_SAFETY", true),
        FaultKind::Blocked => {
            Action::Answer(Generated::Blocked { reason: reason("PROHIBITED_CONTENT") })
        }
        FaultKind::DeadLink => Action::Answer(Generated::Linked { to: link::DEAD }),
        FaultKind::HtmlLink => Action::Answer(Generated::Linked { to: link::PAGE }),
        FaultKind::Empty => Action::Answer(Generated::NoCandidates),
        FaultKind::QuotaDetailed
        | FaultKind::QuotaDay
        | FaultKind::QuotaLimitZero
        | FaultKind::QuotaSeveral => Action::Reply(quota_reply(fault, &mut at)),
        FaultKind::QuotaBare => plain(429, quota_error::BARE_429),
        FaultKind::QuotaEmpty => Action::Reply(Reply::json(429, String::new())),
        FaultKind::QuotaGateway => {
            let mut reply =
                Reply::typed(429, "text/plain", "Too many requests, slow down.\n".into());
            let seconds = match fault.retry_delay {
                Some(delay) => delay.nanos.div_ceil(1_000_000_000),
                None => at.random.between(5, 30),
            };
            reply.set("retry-after", &seconds.to_string());
            Action::Reply(reply)
        }
        FaultKind::QuotaSpend => Action::Reply(spend_reply()),
        FaultKind::QuotaMonthlyCap => plain(429, MONTHLY),
        FaultKind::QuotaPrepaid => plain(429, PREPAID),
        FaultKind::PaymentRequired => plain(402, PREPAID),
        FaultKind::Overloaded => plain(503, OVERLOADED),
        FaultKind::HighDemand => plain(503, HIGH_DEMAND),
        FaultKind::UnavailableDeadline => plain(503, DEADLINE),
        FaultKind::OverloadedArray => {
            Action::Reply(Reply::json(503, error::in_array(&error::plain(503, OVERLOADED))))
        }
        FaultKind::Internal => plain(500, INTERNAL),
        FaultKind::BadGateway => {
            let page = error::html(502, "Server Error", "Please try again in 30 seconds.");
            Action::Reply(Reply::typed(502, HTML, page))
        }
        FaultKind::Deadline => Action::Reply(deadline_reply()),
        FaultKind::RequestTimeout => Action::Reply(Reply::json(408, String::new())),
        FaultKind::Cancelled => plain(499, "The operation was cancelled."),
        FaultKind::Reset => Action::Reset,
        FaultKind::Hang => Action::Hang,
        FaultKind::Cut => Action::Cut(fault.fraction.unwrap_or(0.5)),
        FaultKind::Html => {
            let page = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>\
                        <body>Welcome to the guest network.</body></html>\n";
            Action::Reply(Reply::typed(200, HTML, page.into()))
        }
        FaultKind::Retired => plain(404, &sentences::retired(at.model)),
        FaultKind::ModelNotFound => {
            plain(404, &sentences::not_found(at.model, "v1beta", "generateContent"))
        }
        FaultKind::BadKey => Action::Reply(Reply::json(
            400,
            error::with_reason(400, sentences::BAD_KEY, "API_KEY_INVALID"),
        )),
        FaultKind::NoKey => plain(403, sentences::NO_KEY),
        FaultKind::LeakedKey => {
            plain(403, "Your API key was reported as leaked. Please use another API key.")
        }
        FaultKind::ServiceDisabled => Action::Reply(Reply::json(
            403,
            error::with_reason(
                403,
                "Generative Language API has not been used in project 100000000001 before or it \
                 is disabled. Enable it, wait a few minutes and retry.",
                "SERVICE_DISABLED",
            ),
        )),
        FaultKind::Region => Action::Reply(Reply::json(
            400,
            error::failed_precondition("User location is not supported for the API use."),
        )),
        FaultKind::InvalidArgument => plain(400, "Request contains an invalid argument."),
        FaultKind::TooLarge => {
            let page = error::html(
                413,
                "Request Entity Too Large",
                "Your client issued a request that was too large.",
            );
            Action::Reply(Reply::typed(413, HTML, page))
        }
        FaultKind::Status => Action::Reply(Reply::json(200, String::new())),
    };
    if let Action::Reply(reply) = &mut action {
        amend(reply, fault);
    }
    let after = match (&action, fault.fault) {
        (_, FaultKind::Deadline) => Some(fault.after.unwrap_or(60_000)),
        (Action::Answer(_) | Action::Cut(_), _) => fault.after,
        _ => Some(fault.after.unwrap_or(0)),
    };
    Plan { action, after }
}

/// Puts the entry's own status, headers and body in.
fn amend(reply: &mut Reply, fault: &Fault) {
    if let Some(status) = fault.status {
        reply.status = status;
    }
    match &fault.body {
        Some(Value::String(text)) => reply.body.clone_from(text),
        Some(json) => reply.body = format!("{json:#}\n"),
        None => {}
    }
    if let Some(seconds) = &fault.retry_after {
        reply.set("retry-after", seconds);
    }
    for (name, value) in &fault.headers {
        reply.set(name, value);
    }
}
