//! The errors of faults that are about no limit.

use crate::plan::replies::{DEADLINE, deadline_reply};
use crate::settings::fault_kind::FaultKind;
use crate::wire::reply::{HTML, Reply};
use crate::wire::{error, sentences};

const OVERLOADED: &str = "The model is overloaded. Please try again later.";
const HIGH_DEMAND: &str = "This model is currently experiencing high demand. Spikes in demand are \
                           usually temporary. Please try again later.";
const INTERNAL: &str = "An internal error has occurred. Please retry or report in \
                        https://developers.generativeai.google/guide/troubleshooting";

/// The reply of a fault of the service; [`FaultKind::Internal`] unless it is another.
pub(crate) fn of_service(kind: FaultKind) -> Reply {
    match kind {
        FaultKind::Overloaded => Reply::error(503, OVERLOADED),
        FaultKind::HighDemand => Reply::error(503, HIGH_DEMAND),
        FaultKind::UnavailableDeadline => Reply::error(503, DEADLINE),
        FaultKind::OverloadedArray => {
            Reply::json(503, error::in_array(&error::plain(503, OVERLOADED)))
        }
        FaultKind::BadGateway => {
            let page = error::html(502, "Server Error", "Please try again in 30 seconds.");
            Reply::typed(502, HTML, page)
        }
        FaultKind::Deadline => deadline_reply(),
        FaultKind::RequestTimeout => Reply::json(408, String::new()),
        FaultKind::Cancelled => Reply::error(499, "The operation was cancelled."),
        _ => Reply::error(500, INTERNAL),
    }
}

/// The reply that blames the request; [`FaultKind::InvalidArgument`] unless it is another.
pub(crate) fn of_request(kind: FaultKind, model: &str) -> Reply {
    match kind {
        FaultKind::Retired => Reply::error(404, &sentences::retired(model)),
        FaultKind::ModelNotFound => {
            Reply::error(404, &sentences::not_found(model, "v1beta", "generateContent"))
        }
        FaultKind::BadKey => {
            Reply::json(400, error::with_reason(400, sentences::BAD_KEY, "API_KEY_INVALID"))
        }
        FaultKind::NoKey => Reply::error(403, sentences::NO_KEY),
        FaultKind::LeakedKey => {
            Reply::error(403, "Your API key was reported as leaked. Please use another API key.")
        }
        FaultKind::ServiceDisabled => {
            let sentence = "Generative Language API has not been used in project 100000000001 \
                            before or it is disabled. Enable it, wait a few minutes and retry.";
            Reply::json(403, error::with_reason(403, sentence, "SERVICE_DISABLED"))
        }
        FaultKind::Region => {
            let sentence = "User location is not supported for the API use.";
            Reply::json(400, error::failed_precondition(sentence))
        }
        FaultKind::TooLarge => {
            let hint = "Your client issued a request that was too large.";
            Reply::typed(413, HTML, error::html(413, "Request Entity Too Large", hint))
        }
        _ => Reply::error(400, "Request contains an invalid argument."),
    }
}
