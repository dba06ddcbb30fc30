//! The options of a call, client, target or tracker, once they are read.

use std::rc::Rc;

use crate::base::time::Millis;
use crate::engine::input::OnDailyLimit;
use crate::errors::kind::Dimension;
use crate::models::known::Catalog;
use crate::models::price::Price;
use crate::options::headers::Headers;
use crate::options::limits::GivenLimits;
use crate::protocol::Protocol;
use crate::protocol::need::Size;
use crate::quota::limits::Limits;
use crate::quota::replica::OnStoreDown;
use crate::request::retry_options::RetryOptions;

/// The options that were given; those that were not are `None`. `K` is a value of JavaScript's.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "each is the option of its name")]
pub struct Settings<K> {
    pub retry: RetryOptions,
    pub max_retries: Option<u32>,
    pub deadline: Option<Millis>,
    pub delay: Option<Millis>,
    pub on_retry: Option<K>,
    pub should_retry: Option<K>,
    pub fallback_on: Option<K>,
    pub fetch: Option<K>,
    pub models: Option<K>,
    /// The client's own rows, and those that are built in.
    pub catalog: Option<Rc<Catalog>>,
    pub budget: Option<Limits>,
    /// Billionths of a USD.
    pub max_cost: Option<u64>,
    /// The smaller sizes that a target is asked for once it keeps timing out.
    pub degrade: Option<Rc<[Size]>>,
    pub avoid_peak: Option<bool>,
    pub api_key: Option<String>,
    pub base_url: Option<String>,
    pub api_version: Option<String>,
    pub headers: Option<Headers>,
    pub model: Option<String>,
    /// The `config` of a target, which goes over that of each request.
    pub config: Option<K>,
    pub limits: GivenLimits,
    /// Billionths of a USD.
    pub spend: Option<u64>,
    pub alert_at: Option<Vec<f64>>,
    pub on_alert: Option<K>,
    pub on_daily_limit: Option<OnDailyLimit>,
    pub concurrency: Option<u64>,
    pub priority: Option<i32>,
    pub tokens: Option<u64>,
    pub images: Option<u64>,
    pub project: Option<String>,
    pub store: Option<K>,
    pub on_store_down: Option<OnStoreDown>,
    /// Limits of a model or tracker.
    pub own_limits: Limits,
    pub protocol: Option<Protocol>,
    pub name: Option<String>,
    pub price: Option<Price>,
    pub location: Option<String>,
    pub access_token: Option<K>,
}

impl<K> Settings<K> {
    /// The client's own models and those that are built in.
    #[must_use]
    pub fn catalog(&self) -> Rc<Catalog> {
        self.catalog.clone().unwrap_or_default()
    }

    /// Sets one limit of the budget, in billionths of a USD.
    pub(super) fn set_budget(&mut self, dimension: Dimension, nanos: u64) {
        let limits = self.budget.unwrap_or_default();
        self.budget = Some(limits.with(dimension, Some(nanos)));
    }
}
