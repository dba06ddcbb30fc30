//! The value of one option, as Rust has it.

use std::rc::Rc;

use crate::base::time::Millis;
use crate::engine::input::{BACKGROUND, INTERACTIVE, OnDailyLimit};
use crate::models::price::Price;
use crate::options::given::{Given, Properties};
use crate::protocol::Protocol;
use crate::protocol::need::Size;
use crate::quota::money::nanos;
use crate::quota::replica::OnStoreDown;

pub(super) fn millis(item: Given<'_>) -> Millis {
    Millis::from_f64(item.as_f64().unwrap_or_default())
}

/// A count. The cast saturates, so that `Infinity` means as many as there can be.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub const fn count(number: f64) -> u32 {
    number as u32
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn limit(item: Given<'_>) -> Option<u64> {
    // The cast saturates, and a part of a request is cut off.
    item.as_f64().filter(|limit| limit.is_finite()).map(|limit| limit as u64)
}

/// Money in billionths of a USD.
pub(super) fn usd(item: Given<'_>) -> u64 {
    nanos(item.as_f64().unwrap_or_default())
}

/// Whether this is a share.
pub(super) fn is_share(share: &f64) -> bool {
    *share > 0.0 && *share <= 1.0
}

/// Shares, each above 0 and up to 1.
pub(super) fn shares(items: Properties<'_>) -> Option<Vec<f64>> {
    let shares: Option<Vec<f64>> = items.map(|(_, item)| item.as_f64().filter(is_share)).collect();
    shares.filter(|shares| !shares.is_empty())
}

/// A list of sizes that is not empty.
pub(super) fn sizes(items: Properties<'_>) -> Option<Rc<[Size]>> {
    let sizes: Option<Vec<Size>> = items.map(|(_, size)| Size::parse(size.as_str()?)).collect();
    sizes.filter(|sizes| !sizes.is_empty()).map(Into::into)
}

pub(super) fn protocol(item: Given<'_>) -> Option<Protocol> {
    Protocol::parse(item.as_str()?)
}

/// USD for a picture.
pub(super) fn picture_usd(item: Given<'_>) -> Option<f64> {
    item.as_f64().filter(|usd| *usd >= 0.0 && usd.is_finite())
}

/// USD per picture of each size; `None` for a size that is not known.
pub(super) fn price(sizes: Properties<'_>) -> Option<Price> {
    let mut rows = Vec::new();
    for (size, usd) in sizes.filter(|(_, usd)| !matches!(usd, Given::Unnamed)) {
        rows.push((Size::parse(size)?, picture_usd(usd)?));
    }
    (!rows.is_empty()).then(|| Price::by_size(rows))
}

pub(super) fn on_daily_limit(item: Given<'_>) -> Option<OnDailyLimit> {
    match item.as_str()? {
        "fail" => Some(OnDailyLimit::Fail),
        "fallback" => Some(OnDailyLimit::Fallback),
        "wait" => Some(OnDailyLimit::Wait),
        _ => None,
    }
}

pub(super) fn on_store_down(item: Given<'_>) -> Option<OnStoreDown> {
    match item.as_str()? {
        "open" => Some(OnStoreDown::Open),
        "closed" => Some(OnStoreDown::Closed),
        "local" => Some(OnStoreDown::Local),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)]
pub(super) fn priority(item: Given<'_>) -> Option<i32> {
    if let Some(number) = item.as_f64() {
        // The cast saturates.
        return (number.fract() == 0.0).then_some(number as i32);
    }
    match item.as_str()? {
        "interactive" => Some(INTERACTIVE),
        "background" => Some(BACKGROUND),
        _ => None,
    }
}
