//! The demands of a request on a model.

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
    /// Every size, the smallest first.
    pub const ALL: [Self; 4] = [Self::Px512, Self::K1, Self::K2, Self::K4];

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

/// The demands of a request on a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Need {
    /// The size, where the request names one.
    pub size: Option<Size>,
    /// The aspect ratio, where the request names one.
    pub ratio: Option<String>,
    /// How many pictures the request shows to the model.
    pub references: usize,
}
