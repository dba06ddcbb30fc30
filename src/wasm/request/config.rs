//! `config` of a request or target: each key at its place in the body.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::base::text::join;
use crate::protocol::gemini::{self, Place};
use crate::request::options::scope;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::options::read::read_options;
use crate::wasm::request::contents::system;
use crate::wasm::request::http_options::HttpOptions;
use crate::wasm::values::access::{get, get_dynamic, keys, put, set};
use crate::wasm::values::check::is_plain;
use crate::wasm::values::object::{Fields, copy_of, merge};

/// Moves each key of `config` to its place in the body.
pub(super) fn apply_config(
    body: &Object,
    config: &JsValue,
    host: &Host,
) -> Result<HttpOptions, JsValue> {
    if config.is_undefined() || config.is_null() {
        return Ok(HttpOptions::default());
    }
    if !is_plain(config) {
        return Err(type_error("`config` must be an object"));
    }
    let signal = get(config, "abortSignal");
    if !signal.is_undefined() && !is_signal(&signal) {
        return Err(type_error("`config.abortSignal` must be an AbortSignal"));
    }
    let http = get(config, "httpOptions");
    if !http.is_undefined() && !is_plain(&http) {
        return Err(type_error("`config.httpOptions` must be an object"));
    }
    let options = read_options(&http, scope::HTTP, host)?;
    if gemini::HTTP_UNHEARD.into_iter().any(|key| !get(&http, key).is_undefined()) {
        host.warn(gemini::HTTP_LEFT_OUT);
    }
    check_image(&get(config, "imageConfig"), host)?;
    let generation = match get(body, "generationConfig") {
        own if own.is_object() => copy_of(&own),
        _ => Object::new(),
    };
    for key in keys(config) {
        let value = get_dynamic(config, &key);
        let Some(name) = key.as_string().filter(|_| !value.is_undefined()) else { continue };
        match gemini::place(&name) {
            Place::Top => put(body, &key, &value),
            Place::Generation => put(&generation, &key, &value),
            Place::System => put(body, &key, &system(&value)),
            Place::Resolution => apply_resolution(&generation, &value, host)?,
            Place::Client => {}
            Place::Unknown => {
                let known = join(gemini::config_keys(), ", ");
                return Err(type_error(
                    &["unknown key `", &name, "` in `config`; the known keys are ", &known]
                        .concat(),
                ));
            }
        }
    }
    if !keys(&generation).is_empty() {
        set(body, "generationConfig", &generation);
    }
    let extra = get(&http, "extraBody");
    if extra.is_object() {
        merge(body, &extra, 0);
    }
    Ok(HttpOptions {
        timeout: options.retry.timeout,
        headers: options.headers,
        base_url: options.base_url,
        api_version: options.api_version,
    })
}

/// Refuses a misspelled key in `imageConfig`. Any other key that is not known may be newer than
/// this, and is sent with one warning.
#[inline(never)]
pub(super) fn check_image(image: &JsValue, host: &Host) -> Result<(), JsValue> {
    // Asking for the keys of no object throws, and an error takes longer than a call.
    if !image.is_object() {
        return Ok(());
    }
    for key in keys(image) {
        let name = key.as_string().unwrap_or_default();
        if gemini::IMAGE_KEYS.contains(&name.as_str()) {
            continue;
        }
        let meant = gemini::meant(&name);
        let fate = meant.unwrap_or("it is sent as it is");
        let text = ["unknown key `", &name, "` in `imageConfig`: ", fate].concat();
        if meant.is_some() {
            return Err(type_error(&text));
        }
        host.warn(&text);
    }
    Ok(())
}

fn apply_resolution(generation: &Object, value: &JsValue, host: &Host) -> Result<(), JsValue> {
    let text = value.as_string().unwrap_or_default();
    let Some((size, ratio)) = gemini::resolution(&text) else {
        return Err(type_error(
            "`imageResolution` must be like '1024x1024'; better, use imageConfig: { imageSize: '1K', aspectRatio: '1:1' }",
        ));
    };
    host.warn(
        &[
            "`imageResolution` is not a field of the API; sending imageConfig: { imageSize: '",
            size.as_str(),
            "', aspectRatio: '",
            ratio,
            "' } instead",
        ]
        .concat(),
    );
    let own = get(generation, "imageConfig");
    let image = Fields::new().set("imageSize", size.as_str()).set("aspectRatio", ratio).done();
    let image: Object = image.unchecked_into();
    if own.is_object() {
        merge(&image, &own, 0);
    }
    set(generation, "imageConfig", &image);
    Ok(())
}

/// Whether this is an `AbortSignal`, or has what one has.
fn is_signal(value: &JsValue) -> bool {
    value.is_object()
        && get(value, "aborted").as_bool().is_some()
        && get(value, "addEventListener").is_function()
}
