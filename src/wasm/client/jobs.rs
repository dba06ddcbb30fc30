//! Jobs of the Batch API: their address, and their requests as text.

use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::models::catalog::BATCH_SHARE;
use crate::protocol::{Protocol, gemini};
use crate::wasm::client::core::Core;
use crate::wasm::errors::retired::retired_error;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::request::checked::Request;
use crate::wasm::target::resolved::Target;
use crate::wasm::values::access::get_text;
use crate::wasm::values::object::Fields;

#[wasm_bindgen]
impl Core {
    /// The address of the jobs of a model: `{ root, upload, path, headers, secrets }`. Without a
    /// model it is that of the first target of the chain that can have jobs.
    ///
    /// # Errors
    /// A `TypeError` that names a target that can have none, a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = jobPlace)]
    pub fn job_place(&self, model: Option<String>) -> Result<JsValue, JsValue> {
        let has_any = model.is_none();
        let request = Request::of_model(model);
        let chain = self.chain_for(&request)?;
        let fits = |target: &Target| fault(target).is_none();
        let found = chain.iter().find(|target| has_any && fits(target)).or_else(|| chain.first());
        let Some(target) = found else { return Err(type_error("`models` is empty")) };
        if let Some(fault) = fault(target) {
            return Err(type_error(&["`", &target.model, "` ", fault].concat()));
        }
        let url = String::from(&target.url);
        let path = gemini::model_path(&target.model).unwrap_or_default();
        let end = [path.as_str(), ":generateContent"].concat();
        let root = url.strip_suffix(end.as_str()).unwrap_or_default();
        let base = target.base.trim_end_matches('/');
        let version = root.strip_prefix(base).unwrap_or_default();
        let upload = [base, "/upload", version, "files"].concat();
        let secrets: Array = target.secrets.iter().map(JsValue::from).collect();
        Ok(Fields::new()
            .set("root", root)
            .set("upload", upload.as_str())
            .set("path", path.as_str())
            .set("headers", &target.headers)
            .set("secrets", secrets)
            .done())
    }

    /// A request for a job: `{ model, text, tokens, size, usd }`, with the text that `generate`
    /// would send, and the USD that are to be reserved for it.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, a `GenerateError` for a model that is gone.
    #[wasm_bindgen(js_name = jobRequest)]
    pub fn job_request(
        &self,
        request: &JsValue,
        model: Option<String>,
    ) -> Result<JsValue, JsValue> {
        let host = &self.driver.host;
        let mut request = Request::read(request, host)?;
        if request.http.as_deref().is_some_and(|http| !http.is_empty()) {
            return Err(type_error(
                "a request of a job has no address, version or headers of its own: leave them out of `config.httpOptions`",
            ));
        }
        request.http = None;
        request.model = model.or(request.model);
        let chain = self.chain_for(&request)?;
        let Some(target) = chain.first() else { return Err(type_error("`models` is empty")) };
        let known = target.known();
        if let Some(fault) = fault(target) {
            return Err(type_error(&["`", &target.model, "` ", fault].concat()));
        }
        if let Some(gone) = known.as_ref().filter(|_| target.retired) {
            return Err(retired_error(host, gone));
        }
        if let Some(lacks) = target.lacks(&request, true) {
            let message =
                ["`", &target.model, "` cannot do the ", lacks, " that a request asks for"];
            return Err(type_error(&message.concat()));
        }
        let text = request.text(Protocol::Gemini, &target.model, known.as_ref(), host).map_err(
            |thrown| {
                let said = get_text(&thrown, "message").unwrap_or_default();
                type_error(&["a request cannot be written as JSON: ", &said].concat())
            },
        )?;
        let usd = target.expected(request.need.size, &request) * BATCH_SHARE;
        let size = request.need.size.map(|size| size.as_str());
        Ok(Fields::new()
            .set("model", target.model.as_str())
            .set("text", text)
            .set("tokens", request.tokens() as f64)
            .set("usd", usd)
            .set_some("size", size)
            .done())
    }
}

impl Core {
    /// The targets for a request, in order.
    fn chain_for(&self, request: &Request) -> Result<Rc<[Rc<Target>]>, JsValue> {
        self.targets.chain(None, request, None, &self.settings, &self.driver.host)
    }
}

/// The reason for which a target can have no jobs, if there is one.
fn fault(target: &Target) -> Option<&'static str> {
    if target.protocol != Protocol::Gemini {
        return Some(
            "has no jobs: the Batch API is for models of the Gemini Developer API (protocol `gemini`); pass another `model`",
        );
    }
    if target.known().is_some_and(|known| !known.batch) {
        return Some("is not taken by the Batch API; pass another `model`");
    }
    if target.token.is_some() {
        return Some("has no jobs: its target uses `accessToken`, and the Batch API takes a key");
    }
    None
}
