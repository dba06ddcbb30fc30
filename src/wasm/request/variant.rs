//! The same request for another target, size or API.

use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

use crate::protocol::need::{Need, Size};
use crate::wasm::request::body::Body;
use crate::wasm::request::checked::Request;
use crate::wasm::values::access::{get, list, set};
use crate::wasm::values::name::name;
use crate::wasm::values::object::{copy_of, merge};

impl Request {
    /// The same request with the `config` of a target over its own.
    ///
    /// # Errors
    /// A `TypeError` for what does not go together.
    pub(crate) fn over(&self, config: &Object) -> Result<Self, JsValue> {
        let body = copy_of(&self.body.object());
        merge(&body, config, 0);
        let own = Self::of_body(body)?;
        let image = get(&get(config, "generationConfig"), "imageConfig");
        let is_sized = self.is_sized || !get(&image, "imageSize").is_undefined();
        // The default size is not the caller's.
        let size = own.need.size.filter(|_| is_sized);
        Ok(Self { is_sized, extra: self.extra.clone(), need: Need { size, ..own.need }, ..own })
    }

    /// The same request for a picture of this size.
    pub(crate) fn sized(&self, size: Size) -> Self {
        let body = copy_of(&self.body.object());
        let generation = copy_of(&get(&body, "generationConfig"));
        let image = copy_of(&get(&generation, "imageConfig"));
        set(&image, "imageSize", &name(size.as_str()));
        set(&generation, "imageConfig", &image);
        set(&body, "generationConfig", &generation);
        let need = Need { size: Some(size), ..self.need.clone() };
        let extra = self.extra.clone();
        Self {
            need,
            extra,
            body: Body::Object(body),
            is_sized: true,
            tier: self.tier,
            searches: self.searches,
            ..Self::default()
        }
    }

    /// The same request with Google's placeholder for each signature of a thought, since those of
    /// another API are refused.
    ///
    /// Source: LiteLLM 1.110.2, `rejected_thought_signature_retry.py`.
    pub(crate) fn unsigned(&self) -> Self {
        const PLACEHOLDER: &str = "skip_thought_signature_validator";
        let body = copy_of(&self.body.object());
        let contents: Array = list(&get(&body, "contents"))
            .iter()
            .map(|content| {
                let is_own = get(content, "role") == "model";
                let parts: Array = list(&get(content, "parts"))
                    .iter()
                    .map(|part| {
                        let has = |key: &'static str| !get(part, key).is_undefined();
                        let signs = is_own && (has("inlineData") || has("functionCall"));
                        if !signs && !has("thoughtSignature") {
                            return part.clone();
                        }
                        let part = copy_of(part);
                        set(&part, "thoughtSignature", &PLACEHOLDER.into());
                        part.into()
                    })
                    .collect();
                let content = copy_of(content);
                set(&content, "parts", &parts);
                JsValue::from(content)
            })
            .collect();
        set(&body, "contents", &contents);
        Self {
            need: self.need.clone(),
            extra: self.extra.clone(),
            body: Body::Object(body),
            is_sized: self.is_sized,
            tier: self.tier,
            searches: self.searches,
            ..Self::default()
        }
    }
}
