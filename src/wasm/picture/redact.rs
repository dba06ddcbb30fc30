//! Errors of a call without its keys and prompts.

use js_sys::JSON;
use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::errors::redact::Redactor;
use crate::wasm::picture::call::Picture;
use crate::wasm::values::access::set;
use crate::wasm::values::copy::copy;
use crate::wasm::values::write::to_js;

impl Picture {
    /// Foreign data without keys and prompts. The body of an answer is parsed first, so that it
    /// stays valid JSON.
    pub(crate) fn redacted(&self, value: &Value) -> JsValue {
        let clean = |text: &str| self.redact(text);
        let shown = to_js(value, &clean);
        if let Some(parsed) = value.get("body").and_then(Value::as_str).map(JSON::parse)
            && let Some(body) = parsed.ok().filter(JsValue::is_object)
        {
            set(shown.unchecked_ref(), "body", &to_js(&copy(&body), &clean));
        }
        shown
    }

    /// A text without keys and prompts.
    pub(crate) fn redact(&self, text: &str) -> String {
        // A token may come after the first failure.
        let tokens = self.past().tokens.borrow();
        let tokens = Redactor::new(tokens.iter().map(String::as_str), core::iter::empty());
        let text = &tokens.clean(text);
        let redactor = self.past().redactor.get_or_init(|| {
            let secrets = self.targets.iter().flat_map(|target| &target.secrets);
            let prompts = self.request.prompts();
            Redactor::new(secrets.map(String::as_str), prompts.iter().map(String::as_str))
        });
        redactor.clean(text)
    }
}
