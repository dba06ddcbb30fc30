//! The protocol in which a request came, and in which its answer goes.

use serde::{Deserialize, Serialize};

use crate::answer::{Body, Holds, Usage};
use crate::picture::Picture;
use crate::plan::Reply;
use crate::{openai, predict};

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dress {
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

/// What an answer is made of.
pub(crate) struct Answer<'a> {
    pub(crate) holds: &'a Holds,
    pub(crate) usage: Usage,
    pub(crate) model: &'a str,
    pub(crate) picture: Picture,
    pub(crate) sequence: u64,
}

/// Whether a call is for a picture.
pub(crate) fn is_generate(call: &str) -> bool {
    matches!(call, "generateContent" | "predict" | "images" | "chat")
}

/// An answer of another protocol than Gemini's.
pub(crate) fn answer(
    dress: Dress,
    answer: &Answer<'_>,
    host: &str,
    picture_as: PictureAs,
) -> (Reply, Body) {
    let reply = match dress {
        Dress::Chat => openai::chat(answer, host, picture_as),
        Dress::Images => openai::images(answer, host, picture_as),
        Dress::Predict | Dress::Gemini => predict::answer(answer),
    };
    let body = Body::drawn(&reply.body, answer.picture);
    (reply, body)
}

/// A refusal as the protocol words it.
pub(crate) fn error(reply: Reply, dress: Dress, model: &str) -> Reply {
    match dress {
        Dress::Images | Dress::Chat => openai::error(reply, model),
        Dress::Gemini | Dress::Predict => reply,
    }
}
