//! A model: the pictures that it makes, their price, and whether it is still there.

use crate::models::parameter::Refused;
use crate::models::service_tier::Tiers;
use crate::protocol::Protocol;
use crate::protocol::need::{Need, Size};

/// The price of one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizePrice {
    /// The size.
    pub size: Size,
    /// Output tokens that one picture of this size takes; 0 where nobody has said.
    pub tokens: u32,
    /// USD for one picture of this size at the standard price.
    pub usd: f64,
}

/// Which aspect ratios a model takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ratios<'a> {
    /// The five of Imagen.
    Five,
    /// The ten of every Gemini model.
    Ten,
    /// The ten, and 1:4, 4:1, 1:8, 8:1.
    Fourteen,
    /// Those of a row of the caller's.
    Own(&'a [String]),
}

const FIVE: &[&str] = &["1:1", "3:4", "4:3", "9:16", "16:9"];
const TEN: &[&str] = &["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];
const FOURTEEN: &[&str] = &[
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8",
    "8:1",
];

impl<'a> Ratios<'a> {
    /// Each of them, as the API spells it.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let own: &[String] = if let Self::Own(own) = self { own } else { &[] };
        own.iter().map(String::as_str).chain(self.known().iter().copied())
    }

    const fn known(self) -> &'static [&'static str] {
        match self {
            Self::Own(_) => &[],
            Self::Five => FIVE,
            Self::Ten => TEN,
            Self::Fourteen => FOURTEEN,
        }
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn has(self, ratio: &str) -> bool {
        match self {
            Self::Own(own) => own.iter().any(|known| known == ratio),
            _ => self.known().contains(&ratio),
        }
    }
}

/// Whether Google still serves a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Generally available.
    Stable,
    /// Available, and may change.
    Preview,
    /// Available, or for earlier users only; it has a successor.
    Deprecated,
    /// Shut down.
    Retired,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Stable, Self::Preview, Self::Deprecated, Self::Retired];

    /// The name that JavaScript sees.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Preview => "preview",
            Self::Deprecated => "deprecated",
            Self::Retired => "retired",
        }
    }
}

/// One image model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model<'a> {
    /// The id of the API.
    pub id: &'a str,
    /// The name that people use.
    pub name: &'a str,
    /// Whether Google still serves it.
    pub status: Status,
    /// The id of the model to use instead.
    pub successor: Option<&'a str>,
    /// How it is asked.
    pub protocol: Protocol,
    /// The sizes that it makes, with their prices; none where nobody has said.
    pub sizes: &'a [SizePrice],
    /// Whether `imageConfig.imageSize` may be sent.
    pub takes_size: bool,
    /// The aspect ratios that it takes.
    pub ratios: Ratios<'a>,
    /// The most reference images.
    pub references: u32,
    /// USD per million input tokens.
    pub input_usd: f64,
    /// USD per million output tokens of text and thinking.
    pub text_usd: f64,
    /// USD per million output tokens of pictures; 0 where a picture costs what its size does.
    pub image_usd: f64,
    /// Whether the Batch API takes it, at half the price.
    pub batch: bool,
    /// The parameters that it answers with a 400, so that they are left out.
    pub refuses: Refused,
    /// The tiers of service that it has beside the standard one.
    pub tiers: Tiers,
}

impl<'a> Model<'a> {
    /// The part of `need` that this model cannot meet, in a word; `None` when it can meet all, or
    /// nobody has said that it cannot.
    #[must_use]
    pub fn lacks(&self, need: &Need) -> Option<&'static str> {
        if need.size.is_some_and(|size| !self.sizes.is_empty() && self.row(size).is_none()) {
            return Some("size");
        }
        if need.ratio.as_ref().is_some_and(|ratio| !self.ratios.has(ratio)) {
            return Some("aspect ratio");
        }
        let most = usize::try_from(self.references).unwrap_or(usize::MAX);
        (need.references > most).then_some("reference images")
    }

    /// The price row for this size, else for the default size: 1K, or the first there is.
    #[must_use]
    pub fn price(&self, size: Option<Size>) -> Option<&'a SizePrice> {
        size.and_then(|size| self.row(size))
            .or_else(|| self.row(Size::K1))
            .or_else(|| self.sizes.first())
    }

    /// The price row for exactly this size.
    #[must_use]
    pub fn row(&self, size: Size) -> Option<&'a SizePrice> {
        self.sizes.iter().find(|row| row.size == size)
    }

    /// Whether `imageSize` is sent: where the model is known to take it, and where nothing is
    /// known, if the caller asked for it.
    #[must_use]
    pub const fn sends_size(&self, asked: bool) -> bool {
        if self.sizes.is_empty() { asked } else { self.takes_size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_ratios_are_the_ten_and_four_more() {
        assert_eq!(Ratios::Five.iter().count(), 5);
        assert_eq!(Ratios::Ten.iter().count(), 10);
        assert_eq!(Ratios::Fourteen.iter().last(), Some("8:1"));
        let own = ["2:1".to_owned()];
        assert_eq!(Ratios::Own(&own).iter().collect::<Vec<_>>(), ["2:1"]);
        for ratios in [Ratios::Five, Ratios::Ten, Ratios::Fourteen, Ratios::Own(&own)] {
            assert!(ratios.iter().all(|ratio| ratios.has(ratio)) && !ratios.has("7:1"));
        }
    }
}
