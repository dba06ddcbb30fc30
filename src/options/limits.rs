//! Limits that callers give by model, and those of a tier.

use crate::quota::limits::Limits;
use crate::quota::tier::Tier;

/// `limits` of a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum GivenLimits {
    /// None are given: they are learned.
    #[default]
    Learned,
    /// No quotas are kept.
    Off,
    /// The free tier, which no image model has.
    Free,
    /// Those of a tier.
    Tier(Tier),
    /// Those of each model or target, by its name.
    ByName(Vec<(String, Limits)>),
}

impl GivenLimits {
    /// Reads a word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::Off),
            "free" => Some(Self::Free),
            _ => Tier::parse(word).map(Self::Tier),
        }
    }

    /// The tier, where one is named.
    #[must_use]
    pub const fn tier(&self) -> Option<Tier> {
        match self {
            Self::Tier(tier) => Some(*tier),
            _ => None,
        }
    }

    /// The names for which limits are given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rows().iter().map(|(name, _)| name.as_str())
    }

    /// The limits that are given for a target by its name, else for its model.
    #[must_use]
    pub fn of(&self, called: Option<&str>, model: Option<&str>) -> Limits {
        let own = |name| self.rows().iter().find(|(own, _)| own == name).map(|(_, of)| *of);
        called.and_then(own).or_else(|| model.and_then(own)).unwrap_or_default()
    }

    fn rows(&self) -> &[(String, Limits)] {
        match self {
            Self::ByName(rows) => rows,
            _ => &[],
        }
    }
}
