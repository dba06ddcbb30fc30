//! Quotas at the boundary: which lane a target has, what is used of it, and the tracker.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, JSON};
use wasm_bindgen::prelude::*;

use super::convert::{Fields, get_dynamic, is_plain, name};
use super::driver::Driver;
use super::error::{date, usage};
use super::host::{self, Host};
use super::settings::{self, Settings};
use crate::base::text::{contains, join};
use crate::engine::ids::{AccountId, LaneId, ReplicaId};
use crate::engine::lane::LaneSpec;
use crate::errors::kind::Dimension;
use crate::quota::alert::{ALERT_AT, Alert, Alerts};
use crate::quota::clock::Clock;
use crate::quota::limits::Limits;
use crate::quota::replica::OnStoreDown;
use crate::quota::shared::SharedUsage;
use crate::quota::tier::{self, Tier};
use crate::quota::usage::{DimensionUsage, Usage};
use crate::quota::window::Amounts;
use crate::request::options::scope;

const NANOS: f64 = 1e9;

/// USD as billionths, to the nearest.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn nanos(usd: f64) -> u64 {
    // The cast saturates, and maps NaN to zero.
    (usd * NANOS).round() as u64
}

/// A limit or use as JavaScript sees it: money in USD.
pub(crate) fn amount(dimension: Dimension, amount: u64) -> f64 {
    if dimension.is_money() { amount as f64 / NANOS } else { amount as f64 }
}

/// An account of a client: base URL and key.
#[derive(Debug)]
struct Account {
    id: AccountId,
    base: String,
    key: Option<String>,
}

/// A lane of a client.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) lane: LaneId,
    pub(crate) model: String,
    account: AccountId,
}

/// The lanes of a client, made when a target is first asked.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    accounts: RefCell<Vec<Account>>,
    pub(crate) lanes: RefCell<Vec<Named>>,
}

impl Lanes {
    /// The account of a base URL and key, and the lane of a model there; none where the client
    /// keeps no quotas.
    ///
    /// # Errors
    /// A `TypeError` that names a wrong limit.
    pub(crate) fn find(
        &self,
        driver: &Driver,
        settings: &Settings,
        base: &str,
        key: Option<&str>,
        (model, called): (&str, Option<&str>),
    ) -> Result<(AccountId, Option<LaneId>), JsValue> {
        let account = self.account(driver, settings, base, key);
        if settings.limits == "none" {
            return Ok((account, None));
        }
        let is_it = |named: &&Named| named.account == account && named.model == model;
        if let Some(named) = self.lanes.borrow().iter().find(is_it) {
            return Ok((account, Some(named.lane)));
        }
        // Whoever resells a model has limits of its own, which are given by the target's name.
        let is_google = is_google(driver, base);
        let given = given(&settings.limits, called, Some(model).filter(|_| is_google))?;
        let tier = tier(settings).filter(|_| is_google);
        let tier = tier.map_or_else(Limits::default, |tier| tier::limits(tier, model));
        let spec = LaneSpec { account, given, tier };
        let lane = driver.open_lane(&spec, settings.store.as_ref().map(|_| settings.on_store_down));
        self.lanes.borrow_mut().push(Named { lane, model: model.to_owned(), account });
        driver.recall(ReplicaId::Lane(lane));
        Ok((account, Some(lane)))
    }

    fn account(
        &self,
        driver: &Driver,
        settings: &Settings,
        base: &str,
        key: Option<&str>,
    ) -> AccountId {
        let is_it = |account: &&Account| account.base == base && account.key.as_deref() == key;
        if let Some(account) = self.accounts.borrow().iter().find(is_it) {
            return account.id;
        }
        let given = Limits::default().with(Dimension::Spend, settings.spend);
        let tier = tier(settings).filter(|_| is_google(driver, base));
        let tier = tier.map_or_else(Limits::default, tier::spend);
        let on_down = settings.store.as_ref().map(|_| settings.on_store_down);
        let id = driver.open_account(&given, &tier, on_down);
        let (base, key) = (base.to_owned(), key.map(str::to_owned));
        self.accounts.borrow_mut().push(Account { id, base, key });
        driver.recall(ReplicaId::Account(id));
        id
    }

    /// What identifies a quota among those of a store: base URL and key, which are hashed before
    /// they leave the process, and the model.
    pub(crate) fn identity(&self, replica: ReplicaId) -> Option<(String, String)> {
        let lanes = self.lanes.borrow();
        let (account, model) = match replica {
            ReplicaId::Budget => return None,
            ReplicaId::Account(id) => (id, "spend"),
            ReplicaId::Lane(id) => {
                let named = lanes.iter().find(|named| named.lane == id)?;
                (named.account, named.model.as_str())
            }
        };
        let accounts = self.accounts.borrow();
        let account = accounts.iter().find(|row| row.id == account)?;
        Some((identity(&account.base, account.key.as_deref()), model.to_owned()))
    }

    /// What is used of each lane and of the money behind it.
    pub(crate) fn report(&self, driver: &Driver) -> JsValue {
        let reports = Array::new();
        for named in self.lanes.borrow().iter() {
            let Some(status) = driver.status(named.lane, named.account) else { continue };
            let mut fields = Fields::new()
                .set("model", named.model.as_str())
                .set("limits", usages(&status.usages))
                .set("queued", status.queued as f64)
                .set("inFlight", status.in_flight as f64);
            if let Some(until) = status.rests_until {
                fields = fields.set("restsUntil", date(until));
            }
            reports.push(&fields.done());
        }
        reports.into()
    }

    /// The model of a lane.
    pub(crate) fn model(&self, lane: LaneId) -> Option<String> {
        let lanes = self.lanes.borrow();
        Some(lanes.iter().find(|named| named.lane == lane)?.model.clone())
    }
}

/// Whether a tier of Google's says anything there: at Google, and where the client itself asks,
/// which may be a relay of yours.
fn is_google(driver: &Driver, base: &str) -> bool {
    let at_home = driver.home.strip_prefix(base).is_some_and(|rest| rest.starts_with('\n'));
    at_home || contains(base, "googleapis.com")
}

/// Base URL and key as one text.
pub(crate) fn identity(base: &str, key: Option<&str>) -> String {
    [base, "\n", key.unwrap_or_default()].concat()
}

/// What is told of one lane.
pub(crate) struct Status {
    /// What is used, each with the wall time in ms at which some of it is free again.
    pub(crate) usages: Vec<(DimensionUsage, Option<u64>)>,
    pub(crate) queued: u64,
    pub(crate) in_flight: u64,
    pub(crate) rests_until: Option<u64>,
}

fn usages(rows: &[(DimensionUsage, Option<u64>)]) -> Array {
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

fn tier(settings: &Settings) -> Option<Tier> {
    settings.limits.as_string().as_deref().and_then(Tier::parse)
}

/// The limits that the caller gave for a target by its name, else for its model.
fn given(limits: &JsValue, called: Option<&str>, model: Option<&str>) -> Result<Limits, JsValue> {
    if !is_plain(limits) {
        return Ok(Limits::default());
    }
    let names = [called, model].into_iter().flatten();
    let mut own = names.map(|name| get_dynamic(limits, &name.into()));
    let own = own.find(|own| !own.is_undefined()).unwrap_or_default();
    Ok(settings::read(&own, scope::LIMITS)?.own_limits)
}

/// Checks every model's limits, so that a mistake is told where it is made.
///
/// # Errors
/// A `TypeError` that names the model and the limit.
pub(crate) fn check_limits(limits: &JsValue) -> Result<(), JsValue> {
    if is_plain(limits) {
        for model in super::convert::keys(limits) {
            let own = get_dynamic(limits, &model);
            if !is_plain(&own) {
                let model = model.as_string().unwrap_or_default();
                let known = join(["rpm", "tpm", "ipm", "rpd", "tpd"], ", ");
                return Err(usage(
                    &["`limits` of `", &model, "` must be an object of ", &known].concat(),
                ));
            }
            settings::read(&own, scope::LIMITS)?;
        }
    }
    Ok(())
}

/// Warns of limits for what is neither a model that is known nor a target of the client: they count for
/// nothing unless a call names it.
#[inline(never)]
pub(crate) fn warn_limits(settings: &Settings, host: &Host) {
    if settings.limits == "free" {
        host.warn(
            "`limits: 'free'`: no image model has a free tier, and each request is answered with a limit of 0; enable billing",
        );
    }
    let catalog = settings.catalog();
    let targets = settings.models.as_ref().and_then(|models| JSON::stringify(models).ok());
    let targets = targets.map(String::from).unwrap_or_default();
    for key in super::convert::keys(&settings.limits) {
        let limited = key.as_string().unwrap_or_default();
        if catalog.find(&limited).is_none() && !contains(&targets, &["\"", &limited, "\""].concat())
        {
            host.warn(&["`limits` names `", &limited, "`, which no target has"].concat());
        }
    }
}

/// The sharing of a client's quotas: `None` where it keeps them alone.
pub(crate) type Sharing = Option<OnStoreDown>;

struct State {
    quota: Usage,
    alerts: Alerts,
    /// When a request was reserved that finds out if the day is over.
    asked: Option<u64>,
}

/// `QuotaTracker`: usage alone, for code that makes its own calls.
#[wasm_bindgen]
pub struct Tracker {
    state: Rc<RefCell<State>>,
    thresholds: Vec<f64>,
    on_alert: Option<Function>,
}

#[wasm_bindgen]
impl Tracker {
    /// A tracker of these limits.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Tracker, JsValue> {
        let settings = settings::read(options, scope::TRACKER)?;
        let quota = Usage::new(&settings.own_limits, &Limits::default());
        Ok(Self {
            state: Rc::new(RefCell::new(State { quota, alerts: Alerts::default(), asked: None })),
            thresholds: settings.alert_at.unwrap_or_else(|| vec![ALERT_AT]),
            on_alert: settings.on_alert,
        })
    }

    /// Counts a request that was made, whatever the limits say.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    pub fn record(&self, options: &JsValue) -> Result<(), JsValue> {
        let used = amounts(options)?;
        let clock = clock();
        self.state.borrow_mut().quota.record(clock, clock.now, &used);
        self.alert();
        Ok(())
    }

    /// Counts a request where it may go. Gives its moment, or `undefined` and then `retryAt` tells
    /// when it may.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    pub fn reserve(&self, options: &JsValue) -> Result<JsValue, JsValue> {
        let cost = amounts(options)?;
        let clock = clock();
        let taken = self.state.borrow_mut().quota.take(clock, &cost);
        let fields = match taken {
            Ok(()) => {
                self.note_doubt(clock);
                self.alert();
                Fields::new().set("ok", true).set("at", clock.now as f64)
            }
            Err(denial) => {
                let wait = denial.until.saturating_sub(clock.now);
                let at = clock.wall.saturating_add(wait);
                let fields = Fields::new().set("ok", false).set("retryAt", date(at));
                match denial.dimension {
                    Some(dimension) => fields.set("dimension", name(dimension.as_str())),
                    None => fields,
                }
            }
        };
        Ok(fields.done())
    }

    /// A reserved request took another amount: `used` instead of `reserved`.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    pub fn settle(&self, at: f64, reserved: &JsValue, used: &JsValue) -> Result<(), JsValue> {
        let reserved = amounts(reserved)?;
        let is_served = !used.is_null();
        let used = if is_served { amounts(used)? } else { Amounts::default() };
        let (at, clock) = (crate::base::time::Millis::from_f64(at).0, clock());
        let State { quota, asked, .. } = &mut *self.state.borrow_mut();
        if is_served && *asked == Some(at) && quota.proves_day(clock) {
            quota.end_doubt(clock);
        }
        quota.settle(at, &reserved, &used);
        Ok(())
    }

    /// What is counted, as text.
    #[must_use]
    pub fn state(&self) -> String {
        SharedUsage { usage: self.state.borrow().quota.clone(), ..SharedUsage::default() }.write()
    }

    /// Takes back what was counted before this instance.
    pub fn recall(&self, state: &str) {
        if let Some(ledger) = SharedUsage::read(state) {
            self.state.borrow_mut().quota.merge(&ledger.usage);
        }
    }

    /// What is used of each limit.
    #[must_use]
    pub fn usage(&self) -> JsValue {
        let clock = clock();
        let mut state = self.state.borrow_mut();
        state.quota.advance(clock);
        let rows: Vec<_> =
            state.quota.rows().map(|usage| (usage, state.quota.frees_at(clock, &usage))).collect();
        usages(&rows).into()
    }
}

impl Tracker {
    /// A request that was just reserved may find out if the day is over.
    fn note_doubt(&self, clock: Clock) {
        let State { quota, asked, .. } = &mut *self.state.borrow_mut();
        *asked = quota.doubts_day(clock).then_some(clock.now);
    }

    /// Tells of limits that are nearly used up. Nothing is borrowed meanwhile: the listener may
    /// come back here.
    fn alert(&self) {
        let alerts = {
            let State { quota, alerts, .. } = &mut *self.state.borrow_mut();
            alerts.look(quota, &self.thresholds)
        };
        let Some(listener) = &self.on_alert else { return };
        for alert in alerts {
            let _ = listener.call1(&JsValue::UNDEFINED, &alert_fields(&alert).done());
        }
    }
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

/// What one request takes: `{ tokens, images }`.
fn amounts(options: &JsValue) -> Result<Amounts, JsValue> {
    let settings = settings::read(options, scope::USE)?;
    Ok(Amounts {
        requests: 1,
        tokens: settings.tokens.unwrap_or_default(),
        images: settings.images.unwrap_or(1),
        nanos: 0,
    })
}

fn clock() -> Clock {
    let now = host::now();
    Clock { now: now.mono.0, wall: now.wall.0 }
}
