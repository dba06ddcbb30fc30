//! What jobs of the Batch API need of a client: where they are, and what their requests say.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::client::Core;
use super::convert::{Fields, get_text};
use super::error::usage;
use super::request::Request;
use super::retired;
use super::route::Route;
use crate::models::catalog::BATCH_SHARE;
use crate::protocol::Protocol;
use crate::protocol::gemini;

#[wasm_bindgen]
impl Core {
    /// Where jobs of a model are: `{ root, upload, path, headers, secrets }`. Without a model it is the first
    /// target of the chain that can have any.
    ///
    /// # Errors
    /// A `TypeError` that names a target that can have none, a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = jobPlace)]
    pub fn job_place(&self, model: Option<String>) -> Result<JsValue, JsValue> {
        let has_any = model.is_none();
        let request = Request::of_model(model);
        let chain = self.chain_for(&request)?;
        let fits = |route: &Route| fault(route).is_none();
        let found = chain.iter().find(|route| has_any && fits(route)).or_else(|| chain.first());
        let Some(route) = found else { return Err(usage("`models` is empty")) };
        if let Some(fault) = fault(route) {
            return Err(usage(&["`", &route.model, "` ", fault].concat()));
        }
        let url = String::from(&route.url);
        let path = gemini::model_path(&route.model).unwrap_or_default();
        let end = [path.as_str(), ":generateContent"].concat();
        let root = url.strip_suffix(end.as_str()).unwrap_or_default();
        let base = route.base.trim_end_matches('/');
        let version = root.strip_prefix(base).unwrap_or_default();
        let upload = [base, "/upload", version, "files"].concat();
        let secrets: Array = route.secrets.iter().map(JsValue::from).collect();
        Ok(Fields::new()
            .set("root", root)
            .set("upload", upload.as_str())
            .set("path", path.as_str())
            .set("headers", &route.headers)
            .set("secrets", secrets)
            .done())
    }

    /// A request for a job: `{ model, text, tokens, size, usd }`, the text as `generate` would send it,
    /// the money as what is to be reserved for it.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, a `GenerateError` for a model that is gone.
    #[wasm_bindgen(js_name = jobRequest)]
    pub fn job_request(
        &self,
        request: &JsValue,
        model: Option<String>,
    ) -> Result<JsValue, JsValue> {
        let host = self.host();
        let mut request = Request::read(request, host)?;
        if request.http.as_deref().is_some_and(|http| !http.is_empty()) {
            return Err(usage(
                "a request of a job has no address, version or headers of its own: leave them out of `config.httpOptions`",
            ));
        }
        request.http = None;
        request.model = model.or(request.model);
        let chain = self.chain_for(&request)?;
        let Some(route) = chain.first() else { return Err(usage("`models` is empty")) };
        let known = route.known();
        if let Some(fault) = fault(route) {
            return Err(usage(&["`", &route.model, "` ", fault].concat()));
        }
        if let Some(gone) = known.as_ref().filter(|_| route.retired) {
            return Err(retired::error(host, gone));
        }
        if let Some(lacks) = route.lacks(&request, true) {
            let message =
                ["`", &route.model, "` cannot do the ", lacks, " that a request asks for"];
            return Err(usage(&message.concat()));
        }
        let text = request.text(Protocol::Gemini, &route.model, known.as_ref(), host).map_err(
            |thrown| {
                let said = get_text(&thrown, "message").unwrap_or_default();
                usage(&["a request cannot be written as JSON: ", &said].concat())
            },
        )?;
        let usd = route.expected(request.need.size, &request) * BATCH_SHARE;
        let size = request.need.size.map(|size| size.as_str());
        Ok(Fields::new()
            .set("model", route.model.as_str())
            .set("text", text)
            .set("tokens", request.tokens() as f64)
            .set("usd", usd)
            .set_some("size", size)
            .done())
    }
}

/// Why a target can have no jobs.
fn fault(route: &Route) -> Option<&'static str> {
    if route.protocol != Protocol::Gemini {
        return Some(
            "has no jobs: the Batch API is for models of the Gemini Developer API (protocol `gemini`); pass another `model`",
        );
    }
    if route.known().is_some_and(|known| !known.batch) {
        return Some("is not taken by the Batch API; pass another `model`");
    }
    if route.token.is_some() {
        return Some("has no jobs: its target uses `accessToken`, and the Batch API takes a key");
    }
    None
}
