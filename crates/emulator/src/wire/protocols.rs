//! Answers and errors by protocol.

use crate::model::protocol::{PictureAs, Protocol};
use crate::wire::answer::Answer;
use crate::wire::body::Body;
use crate::wire::reply::Reply;
use crate::wire::{openai, predict};

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
