//! Whether a value has the shape that its option asks for.

use crate::options::given::Given;
use crate::options::limits::GivenLimits;
use crate::options::value::{is_share, picture_usd};
use crate::protocol::is_version;
use crate::request::shape::Shape;

/// Whether a value has this shape, as far as it is seen before it is read: a list of sizes or shares,
/// or prices by size, may still have other items.
#[must_use]
pub fn fits(item: Given<'_>, shape: Shape) -> bool {
    let is_one_of = |words: &[&str]| item.as_str().is_some_and(|text| words.contains(&text));
    match shape {
        Shape::Count => whole(item, 1.0),
        Shape::Retries => whole(item, 0.0),
        Shape::Amount | Shape::Duration => item.as_f64().is_some_and(|ms| ms >= 0.0),
        Shape::Timeout => item.as_f64().is_some_and(|ms| ms > 0.0),
        Shape::Deadline => match item {
            Given::Date(_, ms) => !ms.is_nan(),
            _ => item.as_f64().is_some_and(|ms| ms >= 0.0),
        },
        Shape::Version => item.as_str().is_some_and(is_version),
        Shape::Text => item.as_str().is_some_and(|text| !text.is_empty()),
        Shape::Function => matches!(item, Given::Function(_)),
        Shape::Object => item.is_plain(),
        Shape::List | Shape::Sizes => matches!(item, Given::List(_, true)),
        Shape::Limit => item.as_f64().is_some_and(|limit| limit >= 1.0),
        Shape::Money => item.as_f64().is_some_and(|usd| usd > 0.0 && usd.is_finite()),
        Shape::Shares => {
            matches!(item, Given::List(_, true)) || item.as_f64().as_ref().is_some_and(is_share)
        }
        Shape::Limits => {
            item.is_plain() || item.as_str().is_some_and(|word| GivenLimits::parse(word).is_some())
        }
        Shape::Flag => matches!(item, Given::Flag(_)),
        Shape::Timeouts => is_one_of(&["timeout"]),
        // These are read at once.
        Shape::OnDailyLimit | Shape::OnStoreDown | Shape::Priority | Shape::Protocol => true,
        Shape::Price => item.is_plain() || picture_usd(item).is_some(),
        Shape::Order => is_one_of(&["finished", "input"]),
        Shape::Route => is_one_of(&["realtime", "batch", "cheapest"]),
        Shape::Requeue => is_one_of(&["realtime", "batch"]),
        Shape::Store => matches!(item, Given::Store(_)),
        Shape::Signal => matches!(item, Given::Signal(_)),
    }
}

fn whole(item: Given<'_>, least: f64) -> bool {
    item.as_f64().is_some_and(|n| n >= least && (n.fract() == 0.0 || n.is_infinite()))
}
