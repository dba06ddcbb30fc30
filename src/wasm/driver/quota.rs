//! The quotas of targets: opened when a target is first asked, and reported.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::base::text::contains;
use crate::engine::ids::ReplicaId;
use crate::engine::ids::{AccountId, LaneId};
use crate::engine::lane::LaneSpec;
use crate::errors::kind::Dimension;
use crate::options::limits::GivenLimits;
use crate::quota::limits::Limits;
use crate::quota::money::amount;
use crate::quota::replica::OnStoreDown;
use crate::quota::tier;
use crate::quota::usage::DimensionUsage;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::host;
use crate::wasm::options::read::Settings;
use crate::wasm::quota::fields::usages;
use crate::wasm::quota::quotas::ModelQuota;
use crate::wasm::values::date::date;
use crate::wasm::values::object::Fields;

impl Driver {
    /// The account of a target, and the lane of its model there, by the name that the target may
    /// have. There is no lane where the client keeps no quotas.
    ///
    /// # Errors
    /// A `TypeError` that names a wrong limit.
    pub(crate) fn quota_of(
        &self,
        settings: &Settings,
        base: &str,
        key: Option<&str>,
        (model, called): (&str, Option<&str>),
    ) -> Result<(AccountId, Option<LaneId>), JsValue> {
        let account = self.account_of(settings, base, key);
        if settings.limits == GivenLimits::Off {
            return Ok((account, None));
        }
        if let Some(lane) = self.quotas.lane(account, model) {
            return Ok((account, Some(lane)));
        }
        // A reseller of a model has limits of its own, which are given by the target's name.
        let is_google = self.has_tier(base);
        let given = settings.limits.of(called, Some(model).filter(|_| is_google));
        let tier = settings.limits.tier().filter(|_| is_google);
        let tier = tier.map_or_else(Limits::default, |tier| tier::limits(tier, model));
        let lane = self.open_lane(&LaneSpec { account, given, tier }, sharing(settings));
        self.quotas.add_lane(lane, account, model);
        self.recall(ReplicaId::Lane(lane));
        Ok((account, Some(lane)))
    }

    fn account_of(&self, settings: &Settings, base: &str, key: Option<&str>) -> AccountId {
        if let Some(account) = self.quotas.account(base, key) {
            return account;
        }
        let given = Limits::default().with(Dimension::Spend, settings.spend);
        let tier = settings.limits.tier().filter(|_| self.has_tier(base));
        let tier = tier.map_or_else(Limits::default, tier::spend);
        let id = self.open_account(&given, &tier, sharing(settings));
        self.quotas.add_account(id, base, key);
        self.recall(ReplicaId::Account(id));
        id
    }

    fn open_account(
        &self,
        given: &Limits,
        tier: &Limits,
        on_store_down: Option<OnStoreDown>,
    ) -> AccountId {
        let mut engine = self.engine.borrow_mut();
        let id = engine.open_account(given, tier);
        if let Some(on_down) = on_store_down {
            engine.share(ReplicaId::Account(id), on_down);
        }
        id
    }

    fn open_lane(&self, spec: &LaneSpec, on_store_down: Option<OnStoreDown>) -> LaneId {
        let mut engine = self.engine.borrow_mut();
        let id = engine.open_lane(spec);
        if let Some(on_down) = on_store_down {
            engine.share(ReplicaId::Lane(id), on_down);
        }
        id
    }

    /// Whether a tier of Google's says anything there: at Google, and where the client itself asks,
    /// which may be a relay of the caller's.
    fn has_tier(&self, base: &str) -> bool {
        let at_home = self.home.strip_prefix(base).is_some_and(|rest| rest.starts_with('\n'));
        at_home || contains(base, "googleapis.com")
    }

    /// Answers those who wait for the stores, once all stores have answered.
    pub(super) fn answer_quota_waiters(&self) {
        if self.quota_waiters.borrow().is_empty() || self.engine.borrow().is_asking() {
            return;
        }
        for caller in self.quota_waiters.take() {
            self.host.resolve(&caller, &self.quota_report());
        }
    }

    /// The use of each lane, and of the money behind it.
    fn quota_report(&self) -> JsValue {
        let reports = Array::new();
        for quota in self.quotas.models.borrow().iter() {
            if let Some(fields) = self.lane_report(quota) {
                reports.push(&fields.done());
            }
        }
        reports.into()
    }

    fn lane_report(&self, quota: &ModelQuota) -> Option<Fields> {
        let now = host::now();
        let mut engine = self.engine.borrow_mut();
        let mut rows = engine.usage(now, ReplicaId::Lane(quota.lane));
        rows.retain(|(usage, _)| usage.dimension != Dimension::Spend);
        let money = engine.usage(now, ReplicaId::Account(quota.account));
        let is_money = |row: &(DimensionUsage, _)| row.0.dimension == Dimension::Spend;
        rows.extend(money.into_iter().filter(is_money));
        let (queued, in_flight) = engine.load(quota.lane)?;
        let next_probe = engine.next_probe(quota.lane).map(|until| date(until.0));
        Some(
            Fields::new()
                .set("model", quota.model.as_str())
                .set("limits", usages(&rows))
                .set("queued", queued as f64)
                .set("inFlight", in_flight as f64)
                .set_some("restsUntil", next_probe),
        )
    }

    /// The money that was spent, and the budget as it was seen last.
    pub(crate) fn spending(&self) -> JsValue {
        let mut engine = self.engine.borrow_mut();
        let spending = engine.spending();
        let usages = engine.usage(host::now(), ReplicaId::Budget);
        let budget = |dimension: Dimension| {
            let (usage, frees) = usages.iter().find(|(usage, _)| usage.dimension == dimension)?;
            let limit = amount(dimension, usage.limit?);
            let fields = Fields::new().set("used", amount(dimension, usage.used));
            let fields = fields.set("limit", limit);
            Some(fields.set_some("freesAt", frees.map(date)).done())
        };
        Fields::new()
            .set("spent", amount(Dimension::Budget, spending.spent))
            .set("possible", amount(Dimension::Budget, spending.possible))
            .set_some("total", budget(Dimension::Budget))
            .set_some("today", budget(Dimension::BudgetPerDay))
            .done()
    }
}

/// The rule for a store that is down; `None` for a client without a store.
fn sharing(settings: &Settings) -> Option<OnStoreDown> {
    settings.store.as_ref().map(|_| settings.on_store_down.unwrap_or_default())
}
