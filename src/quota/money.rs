//! Money: billionths of a USD inside, USD outside.

use crate::errors::kind::Dimension;

const NANOS: f64 = 1e9;

/// USD as billionths, to the nearest.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn nanos(usd: f64) -> u64 {
    // The cast saturates, and maps NaN to zero.
    (usd * NANOS).round() as u64
}

/// A limit or use as callers see it: money in USD.
#[must_use]
pub fn amount(dimension: Dimension, amount: u64) -> f64 {
    if dimension.is_money() { amount as f64 / NANOS } else { amount as f64 }
}
