//! The text that is sent for a request.

use js_sys::{JSON, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::base::text::join;
use crate::models::model::Model;
use crate::protocol::Protocol;
use crate::wasm::host::Host;
use crate::wasm::request::checked::Request;
use crate::wasm::request::translate::{adapt_for_gemini, adapt_for_vertex, translated_text};
use crate::wasm::values::access::{get, keys, set, take};
use crate::wasm::values::object::{copy_of, merge};

impl Request {
    /// The text to send to this model. `imageSize` is sent only where the catalogue says that the
    /// model takes it; the caller's own size also to a model that the catalogue does not know.
    ///
    /// # Errors
    /// The error of `JSON.stringify`, for a request that cannot be written.
    pub(crate) fn text(
        &self,
        protocol: Protocol,
        model: &str,
        known: Option<&Model<'_>>,
        host: &Host,
    ) -> Result<JsString, JsValue> {
        let body = self.body.object();
        if self.is_prompt() && known.is_some_and(|model| model.takes_size) && protocol.is_gemini() {
            return JSON::stringify(&body);
        }
        let body = copy_of(&body);
        let config = copy_of(&get(&body, "generationConfig"));
        let image = copy_of(&get(&config, "imageConfig"));
        let mut left = Vec::new();
        if let Some(known) = known {
            left.extend(known.refuses.iter().filter(|key| take(&config, key)));
            let has_tier = |tier| known.tiers.has(tier, protocol);
            let is_extra = self.tier.is_some_and(|tier| !has_tier(tier));
            if is_extra && protocol.is_gemini() && take(&body, "serviceTier") {
                left.push("serviceTier");
            }
        }
        if !left.is_empty() {
            let names = join(left, ", ");
            host.warn(&["`", &names, "` is not for `", model, "`, and is left out"].concat());
        }
        match protocol {
            Protocol::Gemini => adapt_for_gemini(&body, &image, host),
            Protocol::Vertex => adapt_for_vertex(&body, &image, host),
            _ => {}
        }
        if protocol.is_gemini()
            && !known.map_or(self.is_sized, |model| model.sends_size(self.is_sized))
        {
            take(&image, "imageSize");
        }
        put_back(&config, "imageConfig", &image);
        put_back(&body, "generationConfig", &config);
        if !protocol.is_gemini() {
            return translated_text(protocol, &self.need, &body, model, host);
        }
        if let Some(extra) = &self.extra {
            merge(&body, extra, 0);
        }
        JSON::stringify(&body)
    }
}

/// Puts the copy of a part back, unless nothing is left of it.
fn put_back(object: &Object, key: &'static str, part: &Object) {
    if keys(part).is_empty() {
        take(object, key);
    } else {
        set(object, key, part);
    }
}
