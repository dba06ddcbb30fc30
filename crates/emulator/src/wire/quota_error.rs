//! The 429 of a limit, with everything that the service says about it.

use crate::base::delay::Delay;
use crate::model::limits::Dimension;
use crate::wire::error::{render, status_name};
use crate::wire::error_detail::{ErrorDetail, HelpLink, QuotaDimensions, QuotaViolation};

const DOCS: &str = "https://ai.google.dev/gemini-api/docs/rate-limits";
const METRIC: &str = "generativelanguage.googleapis.com/";

/// The sentence of the shared, unnamed limit.
pub(crate) const BARE_429: &str = "Resource has been exhausted (e.g. check quota).";

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

/// A duration as Go prints it, which is what the sentence has: `900.2ms`, `34.28s`,
/// `2h35m3.27s`.
fn go_duration(nanos: u64) -> String {
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
