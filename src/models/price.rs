//! The caller's own price of a picture, where another than Google sells it.

use crate::protocol::need::Size;

/// USD per picture, by size or for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Price {
    /// `None` is for any size.
    rows: Vec<(Option<Size>, f64)>,
}

impl Price {
    /// The same for every size.
    #[must_use]
    pub fn flat(usd: f64) -> Self {
        Self { rows: vec![(None, usd)] }
    }

    /// By size.
    #[must_use]
    pub fn by_size(rows: impl IntoIterator<Item = (Size, f64)>) -> Self {
        Self { rows: rows.into_iter().map(|(size, usd)| (Some(size), usd)).collect() }
    }

    /// USD for one picture of this size, 1K where none is said. A size without a price of its own
    /// costs as much as the dearest: a budget must not be overspent.
    #[must_use]
    pub fn of(&self, size: Option<Size>) -> f64 {
        let size = size.unwrap_or(Size::K1);
        let own = self.rows.iter().find(|(row, _)| row.is_none_or(|row| row == size));
        own.map_or_else(
            || self.rows.iter().fold(0.0, |most, (_, usd)| usd.max(most)),
            |(_, usd)| *usd,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_by_size_or_for_all() {
        assert_eq!(Price::flat(0.05).of(Some(Size::K4)), 0.05);
        let listed = Price::by_size([(Size::K1, 0.05), (Size::K4, 0.1)]);
        assert_eq!(listed.of(None), 0.05);
        assert_eq!(listed.of(Some(Size::K4)), 0.1);
        assert_eq!(listed.of(Some(Size::K2)), 0.1, "not known, so the dearest");
    }
}
