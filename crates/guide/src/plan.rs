//! The guide: from a volume to a strategy, the time that it takes, what it costs, and what to do.

use serde::Serialize;

use crate::band::Band;
use crate::diagnosis::{Diagnosis, FREE_PER_DAY, diagnose_at};
use crate::plan_options::Question;
use crate::price_table::{CostRow, Order, per_image, rounded, table};
use crate::steps::{Answer, Situation, Step, checklist, steps};
use crate::tier_time::TierTime;
use crate::volume::{Load, duration, per_day};
use unexhausted::base::time::Millis;
use unexhausted::models::catalog::{Quality, note};
use unexhausted::models::model::{Model, Status};
use unexhausted::protocol::Protocol;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::tier::{self, FACTS, Fact};

/// The days of a month.
const MONTH: u64 = 30;
const MONTH_MS: Millis = Millis(MONTH * 86_400_000);
const DAY_MS: Millis = Millis(86_400_000);
/// Input tokens of a prompt, besides its pictures: a paragraph of four hundred letters.
const PROMPT_TOKENS: u64 = 100;
const NANOS: f64 = 1e9;

/// The guide's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Pictures a month.
    pub per_month: u64,
    /// `low`, `medium` or `high`.
    pub volume: &'static str,
    /// `retry`, `retry_fallback_alerts` or `retry_fallback_queue`.
    pub strategy: &'static str,
    /// The time that setting it up takes, by the guide.
    pub setup: &'static str,
    /// The models to ask, in order of preference.
    pub chain: Vec<String>,
    /// The diagnosis, where errors were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// The steps to take, in order.
    pub steps: Vec<Step>,
    /// The guide's questions, answered.
    pub checklist: Vec<Answer>,
    /// How long the volume takes, by model and tier.
    pub times: Vec<TierTime>,
    /// The cost of the volume, by model and route.
    pub costs: Vec<CostRow>,
}

/// Answers the question.
#[must_use]
pub fn plan(question: &Question) -> Plan {
    let months = if question.is_per_day { MONTH } else { 1 };
    let per_month = question.images.saturating_mul(months);
    let order = Order {
        per_month: per_month as f64,
        size: question.size,
        references: u32::from(question.edits),
    };
    // By the guide a 429 at under ten pictures a day is the free tier's day, whatever it says.
    let a_day = if question.is_per_day { question.images } else { question.images / MONTH };
    let is_free = question.tier.is_none() && a_day < FREE_PER_DAY;
    let diagnosis = question.seen.as_ref().map(|seen| diagnose_at(seen, is_free));
    let chain = chain(question, &order);
    let times = times(question, &order);
    let costs = table(question.catalog.iter(), &question.routes, &order);
    let band = Band::of(per_month);
    let situation = Situation {
        question,
        band,
        per_month,
        first: chain.first().map(String::as_str),
        models: chain.len(),
        pattern: diagnosis.as_ref().map(|diagnosis| diagnosis.pattern),
        times: &times,
        costs: &costs,
    };
    let steps = steps(&situation);
    let checklist = checklist(&situation);
    let (volume, strategy, setup) = band.strategy();
    Plan { per_month, volume, strategy, setup, chain, diagnosis, steps, checklist, times, costs }
}

/// How good the pictures of a model are; of one that nobody has judged, good.
fn quality(model: &Model<'_>) -> Quality {
    note(model.id).map_or(Quality::Good, |note| note.quality)
}

/// Whether Google serves the model, and it can do what is asked.
fn is_usable(model: &Model<'_>, order: &Order) -> bool {
    let is_served = model.status != Status::Retired;
    is_served && model.protocol == Protocol::Gemini && model.lacks(&order.need()).is_none()
}

/// The models to ask: the cheapest that is good enough first, then those that are too, then the
/// others, since any picture is better than none.
fn chain(question: &Question, order: &Order) -> Vec<String> {
    let usable = || question.catalog.iter().filter(|model| is_usable(model, order));
    // One that is to end is asked only where no other can do it.
    let is_to_end = |model: &Model<'_>| model.status == Status::Deprecated;
    let has_current = usable().any(|model| !is_to_end(&model));
    let usable = usable().filter(|model| !has_current || !is_to_end(model));
    let mut models: Vec<(bool, f64, Quality, &str)> = usable
        .filter_map(|model| {
            let quality = quality(&model);
            let usd = per_image(&model, order)?;
            Some((quality < question.quality, usd, quality, model.id))
        })
        .collect();
    // Of two at the same price the better first.
    models.sort_by(|a, b| {
        let by_price = a.1.total_cmp(&b.1).then(b.2.cmp(&a.2));
        let by_quality = b.2.cmp(&a.2).then(a.1.total_cmp(&b.1));
        a.0.cmp(&b.0).then(if a.0 { by_quality } else { by_price })
    });
    models.into_iter().map(|(.., id)| id.to_owned()).collect()
}

fn times(question: &Question, order: &Order) -> Vec<TierTime> {
    let served = question.catalog.iter().filter(|model| is_usable(model, order));
    served
        .filter_map(|model| Some((model, per_image(&model, order)?)))
        .flat_map(|(model, usd)| {
            FACTS.iter().map(move |fact| tier_time(question, order, &model, usd, fact))
        })
        .collect()
}

fn tier_time(
    question: &Question,
    order: &Order,
    model: &Model<'_>,
    usd: f64,
    fact: &Fact,
) -> TierTime {
    let own = fact.tier == question.tier;
    let given = question.limits.iter().find(|(id, _)| own && id == model.id);
    let limits = fact.tier.map(|tier| {
        let limits = given.map_or_else(|| tier::limits(tier, model.id), |(_, limits)| *limits);
        with_spend(limits, tier)
    });
    let load = Load {
        tokens: PROMPT_TOKENS.saturating_add(reference_tokens(model, order)),
        nanos: nanos(usd),
    };
    let took = limits.as_ref().and_then(|limits| duration(question.images, load, limits));
    let monthly_cost = rounded(usd * order.per_month);
    let period = if question.is_per_day { DAY_MS } else { MONTH_MS };
    let is_paid = fact.monthly_usd.is_some_and(|cap| monthly_cost <= cap);
    let is_quick = took.is_some_and(|took| took.time <= period);
    let minute = unexhausted::errors::kind::Dimension::RequestsPerMinute;
    TierTime {
        model: model.id.to_owned(),
        tier: fact.name,
        qualifies: fact.qualifies,
        own,
        time: took.map(|took| took.time.0),
        binds: took.and_then(|took| took.binds).map(|dimension| dimension.as_str()),
        per_day: limits.as_ref().and_then(|limits| per_day(load, limits)),
        limits_known: limits.as_ref().is_some_and(|limits| limits.get(minute).is_some()),
        monthly_cap: fact.monthly_usd,
        monthly_cost,
        keeps_up: is_quick && is_paid,
        batch_tokens: fact.tier.and_then(|tier| tier::batch_tokens(tier, model.id)),
    }
}

fn with_spend(limits: Limits, tier: tier::Tier) -> Limits {
    let spend = unexhausted::errors::kind::Dimension::Spend;
    limits.with(spend, tier::spend(tier).get(spend))
}

fn reference_tokens(model: &Model<'_>, order: &Order) -> u64 {
    let tokens = note(model.id).and_then(|note| note.reference_tokens).unwrap_or(1_120);
    u64::from(order.references).saturating_mul(u64::from(tokens))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn nanos(usd: f64) -> u64 {
    // The cast saturates.
    (usd * NANOS).round() as u64
}
