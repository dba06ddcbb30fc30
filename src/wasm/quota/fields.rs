//! Usage and alerts as JavaScript sees them.

use js_sys::Array;

use crate::errors::kind::Dimension;
use crate::quota::alert::Alert;
use crate::quota::money::amount;
use crate::quota::usage::DimensionUsage;
use crate::wasm::values::date::date;
use crate::wasm::values::name::name;
use crate::wasm::values::object::Fields;

pub(crate) fn usages(rows: &[(DimensionUsage, Option<u64>)]) -> Array {
    let list = Array::new();
    for (usage, frees) in rows {
        if usage.used == 0 && usage.limit.is_none() {
            continue;
        }
        let mut fields = Fields::new()
            .set("dimension", name(usage.dimension.as_str()))
            .set("used", amount(usage.dimension, usage.used));
        if let Some(limit) = usage.limit {
            fields = fields.set("limit", amount(usage.dimension, limit));
        }
        if let Some(source) = usage.source {
            fields = fields.set("source", name(source.as_str()));
        }
        if let Some(frees) = frees {
            fields = fields.set("freesAt", date(*frees));
        }
        list.push(&fields.done());
    }
    list
}

/// An alert of the budget as listeners see it.
pub(crate) fn budget_fields(alert: &Alert) -> Fields {
    let period = if alert.dimension == Dimension::Budget { "total" } else { "day" };
    Fields::new()
        .set("period", period)
        .set("used", amount(alert.dimension, alert.used))
        .set("limit", amount(alert.dimension, alert.limit))
        .set("threshold", alert.threshold)
}

/// An alert of a limit as listeners see it.
pub(crate) fn alert_fields(alert: &Alert) -> Fields {
    Fields::new()
        .set("dimension", name(alert.dimension.as_str()))
        .set("used", amount(alert.dimension, alert.used))
        .set("limit", amount(alert.dimension, alert.limit))
        .set("threshold", alert.threshold)
}
