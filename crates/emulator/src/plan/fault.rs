//! The plan of each fault.

use serde_json::Value;

use crate::model::generated::Generated;
use crate::plan::action::Action;
use crate::plan::fault_context::FaultContext;
use crate::plan::{fault_errors, fault_limits};
use crate::settings::fault::Fault;
use crate::settings::fault_kind::FaultKind;
use crate::wire::link;
use crate::wire::reply::{HTML, Reply};

/// An action and its time.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) action: Action,
    /// Milliseconds from arrival; `None` for the latency of a picture.
    pub(crate) after: Option<u64>,
}

/// The plan of a fault; [`FaultKind::Ok`] has the action of a good answer.
pub(crate) fn of_fault(fault: &Fault, mut context: FaultContext<'_>) -> Plan {
    let mut action = action(fault, &mut context);
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

fn action(fault: &Fault, context: &mut FaultContext<'_>) -> Action {
    match fault.fault {
        FaultKind::Ok
        | FaultKind::Thoughts
        | FaultKind::TextOnly
        | FaultKind::NoImage
        | FaultKind::ImageSafety
        | FaultKind::Blocked
        | FaultKind::DeadLink
        | FaultKind::HtmlLink
        | FaultKind::Empty => Action::Answer(generated(fault)),
        FaultKind::QuotaDetailed
        | FaultKind::QuotaDay
        | FaultKind::QuotaLimitZero
        | FaultKind::QuotaSeveral
        | FaultKind::QuotaBare
        | FaultKind::QuotaEmpty
        | FaultKind::QuotaGateway
        | FaultKind::QuotaSpend
        | FaultKind::QuotaMonthlyCap
        | FaultKind::QuotaPrepaid
        | FaultKind::PaymentRequired => Action::Reply(fault_limits::reply(fault, context)),
        FaultKind::Overloaded
        | FaultKind::HighDemand
        | FaultKind::UnavailableDeadline
        | FaultKind::OverloadedArray
        | FaultKind::Internal
        | FaultKind::BadGateway
        | FaultKind::Deadline
        | FaultKind::RequestTimeout
        | FaultKind::Cancelled => Action::Reply(fault_errors::of_service(fault.fault)),
        FaultKind::Retired
        | FaultKind::ModelNotFound
        | FaultKind::BadKey
        | FaultKind::NoKey
        | FaultKind::LeakedKey
        | FaultKind::ServiceDisabled
        | FaultKind::Region
        | FaultKind::InvalidArgument
        | FaultKind::TooLarge => {
            Action::Reply(fault_errors::of_request(fault.fault, context.model))
        }
        FaultKind::Html => {
            let page = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>\
                        <body>Welcome to the guest network.</body></html>\n";
            Action::Reply(Reply::typed(200, HTML, page.into()))
        }
        FaultKind::Status => Action::Reply(Reply::json(200, String::new())),
        FaultKind::Reset => Action::Reset,
        FaultKind::Hang => Action::Hang,
        FaultKind::Cut => Action::Cut(fault.fraction.unwrap_or(0.5)),
    }
}

/// The answer of status 200 of a fault; a picture unless the fault says otherwise.
fn generated(fault: &Fault) -> Generated {
    let reason = |usual: &str| fault.reason.clone().unwrap_or_else(|| usual.to_owned());
    match fault.fault {
        FaultKind::Thoughts => Generated::Image { thoughts: true },
        FaultKind::TextOnly => Generated::Text,
        FaultKind::NoImage => Generated::Nothing { reason: reason("NO_IMAGE"), free: false },
        FaultKind::ImageSafety => Generated::Nothing { reason: reason("IMAGE_SAFETY"), free: true },
        FaultKind::Blocked => Generated::Blocked { reason: reason("PROHIBITED_CONTENT") },
        FaultKind::DeadLink => Generated::Linked { to: link::DEAD },
        FaultKind::HtmlLink => Generated::Linked { to: link::PAGE },
        FaultKind::Empty => Generated::NoCandidates,
        _ => Generated::Image { thoughts: false },
    }
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
