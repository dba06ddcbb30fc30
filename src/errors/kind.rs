//! The closed list of kinds of failure, and whether trying again can help.

/// Whether and when the same request can succeed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retry {
    /// In seconds or minutes.
    Soon,
    /// In hours: when a daily window resets.
    Later,
    /// Not without a change by a person or of the request.
    Never,
}

impl Retry {
    /// The name that JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::Later => "later",
            Self::Never => "never",
        }
    }
}

/// A kind of failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A limit per minute, or a 429 that names none.
    RateLimited,
    /// A limit per day is spent.
    DailyQuota,
    /// The model's limit on this tier is zero.
    NotInTier,
    /// Money per rolling ten minutes, for all models of the account.
    SpendLimited,
    /// No money: prepaid credit, spending cap, billing switched off.
    Billing,
    /// The service has no capacity; no quota of the caller's is involved.
    Overloaded,
    /// The service or the client ran out of time.
    Timeout,
    /// The service failed.
    ServerError,
    /// The connection failed or was cut.
    Network,
    /// The caller aborted.
    Cancelled,
    /// The request is wrong.
    InvalidRequest,
    /// The key is bad, expired or dead.
    Unauthenticated,
    /// The key is good, but not for this.
    Forbidden,
    /// No such model here, or no longer.
    ModelNotFound,
    /// The request is too large.
    TooLarge,
    /// The prompt or the picture was refused.
    Blocked,
    /// An answer without a picture, and without a refusal.
    NoImage,
    /// Nothing that is known; unknown means stop.
    Unknown,
    /// Ours: the caller's deadline is over, or the next wait does not fit it.
    Deadline,
    /// Ours: the budget would be overspent.
    OverBudget,
    /// Ours: the client was closed.
    Closed,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 21] = [
        Self::RateLimited,
        Self::DailyQuota,
        Self::NotInTier,
        Self::SpendLimited,
        Self::Billing,
        Self::Overloaded,
        Self::Timeout,
        Self::ServerError,
        Self::Network,
        Self::Cancelled,
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::ModelNotFound,
        Self::TooLarge,
        Self::Blocked,
        Self::NoImage,
        Self::Unknown,
        Self::Deadline,
        Self::OverBudget,
        Self::Closed,
    ];

    /// The name that JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::DailyQuota => "daily_quota",
            Self::NotInTier => "not_in_tier",
            Self::SpendLimited => "spend_limited",
            Self::Billing => "billing",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::ServerError => "server_error",
            Self::Network => "network",
            Self::Cancelled => "cancelled",
            Self::InvalidRequest => "invalid_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::ModelNotFound => "model_not_found",
            Self::TooLarge => "too_large",
            Self::Blocked => "blocked",
            Self::NoImage => "no_image",
            Self::Unknown => "unknown",
            Self::Deadline => "deadline",
            Self::OverBudget => "over_budget",
            Self::Closed => "closed",
        }
    }

    /// Whether and when the same request can succeed.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::RateLimited
            | Self::SpendLimited
            | Self::Overloaded
            | Self::Timeout
            | Self::ServerError
            | Self::Network
            | Self::NoImage => Retry::Soon,
            Self::DailyQuota => Retry::Later,
            _ => Retry::Never,
        }
    }
}

/// The unit that a limit counts, and its window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dimension {
    /// RPM.
    RequestsPerMinute,
    /// TPM, of input tokens.
    TokensPerMinute,
    /// IPM.
    ImagesPerMinute,
    /// RPD.
    RequestsPerDay,
    /// TPD.
    TokensPerDay,
    /// USD: per rolling ten minutes, or a monthly cap.
    Spend,
    /// Tokens waiting in the Batch API.
    EnqueuedTokens,
    /// USD that the caller allows in all.
    Budget,
    /// USD that the caller allows a day.
    BudgetPerDay,
}

impl Dimension {
    /// The name that JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestsPerMinute => "requests_per_minute",
            Self::TokensPerMinute => "tokens_per_minute",
            Self::ImagesPerMinute => "images_per_minute",
            Self::RequestsPerDay => "requests_per_day",
            Self::TokensPerDay => "tokens_per_day",
            Self::Spend => "spend",
            Self::EnqueuedTokens => "enqueued_tokens",
            Self::Budget => "budget",
            Self::BudgetPerDay => "budget_per_day",
        }
    }

    /// Whether it counts money.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Spend | Self::Budget | Self::BudgetPerDay)
    }

    /// Whether the limit's window is a day.
    #[must_use]
    pub const fn is_per_day(self) -> bool {
        matches!(self, Self::RequestsPerDay | Self::TokensPerDay | Self::BudgetPerDay)
    }

    /// Whether the limit's window is a minute.
    #[must_use]
    pub const fn is_per_minute(self) -> bool {
        matches!(self, Self::RequestsPerMinute | Self::TokensPerMinute | Self::ImagesPerMinute)
    }
}
