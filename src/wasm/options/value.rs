//! The value of one option, as Rust has it.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::base::time::Millis;
use crate::engine::input::{BACKGROUND, INTERACTIVE, OnDailyLimit};
use crate::errors::kind::Dimension;
use crate::models::price::Price;
use crate::protocol::Protocol;
use crate::protocol::need::Size;
use crate::quota::replica::OnStoreDown;
use crate::wasm::host;
use crate::wasm::values::access::{get_dynamic, keys};
use crate::wasm::values::check::{as_array, is_plain};

pub(crate) fn millis(item: &JsValue) -> Millis {
    Millis::from_f64(item.as_f64().unwrap_or_default())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn count(item: &JsValue) -> u32 {
    // The cast saturates, so that `Infinity` means as many as there can be.
    item.as_f64().unwrap_or(1.0) as u32
}

/// The number of requests in all. It is 1 at least, since 0 is meant as no second request.
pub(crate) fn retries(item: &JsValue) -> u32 {
    count(item).max(1)
}

pub(super) fn deadline(item: &JsValue) -> Millis {
    match item.dyn_ref::<js_sys::Date>() {
        Some(date) => Millis::from_f64(date.get_time() - host::now().wall.0 as f64),
        None => millis(item),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn limit(item: &JsValue) -> Option<u64> {
    // The cast saturates, and a part of a request is cut off.
    item.as_f64().filter(|limit| limit.is_finite()).map(|limit| limit as u64)
}

/// The dimension of a limit by its short name.
pub(super) fn dimension(name: &str) -> Dimension {
    match name {
        "rpm" => Dimension::RequestsPerMinute,
        "tpm" => Dimension::TokensPerMinute,
        "ipm" => Dimension::ImagesPerMinute,
        "rpd" => Dimension::RequestsPerDay,
        _ => Dimension::TokensPerDay,
    }
}

/// One share, or a list of such; NaN stands for an item that is no number.
pub(super) fn shares(item: &JsValue) -> Vec<f64> {
    match as_array(item) {
        Some(list) => list.iter().map(|share| share.as_f64().unwrap_or(f64::NAN)).collect(),
        None => vec![item.as_f64().unwrap_or(f64::NAN)],
    }
}

/// A list of sizes that is not empty.
pub(super) fn sizes(item: &JsValue) -> Option<Rc<[Size]>> {
    let list = as_array(item)?.iter();
    let sizes: Option<Vec<Size>> = list.map(|size| Size::parse(&size.as_string()?)).collect();
    sizes.filter(|sizes| !sizes.is_empty()).map(Into::into)
}

pub(super) fn protocol(item: &JsValue) -> Option<Protocol> {
    Protocol::parse(&item.as_string()?)
}

/// USD per picture; `None` for a value that is no price, and for a size that is not known.
pub(super) fn price(item: &JsValue) -> Option<Price> {
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

pub(super) fn on_daily_limit(item: &JsValue) -> Option<OnDailyLimit> {
    match item.as_string()?.as_str() {
        "fail" => Some(OnDailyLimit::Fail),
        "fallback" => Some(OnDailyLimit::Fallback),
        "wait" => Some(OnDailyLimit::Wait),
        _ => None,
    }
}

pub(super) fn on_store_down(item: &JsValue) -> Option<OnStoreDown> {
    match item.as_string()?.as_str() {
        "open" => Some(OnStoreDown::Open),
        "closed" => Some(OnStoreDown::Closed),
        "local" => Some(OnStoreDown::Local),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)]
pub(super) fn priority(item: &JsValue) -> Option<i32> {
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
