//! The tokens and money that the answer of an SDK took.

use wasm_bindgen::prelude::*;

use crate::base::time::Millis;
use crate::engine::input::Used;
use crate::models::cost;
use crate::models::model::Model;
use crate::quota::money::nanos;
use crate::wasm::answer::summary::{Summary, usage};
use crate::wasm::values::access::get;

/// The tokens and money that the answer of an SDK took; `None` where it does not say.
pub(crate) fn used_by_answer(answer: &JsValue, model: Option<&Model<'_>>) -> Option<Used> {
    // The AI SDK and the older SDK put the answer into an envelope.
    let inner = get(answer, "response");
    let metadata = [answer, &inner].map(|object| get(object, "usageMetadata"));
    let usage = metadata.iter().find_map(usage)?;
    let summary = Summary::of(if metadata[0].is_object() { answer } else { &inner });
    let usd = cost::answer(model, None, Some(&usage), summary.pictures).map(|usd| {
        usd * summary.tier.unwrap_or_default().share() + cost::searches(summary.searches)
    });
    Some(Used { tokens: Some(Millis::from_f64(usage.prompt).0), nanos: usd.map(nanos) })
}
