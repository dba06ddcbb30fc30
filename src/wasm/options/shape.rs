//! Whether a value has the shape that its option asks for.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use crate::protocol::is_version;
use crate::quota::tier::Tier;
use crate::request::options::Shape;
use crate::wasm::options::value::{
    on_daily_limit, on_store_down, price, priority, protocol, shares, sizes,
};
use crate::wasm::values::access::get;
use crate::wasm::values::check::{as_array, is_plain};

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

fn whole(item: &JsValue, least: f64) -> bool {
    item.as_f64().is_some_and(|n| n >= least && (n.fract() == 0.0 || n.is_infinite()))
}
