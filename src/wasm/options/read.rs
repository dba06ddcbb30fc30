//! Reads what callers pass as options, key by key.

use std::rc::Rc;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use crate::errors::kind::Dimension;
use crate::models::known::Catalog;
use crate::request::options::{CurveOptions, RetryOptions, scope};
use crate::wasm::errors::type_error::type_error;
use crate::wasm::options::each::for_each;
use crate::wasm::options::events::check_events;
use crate::wasm::options::headers::read_headers;
use crate::wasm::options::settings::Settings;
use crate::wasm::options::value::{
    count, deadline, dimension, limit, millis, on_daily_limit, on_store_down, price, priority,
    protocol, retries, shares, sizes,
};
use crate::wasm::values::check::as_array;
use crate::wasm::values::copy::copy;
use crate::wasm::values::money::nanos;

/// Reads an options object.
///
/// # Errors
/// A `TypeError` that names the option, the mistake and the options that are known.
pub(crate) fn read_options(value: &JsValue, scope: u32) -> Result<Settings, JsValue> {
    let mut settings = Settings::default();
    read_into(&mut settings, value, scope)?;
    Ok(settings)
}

/// Checks the options of a batch, which are the JavaScript side's and those of its calls.
///
/// # Errors
/// A `TypeError` that names the option, the mistake and the options that are known.
pub(crate) fn check_batch_options(value: &JsValue) -> Result<(), JsValue> {
    let mut settings = Settings::default();
    for_each(value, scope::RUN, |name, item| match name {
        "retry" => read_into(&mut settings, &item, scope::POLICY),
        "degrade" => read_into(&mut settings, &item, scope::DEGRADE),
        _ => Ok(()),
    })
}

fn read_into(settings: &mut Settings, value: &JsValue, scope: u32) -> Result<(), JsValue> {
    for_each(value, scope, |name, item| {
        match name {
            "retry" => read_into(settings, &item, scope::POLICY)?,
            "on" if scope == scope::CLIENT => check_events(&item)?,
            "rateLimit" => settings.retry.rate_limit = curve(&item)?,
            "overloaded" => settings.retry.overloaded = curve(&item)?,
            "transient" => settings.retry.transient = curve(&item)?,
            "budget" => {
                read_into(settings, &item, scope::BUDGET)?;
                if settings.budget.is_none() {
                    return Err(type_error("`budget` needs `total`, `perDay` or both, in USD"));
                }
            }
            "degrade" => {
                read_into(settings, &item, scope::DEGRADE)?;
                if settings.degrade.is_none() {
                    return Err(type_error(
                        "`degrade` needs `to`, a list of sizes such as ['2K', '1K']",
                    ));
                }
            }
            "catalog" => settings.catalog = Some(Rc::new(read_catalog(&item)?)),
            "headers" => settings.headers = Some(read_headers(&item)?),
            // Options that none of these takes, such as `signal`, are read by the JavaScript side.
            _ => {
                let _ = take_retry(&mut settings.retry, name, &item)
                    || take_call(settings, name, &item)
                    || take_target(settings, name, &item)
                    || take_quota(settings, name, &item);
            }
        }
        Ok(())
    })
}

fn curve(value: &JsValue) -> Result<CurveOptions, JsValue> {
    let mut curve = CurveOptions::default();
    for_each(value, scope::CURVE, |name, item| {
        take_curve(&mut curve, name, &item);
        Ok(())
    })?;
    Ok(curve)
}

fn take_curve(curve: &mut CurveOptions, name: &str, item: &JsValue) -> bool {
    match name {
        "baseDelay" => curve.base_delay = Some(millis(item)),
        "maxDelay" => curve.max_delay = Some(millis(item)),
        "jitter" => curve.jitter = Some(millis(item)),
        _ => return false,
    }
    true
}

fn take_retry(retry: &mut RetryOptions, name: &str, item: &JsValue) -> bool {
    match name {
        "maxAttempts" => retry.max_attempts = Some(count(item)),
        "maxServerDelay" => retry.max_server_delay = Some(millis(item)),
        "maxWaitPerTarget" => retry.max_wait_per_target = Some(millis(item)),
        "timeout" => retry.timeout = Some(millis(item)),
        "maxOutage" => retry.max_outage = Some(millis(item)),
        _ => return take_curve(&mut retry.all, name, item),
    }
    true
}

fn take_call(settings: &mut Settings, name: &str, item: &JsValue) -> bool {
    match name {
        "maxRetries" => settings.max_retries = Some(retries(item)),
        "deadline" => settings.deadline = Some(deadline(item)),
        "delay" => settings.delay = Some(millis(item)),
        "onRetry" => settings.on_retry = function(item),
        "fallbackOn" => settings.fallback_on = function(item),
        "shouldRetry" => settings.should_retry = function(item),
        "fetch" => settings.fetch = function(item),
        "models" => settings.models = as_array(item).cloned(),
        "maxCost" => settings.max_cost = Some(usd(item)),
        "to" => settings.degrade = sizes(item),
        "avoidPeak" => settings.avoid_peak = item.as_bool(),
        "onDailyLimit" => settings.on_daily_limit = on_daily_limit(item),
        "priority" => settings.priority = priority(item),
        _ => return false,
    }
    true
}

fn take_target(settings: &mut Settings, name: &str, item: &JsValue) -> bool {
    match name {
        "apiKey" => settings.api_key = item.as_string(),
        "baseUrl" => settings.base_url = item.as_string(),
        "apiVersion" => settings.api_version = item.as_string(),
        "config" => settings.config = Some(item.clone().unchecked_into()),
        "model" => settings.model = item.as_string(),
        "project" => settings.project = item.as_string(),
        "location" => settings.location = item.as_string(),
        "name" => settings.name = item.as_string(),
        "protocol" => settings.protocol = protocol(item),
        "price" => settings.price = price(item),
        "accessToken" => settings.access_token = function(item),
        _ => return false,
    }
    true
}

fn take_quota(settings: &mut Settings, name: &str, item: &JsValue) -> bool {
    match name {
        "total" => settings.set_budget(Dimension::Budget, usd(item)),
        "perDay" => settings.set_budget(Dimension::BudgetPerDay, usd(item)),
        "limits" => settings.limits = item.clone(),
        "rpm" | "tpm" | "ipm" | "rpd" | "tpd" => {
            settings.own_limits = settings.own_limits.with(dimension(name), limit(item));
        }
        "spendPer10Min" => settings.spend = Some(usd(item)),
        "alertAt" => settings.alert_at = Some(shares(item)),
        "onAlert" => settings.on_alert = function(item),
        "concurrency" => settings.concurrency = Some(count(item).into()),
        "tokens" => settings.tokens = Some(millis(item).0),
        "images" => settings.images = Some(millis(item).0),
        "store" => settings.store = Some(item.clone().unchecked_into()),
        "onStoreDown" => settings.on_store_down = on_store_down(item).unwrap_or_default(),
        _ => return false,
    }
    true
}

fn function(item: &JsValue) -> Option<Function> {
    item.dyn_ref().cloned()
}

/// Money in billionths of a USD.
fn usd(item: &JsValue) -> u64 {
    nanos(item.as_f64().unwrap_or(0.0))
}

/// The caller's own models.
fn read_catalog(rows: &JsValue) -> Result<Catalog, JsValue> {
    let mut catalog = Catalog::default();
    for row in as_array(rows).map(Array::to_vec).unwrap_or_default() {
        catalog.add(&copy(&row)).map_err(|message| type_error(&message))?;
    }
    Ok(catalog)
}
