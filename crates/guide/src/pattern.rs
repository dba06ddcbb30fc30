//! The patterns of errors, as data: what each means, and what to do about it.

/// A pattern of errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pattern {
    /// Nothing was seen.
    NothingSeen,
    /// Attempts succeed.
    Healthy,
    /// The model is not in the tier, or only a free day's few requests are.
    FreeTier,
    /// Too much at once.
    Burst,
    /// The day's quota is spent.
    DayExhausted,
    /// The money of ten minutes is spent.
    Spend,
    /// No capacity at the known hours, and only then.
    PeakOverload,
    /// No capacity, for longer than an overload takes.
    Outage,
    /// No capacity now and then.
    Overload,
    /// Both quota and capacity.
    Mixed,
    /// Attempts get no answer.
    Connection,
    /// The account has no money.
    Billing,
    /// The key may not do this.
    Access,
    /// The model is not there.
    Retired,
    /// Answers without a picture.
    Refused,
    /// The requests are wrong.
    Request,
    /// Errors that nobody knows.
    Unknown,
}

/// The words for a pattern.
pub(crate) struct Row {
    /// The pattern.
    pub(crate) pattern: Pattern,
    /// The name that JavaScript sees.
    pub(crate) name: &'static str,
    /// The diagnosis, in a sentence.
    pub(crate) summary: &'static str,
    /// The remedy.
    pub(crate) action: &'static str,
}

const fn row(
    pattern: Pattern,
    name: &'static str,
    summary: &'static str,
    action: &'static str,
) -> Row {
    Row { pattern, name, summary, action }
}

/// The table: one row a pattern. The six of quota and capacity are those of the guide of February
/// 2026 ("Diagnose your error pattern"), with the facts of November 2026; the others are what else
/// a client can see.
pub(crate) const ROWS: &[Row] = &[
    row(
        Pattern::NothingSeen,
        "nothing_seen",
        "Nothing was seen yet.",
        "Make some requests, and ask again.",
    ),
    row(Pattern::Healthy, "healthy", "Attempts succeed.", "Nothing."),
    row(
        Pattern::FreeTier,
        "free_tier",
        "The project's tier does not have the model, or allows it only a few requests a day.",
        "Enable billing (Tier 1): no image model has a free tier, and waiting does not help.",
    ),
    row(
        Pattern::Burst,
        "burst",
        "Too many requests come at once for the limits per minute.",
        "Space requests out: give `limits`, or let the client learn them, and it paces; several \
         processes need one `store`.",
    ),
    row(
        Pattern::DayExhausted,
        "day_exhausted",
        "The quota of the day is spent before the day is over.",
        "Move up a tier, send what can wait through the Batch API, whose quota is its own, or let \
         `onDailyLimit: 'fallback'` go to the next model.",
    ),
    row(
        Pattern::Spend,
        "spend",
        "The account spends more within ten minutes than its tier allows.",
        "Give `spendPer10Min`, so that the client spreads the pictures out; use a cheaper model or \
         size, the Batch API, or a higher tier.",
    ),
    row(
        Pattern::PeakOverload,
        "peak_overload",
        "The service has no capacity at the known hours of overload, and only then.",
        "Keep what can wait out of 00:00-02:00, 09:00-11:00 and 20:00-23:00 UTC (`avoidPeak: true`), \
         and give a fallback model for the rest.",
    ),
    row(
        Pattern::Outage,
        "outage",
        "The service has no capacity for longer than an overload takes (30 to 120 minutes).",
        "Use a fallback chain, and watch aistudio.google.com/status; no quota or tier helps.",
    ),
    row(
        Pattern::Overload,
        "overload",
        "The service has no capacity now and then.",
        "Wait longer between tries than for a quota (the client does), and give a fallback model.",
    ),
    row(
        Pattern::Mixed,
        "mixed",
        "Both the quota and the service's capacity are short.",
        "Use all of it: retries, a fallback chain, and a queue that keeps to the limits.",
    ),
    row(
        Pattern::Connection,
        "connection",
        "Attempts get no answer: they run out of time, or the connection is lost.",
        "Give a longer `timeout` or a smaller size (a 4K picture takes 30 to 40 s and more), and \
         check proxy, DNS and firewall. A lost answer may have been billed.",
    ),
    row(
        Pattern::Billing,
        "billing",
        "The account has no money: its credit is used up, a cap is reached, or billing is off.",
        "Top up, raise the cap, or enable billing; waiting does not help.",
    ),
    row(
        Pattern::Access,
        "access",
        "The key is not accepted, or may not do this.",
        "Check the key, its restrictions, the region, and whether the API is enabled.",
    ),
    row(
        Pattern::Retired,
        "retired",
        "The model is not there, or no longer.",
        "Use its successor; `models()` names it.",
    ),
    row(
        Pattern::Refused,
        "refused",
        "Answers come without a picture, or are refused by a filter.",
        "Word the prompts differently, ask for a picture in plain words, and set \
         responseModalities to ['IMAGE'].",
    ),
    row(
        Pattern::Request,
        "request",
        "The service refuses the requests as they stand.",
        "Correct what the messages name; trying again changes nothing.",
    ),
    row(
        Pattern::Unknown,
        "unknown",
        "The errors are not ones that are known.",
        "Read their messages: `classifyError` tells what is known of each.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_one_row_and_its_words() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(ROWS.iter().position(|other| other.name == row.name), Some(index));
            assert_eq!(row.pattern as usize, index, "in the order of the list");
            assert!(row.summary.ends_with('.') && row.action.ends_with('.'), "{}", row.name);
        }
    }
}
