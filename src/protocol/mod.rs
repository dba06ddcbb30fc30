//! How requests are written for each kind of service, and how its answers are read; the reading of
//! errors is in `classify`.
//!
//! Each file says what goes where in its protocol. Payloads stay in JavaScript: nothing here sees a
//! picture.

pub mod address;
pub mod gemini;
pub mod imagen;
pub mod media;
pub mod need;
pub mod openai_chat;
pub mod openai_images;
pub mod token;
pub mod usage;
pub mod vertex;

use crate::base::slice::begins;
use crate::protocol::need::Need;

/// The language that a server speaks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Protocol {
    /// The Gemini Developer API, and relays of it.
    #[default]
    Gemini,
    /// Gemini on Vertex AI.
    Vertex,
    /// Imagen's `:predict`.
    Imagen,
    /// `POST /images/generations`, as resellers offer it.
    OpenaiImages,
    /// `POST /chat/completions` with pictures in the answer, as resellers offer it.
    OpenaiChat,
}

impl Protocol {
    /// Every protocol, in the order of the documentation.
    pub const ALL: [Self; 5] =
        [Self::Gemini, Self::Vertex, Self::Imagen, Self::OpenaiImages, Self::OpenaiChat];

    /// The name that callers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::Vertex => "vertex",
            Self::Imagen => "imagen",
            Self::OpenaiImages => "openai-images",
            Self::OpenaiChat => "openai-chat",
        }
    }

    /// The protocol of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }

    /// The service that speaks it, in words.
    #[must_use]
    pub const fn service(self) -> &'static str {
        match self {
            Self::Gemini | Self::Vertex => "the Gemini API",
            Self::Imagen => "an Imagen API",
            Self::OpenaiImages => "an OpenAI-like images API",
            Self::OpenaiChat => "an OpenAI-like chat API",
        }
    }

    /// Whether requests and answers are those of `generateContent`.
    #[must_use]
    pub const fn is_gemini(self) -> bool {
        matches!(self, Self::Gemini | Self::Vertex)
    }

    /// Whether it is one of OpenAI's.
    #[must_use]
    pub const fn is_openai(self) -> bool {
        matches!(self, Self::OpenaiImages | Self::OpenaiChat)
    }

    /// The header in which a key goes, and what stands before the key in it.
    #[must_use]
    pub const fn key_header(self) -> (&'static str, &'static str) {
        if self.is_openai() { BEARER } else { ("x-goog-api-key", "") }
    }

    /// The address of a request; `None` where a part of it would change the address.
    #[must_use]
    pub fn url(self, at: &Address<'_>) -> Option<String> {
        let method = if self == Self::Imagen { "predict" } else { "generateContent" };
        match self {
            _ if self.is_vertex(at.project) => vertex::url(at, method),
            Self::OpenaiImages | Self::OpenaiChat => {
                let path =
                    if self == Self::OpenaiChat { openai_chat::PATH } else { openai_images::PATH };
                let base = at.base.trim_end_matches('/');
                let version =
                    at.version.map_or_else(String::new, |version| ["/", version].concat());
                Some([base, &version, path].concat())
            }
            _ => {
                let version = at.version.unwrap_or(gemini::API_VERSION);
                Some(gemini::url(at.base, version, &gemini::model_path(at.model)?, method))
            }
        }
    }

    /// Whether it is asked at an address of Vertex AI; Imagen is where there is a project.
    #[must_use]
    pub const fn is_vertex(self, project: Option<&str>) -> bool {
        matches!(self, Self::Vertex) || matches!(self, Self::Imagen) && project.is_some()
    }

    /// The body's word for `key` of a request's `generationConfig`; `None` where the protocol has
    /// no word for it, which is no reason to do without the picture.
    #[must_use]
    pub fn word(self, key: &str) -> Option<&'static str> {
        let words: &[(&str, &str)] = match self {
            Self::Gemini | Self::Vertex => &[],
            Self::Imagen => imagen::WORDS,
            Self::OpenaiImages => openai_images::WORDS,
            Self::OpenaiChat => openai_chat::WORDS,
        };
        words.iter().find(|(known, _)| *known == key).map(|&(_, word)| word)
    }

    /// The part of a request that the protocol has no words for, so that the picture would be
    /// another one; `None` where it has words for all.
    #[must_use]
    pub fn lacks(self, saying: &Saying, need: &Need) -> Option<&'static str> {
        if self.is_gemini() {
            return None;
        }
        let alone = self != Self::OpenaiChat;
        let rows = [
            (saying.turns > 1 && alone, "several turns"),
            // A picture of the model's own needs its signature, which only the Gemini API carries.
            (saying.has_own_pictures, "earlier pictures"),
            (saying.has_files, "files"),
            (saying.has_tools, "tools"),
            (saying.has_cached, "cached content"),
            (need.references > 0 && alone, "reference images"),
        ];
        let missing = rows.into_iter().find(|(is_wanted, _)| *is_wanted).map(|(_, what)| what);
        missing.or_else(|| match self {
            Self::Imagen => imagen::lacks(need),
            Self::OpenaiImages => openai_images::lacks(need),
            _ => None,
        })
    }
}

/// Whether this is the name of a version, as `v1`, `v1beta` or `v1p1beta1`: it becomes a part of an
/// address, and must not change the rest of it.
#[must_use]
pub fn is_version(text: &str) -> bool {
    let numbered = text.strip_prefix('v').is_some_and(|rest| begins(rest, "0123456789"));
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    numbered && text.len() <= 16 && text.bytes().all(is_plain)
}

/// How a token goes, in every protocol.
pub const BEARER: (&str, &str) = ("authorization", "Bearer ");

/// The parts of an address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Address<'a> {
    /// The base URL.
    pub base: &'a str,
    /// The version of the API; that of the protocol where there is none.
    pub version: Option<&'a str>,
    /// The model.
    pub model: &'a str,
    /// The Google Cloud project.
    pub project: Option<&'a str>,
    /// The region, `us`, `eu` or `global`.
    pub location: Option<&'a str>,
}

/// The parts of a request beside its prompt, size and reference images.
#[derive(Clone, Copy, Debug, Default)]
pub struct Saying {
    /// How many contents there are.
    pub turns: usize,
    /// Whether the model's turns hold pictures.
    pub has_own_pictures: bool,
    /// Whether files are named by their address.
    pub has_files: bool,
    /// Whether the model may use tools, such as a search.
    pub has_tools: bool,
    /// Whether a part of the prompt lies with the service.
    pub has_cached: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::parse(protocol.as_str()), Some(protocol));
        }
        assert_eq!(Protocol::parse("openai"), None);
    }

    #[test]
    fn each_protocol_has_its_address() {
        let at = Address { base: "http://h/v1/", model: "m", ..Address::default() };
        let url = |protocol: Protocol| protocol.url(&at).unwrap();
        assert_eq!(url(Protocol::OpenaiImages), "http://h/v1/images/generations");
        assert_eq!(url(Protocol::OpenaiChat), "http://h/v1/chat/completions");
        let at = Address { base: "http://h", model: "m", ..Address::default() };
        let url = |protocol: Protocol| protocol.url(&at).unwrap();
        assert_eq!(url(Protocol::Gemini), "http://h/v1beta/models/m:generateContent");
        assert_eq!(url(Protocol::Imagen), "http://h/v1beta/models/m:predict");
        let versioned = Address { version: Some("v2"), ..at };
        assert_eq!(Protocol::OpenaiChat.url(&versioned).unwrap(), "http://h/v2/chat/completions");
        let cloud = Address { project: Some("p"), ..at };
        assert_eq!(
            Protocol::Imagen.url(&cloud).unwrap(),
            "http://h/v1beta1/projects/p/locations/global/publishers/google/models/m:predict"
        );
    }

    #[test]
    fn a_version_cannot_change_the_address() {
        for version in ["v1", "v1beta", "v1alpha", "v1beta1", "v1p1beta1", "v2"] {
            assert!(is_version(version), "{version}");
        }
        for bad in ["", "v", "1", "beta", "V1", "v1/../x", "v1.", "v1 ", "v1?a", "v1\n", "../v1"] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_named() {
        let need = |references| Need { references, ..Need::default() };
        let one = Saying { turns: 1, ..Saying::default() };
        let two = Saying { turns: 2, ..Saying::default() };
        let edits = Saying { has_own_pictures: true, ..two };
        for protocol in [Protocol::Imagen, Protocol::OpenaiImages] {
            assert_eq!(protocol.lacks(&one, &need(0)), None);
            assert_eq!(protocol.lacks(&one, &need(1)), Some("reference images"));
            assert_eq!(protocol.lacks(&two, &need(0)), Some("several turns"));
        }
        assert_eq!(Protocol::OpenaiChat.lacks(&two, &need(3)), None);
        assert_eq!(Protocol::OpenaiChat.lacks(&edits, &need(0)), Some("earlier pictures"));
        assert_eq!(Protocol::Vertex.lacks(&edits, &need(3)), None);
    }
}
