//! How long a volume takes.

use serde::Serialize;

/// How long the volume takes with a model at a tier.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TierTime {
    /// The id of the model.
    pub model: String,
    /// The tier.
    pub tier: &'static str,
    /// The condition on which an account belongs to it.
    pub qualifies: &'static str,
    /// Whether it is the tier that was named.
    pub own: bool,
    /// Ms until the last picture of the period can be asked for; absent where that is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// The limit that takes the most time; absent where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binds: Option<&'static str>,
    /// Pictures a day at most; absent where no limit is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u64>,
    /// Whether the limit of requests a minute is known; else only the money binds.
    pub limits_known: bool,
    /// USD that the account may spend in a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_cap: Option<f64>,
    /// USD that a month of the volume costs.
    pub monthly_cost: f64,
    /// Whether each period's pictures are made within the period and its money.
    pub keeps_up: bool,
    /// Tokens that may wait in the Batch API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_tokens: Option<u64>,
}
