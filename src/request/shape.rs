//! The shapes of options.

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
