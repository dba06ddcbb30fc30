//! Error bodies as the service really sends them.
//!
//! Shapes and sentences follow public reports of 2025 and 2026; the order of the keys and the
//! indentation are those of the wire. Two facts that catch clients out are kept: RetryInfo is
//! the sentence's delay with the fraction cut off, and a limit of 0 is left out of `quotaValue`.

use serde::Serialize;
use serde_json::Value;

use crate::fault::Delay;
use crate::quota::Dimension;

const DOCS: &str = "https://ai.google.dev/gemini-api/docs/rate-limits";
const METRIC: &str = "generativelanguage.googleapis.com/";

/// The sentence of the shared, unnamed limit.
pub(crate) const BARE_429: &str = "Resource has been exhausted (e.g. check quota).";

#[derive(Serialize)]
struct Envelope<'a> {
    error: Status<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    message: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [ErrorDetail],
}

#[derive(Serialize)]
#[serde(tag = "@type")]
enum ErrorDetail {
    #[serde(rename = "type.googleapis.com/google.rpc.QuotaFailure")]
    QuotaFailure { violations: Vec<QuotaViolation> },
    #[serde(rename = "type.googleapis.com/google.rpc.Help")]
    Help { links: Vec<HelpLink> },
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo")]
    RetryInfo {
        #[serde(rename = "retryDelay")]
        retry_delay: String,
    },
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo { reason: &'static str, domain: &'static str, metadata: Value },
    #[serde(rename = "type.googleapis.com/google.rpc.BadRequest")]
    BadRequest {
        #[serde(rename = "fieldViolations")]
        field_violations: Vec<FieldViolation>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QuotaViolation {
    quota_metric: String,
    quota_id: &'static str,
    quota_dimensions: QuotaDimensions,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_value: Option<String>,
}

#[derive(Serialize)]
struct QuotaDimensions {
    location: &'static str,
    model: String,
}

#[derive(Serialize)]
struct HelpLink {
    description: &'static str,
    url: &'static str,
}

/// A field that a 400 complains about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldViolation {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) field: String,
    pub(crate) description: String,
}

/// The canonical name of an HTTP status.
pub(crate) fn status_name(code: u16) -> &'static str {
    match code {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        402 | 429 => "RESOURCE_EXHAUSTED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}

fn render(code: u16, status: &str, message: &str, details: &[ErrorDetail]) -> String {
    let envelope = Envelope { error: Status { code, message, status, details } };
    let mut text = serde_json::to_string_pretty(&envelope).unwrap_or_default();
    text.push('\n');
    text
}

/// An error without details.
pub(crate) fn plain(code: u16, message: &str) -> String {
    render(code, status_name(code), message, &[])
}

/// A 400 that means something else than a bad argument.
pub(crate) fn failed_precondition(message: &str) -> String {
    render(400, "FAILED_PRECONDITION", message, &[])
}

/// A 409 of a name that is taken.
pub(crate) fn already_exists(message: &str) -> String {
    render(409, "ALREADY_EXISTS", message, &[])
}

/// An error in a one-element array, as streams and the OpenAI-compatible path send it.
pub(crate) fn in_array(body: &str) -> String {
    format!("[{}]\n", body.trim_end())
}

/// A 400 that names fields; the message has one line for each.
pub(crate) fn bad_request(fields: Vec<FieldViolation>) -> String {
    let lines: Vec<&str> = fields.iter().map(|field| field.description.as_str()).collect();
    let message = lines.join("\n");
    render(400, status_name(400), &message, &[ErrorDetail::BadRequest { field_violations: fields }])
}

/// An error with a reason that machines read.
pub(crate) fn with_reason(code: u16, message: &str, reason: &'static str) -> String {
    let service = "generativelanguage.googleapis.com";
    let mut metadata = serde_json::json!({ "service": service });
    if let (403, Some(fields)) = (code, metadata.as_object_mut()) {
        fields.insert("consumer".into(), "projects/100000000001".into());
    }
    let info = ErrorDetail::ErrorInfo { reason, domain: "googleapis.com", metadata };
    render(code, status_name(code), message, &[info])
}

/// One line of a 429.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuotaLine {
    pub(crate) dimension: Dimension,
    pub(crate) limit: u64,
    /// Free-tier ids; a limit of 0 always has them.
    pub(crate) free: bool,
}

fn metric(line: QuotaLine) -> String {
    let name = match (line.dimension, line.free) {
        (Dimension::Tpm, true) => "generate_content_free_tier_input_token_count",
        (_, true) => "generate_content_free_tier_requests",
        (Dimension::Rpm, _) => "generate_requests_per_model",
        (Dimension::Rpd, _) => "generate_requests_per_model_per_day",
        (Dimension::Tpm, _) => "generate_content_paid_tier_input_token_count",
        (Dimension::Ipm, _) => "generated_images_paid_tier_1_per_model",
    };
    format!("{METRIC}{name}")
}

fn quota_id(line: QuotaLine) -> &'static str {
    match (line.dimension, line.free) {
        (Dimension::Rpm, false) => "GenerateRequestsPerMinutePerProjectPerModel",
        (Dimension::Rpm, true) => "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        (Dimension::Rpd, false) => "GenerateRequestsPerDayPerProjectPerModel",
        (Dimension::Rpd, true) => "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        (Dimension::Tpm, false) => "GenerateContentPaidTierInputTokensPerModelPerMinute",
        (Dimension::Tpm, true) => "GenerateContentInputTokensPerModelPerMinute-FreeTier",
        (Dimension::Ipm, false) => "GenerateContentPaidTierImagesPerMinutePerProjectPerModel",
        (Dimension::Ipm, true) => "GenerateImagesPerMinutePerProjectPerModel-FreeTier",
    }
}

/// A 429 with everything that the service says about a limit.
pub(crate) fn quota(lines: &[QuotaLine], model: &str, delay: Delay) -> String {
    let mut message = format!(
        "You exceeded your current quota, please check your plan and billing details. For more \
         information on this error, head to: {DOCS}.\n"
    );
    for line in lines {
        let (metric, limit) = (metric(*line), line.limit);
        message.push_str(&format!(
            "* Quota exceeded for metric: {metric}, limit: {limit}, model: {model}\n"
        ));
    }
    message.push_str(&format!("Please retry in {}.", go_duration(delay.nanos)));
    let violations = lines
        .iter()
        .map(|line| QuotaViolation {
            quota_metric: metric(*line),
            quota_id: quota_id(*line),
            quota_dimensions: QuotaDimensions { location: "global", model: model.to_owned() },
            quota_value: (line.limit > 0).then(|| line.limit.to_string()),
        })
        .collect();
    let details = [
        ErrorDetail::QuotaFailure { violations },
        ErrorDetail::Help {
            links: vec![HelpLink { description: "Learn more about Gemini API quotas", url: DOCS }],
        },
        ErrorDetail::RetryInfo { retry_delay: format!("{}s", delay.nanos / 1_000_000_000) },
    ];
    render(429, status_name(429), &message, &details)
}

/// The HTML of the front end.
pub(crate) fn html(code: u16, title: &str, hint: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {code} \
         ({title})!!1</title>\n  <p><b>{code}.</b> <ins>That's an error.</ins>\n  \
         <p>{hint}</html>\n"
    )
}

/// A duration as Go prints it, which is what the sentence has: `900.2ms`, `34.28s`,
/// `2h35m3.27s`.
pub(crate) fn go_duration(nanos: u64) -> String {
    let decimals = |whole: u64, rest: u64, width: usize| {
        let fraction = format!("{rest:0width$}");
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") }
    };
    if nanos == 0 {
        return "0s".into();
    }
    if nanos < 1_000_000_000 {
        return format!("{}ms", decimals(nanos / 1_000_000, nanos % 1_000_000, 6));
    }
    let seconds = nanos / 1_000_000_000;
    let tail = decimals(seconds % 60, nanos % 1_000_000_000, 9);
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{tail}s"),
        (0, minutes) => format!("{minutes}m{tail}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{tail}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::go_duration;

    #[test]
    fn durations_as_go_prints_them() {
        assert_eq!(go_duration(900_200_000), "900.2ms");
        assert_eq!(go_duration(34_280_000_000), "34.28s");
        assert_eq!(go_duration(31_772_104_956), "31.772104956s");
        assert_eq!(go_duration(66_894_480_000_000), "18h34m54.48s");
        assert_eq!(go_duration(90_000_000_000), "1m30s");
        assert_eq!(go_duration(3_600_000_000_000), "1h0m0s");
        assert_eq!(go_duration(0), "0s");
    }
}
