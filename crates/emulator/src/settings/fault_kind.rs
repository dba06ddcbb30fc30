//! The faults that a test can ask for, by name.

use serde::{Deserialize, Serialize};

/// A kind of fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Nothing: the request is served, past its limits, with the options of the entry.
    #[default]
    Ok,
    /// 429 with QuotaFailure, Help and RetryInfo.
    #[serde(rename = "429-detailed")]
    QuotaDetailed,
    /// 429 with a sentence and nothing else.
    #[serde(rename = "429-bare")]
    QuotaBare,
    /// 429 without a body.
    #[serde(rename = "429-empty")]
    QuotaEmpty,
    /// 429 of a gateway in front: plain text and a Retry-After header.
    #[serde(rename = "429-gateway")]
    QuotaGateway,
    /// 429 of a spent day with a short delay that misleads; `retryDelay` may say the truth.
    #[serde(rename = "429-day")]
    QuotaDay,
    /// 429 of a model that is not on the tier: `limit: 0`, and a delay that means nothing.
    #[serde(rename = "429-limit-zero")]
    QuotaLimitZero,
    /// 429 of money: so many USD in ten minutes.
    #[serde(rename = "429-spend")]
    QuotaSpend,
    /// 429 of the monthly spending cap.
    #[serde(rename = "429-monthly-cap")]
    QuotaMonthlyCap,
    /// 429 that breaks requests a minute, tokens a minute and requests a day at once.
    #[serde(rename = "429-several")]
    QuotaSeveral,
    /// 429 of an empty prepaid balance, as sent until September 2026.
    #[serde(rename = "429-prepaid")]
    QuotaPrepaid,
    /// 402 of an empty prepaid balance.
    #[serde(rename = "402")]
    PaymentRequired,
    /// 503, the model is overloaded.
    #[serde(rename = "503")]
    Overloaded,
    /// 503, high demand.
    #[serde(rename = "503-high-demand")]
    HighDemand,
    /// 503 whose sentence is a deadline.
    #[serde(rename = "503-deadline")]
    UnavailableDeadline,
    /// 503 in a one-element array.
    #[serde(rename = "503-array")]
    OverloadedArray,
    /// 500 INTERNAL.
    #[serde(rename = "500")]
    Internal,
    /// 502 in HTML, with a wait in words.
    #[serde(rename = "502")]
    BadGateway,
    /// 504 after a long time, 60 s unless `after` says otherwise.
    #[serde(rename = "504")]
    Deadline,
    /// 408 without a body.
    #[serde(rename = "408")]
    RequestTimeout,
    /// 499, the service cancelled.
    #[serde(rename = "499")]
    Cancelled,
    /// The connection is reset.
    Reset,
    /// No answer at all.
    Hang,
    /// A good answer, cut in the middle.
    Cut,
    /// 200 with HTML where JSON should be.
    Html,
    /// 200 with `promptFeedback.blockReason`.
    Blocked,
    /// 200 with finishReason IMAGE_SAFETY.
    ImageSafety,
    /// 200 with finishReason NO_IMAGE.
    NoImage,
    /// 200 with a text in the place of the picture.
    TextOnly,
    /// 200 with an empty list of candidates.
    Empty,
    /// 200 with a link that answers 404, in OpenAI's protocols.
    DeadLink,
    /// 200 with a link that leads to a page, in OpenAI's protocols.
    HtmlLink,
    /// 200 with an interim picture marked as a thought before the real one.
    Thoughts,
    /// 404 of a model that is closed to new users.
    Retired,
    /// 404 of a model that is not known.
    ModelNotFound,
    /// 400 API_KEY_INVALID.
    BadKey,
    /// 403 without a key.
    NoKey,
    /// 403 of a key that was reported as leaked.
    LeakedKey,
    /// 403 SERVICE_DISABLED.
    ServiceDisabled,
    /// 400 FAILED_PRECONDITION of the caller's region.
    Region,
    /// 400 INVALID_ARGUMENT.
    #[serde(rename = "400")]
    InvalidArgument,
    /// 413 in HTML, of a gateway.
    #[serde(rename = "413")]
    TooLarge,
    /// The reply that `status`, `headers` and `body` make up.
    Status,
}

impl FaultKind {
    /// The name in a script.
    #[must_use]
    pub fn name(self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.as_str().unwrap_or_default().to_owned()
    }
}
