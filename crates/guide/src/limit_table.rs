//! The limits that were published, measured or told, as dated rows.
//!
//! Google publishes none per model any more. The limits that a client of a tier begins with are in
//! [`tier`]; the rows here show what was known when, and by whom.
//!
//! [`tier`]: unexhausted::quota::tier

use serde::{Serialize, Serializer};

/// A number, or a range of which nobody has said more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount(u64, u64);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == self.1 {
            self.0.serialize(serializer)
        } else {
            (self.0, self.1).serialize(serializer)
        }
    }
}

/// The limits of a model at a tier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LimitRow {
    /// The model, or those that it was said of.
    pub model: &'static str,
    /// `free`, `tier1`, `tier2` or `tier3`.
    pub tier: &'static str,
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<Amount>,
    /// Input tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<Amount>,
    /// Pictures a minute: nobody has published any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipm: Option<Amount>,
    /// Requests a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpd: Option<Amount>,
    /// The month or day of which it is.
    pub date: &'static str,
    /// The source.
    pub source: &'static str,
}

const fn of(number: u64) -> Option<Amount> {
    Some(Amount(number, number))
}

const fn range(low: u64, high: u64) -> Option<Amount> {
    Some(Amount(low, high))
}

/// The table of the rate-limits page, the last that listed models.
const PAGE: &str = "the rate-limits page of the Gemini API, 2025-11";
/// Tables of the troubleshooting guide for Nano Banana Pro of February 2026.
const CHEAT_SHEET: &str = "guide of 2026-02, Rate Limit Cheat Sheet";
const COMPLETE: &str = "guide of 2026-02, Complete Rate Limits by Model and Tier";
const DECEMBER: &str = "guide of 2026-02, December 2025 Before/After Comparison";
const LIVE: &str = "429s of the service, 2026-09-02";

const NONE: LimitRow = LimitRow {
    model: "",
    tier: "",
    rpm: None,
    tpm: None,
    ipm: None,
    rpd: None,
    date: "",
    source: "",
};

const fn page(
    model: &'static str,
    tier: &'static str,
    rpm: u64,
    tpm: Option<Amount>,
    rpd: Option<Amount>,
) -> LimitRow {
    LimitRow { model, tier, rpm: of(rpm), tpm, rpd, date: "2025-11", source: PAGE, ..NONE }
}

const fn guide(model: &'static str, tier: &'static str, rpm: u64, rpd: u64) -> LimitRow {
    let (rpm, rpd) = (of(rpm), of(rpd));
    LimitRow { model, tier, rpm, rpd, date: "2026-01-22", source: COMPLETE, ..NONE }
}

const fn free(
    model: &'static str,
    rpm: Option<Amount>,
    rpd: Option<Amount>,
    date: &'static str,
) -> LimitRow {
    LimitRow { model, tier: "free", rpm, rpd, date, source: DECEMBER, ..NONE }
}

/// Every row, those of pictures first.
pub const LIMITS: &[LimitRow] = &[
    page("gemini-3-pro-image", "tier1", 20, of(100_000), of(250)),
    page("gemini-3-pro-image", "tier2", 500, of(500_000), of(15_000)),
    page("gemini-3-pro-image", "tier3", 5_000, of(5_000_000), None),
    page("gemini-2.5-flash-image", "tier1", 500, of(500_000), of(2_000)),
    page("gemini-2.5-flash-image", "tier2", 2_000, of(1_500_000), of(50_000)),
    page("gemini-2.5-flash-image", "tier3", 5_000, of(5_000_000), None),
    page("imagen-4.0-generate-001", "tier1", 10, None, of(70)),
    page("imagen-4.0-generate-001", "tier2", 15, None, of(1_000)),
    page("imagen-4.0-generate-001", "tier3", 20, None, of(15_000)),
    page("imagen-4.0-fast-generate-001", "tier1", 10, None, of(70)),
    page("imagen-4.0-fast-generate-001", "tier2", 15, None, of(1_000)),
    page("imagen-4.0-fast-generate-001", "tier3", 20, None, of(15_000)),
    page("imagen-4.0-ultra-generate-001", "tier1", 5, None, of(30)),
    page("imagen-4.0-ultra-generate-001", "tier2", 10, None, of(400)),
    page("imagen-4.0-ultra-generate-001", "tier3", 15, None, of(5_000)),
    LimitRow {
        model: "gemini-3-pro-image",
        tier: "free",
        rpm: of(0),
        rpd: of(0),
        date: "2026-09-02",
        source: LIVE,
        ..NONE
    },
    LimitRow {
        model: "gemini-3-pro-image",
        tier: "tier1",
        rpd: of(250),
        date: "2026-09-02",
        source: LIVE,
        ..NONE
    },
    LimitRow {
        model: "gemini-2.5-flash-image",
        tier: "tier1",
        rpm: of(500),
        date: "2026-09-02",
        source: LIVE,
        ..NONE
    },
    page("gemini-2.5-pro", "free", 2, of(125_000), of(50)),
    page("gemini-2.5-pro", "tier1", 150, of(2_000_000), of(10_000)),
    page("gemini-2.5-flash", "free", 10, of(250_000), of(250)),
    page("gemini-2.5-flash", "tier1", 1_000, of(1_000_000), of(10_000)),
    page("gemini-2.5-flash-lite", "free", 15, of(250_000), of(1_000)),
    page("gemini-3-pro-preview", "tier1", 50, of(1_000_000), of(1_000)),
    guide("gemini-2.5-pro", "free", 5, 100),
    guide("gemini-2.5-pro", "tier1", 150, 1_000),
    guide("gemini-2.5-pro", "tier2", 1_000, 10_000),
    guide("gemini-2.5-flash", "free", 10, 250),
    guide("gemini-2.5-flash", "tier1", 300, 1_500),
    guide("gemini-2.5-flash", "tier2", 2_000, 10_000),
    guide("gemini-2.5-flash-lite", "free", 15, 1_000),
    guide("gemini-2.5-flash-lite", "tier1", 300, 1_500),
    guide("gemini-2.5-flash-lite", "tier2", 2_000, 10_000),
    guide("gemini-3-pro-preview", "free", 10, 100),
    guide("gemini-3-pro-preview", "tier1", 150, 1_000),
    guide("gemini-3-pro-preview", "tier2", 1_000, 10_000),
    LimitRow {
        model: "any",
        tier: "free",
        rpm: range(5, 10),
        tpm: of(250_000),
        rpd: range(100, 250),
        date: "2026-02",
        source: CHEAT_SHEET,
        ..NONE
    },
    LimitRow {
        model: "any",
        tier: "tier1",
        rpm: range(150, 300),
        tpm: range(1_000_000, 2_000_000),
        rpd: range(1_000, 1_500),
        date: "2026-02",
        source: CHEAT_SHEET,
        ..NONE
    },
    free("gemini-2.5-pro", of(10), None, "2025-11"),
    free("gemini-2.5-pro", of(5), None, "2025-12"),
    free("gemini-2.5-flash", of(15), None, "2025-11"),
    free("gemini-2.5-flash", of(10), None, "2025-12"),
    free("any", None, of(250), "2025-11"),
    free("any", None, range(20, 100), "2025-12"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use unexhausted::errors::kind::Dimension;
    use unexhausted::quota::tier::{self, Tier};

    fn row(source: &str, model: &str, tier: &str, date: &str) -> LimitRow {
        let is_it = |row: &&LimitRow| {
            row.source == source
                && row.model == model
                && row.tier == tier
                && row.date.starts_with(date)
        };
        let found: Vec<_> = LIMITS.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{source}: {model}, {tier}, {date}");
        *found[0]
    }

    #[test]
    fn rate_limit_cheat_sheet() {
        let free = row(CHEAT_SHEET, "any", "free", "2026");
        let paid = row(CHEAT_SHEET, "any", "tier1", "2026");
        assert_eq!((free.rpm, paid.rpm), (Some(Amount(5, 10)), Some(Amount(150, 300))));
        let million = 1_000_000;
        assert_eq!((free.tpm, paid.tpm), (of(250_000), Some(Amount(million, 2 * million))));
        assert_eq!((free.rpd, paid.rpd), (Some(Amount(100, 250)), Some(Amount(1_000, 1_500))));
    }

    #[test]
    fn complete_rate_limits_by_model_and_tier() {
        for (model, figures) in [
            ("gemini-2.5-pro", [(5, 100), (150, 1_000), (1_000, 10_000)]),
            ("gemini-2.5-flash", [(10, 250), (300, 1_500), (2_000, 10_000)]),
            ("gemini-2.5-flash-lite", [(15, 1_000), (300, 1_500), (2_000, 10_000)]),
            ("gemini-3-pro-preview", [(10, 100), (150, 1_000), (1_000, 10_000)]),
        ] {
            for (tier, (rpm, rpd)) in ["free", "tier1", "tier2"].into_iter().zip(figures) {
                let row = row(COMPLETE, model, tier, "2026");
                assert_eq!((row.rpm, row.rpd), (of(rpm), of(rpd)), "{model}, {tier}");
            }
        }
    }

    #[test]
    fn december_2025_before_and_after() {
        for (model, before, after) in [("gemini-2.5-pro", 10, 5), ("gemini-2.5-flash", 15, 10)] {
            assert_eq!(row(DECEMBER, model, "free", "2025-11").rpm, of(before));
            assert_eq!(row(DECEMBER, model, "free", "2025-12").rpm, of(after));
        }
        assert_eq!(row(DECEMBER, "any", "free", "2025-11").rpd, of(250));
        assert_eq!(row(DECEMBER, "any", "free", "2025-12").rpd, Some(Amount(20, 100)));
    }

    #[test]
    fn what_a_client_begins_with_is_the_last_page_s() {
        for model in ["gemini-3-pro-image", "gemini-2.5-flash-image"] {
            for (tier, name) in [(Tier::One, "tier1"), (Tier::Two, "tier2"), (Tier::Three, "tier3")]
            {
                let (limits, row) = (tier::limits(tier, model), row(PAGE, model, name, "2025"));
                for (dimension, told) in [
                    (Dimension::RequestsPerMinute, row.rpm),
                    (Dimension::TokensPerMinute, row.tpm),
                    (Dimension::RequestsPerDay, row.rpd),
                ] {
                    assert_eq!(limits.get(dimension), told.map(|told| told.0), "{model}, {name}");
                }
            }
        }
    }
}
