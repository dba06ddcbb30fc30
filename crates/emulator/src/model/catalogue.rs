//! The image models as the service knows them in November 2026: sizes, tokens, prices.
//!
//! Sources: the model enums and price tables of `@google/genai` 3.1.0, google-genai 3.4.0,
//! LiteLLM 1.109.1 and genai-prices 0.2.3, checked against published measurements of
//! 2026-09-02. Prices are USD per million tokens at the standard tier. This table is written
//! anew here and not shared with the package's own catalogue, so that a slip in one is seen by
//! the other.

/// A size of picture, as `imageConfig.imageSize` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// `"512"`, also written `512P` and `512PX`.
    Half,
    /// `"1K"`, the default.
    One,
    /// `"2K"`.
    Two,
    /// `"4K"`.
    Four,
}

impl Size {
    /// Reads the spelling of a request; the K is a capital.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "512" | "512P" | "512PX" => Some(Self::Half),
            "1K" => Some(Self::One),
            "2K" => Some(Self::Two),
            "4K" => Some(Self::Four),
            _ => None,
        }
    }

    /// The spelling of a request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Half => "512",
            Self::One => "1K",
            Self::Two => "2K",
            Self::Four => "4K",
        }
    }
}

/// One model of the table.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// The id in the path.
    pub name: &'static str,
    /// The name in the list of models.
    pub display_name: &'static str,
    /// Input and output token limits.
    pub token_limits: (u32, u32),
    /// Output tokens of a picture at each size that the model takes.
    pub sizes: &'static [(Size, u64)],
    /// Whether it takes 1:4, 4:1, 1:8 and 8:1.
    pub long_ratios: bool,
    /// Whether it accepts any `imageSize` and ignores it.
    pub ignores_size: bool,
    /// Whether `temperature`, `topP` and `seed` are refused.
    pub refuses_sampling: bool,
    /// Whether its answers are billed some thinking tokens.
    pub thinks: bool,
    /// Tokens of one picture in the request.
    pub input_image_tokens: u64,
    /// Billionths of a USD per token: input, text and thinking, pictures.
    pub nano_usd: (u64, u64, u64),
}

impl Model {
    /// Output tokens of a picture.
    #[must_use]
    pub fn image_tokens(&self, size: Size) -> u64 {
        let exact = self.sizes.iter().find(|(known, _)| *known == size);
        exact.or(self.sizes.first()).map_or(0, |(_, tokens)| *tokens)
    }

    /// Whether a picture of this size can be asked for.
    #[must_use]
    pub fn takes(&self, size: Size) -> bool {
        self.ignores_size || self.sizes.iter().any(|(known, _)| *known == size)
    }
}

/// Every model that answers.
pub const MODELS: &[Model] = &[
    Model {
        name: "gemini-nano-banana-2.1",
        display_name: "Nano Banana 2.1",
        token_limits: (131_072, 32_768),
        sizes: &[(Size::One, 1_120), (Size::Two, 1_680), (Size::Four, 3_780)],
        long_ratios: true,
        ignores_size: false,
        refuses_sampling: true,
        thinks: true,
        input_image_tokens: 1_120,
        nano_usd: (1_500, 7_500, 30_000),
    },
    Model {
        name: "gemini-3-pro-image",
        display_name: "Nano Banana Pro",
        token_limits: (65_536, 32_768),
        sizes: &[(Size::One, 1_120), (Size::Two, 1_120), (Size::Four, 2_000)],
        long_ratios: false,
        ignores_size: false,
        refuses_sampling: false,
        thinks: true,
        input_image_tokens: 560,
        nano_usd: (2_000, 12_000, 120_000),
    },
    Model {
        name: "gemini-3.1-flash-lite-image",
        display_name: "Nano Banana 2 Lite",
        token_limits: (65_536, 4_096),
        sizes: &[(Size::One, 1_120)],
        long_ratios: true,
        ignores_size: false,
        refuses_sampling: false,
        thinks: true,
        input_image_tokens: 1_120,
        nano_usd: (250, 1_500, 30_000),
    },
    Model {
        name: "gemini-3.1-flash-image",
        display_name: "Nano Banana 2",
        token_limits: (131_072, 32_768),
        sizes: &[(Size::One, 1_120), (Size::Half, 747), (Size::Two, 1_680), (Size::Four, 2_520)],
        long_ratios: true,
        ignores_size: false,
        refuses_sampling: false,
        thinks: true,
        input_image_tokens: 1_120,
        nano_usd: (500, 3_000, 60_000),
    },
    Model {
        name: "gemini-2.5-flash-image",
        display_name: "Nano Banana",
        token_limits: (65_536, 32_768),
        sizes: &[(Size::One, 1_290)],
        long_ratios: false,
        ignores_size: true,
        refuses_sampling: false,
        thinks: false,
        input_image_tokens: 258,
        nano_usd: (300, 2_500, 30_000),
    },
];

/// Ids that were shut down; they answer 404 like any unknown name.
pub const RETIRED: &[&str] = &[
    "gemini-3.1-flash-image-preview",
    "gemini-3-pro-image-preview",
    "gemini-2.5-flash-image-preview",
    "gemini-2.0-flash-exp-image-generation",
    "gemini-2.0-flash-preview-image-generation",
    "imagen-4.0-generate-001",
    "imagen-4.0-ultra-generate-001",
    "imagen-4.0-fast-generate-001",
];

/// Other ids of a model.
const ALIASES: &[(&str, &str)] = &[("nano-banana-pro-preview", "gemini-3-pro-image")];

/// Aspect ratios of every model.
pub const RATIOS: &[&str] =
    &["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];

/// Aspect ratios of some models.
pub const LONG_RATIOS: &[&str] = &["1:4", "4:1", "1:8", "8:1"];

/// The model of an id, without `models/`.
pub(crate) fn find(name: &str) -> Option<&'static Model> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, target)| *target);
    let name = alias.unwrap_or(name);
    MODELS.iter().find(|model| model.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_a_picture() {
        let price = |name: &str, size: Size| {
            let model = find(name).unwrap();
            model.image_tokens(size) * model.nano_usd.2 / 1_000
        };
        // Millionths of a USD.
        assert_eq!(price("gemini-3-pro-image", Size::One), 134_400);
        assert_eq!(price("gemini-3-pro-image", Size::Four), 240_000);
        assert_eq!(price("gemini-nano-banana-2.1", Size::One), 33_600);
        assert_eq!(price("gemini-3.1-flash-image", Size::Half), 44_820);
        assert_eq!(price("gemini-2.5-flash-image", Size::One), 38_700);
    }

    #[test]
    fn an_alias_is_its_model() {
        assert_eq!(find("nano-banana-pro-preview").unwrap().name, "gemini-3-pro-image");
        assert!(RETIRED.iter().all(|name| find(name).is_none()));
    }
}
