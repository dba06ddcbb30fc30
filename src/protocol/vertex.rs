//! Gemini on Vertex AI: another address and another credential for the same requests.
//!
//! Source of the addresses: `ApiClient` of `@google/genai` 3.1.0.

use super::Address;

/// The version that the SDK uses.
pub const API_VERSION: &str = "v1beta1";
const GLOBAL: &str = "global";
const HOST: &str = "aiplatform.googleapis.com";

/// Keys that the Developer API takes at the top of a body and Vertex AI answers with 400
/// (`aiplatform.v1beta1` discovery document, revision 2026-11-06).
pub const UNKNOWN: &[&str] = &["store", "continuationToken"];

/// Keys of `config` that Vertex AI alone knows, and whether a picture made without them would be
/// another one than was asked for. Source: the converters of `@google/genai` 3.3.0, which throw for
/// them on the Developer API.
pub const ONLY: [(&str, bool); 2] = [("labels", false), ("modelArmorConfig", true)];

/// The same in `imageConfig`.
pub const ONLY_IMAGE: [(&str, bool); 5] = [
    ("personGeneration", true),
    ("prominentPeople", true),
    ("imageOutputOptions", false),
    ("outputMimeType", false),
    ("outputCompressionQuality", false),
];

/// Keys that the SDK calls otherwise than the API: each goes into `imageConfig.imageOutputOptions`.
pub const OUTPUT: [(&str, &str); 2] =
    [("outputMimeType", "mimeType"), ("outputCompressionQuality", "compressionQuality")];

/// The host of a location: one for the world, one for each multi-region, one for each region.
#[must_use]
pub fn base(location: Option<&str>) -> String {
    match location.unwrap_or(GLOBAL) {
        GLOBAL => ["https://", HOST].concat(),
        area @ ("us" | "eu") => ["https://aiplatform.", area, ".rep.googleapis.com"].concat(),
        region => ["https://", region, "-", HOST].concat(),
    }
}

/// Whether a text is a project, a location or such, and nothing that would lead elsewhere.
#[must_use]
pub fn is_name(text: &str) -> bool {
    // A project of a domain is `example.com:project`.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain) && !crate::base::text::contains(text, "..")
}

/// The address of a call; without a project that of express mode.
#[must_use]
pub fn url(at: &Address<'_>, method: &str) -> Option<String> {
    let model = at.model.strip_prefix("models/").unwrap_or(at.model);
    let model = model.strip_prefix("publishers/google/models/").unwrap_or(model);
    let location = at.location.unwrap_or(GLOBAL);
    if !is_name(location) || !at.project.is_none_or(is_name) {
        return None;
    }
    let place = match at.project {
        Some(project) => ["projects/", project, "/locations/", location, "/"].concat(),
        None => String::new(),
    };
    let base = at.base.trim_end_matches('/');
    let version = at.version.unwrap_or(API_VERSION);
    // A model's id is checked as elsewhere: it becomes a part of the path.
    super::gemini::model_path(model)?;
    Some(
        [base, "/", version, "/", &place, "publishers/google/models/", model, ":", method].concat(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_location_has_its_host() {
        assert_eq!(base(None), "https://aiplatform.googleapis.com");
        assert_eq!(base(Some("global")), "https://aiplatform.googleapis.com");
        assert_eq!(base(Some("us")), "https://aiplatform.us.rep.googleapis.com");
        assert_eq!(base(Some("europe-west4")), "https://europe-west4-aiplatform.googleapis.com");
    }

    #[test]
    fn an_address_names_project_and_location_or_neither() {
        let at = Address { base: "https://h/", model: "models/m", ..Address::default() };
        assert_eq!(
            url(&at, "generateContent").as_deref(),
            Some("https://h/v1beta1/publishers/google/models/m:generateContent")
        );
        let at = Address { project: Some("p"), location: Some("us-east5"), ..at };
        assert_eq!(
            url(&at, "generateContent").as_deref(),
            Some(
                "https://h/v1beta1/projects/p/locations/us-east5/publishers/google/models/m:generateContent"
            )
        );
        let astray = Address { project: Some("p/../../x"), ..at };
        assert_eq!(url(&astray, "generateContent"), None);
    }
}
