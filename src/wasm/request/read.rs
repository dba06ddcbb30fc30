//! Reads a request as callers write it.

use js_sys::{JsString, Object};
use wasm_bindgen::prelude::*;

use crate::base::text::join;
use crate::models::service_tier::{self, ServiceTier};
use crate::protocol::gemini::{self, Place};
use crate::protocol::need::{Need, Size};
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::request::body::Body;
use crate::wasm::request::checked::Request;
use crate::wasm::request::config::{apply_config, check_image};
use crate::wasm::request::contents::{is_blank, is_blank_list, is_contents, normalize, references};
use crate::wasm::values::access::{get, get_dynamic, get_text, keys, list, put, set};
use crate::wasm::values::check::{as_array, is_plain};

/// Keys of a request beside the keys of `config` that go to the top of the body.
const TOP: [&str; 5] = ["model", "contents", "config", "systemInstruction", "generationConfig"];

impl Request {
    /// Reads a text, the `contents` of the SDK, `{ model, contents, config }`, or the body of the
    /// REST API. An empty request is refused.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    pub(crate) fn read(value: &JsValue, host: &Host) -> Result<Self, JsValue> {
        let request = Self::read_any(value, host)?;
        let is_empty = match &request.body {
            Body::Prompt(text) => is_blank(text),
            Body::Contents(contents) => is_blank_list(contents),
            Body::Object(body) => is_blank_list(&get(body, "contents")),
        };
        if is_empty {
            return Err(type_error("the prompt is empty: it must hold a text or a picture"));
        }
        Ok(request)
    }

    /// The same, where an empty request is left for the service to refuse, as in a hand-rolled
    /// loop.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    pub(crate) fn read_any(value: &JsValue, host: &Host) -> Result<Self, JsValue> {
        if let Some(text) = value.dyn_ref::<JsString>() {
            return Ok(Self { body: Body::Prompt(text.clone()), ..Self::default() });
        }
        if as_array(value).is_some() || is_contents(value) {
            let contents = normalize(value)?;
            let need = Need { references: references(&contents), ..Need::default() };
            return Ok(Self { need, body: Body::Contents(contents), ..Self::default() });
        }
        if !is_plain(value) {
            return Err(type_error(
                "the prompt must be a string, parts, or a request { model, contents, config }",
            ));
        }
        let body = Object::new();
        for key in keys(value) {
            let name = key.as_string().unwrap_or_default();
            match name.as_str() {
                // These are not copied: the contents are set once they are normalized.
                "model" | "config" | "contents" => {}
                known if TOP.contains(&known) || gemini::place(known) == Place::Top => {
                    put(&body, &key, &get_dynamic(value, &key));
                }
                _ => {
                    let known = join(TOP.into_iter().chain(gemini::top_keys()), ", ");
                    let message =
                        ["unknown key `", &name, "` in the request; the known keys are ", &known];
                    return Err(type_error(&message.concat()));
                }
            }
        }
        Self::from_object(value, body, host)
    }

    fn from_object(value: &JsValue, body: Object, host: &Host) -> Result<Self, JsValue> {
        let model = match get(value, "model") {
            model if model.is_undefined() => None,
            model => match model.as_string().filter(|model| gemini::model_path(model).is_some()) {
                Some(model) => Some(model),
                None => {
                    return Err(type_error(
                        "`model` must be the id of a model, without `..`, `?` or `&`",
                    ));
                }
            },
        };
        let contents = get(value, "contents");
        let contents = normalize(&contents)?;
        set(&body, "contents", &contents);
        check_image(&get(&get(&body, "generationConfig"), "imageConfig"), host)?;
        let config = get(value, "config");
        let http = apply_config(&body, &config, host)?;
        let extra = get(&get(&config, "httpOptions"), "extraBody");
        let extra = extra.is_object().then(|| extra.unchecked_into());
        let http = (!http.is_default()).then(|| Box::new(http));
        let read = Self::of_body(body)?;
        Ok(Self { model, http, extra, is_sized: true, ..read })
    }

    /// A request of a body that is complete.
    pub(super) fn of_body(body: Object) -> Result<Self, JsValue> {
        let image = get(&get(&body, "generationConfig"), "imageConfig");
        let need = Need {
            size: get_text(&image, "imageSize").and_then(|size| Size::parse(&size)),
            ratio: get_text(&image, "aspectRatio"),
            references: references(&get(&body, "contents")),
        };
        let tier = get(&body, "serviceTier");
        let tier = match get_text(&body, "serviceTier") {
            None if tier.is_undefined() || tier.is_null() => None,
            Some(name) if name.eq_ignore_ascii_case("unspecified") => None,
            name => match name.and_then(|name| ServiceTier::parse(&name)) {
                None => {
                    return Err(type_error(
                        &["`serviceTier` must be ", service_tier::NAMES].concat(),
                    ));
                }
                tier => tier,
            },
        };
        let searches =
            list(&get(&body, "tools")).iter().any(|tool| get(tool, "googleSearch").is_object());
        Ok(Self { need, tier, searches, body: Body::Object(body), ..Self::default() })
    }
}
