//! How soon a request is to be served, and what that costs: `serviceTier`.

use crate::base::slice::last;
use crate::protocol::Protocol;

/// A tier of service.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ServiceTier {
    /// When there is room, for half.
    Flex,
    /// As usual.
    #[default]
    Standard,
    /// Before others, for more.
    Priority,
}

/// The tiers with their names, and their prices as shares of the standard price.
///
/// Source: the price file of LiteLLM 1.110.2 ($216 per million image tokens of Pro at `priority`,
/// where $120 are standard), Google's pages on both tiers (2026-04-29, 2026-09-12).
const ROWS: [(ServiceTier, &str, f64); 3] = [
    (ServiceTier::Flex, "flex", 0.5),
    (ServiceTier::Standard, "standard", 1.0),
    (ServiceTier::Priority, "priority", 1.8),
];

/// The header that says the tier on Vertex AI. Source: `@ai-sdk/google-vertex` 5.0.141.
pub const VERTEX_HEADER: &str = "x-vertex-ai-llm-shared-request-type";
/// The header that says which tier has served, on the Developer API.
pub const SERVED_HEADER: &str = "x-gemini-service-tier";
/// The names, for an error message.
pub const NAMES: &str = "'flex', 'standard' or 'priority'";

impl ServiceTier {
    /// Reads the name, however its letters are: those of the SDK are small, those of proto are
    /// capital.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = ROWS.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name));
        found.map(|&(tier, ..)| tier)
    }

    /// The tier that an answer names: `serviceTier`, its header, or Vertex AI's `trafficType`, as
    /// `ON_DEMAND_FLEX`. Any other name is the standard tier.
    #[must_use]
    pub fn served(said: &str) -> Self {
        let found = ROWS.iter().find(|(_, known, _)| {
            let end = last(said, known.len());
            end.eq_ignore_ascii_case(known)
        });
        found.map_or(Self::Standard, |&(tier, ..)| tier)
    }

    /// The name that the API has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ROWS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Its price as a share of the standard price.
    #[must_use]
    pub fn share(self) -> f64 {
        ROWS.iter().find(|row| row.0 == self).map_or(1.0, |row| row.2)
    }
}

/// The tiers that a model has beside the standard one, by API.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tiers(u8);

impl Tiers {
    /// Only the standard one.
    pub const NONE: Self = Self(0);
    /// `flex` on the Developer API.
    pub const FLEX: Self = Self(1);
    /// `priority` on the Developer API.
    pub const PRIORITY: Self = Self(2);
    /// `flex` on Vertex AI.
    pub const VERTEX_FLEX: Self = Self(4);
    /// `priority` on Vertex AI.
    pub const VERTEX_PRIORITY: Self = Self(8);
    /// All of them: a model of which nothing is known may have any.
    pub const ALL: Self = Self(15);

    /// This one over both APIs.
    #[must_use]
    pub const fn of(tier: ServiceTier) -> Self {
        match tier {
            ServiceTier::Flex => Self::FLEX.and(Self::VERTEX_FLEX),
            ServiceTier::Standard => Self::NONE,
            ServiceTier::Priority => Self::PRIORITY.and(Self::VERTEX_PRIORITY),
        }
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether the tier is one of these, over this protocol.
    #[must_use]
    pub const fn has(self, tier: ServiceTier, protocol: Protocol) -> bool {
        let one = match tier {
            ServiceTier::Standard => return true,
            ServiceTier::Flex => Self::FLEX,
            ServiceTier::Priority => Self::PRIORITY,
        };
        match protocol {
            Protocol::Gemini => self.0 & one.0 != 0,
            Protocol::Vertex => self.0 >> 2 & one.0 != 0,
            // Others have no word for it.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_read_as_it_is_written() {
        for (tier, name, share) in ROWS {
            assert_eq!(ServiceTier::parse(name), Some(tier));
            assert_eq!(ServiceTier::parse(&name.to_uppercase()), Some(tier));
            assert_eq!((tier.as_str(), tier.share()), (name, share));
        }
        assert_eq!(ServiceTier::parse("flexible"), None);
        assert_eq!(ServiceTier::parse(""), None);
    }

    #[test]
    fn the_tier_that_served_is_told_in_three_ways() {
        for (said, tier) in [
            ("flex", ServiceTier::Flex),
            ("ON_DEMAND_FLEX", ServiceTier::Flex),
            ("PRIORITY", ServiceTier::Priority),
            ("ON_DEMAND_PRIORITY", ServiceTier::Priority),
            ("ON_DEMAND", ServiceTier::Standard),
            ("SERVICE_TIER_STANDARD", ServiceTier::Standard),
            ("PROVISIONED_THROUGHPUT", ServiceTier::Standard),
            ("", ServiceTier::Standard),
        ] {
            assert_eq!(ServiceTier::served(said), tier, "{said}");
        }
    }

    #[test]
    fn an_api_has_tiers_of_its_own() {
        let tiers = Tiers::FLEX.and(Tiers::VERTEX_PRIORITY);
        assert!(tiers.has(ServiceTier::Flex, Protocol::Gemini));
        assert!(!tiers.has(ServiceTier::Flex, Protocol::Vertex));
        assert!(tiers.has(ServiceTier::Priority, Protocol::Vertex));
        assert!(!tiers.has(ServiceTier::Priority, Protocol::Gemini));
        assert!(Tiers::NONE.has(ServiceTier::Standard, Protocol::Gemini));
        assert!(!Tiers::ALL.has(ServiceTier::Flex, Protocol::OpenaiChat));
    }
}
