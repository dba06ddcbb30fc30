//! The prices of pictures with each model and route, as a table.

use serde::Serialize;

use unexhausted::models::catalog::BATCH_SHARE;
use unexhausted::models::model::{Model, Status};
use unexhausted::models::service_tier::ServiceTier;
use unexhausted::protocol::Protocol;
use unexhausted::protocol::need::{Need, Size};

/// Input tokens of a reference image where nobody has measured them: the most that any model takes.
const REFERENCE_TOKENS: u32 = 1_120;

/// The pictures to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Pictures a month.
    pub per_month: f64,
    /// Their size.
    pub size: Size,
    /// Reference images that each request shows.
    pub references: u32,
}

impl Order {
    /// Its demands on a model.
    #[must_use]
    pub fn need(&self) -> Need {
        let references = usize::try_from(self.references).unwrap_or(usize::MAX);
        Need { size: Some(self.size), ratio: None, references }
    }
}

/// A route of the caller's, such as a proxy that sells the same models.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// USD for one picture.
    pub price: f64,
    /// The model behind it.
    pub model: Option<String>,
}

/// The cost of one way of paying, in USD.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// One picture.
    pub per_image: f64,
    /// A thousand of them.
    pub per_thousand: f64,
    /// The pictures of a month.
    pub per_month: f64,
}

impl Cost {
    fn of(usd: f64, per_month: f64) -> Self {
        Self {
            per_image: rounded(usd),
            per_thousand: rounded(usd * 1_000.0),
            per_month: rounded(usd * per_month),
        }
    }
}

/// A model or route, and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostRow {
    /// The id of the model; absent for a route that does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The name of the model or route.
    pub name: String,
    /// `google`, or `custom` for a route of the caller's.
    pub route: &'static str,
    /// Whether Google still serves the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// The size that is priced: the one that is asked for, else the model's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<&'static str>,
    /// The part of the order that the model cannot meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lacks: Option<&'static str>,
    /// The standard price.
    pub standard: Cost,
    /// The price in the Batch API, where that takes the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Cost>,
    /// The price with `serviceTier: 'flex'` on the Developer API, where the model has that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flex: Option<Cost>,
    /// The same with `serviceTier: 'priority'`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Cost>,
}

/// The table: every model with a price, in the order of the catalogue, then the caller's routes.
#[must_use]
pub fn table<'a>(
    models: impl IntoIterator<Item = Model<'a>>,
    routes: &[Route],
    order: &Order,
) -> Vec<CostRow> {
    let of_models = models.into_iter().filter_map(|model| model_row(&model, order));
    let of_routes = routes.iter().map(|route| CostRow {
        model: route.model.clone(),
        name: route.name.clone(),
        route: "custom",
        status: None,
        size: Some(order.size.as_str()),
        lacks: None,
        standard: Cost::of(route.price, order.per_month),
        batch: None,
        flex: None,
        priority: None,
    });
    of_models.chain(of_routes).collect()
}

/// USD for one picture of an order at the standard price, its reference images included.
#[must_use]
pub fn per_image(model: &Model<'_>, order: &Order) -> Option<f64> {
    let picture = model.price(Some(order.size))?.usd;
    let tokens =
        unexhausted::models::catalog::note(model.id).and_then(|note| note.reference_tokens);
    let tokens = f64::from(tokens.unwrap_or(REFERENCE_TOKENS));
    Some(picture + f64::from(order.references) * tokens * model.input_usd / 1e6)
}

fn model_row(model: &Model<'_>, order: &Order) -> Option<CostRow> {
    let usd = per_image(model, order)?;
    let share = |share: f64| Cost::of(usd * share, order.per_month);
    let is_served = model.status != Status::Retired;
    let tier = |tier: ServiceTier| {
        let has_it = is_served && model.tiers.has(tier, Protocol::Gemini);
        has_it.then(|| share(tier.share()))
    };
    Some(CostRow {
        model: Some(model.id.to_owned()),
        name: model.name.to_owned(),
        route: "google",
        status: Some(model.status.as_str()),
        size: model.price(Some(order.size)).map(|row| row.size.as_str()),
        lacks: model.lacks(&order.need()),
        standard: Cost::of(usd, order.per_month),
        batch: model.batch.then(|| share(BATCH_SHARE)),
        flex: tier(ServiceTier::Flex),
        priority: tier(ServiceTier::Priority),
    })
}

/// USD to the millionth, so that 0.134 times 100 is 13.4.
#[must_use]
pub fn rounded(usd: f64) -> f64 {
    (usd * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unexhausted::models::catalog::{MODELS, find};
    use unexhausted::models::model::SizePrice;

    const fn order(per_month: f64, size: Size) -> Order {
        Order { per_month, size, references: 0 }
    }

    /// The models as the guide of February 2026 prices them.
    fn february() -> [Model<'static>; 5] {
        const fn price(size: Size, usd: f64) -> SizePrice {
            SizePrice { size, tokens: 0, usd }
        }
        const PRO: &[SizePrice] =
            &[price(Size::K1, 0.134), price(Size::K2, 0.134), price(Size::K4, 0.24)];
        const FLASH: &[SizePrice] = &[price(Size::K1, 0.039)];
        const FAST: &[SizePrice] = &[price(Size::K1, 0.02)];
        const STANDARD: &[SizePrice] = &[price(Size::K1, 0.04)];
        const ULTRA: &[SizePrice] = &[price(Size::K1, 0.06)];
        let model = |id, name, sizes| Model {
            id,
            name,
            sizes,
            input_usd: 0.0,
            ..*find("gemini-3-pro-image").unwrap()
        };
        [
            model("gemini-3-pro-image-preview", "Nano Banana Pro", PRO),
            model("gemini-2.5-flash-image", "Gemini 2.5 Flash Image", FLASH),
            model("imagen-4.0-fast-generate-001", "Imagen 4 Fast", FAST),
            model("imagen-4.0-generate-001", "Imagen 4 Standard", STANDARD),
            model("imagen-4.0-ultra-generate-001", "Imagen 4 Ultra", ULTRA),
        ]
    }

    #[test]
    fn the_costs_of_a_thousand_pictures_of_february_2026() {
        let per_thousand = |size, name: &str| {
            let rows = table(february(), &[], &order(0.0, size));
            let row = rows.into_iter().find(|row| row.name == name).unwrap();
            (row.size, row.standard.per_image, row.standard.per_thousand)
        };
        for (size, name, usd, thousand) in [
            (Size::K1, "Nano Banana Pro", 0.134, 134.0),
            (Size::K2, "Nano Banana Pro", 0.134, 134.0),
            (Size::K4, "Nano Banana Pro", 0.24, 240.0),
            (Size::K1, "Gemini 2.5 Flash Image", 0.039, 39.0),
            (Size::K1, "Imagen 4 Fast", 0.02, 20.0),
            (Size::K1, "Imagen 4 Standard", 0.04, 40.0),
            (Size::K1, "Imagen 4 Ultra", 0.06, 60.0),
        ] {
            assert_eq!(per_thousand(size, name), (Some(size.as_str()), usd, thousand), "{name}");
        }
    }

    #[test]
    fn the_projection_by_volume_of_february_2026() {
        let proxy = Route { name: "Proxy".to_owned(), price: 0.05, model: None };
        let names = ["Nano Banana Pro", "Gemini 2.5 Flash Image", "Imagen 4 Fast", "Proxy"];
        for (volume, usd) in [
            (100.0, [13.4, 3.9, 2.0, 5.0]),
            (1_000.0, [134.0, 39.0, 20.0, 50.0]),
            (10_000.0, [1_340.0, 390.0, 200.0, 500.0]),
        ] {
            let rows = table(february(), core::slice::from_ref(&proxy), &order(volume, Size::K1));
            let per_month = |name: &str| {
                let row = rows.iter().find(|row| row.name == name).unwrap();
                row.standard.per_month
            };
            assert_eq!(names.map(per_month), usd);
        }
    }

    #[test]
    fn batch_is_half_and_imagen_has_none() {
        for row in table(MODELS.iter().copied(), &[], &order(1_000.0, Size::K1)) {
            let is_imagen = row.model.as_deref().unwrap().starts_with("imagen");
            assert_eq!(row.batch.is_none(), is_imagen, "{}", row.name);
            // LiteLLM 1.110.2 has prices of both tiers in these two rows of the Developer API
            // alone.
            let tiers = ["gemini-3-pro-image", "gemini-2.5-flash-image"];
            let has_tiers = tiers.contains(&row.model.as_deref().unwrap());
            assert_eq!(row.flex.is_some(), has_tiers, "{}", row.name);
            assert_eq!(row.priority.is_some(), has_tiers, "{}", row.name);
            if let Some(batch) = row.batch {
                assert!((batch.per_month * 2.0 - row.standard.per_month).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn what_a_model_cannot_do_is_in_its_row_with_the_price_of_what_it_can() {
        let rows = table(MODELS.iter().copied(), &[], &order(1.0, Size::K4));
        let lite = rows.iter().find(|row| row.name == "Nano Banana 2 Lite").unwrap();
        assert_eq!((lite.lacks, lite.size), (Some("size"), Some("1K")));
        let editing = Order { references: 1, ..order(1.0, Size::K1) };
        let rows = table(MODELS.iter().copied(), &[], &editing);
        let imagen = rows.iter().find(|row| row.name == "Imagen 4 Fast").unwrap();
        assert_eq!(imagen.lacks, Some("reference images"));
        // 560 tokens at $2 a million.
        let pro = rows.iter().find(|row| row.name == "Nano Banana Pro").unwrap();
        assert_eq!(pro.standard.per_image, 0.13512);
    }

    proptest! {
        #[test]
        fn more_pictures_never_cost_less(
            few in 0.0..1e7_f64,
            more in 0.0..1e6_f64,
            size in prop::sample::select(Size::ALL.to_vec()),
        ) {
            let costs = |volume| table(MODELS.iter().copied(), &[], &order(volume, size));
            for (low, high) in costs(few).iter().zip(costs(few + more)) {
                prop_assert!(low.standard.per_month <= high.standard.per_month);
                prop_assert_eq!(low.standard.per_image, high.standard.per_image);
            }
        }
    }
}
