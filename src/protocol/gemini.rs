//! The Gemini Developer API: where each part of a request goes.
//!
//! Source of the tables: what `@google/genai` 3.1.0 sends for `ai.models.generateContent`.

use crate::base::text::contains;
use crate::protocol::need::Size;

/// The Developer API.
pub const BASE_URL: &str = "https://generativelanguage.googleapis.com";
/// `imageConfig` is confirmed on this version only.
pub const API_VERSION: &str = "v1beta";

/// The destination of a key of `config`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// To the top level of the body.
    Top,
    /// Into `generationConfig`.
    Generation,
    /// Into `systemInstruction`, as a content.
    System,
    /// Into `imageConfig`, from the older `imageResolution: '1024x1024'`.
    Resolution,
    /// Nowhere: it is for the client.
    Client,
    /// The Developer API does not know it.
    Unknown,
}

const PLACES: &[(Place, &[&str])] = &[
    (Place::System, &["systemInstruction"]),
    (
        Place::Top,
        &[
            "safetySettings",
            "tools",
            "toolConfig",
            "cachedContent",
            "serviceTier",
            "store",
            "continuationToken",
            "labels",
            "modelArmorConfig",
        ],
    ),
    (
        Place::Generation,
        &[
            "responseModalities",
            "imageConfig",
            "thinkingConfig",
            "candidateCount",
            "maxOutputTokens",
            "temperature",
            "topP",
            "topK",
            "seed",
            "stopSequences",
            "presencePenalty",
            "frequencyPenalty",
            "responseMimeType",
            "responseSchema",
            "responseJsonSchema",
            "mediaResolution",
            "speechConfig",
            "logprobs",
            "responseLogprobs",
        ],
    ),
    (Place::Resolution, &["imageResolution"]),
    (
        Place::Client,
        &["httpOptions", "abortSignal", "automaticFunctionCalling", "automaticContinuation"],
    ),
];

/// Keys of `imageConfig`: those of the Developer API, then those that Vertex AI and the SDK know
/// beside them.
pub const IMAGE_KEYS: &[&str] = &[
    "aspectRatio",
    "imageSize",
    "personGeneration",
    "prominentPeople",
    "imageOutputOptions",
    "outputMimeType",
    "outputCompressionQuality",
];

/// Wrong names for these keys, in lower case and without `_` and `-`: other APIs' words, and slips
/// of the pen. A request with one would be paid for as another picture.
const IMAGE_SLIPS: &[(&str, &str)] = &[
    ("imagesize", SIZE),
    ("size", SIZE),
    ("resolution", SIZE),
    ("imageresolution", SIZE),
    ("aspectratio", RATIO),
    ("aspect", RATIO),
    ("ratio", RATIO),
];
const SIZE: &str = "it is called `imageSize`";
const RATIO: &str = "it is called `aspectRatio`";

/// The correction for a key of `imageConfig` that is not known; `None` where it may be a new one.
#[must_use]
pub fn meant(key: &str) -> Option<&'static str> {
    let letters = || key.bytes().filter(u8::is_ascii_alphanumeric);
    let is_it = |slip: &str| letters().map(|byte| byte.to_ascii_lowercase()).eq(slip.bytes());
    IMAGE_SLIPS.iter().find(|(slip, _)| is_it(slip)).map(|row| row.1)
}

/// Keys of `httpOptions` that only the SDK heeds (`HttpOptions` of `@google/genai` 3.1.0).
pub const HTTP_UNHEARD: [&str; 3] = ["retryOptions", "baseUrlResourceScope", "fetch"];
/// The notice about them.
pub const HTTP_LEFT_OUT: &str =
    "`retryOptions`, `baseUrlResourceScope` and `fetch` of `config.httpOptions` are left out";

/// The destination of this key of `config`.
#[must_use]
pub fn place(key: &str) -> Place {
    let row = PLACES.iter().find(|(_, keys)| keys.contains(&key));
    row.map_or(Place::Unknown, |&(place, _)| place)
}

/// Every key of `config` that is understood, for an error message.
pub fn config_keys() -> impl Iterator<Item = &'static str> {
    PLACES.iter().flat_map(|(_, keys)| keys.iter().copied())
}

/// The keys that stand at the top of the body, wherever a request has them.
pub fn top_keys() -> impl Iterator<Item = &'static str> {
    let top = PLACES.iter().filter(|(place, _)| *place == Place::Top);
    top.flat_map(|(_, keys)| keys.iter().copied())
}

/// The model as it stands in a path; `None` for one that would change the path.
#[must_use]
pub fn model_path(model: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte);
    if model.is_empty() || contains(model, "..") || !model.bytes().all(is_plain) {
        return None;
    }
    let prefixed = model.starts_with("models/") || model.starts_with("tunedModels/");
    Some(if prefixed { model.to_owned() } else { ["models/", model].concat() })
}

/// The address of a call: base, version and model joined, whatever slashes the base ends with.
#[must_use]
pub fn url(base: &str, version: &str, model_path: &str, method: &str) -> String {
    [base.trim_end_matches('/'), "/", version, "/", model_path, ":", method].concat()
}

/// Reads the older `imageResolution`, as `1024x1024`, into a size and an aspect ratio of today.
#[must_use]
pub fn resolution(text: &str) -> Option<(Size, &'static str)> {
    let (width, height) = text.split_once(['x', 'X', '×'])?;
    let width: u32 = width.trim().parse().ok()?;
    let height: u32 = height.trim().parse().ok()?;
    if width == 0 || height == 0 {
        return None;
    }
    // The bounds lie between the long sides of 1K (at most 1,584), 2K and 4K pictures.
    let size = match width.max(height) {
        0..=1_792 => Size::K1,
        1_793..=3_584 => Size::K2,
        _ => Size::K4,
    };
    let wanted = f64::from(width) / f64::from(height);
    let distance = |&(_, w, h): &(&str, f64, f64)| {
        let ratio = w / h;
        if ratio > wanted { ratio / wanted } else { wanted / ratio }
    };
    let nearest =
        RATIOS.iter().reduce(|best, row| if distance(row) < distance(best) { row } else { best });
    nearest.map(|&(name, _, _)| (size, name))
}

const RATIOS: &[(&str, f64, f64)] = &[
    ("1:1", 1.0, 1.0),
    ("2:3", 2.0, 3.0),
    ("3:2", 3.0, 2.0),
    ("3:4", 3.0, 4.0),
    ("4:3", 4.0, 3.0),
    ("4:5", 4.0, 5.0),
    ("5:4", 5.0, 4.0),
    ("9:16", 9.0, 16.0),
    ("16:9", 16.0, 9.0),
    ("21:9", 21.0, 9.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_keys_go_where_the_sdk_puts_them() {
        assert_eq!(place("systemInstruction"), Place::System);
        assert_eq!(place("safetySettings"), Place::Top);
        assert_eq!(place("imageConfig"), Place::Generation);
        assert_eq!(place("abortSignal"), Place::Client);
        assert_eq!(place("imageResolution"), Place::Resolution);
        assert_eq!(place("imageSize"), Place::Unknown);
    }

    #[test]
    fn a_slip_is_told_from_what_is_new() {
        for slip in ["image_size", "imagesize", "ImageSize", "size"] {
            assert_eq!(meant(slip), Some(SIZE), "{slip}");
        }
        for slip in ["aspect_ratio", "ratio", "aspect-ratio"] {
            assert_eq!(meant(slip), Some(RATIO), "{slip}");
        }
        for new in ["seed", "imageQuality", "", "e"] {
            assert_eq!(meant(new), None, "{new}");
        }
    }

    #[test]
    fn a_model_cannot_change_the_path() {
        assert_eq!(model_path("gemini-3-pro-image").as_deref(), Some("models/gemini-3-pro-image"));
        assert_eq!(model_path("tunedModels/mine").as_deref(), Some("tunedModels/mine"));
        for bad in ["", "../files", "a?key=b", "a&b", "gemini-3-pro-image\n", "ä"] {
            assert_eq!(model_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_have_one_slash_between_base_and_version() {
        let want = "http://h/v1beta/models/m:generateContent";
        for base in ["http://h", "http://h/", "http://h//"] {
            assert_eq!(url(base, "v1beta", "models/m", "generateContent"), want);
        }
    }

    #[test]
    fn older_resolutions_become_a_size_and_a_ratio() {
        assert_eq!(resolution("1024x1024"), Some((Size::K1, "1:1")));
        assert_eq!(resolution("2752x1536"), Some((Size::K2, "16:9")));
        assert_eq!(resolution("1792x1024"), Some((Size::K1, "16:9")));
        assert_eq!(resolution("3072 x 4096"), Some((Size::K4, "3:4")));
        for bad in ["", "big", "0x10", "1024", "-1x5"] {
            assert_eq!(resolution(bad), None, "{bad}");
        }
    }
}
