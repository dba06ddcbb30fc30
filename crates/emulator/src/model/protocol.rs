//! The protocol in which a request came, and in which its answer goes.

use serde::{Deserialize, Serialize};

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `generateContent`, on the Developer API and on Vertex AI.
    Gemini,
    /// `:predict`.
    Predict,
    /// `/images/generations`.
    Images,
    /// `/chat/completions`.
    Chat,
}

/// How a picture stands in an answer of OpenAI's protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PictureAs {
    /// As base64: `b64_json`, or a data URL in `message.images`.
    #[default]
    Base64,
    /// In chat as a part of the content.
    Part,
    /// In chat as Markdown in the text.
    Markdown,
    /// As a link that this service answers: `url`, or Markdown in the text of a chat.
    Link,
}

/// Whether a call is for a picture.
pub(crate) fn is_generate(call: &str) -> bool {
    matches!(call, "generateContent" | "predict" | "images" | "chat")
}
