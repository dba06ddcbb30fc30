//! The image models, as data: one row a model, with its source.
//!
//! Sources, as of 2026-11-24: the models of `@google/genai` 3.1.0 and the changelog of the Gemini
//! API (status, sizes, ratios), LiteLLM 1.109.1 and genai-prices 0.2.3 (prices, tokens), and live
//! measurements of 2026-09 (sizes that a model takes).

/// A picture size that a request can ask for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Size {
    /// `"512"`.
    Px512,
    /// `"1K"`.
    K1,
    /// `"2K"`.
    K2,
    /// `"4K"`.
    K4,
}

impl Size {
    /// Reads `imageSize` as the API spells it, capital K included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "512" | "512P" | "512PX" => Some(Self::Px512),
            "1K" => Some(Self::K1),
            "2K" => Some(Self::K2),
            "4K" => Some(Self::K4),
            _ => None,
        }
    }

    /// The spelling of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Px512 => "512",
            Self::K1 => "1K",
            Self::K2 => "2K",
            Self::K4 => "4K",
        }
    }
}

/// What one size costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizePrice {
    /// The size.
    pub size: Size,
    /// Output tokens that one picture of this size takes.
    pub tokens: u32,
    /// USD for one picture of this size at the standard price.
    pub usd: f64,
}

/// Which aspect ratios a model takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ratios {
    /// The ten of every model.
    Ten,
    /// The ten, and 1:4, 4:1, 1:8, 8:1.
    Fourteen,
}

/// One image model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// The id of the API.
    pub id: &'static str,
    /// The name that people use.
    pub name: &'static str,
    /// The sizes that it makes, with their prices; the first is the default.
    pub sizes: &'static [SizePrice],
    /// Whether `imageConfig.imageSize` may be sent.
    pub takes_size: bool,
    /// The aspect ratios that it takes.
    pub ratios: Ratios,
    /// The most reference images.
    pub references: u8,
    /// USD per million input tokens.
    pub input_usd: f64,
    /// USD per million output tokens of text and thinking.
    pub text_usd: f64,
    /// USD per million output tokens of pictures.
    pub image_usd: f64,
}

const fn price(size: Size, tokens: u32, usd: f64) -> SizePrice {
    SizePrice { size, tokens, usd }
}

/// The models, in the order of the documentation.
pub const MODELS: &[Model] = &[
    // GA 2026-05-28, no end date; the alias `nano-banana-pro-preview` points to it.
    Model {
        id: "gemini-3-pro-image",
        name: "Nano Banana Pro",
        sizes: &[
            price(Size::K1, 1_120, 0.134),
            price(Size::K2, 1_120, 0.134),
            price(Size::K4, 2_000, 0.24),
        ],
        takes_size: true,
        ratios: Ratios::Ten,
        references: 14,
        input_usd: 2.0,
        text_usd: 12.0,
        image_usd: 120.0,
    },
    // GA 2026-10-06, no end date. 512 is refused with 400.
    Model {
        id: "gemini-nano-banana-2.1",
        name: "Nano Banana 2.1",
        sizes: &[
            price(Size::K1, 1_120, 0.0336),
            price(Size::K2, 1_680, 0.0504),
            price(Size::K4, 3_780, 0.1134),
        ],
        takes_size: true,
        ratios: Ratios::Fourteen,
        references: 14,
        input_usd: 1.5,
        text_usd: 7.5,
        image_usd: 30.0,
    },
    // GA 2026-06-30.
    Model {
        id: "gemini-3.1-flash-lite-image",
        name: "Nano Banana 2 Lite",
        sizes: &[price(Size::K1, 1_120, 0.0336)],
        takes_size: true,
        ratios: Ratios::Fourteen,
        references: 14,
        input_usd: 0.25,
        text_usd: 1.5,
        image_usd: 30.0,
    },
    // GA 2026-05-28, deprecated 2026-10-06 in favour of 2.1.
    Model {
        id: "gemini-3.1-flash-image",
        name: "Nano Banana 2",
        sizes: &[
            price(Size::K1, 1_120, 0.067),
            price(Size::Px512, 747, 0.045),
            price(Size::K2, 1_680, 0.101),
            price(Size::K4, 2_520, 0.151),
        ],
        takes_size: true,
        ratios: Ratios::Fourteen,
        references: 14,
        input_usd: 0.5,
        text_usd: 3.0,
        image_usd: 60.0,
    },
    // GA 2025-10-02, closed to new users 2026-09-18. It makes about 1K whatever it is asked for.
    Model {
        id: "gemini-2.5-flash-image",
        name: "Nano Banana",
        sizes: &[price(Size::K1, 1_290, 0.039)],
        takes_size: false,
        ratios: Ratios::Ten,
        references: 3,
        input_usd: 0.3,
        text_usd: 2.5,
        image_usd: 30.0,
    },
];

/// The default chain, in order of preference.
pub const DEFAULT_CHAIN: &[&str] =
    &["gemini-3-pro-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-lite-image"];

/// The model of this id, with or without `models/`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Model> {
    let id = id.strip_prefix("models/").unwrap_or(id);
    MODELS.iter().find(|model| model.id == id)
}

const TEN: &[&str] = &["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];
const FOUR_MORE: &[&str] = &["1:4", "4:1", "1:8", "8:1"];

/// What a request asks of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Need {
    /// The size, where the request names one.
    pub size: Option<Size>,
    /// The aspect ratio, where the request names one.
    pub ratio: Option<String>,
    /// How many pictures the request shows to the model.
    pub references: usize,
}

impl Model {
    /// What of `need` this model cannot do, in a word; `None` when it can do all.
    #[must_use]
    pub fn lacks(&self, need: &Need) -> Option<&'static str> {
        if need.size.is_some_and(|size| !self.sizes.iter().any(|row| row.size == size)) {
            return Some("size");
        }
        if let Some(ratio) = &need.ratio {
            let has = TEN.contains(&ratio.as_str())
                || (self.ratios == Ratios::Fourteen && FOUR_MORE.contains(&ratio.as_str()));
            if !has {
                return Some("aspect ratio");
            }
        }
        (need.references > usize::from(self.references)).then_some("reference images")
    }

    /// The price row for this size, else for the default size.
    #[must_use]
    pub fn price(&self, size: Option<Size>) -> Option<&'static SizePrice> {
        let wanted = size.and_then(|size| self.sizes.iter().find(|row| row.size == size));
        wanted.or_else(|| self.sizes.first())
    }
}

/// The model whose picture costs least at its default size.
#[must_use]
pub fn cheapest() -> Option<&'static Model> {
    let usd = |model: &&Model| model.price(None).map_or(f64::INFINITY, |row| row.usd);
    MODELS.iter().take(DEFAULT_CHAIN.len()).reduce(|best, model| {
        // Of two equal prices the newer generation is named first, and stays.
        if usd(&model) < usd(&best) { model } else { best }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_the_default_chain_is_in_the_catalogue() {
        for (index, model) in MODELS.iter().enumerate() {
            assert_eq!(MODELS.iter().position(|other| other.id == model.id), Some(index));
        }
        assert!(DEFAULT_CHAIN.iter().all(|id| find(id).is_some()));
        assert_eq!(
            find("models/gemini-3-pro-image").map(|model| model.name),
            Some("Nano Banana Pro")
        );
    }

    #[test]
    fn a_picture_s_price_is_its_tokens_at_the_image_rate() {
        for model in MODELS {
            for row in model.sizes {
                let usd = f64::from(row.tokens) * model.image_usd / 1e6;
                assert!((usd - row.usd).abs() < 0.001, "{} {:?}: {usd}", model.id, row);
            }
        }
    }

    #[test]
    fn what_a_model_lacks_is_named() {
        let lite = find("gemini-3.1-flash-lite-image").unwrap();
        let pro = find("gemini-3-pro-image").unwrap();
        let need = |size, ratio: Option<&str>, references| Need {
            size,
            ratio: ratio.map(str::to_owned),
            references,
        };
        assert_eq!(lite.lacks(&need(Some(Size::K4), None, 0)), Some("size"));
        assert_eq!(pro.lacks(&need(Some(Size::K4), Some("16:9"), 14)), None);
        assert_eq!(pro.lacks(&need(None, Some("1:8"), 0)), Some("aspect ratio"));
        assert_eq!(lite.lacks(&need(None, Some("1:8"), 0)), None);
        assert_eq!(pro.lacks(&need(None, None, 15)), Some("reference images"));
    }

    #[test]
    fn the_cheapest_model_is_a_current_one() {
        assert_eq!(cheapest().map(|model| model.id), Some("gemini-nano-banana-2.1"));
    }
}
