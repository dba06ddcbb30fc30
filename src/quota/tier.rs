//! The published limits by tier, as far as there are any.
//!
//! Google no longer publishes limits per model: these are the last ones that were, and a limit that
//! the service names in a 429 overrules them. The AI Studio page of a project's rate limits shows
//! the true ones.

use crate::errors::kind::Dimension;
use crate::quota::limits::Limits;

/// A tier of the caller's billing account.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tier {
    /// A billing account is linked.
    One,
    /// $100 were paid, the first of it three days ago.
    Two,
    /// $1,000 were paid, the first of it thirty days ago.
    Three,
}

impl Tier {
    /// Reads the name that callers pass.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "tier1" => Some(Self::One),
            "tier2" => Some(Self::Two),
            "tier3" => Some(Self::Three),
            _ => None,
        }
    }
}

/// The published facts about a tier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fact {
    /// The tier; `None` for no billing at all.
    pub tier: Option<Tier>,
    /// The name that callers pass.
    pub name: &'static str,
    /// The condition for an account to belong to it; accounts are moved up automatically.
    pub qualifies: &'static str,
    /// USD that the account may spend in a month; for the highest tier the least that is published.
    pub monthly_usd: Option<f64>,
    /// The source of the row.
    pub source: &'static str,
}

const RATE_PAGE: &str = "the rate-limits page of the Gemini API, 2026-08-18 and 2026-09-12";

/// The tiers, the lowest first.
pub const FACTS: [Fact; 4] = [
    Fact {
        tier: None,
        name: "free",
        qualifies: "no billing account; no image model has a free tier",
        monthly_usd: None,
        source: "live measurements of 2026-09-02",
    },
    Fact {
        tier: Some(Tier::One),
        name: "tier1",
        qualifies: "a billing account is linked to the project",
        monthly_usd: Some(250.0),
        source: RATE_PAGE,
    },
    Fact {
        tier: Some(Tier::Two),
        name: "tier2",
        qualifies: "$100 paid, and 3 days since the first payment",
        monthly_usd: Some(2_000.0),
        source: RATE_PAGE,
    },
    Fact {
        tier: Some(Tier::Three),
        name: "tier3",
        qualifies: "$1,000 paid, and 30 days since the first payment",
        monthly_usd: Some(20_000.0),
        source: RATE_PAGE,
    },
];

/// Tokens that may wait in the Batch API, by model and tier. Source: the rate-limits page of
/// 2026-08-18 and 2026-09-12, which does not list 2.1.
const BATCH_TOKENS: &[(&str, [u64; 3])] = &[
    ("gemini-3-pro-image", [2_000_000, 270_000_000, 1_000_000_000]),
    ("gemini-3.1-flash-lite-image", [2_000_000, 270_000_000, 1_000_000_000]),
    ("gemini-3.1-flash-image", [1_000_000, 250_000_000, 750_000_000]),
    ("gemini-2.5-flash-image", [3_000_000, 400_000_000, 1_000_000_000]),
];

/// The tokens that may wait in batches of a model.
#[must_use]
pub fn batch_tokens(tier: Tier, model: &str) -> Option<u64> {
    let (_, [one, two, three]) = BATCH_TOKENS.iter().find(|(id, _)| *id == model)?;
    Some(match tier {
        Tier::One => *one,
        Tier::Two => *two,
        Tier::Three => *three,
    })
}

struct Row {
    model: &'static str,
    tier: Tier,
    rpm: u64,
    tpm: u64,
    rpd: Option<u64>,
}

const fn row(model: &'static str, tier: Tier, rpm: u64, tpm: u64, rpd: Option<u64>) -> Row {
    Row { model, tier, rpm, tpm, rpd }
}

/// Source of all rows: the rate-limits page of the Gemini API as of 2025-11, the last that listed
/// models. 250 a day for Pro was still named by a 429 of 2026-09-02, 500 a minute for 2.5 by one of
/// the same day.
const ROWS: &[Row] = &[
    row("gemini-3-pro-image", Tier::One, 20, 100_000, Some(250)),
    row("gemini-3-pro-image", Tier::Two, 500, 500_000, Some(15_000)),
    row("gemini-3-pro-image", Tier::Three, 5_000, 5_000_000, None),
    row("gemini-2.5-flash-image", Tier::One, 500, 500_000, Some(2_000)),
    row("gemini-2.5-flash-image", Tier::Two, 2_000, 1_500_000, Some(50_000)),
    row("gemini-2.5-flash-image", Tier::Three, 5_000, 5_000_000, None),
];

/// Billionths of a USD that an account may spend in ten minutes. Source: the rate-limits page as of
/// 2026-09-12; for tier 2 a copy of 2026-10-17 says $50 and one of 2026-07-27 $200: the lower is
/// safe, and the service's refusals correct it.
const SPEND: &[(Tier, u64)] =
    &[(Tier::One, 10_000_000_000), (Tier::Two, 50_000_000_000), (Tier::Three, 200_000_000_000)];

/// The published limits of a model; none for models that came later.
#[must_use]
pub fn limits(tier: Tier, model: &str) -> Limits {
    let found = ROWS.iter().find(|row| row.tier == tier && row.model == model);
    found.map_or_else(Limits::default, |row| {
        Limits::default()
            .with(Dimension::RequestsPerMinute, Some(row.rpm))
            .with(Dimension::TokensPerMinute, Some(row.tpm))
            .with(Dimension::RequestsPerDay, row.rpd)
    })
}

/// The money that the account of this tier may spend in ten minutes.
#[must_use]
pub fn spend(tier: Tier) -> Limits {
    let found = SPEND.iter().find(|(row, _)| *row == tier).map(|&(_, nanos)| nanos);
    Limits::default().with(Dimension::Spend, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tier_of_pro_takes_twenty_a_minute_and_ten_dollars_in_ten() {
        let limits = limits(Tier::One, "gemini-3-pro-image");
        assert_eq!(limits.get(Dimension::RequestsPerMinute), Some(20));
        assert_eq!(limits.get(Dimension::RequestsPerDay), Some(250));
        assert_eq!(spend(Tier::One).get(Dimension::Spend), Some(10_000_000_000));
    }

    #[test]
    fn a_higher_tier_never_allows_less() {
        let tiers = [Tier::One, Tier::Two, Tier::Three];
        for (low, high) in tiers.iter().zip(&tiers[1..]) {
            let spent = |tier| spend(tier).get(Dimension::Spend).unwrap();
            assert!(spent(*low) < spent(*high));
            for model in ["gemini-3-pro-image", "gemini-2.5-flash-image"] {
                assert!(batch_tokens(*low, model) <= batch_tokens(*high, model));
                for dimension in [Dimension::RequestsPerMinute, Dimension::RequestsPerDay] {
                    // No limit is the largest limit.
                    let of = |tier| super::limits(tier, model).get(dimension).unwrap_or(u64::MAX);
                    assert!(of(*low) < of(*high), "{model} {dimension:?}");
                }
            }
        }
        for pair in FACTS.windows(2) {
            assert!(pair[0].tier < pair[1].tier && pair[0].monthly_usd < pair[1].monthly_usd);
            assert_eq!(Tier::parse(pair[1].name), pair[1].tier);
        }
    }

    #[test]
    fn what_nobody_has_published_is_not_invented() {
        assert_eq!(super::limits(Tier::One, "gemini-nano-banana-2.1"), Limits::default());
    }
}
