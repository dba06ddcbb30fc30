//! Bounds that hold for the description of any error.

use unexhausted::base::value::Value;
use unexhausted::errors::classify::classify;
use unexhausted::errors::hint::LONGEST;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Kind, Retry};

use crate::json::NOW;

/// Classifies and asserts the bounds, whatever the error is about.
pub(crate) fn bounded(input: &Value) -> ErrorInfo {
    let info = classify(input, NOW);
    // A certificate that is not trusted is the one lost connection that no other try brings back.
    let is_untrusted = info.kind == Kind::Network && info.retry == Retry::Never;
    assert!(is_untrusted || info.retry == info.kind.retry(), "{:?} {:?}", info.kind, info.retry);
    assert!(info.message.len() <= 1_000, "a message of {} bytes", info.message.len());
    assert!(info.retry_after.is_none_or(|wait| wait <= LONGEST), "{:?}", info.retry_after);
    assert!(info.retry_at.is_none_or(|at| at - NOW <= LONGEST), "{:?}", info.retry_at);
    assert!(info.violations.len() <= 64, "{} violations", info.violations.len());
    for part in info.violations.iter().flat_map(|v| [&v.quota_id, &v.quota_metric, &v.model]) {
        assert!(part.as_ref().is_none_or(|part| part.len() <= 200));
    }
    for sentence in [&info.summary, &info.advice] {
        assert!(sentence.ends_with('.') && sentence.len() <= 1_000, "{sentence}");
    }
    for line in [&info.summary, &info.advice, &info.message] {
        assert!(!line.contains(['\n', '\r']), "{line}");
    }
    assert_eq!(info.summary, classify(input, NOW).summary, "the same input, the same answer");
    info
}
