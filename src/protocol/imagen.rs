//! Imagen's `:predict`: one prompt, no reference images. Google has shut its own models down; other
//! servers still speak it.
//!
//! Source: `generateImages` of `@google/genai` 3.1.0.

use crate::protocol::need::{Need, Size};

/// Keys of `generationConfig`, and their names under `parameters`.
pub const WORDS: &[(&str, &str)] = &[("candidateCount", "sampleCount"), ("seed", "seed")];

const RATIOS: &[&str] = &["1:1", "3:4", "4:3", "9:16", "16:9"];

/// The part of `need` that no model of Imagen can meet.
#[must_use]
pub fn lacks(need: &Need) -> Option<&'static str> {
    if need.size.is_some_and(|size| !matches!(size, Size::K1 | Size::K2)) {
        return Some("size");
    }
    let has_ratio = need.ratio.as_deref().is_none_or(|ratio| RATIOS.contains(&ratio));
    (!has_ratio).then_some("aspect ratio")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ratios_are_fewer_than_gemini_s() {
        let need = |size, ratio: &str| Need { size, ratio: Some(ratio.to_owned()), references: 0 };
        assert_eq!(lacks(&need(Some(Size::K2), "16:9")), None);
        assert_eq!(lacks(&need(Some(Size::K4), "16:9")), Some("size"));
        assert_eq!(lacks(&need(None, "21:9")), Some("aspect ratio"));
        assert_eq!(lacks(&Need::default()), None);
    }
}
