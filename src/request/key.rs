//! The options by what reads them.

use crate::errors::kind::Dimension;

/// An option that the core reads; one name may be two of them, in two places.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "each is the option of its name")]
pub enum Key {
    ApiKey,
    BaseUrl,
    ApiVersion,
    Headers,
    Fetch,
    Model,
    Models,
    Retry,
    On,
    MaxServerDelay,
    MaxWaitPerTarget,
    MaxRetries,
    MaxAttempts,
    BaseDelay,
    MaxDelay,
    Jitter,
    RateLimit,
    Overloaded,
    Transient,
    Timeout,
    Deadline,
    OnRetry,
    ShouldRetry,
    FallbackOn,
    Delay,
    Limits,
    /// A limit of a model or tracker.
    Limit(Dimension),
    SpendPer10Min,
    AlertAt,
    OnAlert,
    OnDailyLimit,
    Concurrency,
    Priority,
    MaxOutage,
    Tokens,
    Images,
    Project,
    Location,
    AccessToken,
    Config,
    Protocol,
    Name,
    Price,
    Store,
    OnStoreDown,
    Budget,
    /// A limit of the budget.
    Money(Dimension),
    MaxCost,
    Degrade,
    BatchDegrade,
    To,
    AvoidPeak,
    Catalog,
    /// It is read by the JavaScript side, by a row of the catalogue or by a request.
    Elsewhere,
}

impl Key {
    /// Whether the parts of its value are read too.
    #[must_use]
    pub const fn has_parts(self) -> bool {
        matches!(
            self,
            Self::Retry
                | Self::RateLimit
                | Self::Overloaded
                | Self::Transient
                | Self::On
                | Self::Budget
                | Self::Degrade
                | Self::BatchDegrade
                | Self::Catalog
                | Self::Headers
                | Self::To
                | Self::AlertAt
                | Self::Price
                | Self::Limits
        )
    }
}
