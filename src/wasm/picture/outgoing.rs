//! The request to a target: its headers and its text.

use js_sys::{JsString, Object};
use wasm_bindgen::prelude::*;

use crate::models::service_tier::{ServiceTier, VERTEX_HEADER};
use crate::protocol::{BEARER, Protocol};
use crate::wasm::host::Host;
use crate::wasm::picture::call::Picture;
use crate::wasm::target::resolved::Target;
use crate::wasm::values::access::{put, set};
use crate::wasm::values::object::copy_of;

impl Picture {
    /// The headers for a target: on Vertex AI they say the tier.
    pub(super) fn headers(&self, target: &Target, index: usize) -> Object {
        let tier = self.tier(index);
        if tier == ServiceTier::Standard || !target.protocol.is_gemini() {
            return target.headers.clone();
        }
        let headers = copy_of(&target.headers);
        if target.protocol == Protocol::Vertex {
            set(&headers, VERTEX_HEADER, &tier.as_str().into());
        }
        if let Some(secs) = self.flex_secs.filter(|_| tier == ServiceTier::Flex) {
            set(&headers, "x-server-timeout", &secs.to_string().into());
        }
        headers
    }

    /// The text to send to a target.
    ///
    /// # Errors
    /// The error of `JSON.stringify`, for a request that cannot be written.
    pub(crate) fn text(&self, index: usize, host: &Host) -> Result<JsString, JsValue> {
        if let Some((last, text)) = &*self.past().text.borrow()
            && *last == index
        {
            return Ok(text.clone());
        }
        let Some(target) = self.targets.get(index) else { return Ok(JsString::from("")) };
        let known = target.known();
        let request = self.request(index);
        let unsigned = self.past().is_unsigned.get().then(|| request.unsigned());
        let request = unsigned.as_ref().unwrap_or(request);
        let smaller = target.smaller.map(|size| request.sized(size));
        let request = smaller.as_ref().unwrap_or(request);
        let text = request.text(target.protocol, &target.model, known.as_ref(), host)?;
        if self.request.is_prompt() {
            // A prompt is written anew for each attempt, which is cheap.
            return Ok(text);
        }
        self.past().text.replace(Some((index, text.clone())));
        Ok(text)
    }
}

/// The headers with a bearer token.
pub(super) fn headers_with(headers: &Object, token: &str) -> Object {
    let headers = copy_of(headers);
    let (name, scheme) = BEARER;
    put(&headers, &name.into(), &[scheme, token].concat().into());
    headers
}
