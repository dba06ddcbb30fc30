//! The options that callers pass, as one table: a key that is not in it is refused.

use crate::base::text;
use crate::errors::kind::Dimension;
use crate::request::key::Key;
use crate::request::shape::Shape;

/// The places in which an option may stand; scopes are bits, so that one row serves several.
pub mod scope {
    /// `createClient` and `configure`.
    pub const CLIENT: u32 = 1;
    /// `client.generate`.
    pub const GENERATE: u32 = 2;
    /// `retry` and `client.retry`.
    pub const RETRY: u32 = 4;
    /// `generateWithRetry`.
    pub const DROP_IN: u32 = 8;
    /// `batchGenerate`.
    pub const BATCH: u32 = 16;
    /// `generateWithFallback`.
    pub const FALLBACK: u32 = 32;
    /// The object under `retry`.
    pub const POLICY: u32 = 64;
    /// The object under `retry.rateLimit`, `retry.overloaded` and `retry.transient`.
    pub const CURVE: u32 = 128;
    /// A target in `models`.
    pub const TARGET: u32 = 256;
    /// The limits of a model.
    pub const LIMITS: u32 = 512;
    /// `QuotaTracker`.
    pub const TRACKER: u32 = 1024;
    /// The use of one request, for a `QuotaTracker`.
    pub const USE: u32 = 2048;
    /// A row of `catalog`.
    pub const ROW: u32 = 1 << 15;
    /// `client.batch`.
    pub const RUN: u32 = 1 << 14;
    /// The object under `budget`.
    pub const BUDGET: u32 = 1 << 12;
    /// The object under `degrade`.
    pub const DEGRADE: u32 = 1 << 13;
    /// `config.httpOptions` of a request.
    pub const HTTP: u32 = 1 << 16;
}

use scope::{
    BATCH, BUDGET, CLIENT, CURVE, DEGRADE, DROP_IN, FALLBACK, GENERATE, HTTP, LIMITS, POLICY,
    RETRY, ROW, RUN, TARGET, TRACKER, USE,
};

const CALLS: u32 = GENERATE | RETRY | DROP_IN | BATCH | FALLBACK;
/// Calls that go through the queue one by one.
const QUEUED: u32 = GENERATE | RETRY | DROP_IN | FALLBACK;
const TIMINGS: u32 = POLICY | RETRY;
/// The places in which the words of the hand-rolled loop hold.
const LOOP: u32 = DROP_IN | BATCH;
const ANY: u32 = u32::MAX;

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// Its name.
    pub name: &'static str,
    /// The places in which it may stand.
    pub scopes: u32,
    /// The shape that its value must have.
    pub shape: Shape,
    /// Its reader.
    pub key: Key,
}

const fn opt(name: &'static str, scopes: u32, shape: Shape, key: Key) -> Opt {
    Opt { name, scopes, shape, key }
}

/// Every option there is.
pub const OPTIONS: &[Opt] = &[
    opt("apiKey", CLIENT | TARGET, Shape::Text, Key::ApiKey),
    opt("baseUrl", CLIENT | TARGET | HTTP, Shape::Text, Key::BaseUrl),
    opt("apiVersion", CLIENT | TARGET | HTTP, Shape::Version, Key::ApiVersion),
    opt("headers", CLIENT | TARGET | HTTP, Shape::Object, Key::Headers),
    opt("fetch", CLIENT | HTTP, Shape::Function, Key::Fetch),
    opt("maxBodyBytes", CLIENT, Shape::Count, Key::Elsewhere),
    opt("model", TARGET | RETRY, Shape::Text, Key::Model),
    opt("models", CLIENT | GENERATE | FALLBACK | RUN, Shape::List, Key::Models),
    opt("retry", CLIENT | GENERATE | RUN, Shape::Object, Key::Retry),
    opt("on", CLIENT, Shape::Object, Key::On),
    opt("maxServerDelay", CLIENT | CALLS | POLICY, Shape::Duration, Key::MaxServerDelay),
    opt("maxWaitPerTarget", CLIENT | GENERATE | POLICY, Shape::Duration, Key::MaxWaitPerTarget),
    opt("maxRetries", DROP_IN | BATCH, Shape::Retries, Key::MaxRetries),
    opt("maxAttempts", TIMINGS, Shape::Count, Key::MaxAttempts),
    opt("baseDelay", TIMINGS | DROP_IN | BATCH | CURVE, Shape::Duration, Key::BaseDelay),
    opt("maxDelay", TIMINGS | CURVE, Shape::Duration, Key::MaxDelay),
    opt("jitter", TIMINGS | CURVE, Shape::Duration, Key::Jitter),
    opt("rateLimit", TIMINGS, Shape::Object, Key::RateLimit),
    opt("overloaded", TIMINGS, Shape::Object, Key::Overloaded),
    opt("transient", TIMINGS, Shape::Object, Key::Transient),
    opt("timeout", CALLS | POLICY | RUN | HTTP, Shape::Timeout, Key::Timeout),
    opt("extraBody", HTTP, Shape::Object, Key::Elsewhere),
    opt("retryOptions", HTTP, Shape::Object, Key::Elsewhere),
    opt("baseUrlResourceScope", HTTP, Shape::Text, Key::Elsewhere),
    opt("deadline", CALLS | RUN, Shape::Deadline, Key::Deadline),
    opt("signal", CALLS | RUN, Shape::Signal, Key::Elsewhere),
    opt("onRetry", CALLS, Shape::Function, Key::OnRetry),
    opt("log", CLIENT | CALLS, Shape::Function, Key::Elsewhere),
    opt("onError", BATCH, Shape::Function, Key::Elsewhere),
    opt("shouldRetry", CALLS, Shape::Function, Key::ShouldRetry),
    opt("shouldRetryResult", RETRY, Shape::Function, Key::Elsewhere),
    opt("fallbackOn", CLIENT | GENERATE | FALLBACK, Shape::Function, Key::FallbackOn),
    opt("delay", BATCH, Shape::Duration, Key::Delay),
    opt("limits", CLIENT, Shape::Limits, Key::Limits),
    opt("rpm", LIMITS | TRACKER, Shape::Limit, Key::Limit(Dimension::RequestsPerMinute)),
    opt("tpm", LIMITS | TRACKER, Shape::Limit, Key::Limit(Dimension::TokensPerMinute)),
    opt("ipm", LIMITS | TRACKER, Shape::Limit, Key::Limit(Dimension::ImagesPerMinute)),
    opt("rpd", LIMITS | TRACKER, Shape::Limit, Key::Limit(Dimension::RequestsPerDay)),
    opt("tpd", LIMITS | TRACKER, Shape::Limit, Key::Limit(Dimension::TokensPerDay)),
    opt("spendPer10Min", CLIENT, Shape::Money, Key::SpendPer10Min),
    opt("alertAt", CLIENT | TRACKER, Shape::Shares, Key::AlertAt),
    opt("onAlert", TRACKER, Shape::Function, Key::OnAlert),
    opt("onDailyLimit", CLIENT | QUEUED | RUN, Shape::OnDailyLimit, Key::OnDailyLimit),
    opt("concurrency", CLIENT | RUN, Shape::Count, Key::Concurrency),
    opt("priority", QUEUED | RUN, Shape::Priority, Key::Priority),
    opt("maxOutage", CLIENT | GENERATE | RETRY | POLICY, Shape::Duration, Key::MaxOutage),
    opt("tokens", RETRY | USE, Shape::Amount, Key::Tokens),
    opt("images", RETRY | USE, Shape::Amount, Key::Images),
    opt("project", CLIENT | TARGET, Shape::Text, Key::Project),
    opt("location", TARGET, Shape::Text, Key::Location),
    opt("accessToken", TARGET, Shape::Function, Key::AccessToken),
    opt("config", TARGET, Shape::Object, Key::Config),
    opt("protocol", TARGET | ROW, Shape::Protocol, Key::Protocol),
    opt("name", TARGET | ROW, Shape::Text, Key::Name),
    opt("price", TARGET, Shape::Price, Key::Price),
    opt("store", CLIENT, Shape::Store, Key::Store),
    opt("onStoreDown", CLIENT, Shape::OnStoreDown, Key::OnStoreDown),
    opt("budget", CLIENT, Shape::Object, Key::Budget),
    opt("budget", RUN, Shape::Money, Key::Elsewhere),
    opt("journal", RUN, Shape::Text, Key::Elsewhere),
    opt("out", RUN, Shape::Text, Key::Elsewhere),
    opt("fileName", RUN, Shape::Function, Key::Elsewhere),
    opt("order", RUN, Shape::Order, Key::Elsewhere),
    opt("route", RUN, Shape::Route, Key::Elsewhere),
    opt("requeue", RUN, Shape::Requeue, Key::Elsewhere),
    opt("retryFailed", RUN, Shape::Flag, Key::Elsewhere),
    opt("total", BUDGET, Shape::Money, Key::Money(Dimension::Budget)),
    opt("perDay", BUDGET, Shape::Money, Key::Money(Dimension::BudgetPerDay)),
    opt("maxCost", GENERATE | FALLBACK | RETRY | RUN, Shape::Money, Key::MaxCost),
    opt("degrade", CLIENT | GENERATE | FALLBACK, Shape::Object, Key::Degrade),
    opt("degrade", RUN, Shape::Object, Key::BatchDegrade),
    opt("on", DEGRADE, Shape::Timeouts, Key::Elsewhere),
    opt("to", DEGRADE, Shape::Sizes, Key::To),
    opt("avoidPeak", CLIENT | GENERATE | RETRY | RUN, Shape::Flag, Key::AvoidPeak),
    opt("catalog", CLIENT, Shape::List, Key::Catalog),
    opt("id", ROW, Shape::Text, Key::Elsewhere),
    opt("status", ROW, Shape::Text, Key::Elsewhere),
    opt("successor", ROW, Shape::Text, Key::Elsewhere),
    opt("sizes", ROW, Shape::Object, Key::Elsewhere),
    opt("takesSize", ROW, Shape::Flag, Key::Elsewhere),
    opt("ratios", ROW, Shape::List, Key::Elsewhere),
    opt("references", ROW, Shape::Amount, Key::Elsewhere),
    opt("inputPrice", ROW, Shape::Amount, Key::Elsewhere),
    opt("textPrice", ROW, Shape::Amount, Key::Elsewhere),
    opt("imagePrice", ROW, Shape::Amount, Key::Elsewhere),
    opt("batch", ROW, Shape::Flag, Key::Elsewhere),
    opt("refuses", ROW, Shape::List, Key::Elsewhere),
    opt("tiers", ROW, Shape::List, Key::Elsewhere),
];

/// The events of a client.
pub const EVENTS: &[&str] = &[
    "attempt",
    "retry",
    "waiting",
    "fallback",
    "success",
    "failure",
    "limitLearned",
    "quotaAlert",
    "budgetAlert",
    "quotaExhausted",
    "circuitOpened",
    "circuitClosed",
    "modelRetired",
    "storeDown",
];

/// Names of other libraries, and how to say the same here.
const ELSEWHERE: &[(u32, &str, &str)] = &[
    // p-retry, async-retry
    (LOOP, "retries", "`maxRetries`, which counts the first request too: `retries` + 1"),
    (ANY, "retries", "`maxAttempts`, which counts the first attempt too: `retries` + 1"),
    (ANY, "minTimeout", "`baseDelay`, in milliseconds as well"),
    (TIMINGS | CURVE, "maxTimeout", "`maxDelay`, in milliseconds as well"),
    // @google/genai
    (LOOP, "attempts", "`maxRetries`, which counts the first request too, as `attempts` does"),
    (ANY, "attempts", "`maxAttempts`, which counts the first attempt too, as `attempts` does"),
    (ANY, "initialDelay", "`baseDelay`, in milliseconds: `initialDelay` in seconds × 1000"),
    // the AI SDK
    (ANY, "abortSignal", "`signal`"),
    (ANY, "maxRetries", "`maxAttempts`, which counts the first attempt too: `maxRetries` + 1"),
    // our own, in the wrong place
    (LOOP, "maxAttempts", "`maxRetries`"),
    // axios
    (ANY, "baseURL", "`baseUrl`"),
];

/// The option of this name in this scope, or a message that names the fix.
///
/// # Errors
/// The message says what is known in the scope, and how the option is called here where it is one
/// of another library's.
pub fn find(scope: u32, name: &str) -> Result<&'static Opt, String> {
    let here = |opt: &&Opt| opt.scopes & scope != 0;
    if let Some(found) = OPTIONS.iter().filter(here).find(|opt| opt.name == name) {
        return Ok(found);
    }
    let mut message = ["unknown option `", name, "`"].concat();
    let translates = |row: &&(u32, &str, &str)| row.0 & scope != 0 && row.1 == name;
    if let Some((_, _, ours)) = ELSEWHERE.iter().find(translates) {
        message.push_str(": here it is ");
        message.push_str(ours);
    }
    message.push_str("; the known options are ");
    message.push_str(&text::join(OPTIONS.iter().filter(here).map(|opt| opt.name), ", "));
    Err(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, opt) in OPTIONS.iter().enumerate() {
            let is_same = |other: &Opt| other.name == opt.name && other.scopes & opt.scopes != 0;
            assert_eq!(OPTIONS.iter().position(is_same), Some(index));
        }
    }

    #[test]
    fn an_unknown_option_is_refused_with_the_known_ones() {
        let message = find(DROP_IN, "maxAttempt").unwrap_err();
        assert!(message.starts_with("unknown option `maxAttempt`; the known options are "));
        assert!(message.contains("maxRetries, baseDelay") && !message.contains("maxAttempts"));
    }

    #[test]
    fn options_of_other_libraries_are_translated() {
        assert!(find(RETRY, "retries").unwrap_err().contains("`retries` + 1"));
        assert!(find(GENERATE, "abortSignal").unwrap_err().contains("here it is `signal`"));
        assert!(find(RETRY, "maxRetries").unwrap_err().contains("`maxRetries` + 1"));
        assert!(find(DROP_IN, "maxRetries").is_ok());
    }
}
