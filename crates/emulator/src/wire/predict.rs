//! The answer of Imagen's `:predict`.

use serde_json::json;

use crate::model::generated::Generated;
use crate::model::picture::PLACEHOLDER;
use crate::wire::answer::Answer;
use crate::wire::json::pretty;
use crate::wire::reply::Reply;

pub(crate) fn answer(answer: &Answer<'_>) -> Reply {
    let picture = json!({ "mimeType": "image/png", "bytesBase64Encoded": PLACEHOLDER });
    let body = match answer.generated {
        Generated::Image { .. } | Generated::Linked { .. } => json!({ "predictions": [picture] }),
        Generated::Nothing { reason, free: true } | Generated::Blocked { reason } => {
            let sentence = format!(
                "Unable to show generated images. All images were filtered out because they \
                 violated Vertex AI's usage guidelines: {reason}."
            );
            json!({ "predictions": [{ "raiFilteredReason": sentence }] })
        }
        // An empty list is left out.
        _ => json!({}),
    };
    Reply::json(200, pretty(&body))
}
