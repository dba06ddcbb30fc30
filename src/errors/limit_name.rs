//! Unit and window of a limit, by its names and by the words for it.

use crate::errors::kind::Dimension;
use crate::errors::normalize::{Said, says, squeeze};
use crate::errors::violation::Violation;

/// Whether the limit's window is a day.
pub(crate) const fn is_per_day(dimension: Dimension) -> bool {
    matches!(dimension, Dimension::RequestsPerDay | Dimension::TokensPerDay)
}

/// Unit and window by parts of ids and metrics, in squeezed form; the first match counts. Whole ids
/// are of no use: the metric is the same for day and minute, and ids change
/// (ghelleks/email-agent#60).
const UNITS: &[(&str, &str, Dimension)] = &[
    ("enqueued", "", Dimension::EnqueuedTokens),
    ("per day", "token", Dimension::TokensPerDay),
    ("per day", "", Dimension::RequestsPerDay),
    ("per minute", "token", Dimension::TokensPerMinute),
    ("per minute", "images", Dimension::ImagesPerMinute),
    ("per minute", "", Dimension::RequestsPerMinute),
];

/// Whether a name is one of a limit: it says of what window.
pub(crate) fn names_limit(name: &str) -> bool {
    let mut squeezed = String::new();
    squeeze(name, &mut squeezed);
    UNITS.iter().any(|(window, ..)| says(&squeezed, window))
}

/// The dimension of a violation, where its id or metric tells.
pub(crate) fn dimension(violation: &Violation) -> Option<Dimension> {
    let (mut id, mut metric) = (String::new(), String::new());
    squeeze(violation.quota_id.as_deref().unwrap_or(""), &mut id);
    squeeze(violation.quota_metric.as_deref().unwrap_or(""), &mut metric);
    let of = |window: &str, unit: &str| {
        UNITS.iter().find(|(w, u, _)| says(window, w) && says(unit, u)).map(|row| row.2)
    };
    // The id tells the window where it tells anything; the unit may stand in either.
    let both = [id.as_str(), metric.as_str()].concat();
    of(&id, &both).or_else(|| of(&metric, &both))
}

/// Whether a limit counts input tokens without a word on its window, which then is the minute: a
/// day is named (google-gemini/gemini-cli#13112).
pub(crate) fn counts_tokens(violation: &Violation) -> bool {
    let mut metric = String::new();
    squeeze(violation.quota_metric.as_deref().unwrap_or(""), &mut metric);
    violation.quota_id.is_none() && says(&metric, "input token count")
}

/// The words of sentences, for errors that list no violation.
const SENTENCES: &[(&str, Dimension)] = &[
    ("enqueued tokens", Dimension::EnqueuedTokens),
    ("tokens per day", Dimension::TokensPerDay),
    ("requests per day", Dimension::RequestsPerDay),
    ("request limit per day", Dimension::RequestsPerDay),
    ("images per min", Dimension::ImagesPerMinute),
    ("tokens per min", Dimension::TokensPerMinute),
    ("token count per minute", Dimension::TokensPerMinute),
    ("requests per min", Dimension::RequestsPerMinute),
    ("request limit per minute", Dimension::RequestsPerMinute),
    // OpenRouter's `free-models-per-day` (Gitlawb/openclaude#1549).
    ("models per day", Dimension::RequestsPerDay),
    ("daily limit of requests", Dimension::RequestsPerDay),
    ("daily request", Dimension::RequestsPerDay),
    ("每24小时", Dimension::RequestsPerDay),
    ("models per min", Dimension::RequestsPerMinute),
];

/// The dimension that a sentence names, in squeezed form.
pub(crate) fn dimension_in_words(said: &Said<'_>) -> Option<Dimension> {
    SENTENCES.iter().find(|(phrase, _)| said.says(phrase)).map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_of_what_window() {
        assert!(names_limit("GenerateRequestsPerDayPerProjectPerModel-FreeTier"));
        assert!(names_limit("googleapis.com/requests_per_minute_per_model"));
        assert!(!names_limit("AIzaSyPlanted-0123456789abcdefghijklmnop"));
        assert!(!names_limit("ZEBRA-7741-VIOLET"));
    }
}
