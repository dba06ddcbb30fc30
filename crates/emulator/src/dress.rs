//! The protocol in which a request came, and in which its answer goes.

use serde::{Deserialize, Serialize};

use crate::answer::{Body, Generated, TokenUsage};
use crate::picture::Picture;
use crate::plan::Reply;
use crate::{openai, predict};

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

/// What an answer is made of.
pub(crate) struct Answer<'a> {
    pub(crate) generated: &'a Generated,
    pub(crate) usage: TokenUsage,
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
    protocol: Protocol,
    answer: &Answer<'_>,
    host: &str,
    picture_as: PictureAs,
) -> (Reply, Body) {
    let reply = match protocol {
        Protocol::Chat => openai::chat(answer, host, picture_as),
        Protocol::Images => openai::images(answer, host, picture_as),
        Protocol::Predict | Protocol::Gemini => predict::answer(answer),
    };
    let body = Body::drawn(&reply.body, answer.picture);
    (reply, body)
}

/// A refusal as the protocol words it.
pub(crate) fn error(reply: Reply, protocol: Protocol, model: &str) -> Reply {
    match protocol {
        Protocol::Images | Protocol::Chat => openai::error(reply, model),
        Protocol::Gemini | Protocol::Predict => reply,
    }
}
