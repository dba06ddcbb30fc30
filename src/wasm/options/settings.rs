//! The options of a call, client, target or tracker, once they are read.

use std::rc::Rc;

use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

use crate::base::time::Millis;
use crate::engine::input::OnDailyLimit;
use crate::errors::kind::Dimension;
use crate::models::known::Catalog;
use crate::models::price::Price;
use crate::protocol::Protocol;
use crate::protocol::need::Size;
use crate::quota::limits::Limits;
use crate::quota::replica::OnStoreDown;
use crate::request::options::RetryOptions;

/// The options that were given; those that were not are `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) retry: RetryOptions,
    pub(crate) max_retries: Option<u32>,
    pub(crate) deadline: Option<Millis>,
    pub(crate) delay: Option<Millis>,
    pub(crate) on_retry: Option<Function>,
    pub(crate) should_retry: Option<Function>,
    pub(crate) fallback_on: Option<Function>,
    pub(crate) fetch: Option<Function>,
    pub(crate) models: Option<Array>,
    /// The client's own rows, and those that are built in.
    pub(crate) catalog: Option<Rc<Catalog>>,
    pub(crate) budget: Option<Limits>,
    pub(crate) max_cost: Option<u64>,
    /// The smaller sizes that a target is asked for once it keeps timing out.
    pub(crate) degrade: Option<Rc<[Size]>>,
    pub(crate) avoid_peak: Option<bool>,
    pub(crate) api_key: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_version: Option<String>,
    pub(crate) headers: Option<Object>,
    pub(crate) model: Option<String>,
    /// The `config` of a target, which goes over that of each request.
    pub(crate) config: Option<Object>,
    pub(crate) limits: JsValue,
    pub(crate) spend: Option<u64>,
    pub(crate) alert_at: Option<Vec<f64>>,
    pub(crate) on_alert: Option<Function>,
    pub(crate) on_daily_limit: Option<OnDailyLimit>,
    pub(crate) concurrency: Option<u64>,
    pub(crate) priority: Option<i32>,
    pub(crate) tokens: Option<u64>,
    pub(crate) images: Option<u64>,
    pub(crate) project: Option<String>,
    pub(crate) store: Option<Object>,
    pub(crate) on_store_down: OnStoreDown,
    /// Limits of a model or tracker.
    pub(crate) own_limits: Limits,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) name: Option<String>,
    pub(crate) price: Option<Price>,
    pub(crate) location: Option<String>,
    pub(crate) access_token: Option<Function>,
}

impl Settings {
    /// The client's own models and those that are built in.
    pub(crate) fn catalog(&self) -> Rc<Catalog> {
        self.catalog.clone().unwrap_or_default()
    }

    /// Sets one limit of the budget, in billionths of a USD.
    pub(super) fn set_budget(&mut self, dimension: Dimension, nanos: u64) {
        let limits = self.budget.unwrap_or_default();
        self.budget = Some(limits.with(dimension, Some(nanos)));
    }
}
