//! The catalogue as callers see it.

use serde::Serialize;

use crate::price_table::rounded;
use unexhausted::models::catalog::{BATCH_SHARE, Note, OLDER_NAMES, Quality, note};
use unexhausted::models::known::Catalog;
use unexhausted::models::model::{Model, Status};
use unexhausted::models::service_tier::ServiceTier;
use unexhausted::protocol::Protocol;

/// The tokens and the prices of one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SizeInfo {
    /// As `1K`.
    pub size: &'static str,
    /// Output tokens of one picture; absent where a picture is not priced by them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u32>,
    /// USD for one picture.
    pub price: f64,
    /// The same in the Batch API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_price: Option<f64>,
    /// The same with `serviceTier: 'flex'` on the Developer API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flex_price: Option<f64>,
    /// The same with `serviceTier: 'priority'` there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_price: Option<f64>,
}

/// The days on which a model ends, by API.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Ends {
    #[serde(skip_serializing_if = "Option::is_none")]
    gemini: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vertex: Option<&'static str>,
}

impl Ends {
    const fn is_empty(&self) -> bool {
        self.gemini.is_none() && self.vertex.is_none()
    }
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    older_names: Vec<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecated_since: Option<&'static str>,
    #[serde(skip_serializing_if = "Ends::is_empty")]
    ends: Ends,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<&'a str>,
    protocol: &'static str,
    sizes: Vec<SizeInfo>,
    takes_size: bool,
    ratios: Vec<&'a str>,
    references: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refuses: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vertex_tiers: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    input_price: f64,
    text_price: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_price: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_tokens: Option<u32>,
    free_tier: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    remark: &'static str,
    own: bool,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<&'static str>,
}

/// Every model of a catalogue.
#[must_use]
pub fn list(catalog: &Catalog) -> Vec<ModelInfo<'_>> {
    catalog.iter().map(|model| info(model, catalog.is_own(model.id))).collect()
}

fn info<'a>(model: Model<'a>, own: bool) -> ModelInfo<'a> {
    let note = note(model.id);
    let known = |read: fn(&'static Note) -> u32| note.map(read).filter(|tokens| *tokens > 0);
    let older = OLDER_NAMES.iter().filter(|(_, id)| *id == model.id);
    let is_served = model.status != Status::Retired;
    let tiers = |protocol: Protocol| {
        let all = [ServiceTier::Flex, ServiceTier::Standard, ServiceTier::Priority];
        let has = all.into_iter().filter(|tier| model.tiers.has(*tier, protocol));
        if is_served { has.map(ServiceTier::as_str).collect() } else { Vec::new() }
    };
    let has_tier = |tier| is_served && model.tiers.has(tier, Protocol::Gemini);
    let tier_price = |row: &unexhausted::models::model::SizePrice, tier: ServiceTier| {
        has_tier(tier).then(|| rounded(row.usd * tier.share()))
    };
    let size = |row: &unexhausted::models::model::SizePrice| SizeInfo {
        size: row.size.as_str(),
        tokens: Some(row.tokens).filter(|tokens| *tokens > 0),
        price: row.usd,
        batch_price: model.batch.then(|| rounded(row.usd * BATCH_SHARE)),
        flex_price: tier_price(row, ServiceTier::Flex),
        priority_price: tier_price(row, ServiceTier::Priority),
    };
    ModelInfo {
        id: model.id,
        name: model.name,
        older_names: older.map(|&(older, _)| older).collect(),
        status: model.status.as_str(),
        since: note.and_then(|note| note.since),
        deprecated_since: note.and_then(|note| note.deprecated),
        ends: Ends {
            gemini: note.and_then(|note| note.ends),
            vertex: note.and_then(|note| note.vertex_ends),
        },
        successor: model.successor,
        protocol: model.protocol.as_str(),
        sizes: model.sizes.iter().map(size).collect(),
        takes_size: model.takes_size,
        ratios: model.ratios.iter().collect(),
        references: model.references,
        refuses: model.refuses.iter().collect(),
        tiers: tiers(Protocol::Gemini),
        vertex_tiers: tiers(Protocol::Vertex),
        format: note.map(|note| note.format),
        input_price: model.input_usd,
        text_price: model.text_usd,
        image_price: Some(model.image_usd).filter(|usd| *usd > 0.0),
        input_tokens: known(|note| note.tokens.0),
        output_tokens: known(|note| note.tokens.1),
        reference_tokens: note.and_then(|note| note.reference_tokens),
        free_tier: note.is_some_and(|note| note.free_tier),
        quality: note.map(|note| match note.quality {
            Quality::Best => "best",
            Quality::Good => "good",
            Quality::Any => "any",
        }),
        remark: note.map_or("", |note| note.remark),
        own,
        source: if own { "`catalog` of the caller" } else { note.map_or("", |note| note.source) },
        checked: note.map(|note| note.checked).filter(|_| !own),
    }
}
