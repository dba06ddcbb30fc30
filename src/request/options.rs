//! The options that callers pass, as one table: a key that is not in it is refused.

use crate::base::text;
use crate::base::time::Millis;
use crate::retry::backoff::{Curve, Jitter};
use crate::retry::policy::Policy;

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

/// The shape that an option's value must have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// A whole number from 1.
    Count,
    /// A whole number from 0, as the hand-rolled loop takes it.
    Retries,
    /// Milliseconds: a number from 0.
    Duration,
    /// Milliseconds: a number above 0, `Infinity` for no limit.
    Timeout,
    /// Milliseconds from the call, or a `Date`.
    Deadline,
    /// A text that is not empty.
    Text,
    /// A version of an API.
    Version,
    /// A function.
    Function,
    /// An object.
    Object,
    /// A list that is not empty.
    List,
    /// An `AbortSignal`.
    Signal,
    /// A number from 0.
    Amount,
    /// A number from 1; `Infinity` for no limit.
    Limit,
    /// USD, above 0.
    Money,
    /// A share, above 0 and up to 1, or a list of such.
    Shares,
    /// A tier, `none`, or limits by model.
    Limits,
    /// The behaviour when the day is spent.
    OnDailyLimit,
    /// The behaviour while a store is down.
    OnStoreDown,
    /// A priority in the queue.
    Priority,
    /// A `QuotaStore`.
    Store,
    /// Yes or no.
    Flag,
    /// The one event that a picture may shrink for.
    Timeouts,
    /// Sizes of pictures.
    Sizes,
    /// The language of a server.
    Protocol,
    /// USD per picture.
    Price,
    /// The order in which items are given.
    Order,
    /// How a batch is made.
    Route,
    /// How what a job did not make is made.
    Requeue,
}

impl Shape {
    /// The shape in words, for an error message.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "a whole number from 1",
            Self::Retries => "a whole number, 0 or more",
            Self::Duration => "a number of milliseconds, 0 or more",
            Self::Timeout => "a number of milliseconds above 0, or Infinity for no limit",
            Self::Deadline => "milliseconds from now, or a Date",
            Self::Text => "a text that is not empty",
            Self::Version => "a text that is not empty, and the name of a version, such as v1beta",
            Self::Function => "a function",
            Self::Object => "an object",
            Self::List => "a list that is not empty",
            Self::Signal => "an AbortSignal",
            Self::Amount => "a number, 0 or more",
            Self::Limit => "a number from 1; Infinity for no limit",
            Self::Money => "a number of USD above 0",
            Self::Shares => "a number above 0 and up to 1, or a list of such",
            Self::Limits => {
                "'none', 'free', 'tier1', 'tier2', 'tier3', or an object of limits by model"
            }
            Self::OnDailyLimit => "'fail', 'fallback' or 'wait'",
            Self::OnStoreDown => "'open', 'closed' or 'local'",
            Self::Priority => "'interactive', 'background' or a whole number",
            Self::Flag => "true or false",
            Self::Timeouts => "'timeout'",
            Self::Sizes => "a list of sizes, such as ['2K', '1K']",
            Self::Store => "a QuotaStore: an object with `transact(key, update)`",
            Self::Protocol => "'gemini', 'vertex', 'imagen', 'openai-images' or 'openai-chat'",
            Self::Order => "'finished' or 'input'",
            Self::Route => "'realtime', 'batch' or 'cheapest'",
            Self::Requeue => "'realtime' or 'batch'",
            Self::Price => "USD per picture: a number, or numbers by size as { '1K': 0.05 }",
        }
    }
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// Its name.
    pub name: &'static str,
    /// The places in which it may stand.
    pub scopes: u32,
    /// The shape that its value must have.
    pub shape: Shape,
}

const fn opt(name: &'static str, scopes: u32, shape: Shape) -> Opt {
    Opt { name, scopes, shape }
}

/// Every option there is.
pub const OPTIONS: &[Opt] = &[
    opt("apiKey", CLIENT | TARGET, Shape::Text),
    opt("baseUrl", CLIENT | TARGET | HTTP, Shape::Text),
    opt("apiVersion", CLIENT | TARGET | HTTP, Shape::Version),
    opt("headers", CLIENT | TARGET | HTTP, Shape::Object),
    opt("fetch", CLIENT | HTTP, Shape::Function),
    opt("maxBodyBytes", CLIENT, Shape::Count),
    opt("model", TARGET | RETRY, Shape::Text),
    opt("models", CLIENT | GENERATE | FALLBACK | RUN, Shape::List),
    opt("retry", CLIENT | GENERATE | RUN, Shape::Object),
    opt("on", CLIENT, Shape::Object),
    opt("maxServerDelay", CLIENT | CALLS | POLICY, Shape::Duration),
    opt("maxWaitPerTarget", CLIENT | GENERATE | POLICY, Shape::Duration),
    opt("maxRetries", DROP_IN | BATCH, Shape::Retries),
    opt("maxAttempts", TIMINGS, Shape::Count),
    opt("baseDelay", TIMINGS | DROP_IN | BATCH | CURVE, Shape::Duration),
    opt("maxDelay", TIMINGS | CURVE, Shape::Duration),
    opt("jitter", TIMINGS | CURVE, Shape::Duration),
    opt("rateLimit", TIMINGS, Shape::Object),
    opt("overloaded", TIMINGS, Shape::Object),
    opt("transient", TIMINGS, Shape::Object),
    opt("timeout", CALLS | POLICY | RUN | HTTP, Shape::Timeout),
    opt("extraBody", HTTP, Shape::Object),
    opt("retryOptions", HTTP, Shape::Object),
    opt("baseUrlResourceScope", HTTP, Shape::Text),
    opt("deadline", CALLS | RUN, Shape::Deadline),
    opt("signal", CALLS | RUN, Shape::Signal),
    opt("onRetry", CALLS, Shape::Function),
    opt("log", CLIENT | CALLS, Shape::Function),
    opt("onError", BATCH, Shape::Function),
    opt("shouldRetry", CALLS, Shape::Function),
    opt("shouldRetryResult", RETRY, Shape::Function),
    opt("fallbackOn", CLIENT | GENERATE | FALLBACK, Shape::Function),
    opt("delay", BATCH, Shape::Duration),
    opt("limits", CLIENT, Shape::Limits),
    opt("rpm", LIMITS | TRACKER, Shape::Limit),
    opt("tpm", LIMITS | TRACKER, Shape::Limit),
    opt("ipm", LIMITS | TRACKER, Shape::Limit),
    opt("rpd", LIMITS | TRACKER, Shape::Limit),
    opt("tpd", LIMITS | TRACKER, Shape::Limit),
    opt("spendPer10Min", CLIENT, Shape::Money),
    opt("alertAt", CLIENT | TRACKER, Shape::Shares),
    opt("onAlert", TRACKER, Shape::Function),
    opt("onDailyLimit", CLIENT | QUEUED | RUN, Shape::OnDailyLimit),
    opt("concurrency", CLIENT | RUN, Shape::Count),
    opt("priority", QUEUED | RUN, Shape::Priority),
    opt("maxOutage", CLIENT | GENERATE | RETRY | POLICY, Shape::Duration),
    opt("tokens", RETRY | USE, Shape::Amount),
    opt("images", RETRY | USE, Shape::Amount),
    opt("project", CLIENT | TARGET, Shape::Text),
    opt("location", TARGET, Shape::Text),
    opt("accessToken", TARGET, Shape::Function),
    opt("config", TARGET, Shape::Object),
    opt("protocol", TARGET | ROW, Shape::Protocol),
    opt("name", TARGET | ROW, Shape::Text),
    opt("price", TARGET, Shape::Price),
    opt("store", CLIENT, Shape::Store),
    opt("onStoreDown", CLIENT, Shape::OnStoreDown),
    opt("budget", CLIENT, Shape::Object),
    opt("budget", RUN, Shape::Money),
    opt("journal", RUN, Shape::Text),
    opt("out", RUN, Shape::Text),
    opt("fileName", RUN, Shape::Function),
    opt("order", RUN, Shape::Order),
    opt("route", RUN, Shape::Route),
    opt("requeue", RUN, Shape::Requeue),
    opt("retryFailed", RUN, Shape::Flag),
    opt("total", BUDGET, Shape::Money),
    opt("perDay", BUDGET, Shape::Money),
    opt("maxCost", GENERATE | FALLBACK | RETRY | RUN, Shape::Money),
    opt("degrade", CLIENT | GENERATE | FALLBACK | RUN, Shape::Object),
    opt("on", DEGRADE, Shape::Timeouts),
    opt("to", DEGRADE, Shape::Sizes),
    opt("avoidPeak", CLIENT | GENERATE | RETRY | RUN, Shape::Flag),
    opt("catalog", CLIENT, Shape::List),
    opt("id", ROW, Shape::Text),
    opt("status", ROW, Shape::Text),
    opt("successor", ROW, Shape::Text),
    opt("sizes", ROW, Shape::Object),
    opt("takesSize", ROW, Shape::Flag),
    opt("ratios", ROW, Shape::List),
    opt("references", ROW, Shape::Amount),
    opt("inputPrice", ROW, Shape::Amount),
    opt("textPrice", ROW, Shape::Amount),
    opt("imagePrice", ROW, Shape::Amount),
    opt("batch", ROW, Shape::Flag),
    opt("refuses", ROW, Shape::List),
    opt("tiers", ROW, Shape::List),
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

/// The caller's settings for one curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveOptions {
    /// The delay after the first try.
    pub base_delay: Option<Millis>,
    /// The most that the delay grows to.
    pub max_delay: Option<Millis>,
    /// The most that is drawn at random on top.
    pub jitter: Option<Millis>,
}

impl CurveOptions {
    fn apply(&self, curve: &mut Curve) {
        if let Some(base) = self.base_delay {
            curve.base = base;
            // A base above the cap means what it says.
            curve.cap = curve.cap.max(base);
            if let Jitter::Full(floor) = curve.jitter {
                curve.jitter = Jitter::Full(floor.min(base));
            }
        }
        if let Some(cap) = self.max_delay {
            curve.cap = cap;
        }
        if let Some(most) = self.jitter {
            curve.jitter = Jitter::Above(most);
        }
    }
}

/// The caller's settings for a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RetryOptions {
    /// Failed attempts that end the call, the first included.
    pub max_attempts: Option<u32>,
    /// For every curve.
    pub all: CurveOptions,
    /// For 429.
    pub rate_limit: CurveOptions,
    /// For 503.
    pub overloaded: CurveOptions,
    /// For everything else that passes.
    pub transient: CurveOptions,
    /// How long an attempt may take.
    pub timeout: Option<Millis>,
    /// The longest wait of the server's that is obeyed.
    pub max_server_delay: Option<Millis>,
    /// The longest wait for a target while there is a next one.
    pub max_wait_per_target: Option<Millis>,
    /// The longest outage that is sat out.
    pub max_outage: Option<Millis>,
}

impl RetryOptions {
    /// The policy with what is set here in place of its own.
    #[must_use]
    pub fn apply(&self, mut policy: Policy) -> Policy {
        let curves = &mut policy.curves;
        for (own, curve) in [
            (&self.rate_limit, &mut curves.rate_limit),
            (&self.overloaded, &mut curves.overloaded),
            (&self.transient, &mut curves.transient),
        ] {
            self.all.apply(curve);
            own.apply(curve);
        }
        policy.max_attempts = self.max_attempts.unwrap_or(policy.max_attempts);
        policy.uses_deadline &= self.max_attempts.is_none();
        policy.timeout = self.timeout.or(policy.timeout);
        policy.max_server_delay = self.max_server_delay.unwrap_or(policy.max_server_delay);
        policy.max_outage = self.max_outage.or(policy.max_outage);
        policy.max_wait_per_target = self.max_wait_per_target.unwrap_or(policy.max_wait_per_target);
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::backoff::Curves;

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

    #[test]
    fn what_is_set_replaces_and_what_is_not_stays() {
        let options = RetryOptions {
            max_attempts: Some(3),
            all: CurveOptions { base_delay: Some(Millis(10)), ..CurveOptions::default() },
            overloaded: CurveOptions {
                base_delay: Some(Millis(70_000)),
                jitter: Some(Millis(0)),
                max_delay: None,
            },
            ..RetryOptions::default()
        };
        let policy = options.apply(Policy::RETRY);
        assert_eq!((policy.max_attempts, policy.uses_deadline), (3, false));
        assert_eq!(policy.curves.rate_limit.base, Millis(10));
        assert_eq!(policy.curves.rate_limit.cap, Curves::BY_KIND.rate_limit.cap);
        assert_eq!(policy.curves.transient.jitter, Jitter::Full(Millis(10)));
        assert_eq!(policy.curves.overloaded.base, Millis(70_000));
        assert_eq!(policy.curves.overloaded.jitter, Jitter::Above(Millis(0)));
        assert_eq!(policy.max_server_delay, Policy::RETRY.max_server_delay);
    }
}
