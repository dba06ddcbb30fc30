//! Reads what callers pass as options, key by key against the one table.

use js_sys::{Array, Function, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::convert::{as_array, get, get_dynamic, is_plain, keys};
use super::error::usage;
use super::host;
use crate::options::{self, CurveOptions, RetryOptions, Shape, scope};
use crate::text::join;
use crate::time::Millis;

/// What a call or client was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) retry: RetryOptions,
    pub(crate) max_retries: Option<u32>,
    pub(crate) deadline: Option<Millis>,
    pub(crate) delay: Option<Millis>,
    pub(crate) on_retry: Option<Function>,
    pub(crate) should_retry: Option<Function>,
    pub(crate) fetch: Option<Function>,
    pub(crate) models: Option<Array>,
    pub(crate) api_key: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_version: Option<String>,
    pub(crate) headers: Option<Object>,
    pub(crate) model: Option<String>,
}

/// Reads an options object.
///
/// # Errors
/// A `TypeError` that names the option, what is wrong and what is known.
pub(crate) fn read(value: &JsValue, scope: u16) -> Result<Settings, JsValue> {
    let mut settings = Settings::default();
    read_into(&mut settings, value, scope)?;
    Ok(settings)
}

fn read_into(settings: &mut Settings, value: &JsValue, scope: u16) -> Result<(), JsValue> {
    for_each(value, scope, |name, item| {
        let retry = &mut settings.retry;
        match name {
            "retry" => return read_into(settings, &item, scope::POLICY),
            "on" => return check_events(&item),
            "rateLimit" => retry.rate_limit = curve(&item)?,
            "overloaded" => retry.overloaded = curve(&item)?,
            "transient" => retry.transient = curve(&item)?,
            "baseDelay" => retry.all.base_delay = Some(millis(&item)),
            "maxDelay" => retry.all.max_delay = Some(millis(&item)),
            "jitter" => retry.all.jitter = Some(millis(&item)),
            "maxAttempts" => retry.max_attempts = Some(count(&item)),
            "maxRetries" => settings.max_retries = Some(count(&item)),
            "maxServerDelay" => retry.max_server_delay = Some(millis(&item)),
            "maxWaitPerTarget" => retry.max_wait_per_target = Some(millis(&item)),
            "timeout" => retry.timeout = Some(millis(&item)),
            "deadline" => settings.deadline = Some(deadline(&item)),
            "delay" => settings.delay = Some(millis(&item)),
            "onRetry" => settings.on_retry = item.dyn_into().ok(),
            "shouldRetry" => settings.should_retry = item.dyn_into().ok(),
            "fetch" => settings.fetch = item.dyn_into().ok(),
            "models" => settings.models = as_array(&item).cloned(),
            "headers" => settings.headers = Some(headers(&item)?),
            "apiKey" => settings.api_key = item.as_string(),
            "baseUrl" => settings.base_url = item.as_string(),
            "apiVersion" => settings.api_version = item.as_string(),
            "model" => settings.model = item.as_string(),
            // `signal` is the JavaScript side's; its shape was checked like any.
            _ => {}
        }
        Ok(())
    })
}

/// Headers as a plain object, from one, from `Headers` or from a `Map`.
pub(crate) fn headers(value: &JsValue) -> Result<Object, JsValue> {
    let plain = if get(value, "entries").is_function() {
        Object::from_entries(value)?
    } else {
        value.clone().unchecked_into()
    };
    for key in keys(&plain) {
        let value = get_dynamic(&plain, &key);
        let name = key.as_string().unwrap_or_default();
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        let is_value =
            value.is_undefined() || value.as_string().is_some_and(|text| is_header(&text));
        if !is_name || !is_value {
            return Err(usage(
                &["the header `", &name, "` must have a value of one line of Latin letters"]
                    .concat(),
            ));
        }
    }
    Ok(plain)
}

/// Whether a text can be the value of a header.
pub(crate) fn is_header(text: &str) -> bool {
    text.chars().all(|char| matches!(char, '\t' | ' '..='~' | '\u{a0}'..='\u{ff}'))
}

/// The listeners are the JavaScript side's; their names are checked here.
pub(crate) fn check_events(value: &JsValue) -> Result<(), JsValue> {
    for key in Reflect::own_keys(value)?.iter() {
        let name = key.as_string().unwrap_or_default();
        if !options::EVENTS.contains(&name.as_str()) {
            let known = join(options::EVENTS.iter().copied(), ", ");
            return Err(usage(&["unknown event `", &name, "`; the events are ", &known].concat()));
        }
        let listener = get_dynamic(value, &key);
        if !listener.is_undefined() && !listener.is_function() {
            return Err(usage(&["the listener of `", &name, "` must be a function"].concat()));
        }
    }
    Ok(())
}

fn curve(value: &JsValue) -> Result<CurveOptions, JsValue> {
    let mut curve = CurveOptions::default();
    for_each(value, scope::CURVE, |name, item| {
        match name {
            "baseDelay" => curve.base_delay = Some(millis(&item)),
            "maxDelay" => curve.max_delay = Some(millis(&item)),
            _ => curve.jitter = Some(millis(&item)),
        }
        Ok(())
    })?;
    Ok(curve)
}

/// Gives each option that is set, once its name is known and its value has the right shape.
fn for_each(
    value: &JsValue,
    scope: u16,
    mut take: impl FnMut(&str, JsValue) -> Result<(), JsValue>,
) -> Result<(), JsValue> {
    if value.is_undefined() {
        return Ok(());
    }
    if !is_plain(value) {
        return Err(usage("options must be an object"));
    }
    for key in Reflect::own_keys(value)?.iter() {
        let Some(name) = key.as_string() else { continue };
        let option = options::find(scope, &name).map_err(|message| usage(&message))?;
        // What a getter throws is the caller's to see: an option that is lost might be a deadline.
        let item = Reflect::get(value, &key)?;
        if item.is_undefined() {
            continue;
        }
        if !fits(&item, option.shape) {
            let message = ["option `", option.name, "` must be ", option.shape.as_str()].concat();
            return Err(usage(&message));
        }
        take(option.name, item)?;
    }
    Ok(())
}

pub(crate) fn fits(item: &JsValue, shape: Shape) -> bool {
    let duration = |item: &JsValue| item.as_f64().is_some_and(|ms| ms >= 0.0);
    match shape {
        Shape::Count => {
            item.as_f64().is_some_and(|n| n >= 1.0 && (n.fract() == 0.0 || n.is_infinite()))
        }
        Shape::Duration => duration(item),
        Shape::Timeout => item.as_f64().is_some_and(|ms| ms > 0.0),
        Shape::Deadline => {
            duration(item)
                || item.dyn_ref::<js_sys::Date>().is_some_and(|date| !date.get_time().is_nan())
        }
        Shape::Text => item.dyn_ref::<JsString>().is_some_and(|text| text.length() > 0),
        Shape::Function => item.is_function(),
        Shape::Object => is_plain(item),
        Shape::List => as_array(item).is_some_and(|list| list.length() > 0),
        Shape::Signal => {
            item.is_object()
                && get(item, "aborted").as_bool().is_some()
                && get(item, "addEventListener").is_function()
        }
    }
}

pub(crate) fn millis(item: &JsValue) -> Millis {
    Millis::from_f64(item.as_f64().unwrap_or_default())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn count(item: &JsValue) -> u32 {
    // The cast saturates, so that `Infinity` means as many as there can be.
    item.as_f64().unwrap_or(1.0) as u32
}

fn deadline(item: &JsValue) -> Millis {
    match item.dyn_ref::<js_sys::Date>() {
        Some(date) => Millis::from_f64(date.get_time() - host::now().wall.0 as f64),
        None => millis(item),
    }
}

/// A count that is passed as an argument of its own, such as `maxRetries`.
///
/// # Errors
/// A `TypeError` that names the argument.
pub(crate) fn argument(name: &str, value: &JsValue, shape: Shape) -> Result<(), JsValue> {
    if fits(value, shape) {
        return Ok(());
    }
    Err(usage(&["`", name, "` must be ", shape.as_str()].concat()))
}
