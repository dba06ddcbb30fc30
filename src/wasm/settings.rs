//! Reads what callers pass as options, key by key against the one table.

use std::rc::Rc;

use js_sys::{Array, Function, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::convert::{as_array, copy, get, get_dynamic, is_plain, keys};
use super::error::usage;
use super::gate::Gate;
use super::host;
use super::quota;
use crate::base::text::join;
use crate::base::time::Millis;
use crate::engine::input::{BACKGROUND, INTERACTIVE, OnDailyLimit};
use crate::errors::kind::Dimension;
use crate::models::known::Catalog;
use crate::models::price::Price;
use crate::protocol::need::Size;
use crate::protocol::{Protocol, is_version};
use crate::quota::limits::Limits;
use crate::quota::replica::OnStoreDown;
use crate::quota::tier::Tier;
use crate::request::options::{self, CurveOptions, RetryOptions, Shape, scope};

/// What a call or client was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) retry: RetryOptions,
    pub(crate) max_retries: Option<u32>,
    pub(crate) deadline: Option<Millis>,
    pub(crate) delay: Option<Millis>,
    pub(crate) on_retry: Option<Function>,
    pub(crate) should_retry: Option<Function>,
    pub(crate) fallback_on: Option<Function>,
    /// No option: what a batch has in each of its calls.
    pub(crate) gate: Option<Gate>,
    pub(crate) fetch: Option<Function>,
    pub(crate) models: Option<Array>,
    /// The client's own rows, and those that are built in.
    pub(crate) catalog: Option<Rc<Catalog>>,
    pub(crate) budget: Option<Limits>,
    pub(crate) max_cost: Option<u64>,
    /// The sizes that a target is asked for which keeps timing out.
    pub(crate) degrade: Option<Rc<[Size]>>,
    pub(crate) avoid_peak: Option<bool>,
    pub(crate) api_key: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_version: Option<String>,
    pub(crate) headers: Option<Object>,
    pub(crate) model: Option<String>,
    /// What a target is told in each request.
    pub(crate) config: Option<Object>,
    pub(crate) limits: JsValue,
    pub(crate) spend: Option<u64>,
    pub(crate) alert_at: Option<Vec<f64>>,
    pub(crate) on_alert: Option<Function>,
    pub(crate) on_daily_limit: Option<OnDailyLimit>,
    pub(crate) concurrency: Option<u64>,
    pub(crate) priority: Option<i32>,
    pub(crate) tokens: Option<u64>,
    pub(crate) images: Option<u64>,
    pub(crate) project: Option<String>,
    pub(crate) store: Option<Object>,
    pub(crate) on_store_down: OnStoreDown,
    /// Limits of a model or tracker.
    pub(crate) own_limits: Limits,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) name: Option<String>,
    pub(crate) price: Option<Price>,
    pub(crate) location: Option<String>,
    pub(crate) access_token: Option<Function>,
}

impl Settings {
    /// What the client knows of models.
    pub(crate) fn catalog(&self) -> Rc<Catalog> {
        self.catalog.clone().unwrap_or_default()
    }

    fn allow(&mut self, dimension: Dimension, usd: &JsValue) {
        let nanos = quota::nanos(usd.as_f64().unwrap_or(0.0));
        let limits = self.budget.unwrap_or_default();
        self.budget = Some(limits.with(dimension, Some(nanos)));
    }
}

/// A list of sizes that is not empty.
fn sizes(item: &JsValue) -> Option<Rc<[Size]>> {
    let list = as_array(item)?.iter();
    let sizes: Option<Vec<Size>> = list.map(|size| Size::parse(&size.as_string()?)).collect();
    sizes.filter(|sizes| !sizes.is_empty()).map(Into::into)
}

/// Reads an options object.
///
/// # Errors
/// A `TypeError` that names the option, what is wrong and what is known.
pub(crate) fn read(value: &JsValue, scope: u32) -> Result<Settings, JsValue> {
    let mut settings = Settings::default();
    read_into(&mut settings, value, scope)?;
    Ok(settings)
}

fn read_into(settings: &mut Settings, value: &JsValue, scope: u32) -> Result<(), JsValue> {
    for_each(value, scope, |name, item| {
        let retry = &mut settings.retry;
        match name {
            "retry" => return read_into(settings, &item, scope::POLICY),
            "on" if scope == scope::CLIENT => return check_events(&item),
            "rateLimit" => retry.rate_limit = curve(&item)?,
            "overloaded" => retry.overloaded = curve(&item)?,
            "transient" => retry.transient = curve(&item)?,
            "baseDelay" => retry.all.base_delay = Some(millis(&item)),
            "maxDelay" => retry.all.max_delay = Some(millis(&item)),
            "jitter" => retry.all.jitter = Some(millis(&item)),
            "maxAttempts" => retry.max_attempts = Some(count(&item)),
            "maxRetries" => settings.max_retries = Some(retries(&item)),
            "maxServerDelay" => retry.max_server_delay = Some(millis(&item)),
            "maxWaitPerTarget" => retry.max_wait_per_target = Some(millis(&item)),
            "timeout" => retry.timeout = Some(millis(&item)),
            "deadline" => settings.deadline = Some(deadline(&item)),
            "delay" => settings.delay = Some(millis(&item)),
            "onRetry" => settings.on_retry = item.dyn_into().ok(),
            "fallbackOn" => settings.fallback_on = item.dyn_into().ok(),
            "shouldRetry" => settings.should_retry = item.dyn_into().ok(),
            "fetch" => settings.fetch = item.dyn_into().ok(),
            "models" => settings.models = as_array(&item).cloned(),
            "budget" => {
                read_into(settings, &item, scope::BUDGET)?;
                if settings.budget.is_none() {
                    return Err(usage("`budget` needs `total`, `perDay` or both, in USD"));
                }
            }
            "total" => settings.allow(Dimension::Budget, &item),
            "perDay" => settings.allow(Dimension::BudgetPerDay, &item),
            "maxCost" => settings.max_cost = Some(quota::nanos(item.as_f64().unwrap_or(0.0))),
            "degrade" => {
                read_into(settings, &item, scope::DEGRADE)?;
                if settings.degrade.is_none() {
                    return Err(usage(
                        "`degrade` needs `to`, a list of sizes such as ['2K', '1K']",
                    ));
                }
            }
            "to" => settings.degrade = sizes(&item),
            "avoidPeak" => settings.avoid_peak = item.as_bool(),
            "catalog" => settings.catalog = Some(Rc::new(catalog(&item)?)),
            "headers" => settings.headers = Some(headers(&item)?),
            "apiKey" => settings.api_key = item.as_string(),
            "baseUrl" => settings.base_url = item.as_string(),
            "apiVersion" => settings.api_version = item.as_string(),
            "config" => settings.config = Some(item.unchecked_into()),
            "model" => settings.model = item.as_string(),
            "maxOutage" => retry.max_outage = Some(millis(&item)),
            "limits" => settings.limits = item,
            "rpm" | "tpm" | "ipm" | "rpd" | "tpd" => {
                let dimension = dimension(name);
                settings.own_limits = settings.own_limits.with(dimension, limit(&item));
            }
            "spendPer10Min" => settings.spend = Some(quota::nanos(item.as_f64().unwrap_or(0.0))),
            "alertAt" => settings.alert_at = Some(shares(&item)),
            "onAlert" => settings.on_alert = item.dyn_into().ok(),
            "onDailyLimit" => settings.on_daily_limit = on_daily_limit(&item),
            "concurrency" => settings.concurrency = Some(count(&item).into()),
            "priority" => settings.priority = priority(&item),
            "tokens" => settings.tokens = Some(millis(&item).0),
            "images" => settings.images = Some(millis(&item).0),
            "project" => settings.project = item.as_string(),
            "location" => settings.location = item.as_string(),
            "name" => settings.name = item.as_string(),
            "protocol" => settings.protocol = protocol(&item),
            "price" => settings.price = price(&item),
            "accessToken" => settings.access_token = item.dyn_into().ok(),
            "store" => settings.store = Some(item.unchecked_into()),
            "onStoreDown" => {
                settings.on_store_down = on_store_down(&item).unwrap_or_default();
            }
            // `signal` and `maxBodyBytes` are the JavaScript side's; their shape was checked like any.
            _ => {}
        }
        Ok(())
    })
}

/// The caller's own models.
fn catalog(rows: &JsValue) -> Result<Catalog, JsValue> {
    let mut catalog = Catalog::default();
    for row in as_array(rows).map(Array::to_vec).unwrap_or_default() {
        catalog.add(&copy(&row)).map_err(|message| usage(&message))?;
    }
    Ok(catalog)
}

/// Headers as a plain object, from one, from `Headers` or from a `Map`.
fn headers(value: &JsValue) -> Result<Object, JsValue> {
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
    scope: u32,
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
        Shape::Count => whole(item, 1.0),
        Shape::Retries => whole(item, 0.0),
        Shape::Amount | Shape::Duration => duration(item),
        Shape::Timeout => item.as_f64().is_some_and(|ms| ms > 0.0),
        Shape::Deadline => {
            duration(item)
                || item.dyn_ref::<js_sys::Date>().is_some_and(|date| !date.get_time().is_nan())
        }
        Shape::Version => item.as_string().is_some_and(|text| is_version(&text)),
        Shape::Text => item.dyn_ref::<JsString>().is_some_and(|text| text.length() > 0),
        Shape::Function => item.is_function(),
        Shape::Object => is_plain(item),
        Shape::List => as_array(item).is_some_and(|list| list.length() > 0),
        Shape::Limit => item.as_f64().is_some_and(|limit| limit >= 1.0),
        Shape::Money => item.as_f64().is_some_and(|usd| usd > 0.0 && usd.is_finite()),
        Shape::Shares => {
            let is_share = |item: &f64| *item > 0.0 && *item <= 1.0;
            let shares = shares(item);
            !shares.is_empty() && shares.iter().all(is_share)
        }
        Shape::Limits => {
            is_plain(item)
                || item.as_string().is_some_and(|name| {
                    name == "none" || name == "free" || Tier::parse(&name).is_some()
                })
        }
        Shape::OnDailyLimit => on_daily_limit(item).is_some(),
        Shape::OnStoreDown => on_store_down(item).is_some(),
        Shape::Priority => priority(item).is_some(),
        Shape::Flag => item.as_bool().is_some(),
        Shape::Timeouts => item == "timeout",
        Shape::Sizes => sizes(item).is_some(),
        Shape::Protocol => protocol(item).is_some(),
        Shape::Price => price(item).is_some(),
        Shape::Order => is_one_of(item, &["finished", "input"]),
        Shape::Route => is_one_of(item, &["realtime", "batch", "cheapest"]),
        Shape::Requeue => is_one_of(item, &["realtime", "batch"]),
        Shape::Store => item.is_object() && get(item, "transact").is_function(),
        Shape::Signal => {
            item.is_object()
                && get(item, "aborted").as_bool().is_some()
                && get(item, "addEventListener").is_function()
        }
    }
}

fn is_one_of(item: &JsValue, words: &[&str]) -> bool {
    words.iter().any(|word| item == *word)
}

/// Checks the options of a batch, which are the JavaScript side's and those of its calls.
///
/// # Errors
/// A `TypeError` that names the option, what is wrong and what is known.
pub(crate) fn check_batch(value: &JsValue) -> Result<(), JsValue> {
    let mut settings = Settings::default();
    for_each(value, scope::RUN, |name, item| match name {
        "retry" => read_into(&mut settings, &item, scope::POLICY),
        "degrade" => read_into(&mut settings, &item, scope::DEGRADE),
        _ => Ok(()),
    })
}

/// One share, or a list of such; NaN for what is no number.
fn shares(item: &JsValue) -> Vec<f64> {
    match as_array(item) {
        Some(list) => list.iter().map(|share| share.as_f64().unwrap_or(f64::NAN)).collect(),
        None => vec![item.as_f64().unwrap_or(f64::NAN)],
    }
}

fn protocol(item: &JsValue) -> Option<Protocol> {
    Protocol::parse(&item.as_string()?)
}

/// USD per picture; `None` for what is no price, or none of a known size.
fn price(item: &JsValue) -> Option<Price> {
    let usd = |item: &JsValue| item.as_f64().filter(|usd| *usd >= 0.0 && usd.is_finite());
    if !is_plain(item) {
        return usd(item).map(Price::flat);
    }
    let mut rows = Vec::new();
    for key in keys(item) {
        rows.push((Size::parse(&key.as_string()?)?, usd(&get_dynamic(item, &key))?));
    }
    (!rows.is_empty()).then(|| Price::by_size(rows))
}

fn on_daily_limit(item: &JsValue) -> Option<OnDailyLimit> {
    match item.as_string()?.as_str() {
        "fail" => Some(OnDailyLimit::Fail),
        "fallback" => Some(OnDailyLimit::Fallback),
        "wait" => Some(OnDailyLimit::Wait),
        _ => None,
    }
}

fn on_store_down(item: &JsValue) -> Option<OnStoreDown> {
    match item.as_string()?.as_str() {
        "open" => Some(OnStoreDown::Open),
        "closed" => Some(OnStoreDown::Closed),
        "local" => Some(OnStoreDown::Local),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn priority(item: &JsValue) -> Option<i32> {
    if let Some(number) = item.as_f64() {
        // The cast saturates.
        return (number.fract() == 0.0).then_some(number as i32);
    }
    match item.as_string()?.as_str() {
        "interactive" => Some(INTERACTIVE),
        "background" => Some(BACKGROUND),
        _ => None,
    }
}

/// The dimension of a limit by its short name.
fn dimension(name: &str) -> Dimension {
    match name {
        "rpm" => Dimension::RequestsPerMinute,
        "tpm" => Dimension::TokensPerMinute,
        "ipm" => Dimension::ImagesPerMinute,
        "rpd" => Dimension::RequestsPerDay,
        _ => Dimension::TokensPerDay,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn limit(item: &JsValue) -> Option<u64> {
    // The cast saturates; what is less than one request is none.
    item.as_f64().filter(|limit| limit.is_finite()).map(|limit| limit as u64)
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

/// The requests in all: nobody asks for none, and who writes 0 means no second one.
pub(crate) fn retries(item: &JsValue) -> u32 {
    count(item).max(1)
}

fn whole(item: &JsValue, least: f64) -> bool {
    item.as_f64().is_some_and(|n| n >= least && (n.fract() == 0.0 || n.is_infinite()))
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
