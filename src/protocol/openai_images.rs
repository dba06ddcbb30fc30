//! `POST /images/generations`, as resellers of the models offer it.
//!
//! Source: OpenAI's reference of the images API; the pixels are those that the models were measured
//! to give on 2026-09-23.

use crate::base::slice::decimal;
use crate::protocol::need::{Need, Size};

/// The path behind the base URL, which holds the version as in OpenAI's own clients.
pub const PATH: &str = "/images/generations";

/// Keys of `generationConfig`, and their names in the body.
pub const WORDS: &[(&str, &str)] = &[("candidateCount", "n")];

/// Pixels of a 1K picture, by aspect ratio; 2K has twice as many a side, and 4K four times.
const PIXELS: &[(&str, u32, u32)] = &[
    ("1:1", 1024, 1024),
    ("2:3", 848, 1264),
    ("3:2", 1264, 848),
    ("3:4", 896, 1200),
    ("4:3", 1200, 896),
    ("4:5", 928, 1152),
    ("5:4", 1152, 928),
    ("9:16", 768, 1376),
    ("16:9", 1376, 768),
    ("21:9", 1584, 672),
    ("1:4", 512, 2064),
    ("4:1", 2064, 512),
    ("1:8", 352, 2928),
    ("8:1", 2928, 352),
];

/// The part of `need` that cannot be said in pixels.
#[must_use]
pub fn lacks(need: &Need) -> Option<&'static str> {
    let ratio = need.ratio.as_deref()?;
    (!PIXELS.iter().any(|row| row.0 == ratio)).then_some("aspect ratio")
}

/// `size` in pixels, as `1376x768`; `None` where the request asks for nothing, and the seller's own
/// choice is as good as any.
#[must_use]
pub fn size(need: &Need) -> Option<String> {
    if need.size.is_none() && need.ratio.is_none() {
        return None;
    }
    let ratio = need.ratio.as_deref().unwrap_or("1:1");
    let &(_, width, height) = PIXELS.iter().find(|row| row.0 == ratio)?;
    let scaled = |side: u32| match need.size.unwrap_or(Size::K1) {
        Size::Px512 => side / 2,
        Size::K1 => side,
        Size::K2 => side.saturating_mul(2),
        Size::K4 => side.saturating_mul(4),
    };
    let mut text = String::new();
    decimal(scaled(width).into(), &mut text);
    text.push('x');
    decimal(scaled(height).into(), &mut text);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ratios_become_pixels() {
        let need = |size, ratio: Option<&str>| Need {
            size,
            ratio: ratio.map(str::to_owned),
            references: 0,
        };
        let said = |size, ratio| super::size(&need(size, ratio));
        assert_eq!(said(None, None), None);
        assert_eq!(said(Some(Size::K1), None).as_deref(), Some("1024x1024"));
        assert_eq!(said(None, Some("16:9")).as_deref(), Some("1376x768"));
        assert_eq!(said(Some(Size::K2), Some("16:9")).as_deref(), Some("2752x1536"));
        assert_eq!(said(Some(Size::K4), Some("9:16")).as_deref(), Some("3072x5504"));
        assert_eq!(said(Some(Size::Px512), Some("1:1")).as_deref(), Some("512x512"));
        assert_eq!(lacks(&need(None, Some("7:5"))), Some("aspect ratio"));
        assert_eq!(lacks(&need(Some(Size::K4), Some("1:8"))), None);
    }

    #[test]
    fn pixels_have_about_the_ratio_that_they_stand_for() {
        for (name, width, height) in PIXELS {
            let (w, h) = name.split_once(':').unwrap();
            let wanted = w.parse::<f64>().unwrap() / h.parse::<f64>().unwrap();
            let found = f64::from(*width) / f64::from(*height);
            assert!((found / wanted - 1.0).abs() < 0.05, "{name}: {found}");
        }
    }
}
