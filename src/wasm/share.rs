//! The driver's side of quotas: lanes, stores, what is told of them.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Object;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::convert::{Fields, name};
use super::driver::Driver;
use super::error::{self, date};
use super::host;
use super::quota::{Sharing, Status, alert_fields, amount, budget_fields};
use super::settings::Settings;
use crate::base::time::{Instant, Millis};
use crate::engine::ids::{AccountId, ExchangeId, LaneId, ReplicaId};
use crate::engine::input::Input;
use crate::engine::lane::LaneSpec;
use crate::engine::output::Notice;
use crate::errors::kind::Dimension;
use crate::quota::limits::Limits;
use crate::quota::shared::{Reply, Request, Times, apply};
use crate::quota::usage::DimensionUsage;

/// How often the quotas of this process are kept, in case this instance fails.
const KEEP: Millis = Millis(250);

impl Driver {
    /// Adds an account.
    pub(crate) fn open_account(
        &self,
        given: &Limits,
        tier: &Limits,
        sharing: Sharing,
    ) -> AccountId {
        let mut engine = self.engine.borrow_mut();
        let id = engine.open_account(given, tier);
        if let Some(on_down) = sharing {
            engine.share(ReplicaId::Account(id), on_down);
        }
        id
    }

    /// Adds a lane.
    pub(crate) fn open_lane(&self, spec: &LaneSpec, sharing: Sharing) -> LaneId {
        let mut engine = self.engine.borrow_mut();
        let id = engine.open_lane(spec);
        if let Some(on_down) = sharing {
            engine.share(ReplicaId::Lane(id), on_down);
        }
        id
    }

    /// The account and lane of a target: of a model, and by the name that it may have.
    ///
    /// # Errors
    /// A `TypeError` that names a wrong limit.
    pub(crate) fn lane_of(
        &self,
        settings: &Settings,
        base: &str,
        key: Option<&str>,
        model: (&str, Option<&str>),
    ) -> Result<(AccountId, Option<LaneId>), JsValue> {
        self.lanes.find(self, settings, base, key, model)
    }

    /// Takes back what was kept of a quota before this instance.
    pub(crate) fn recall(&self, replica: ReplicaId) {
        let Some(name) = self.kept_name(replica) else { return };
        if let Some(state) = self.host.kept(&name) {
            self.engine.borrow_mut().recall(host::now(), replica, &state);
        }
    }

    /// Keeps the quotas of this process: at once while that is quick, else now and then, and when no
    /// call is left.
    pub(crate) fn keep(&self) {
        let (sent, now, is_quick) = {
            let engine = self.engine.borrow();
            if engine.sent() == self.kept_sent.get() {
                return;
            }
            (engine.sent(), engine.now.mono, engine.is_idle() || engine.is_small())
        };
        if now - self.kept.get() < KEEP && !is_quick {
            return;
        }
        self.kept.set(now);
        self.kept_sent.set(sent);
        let replicas = self.engine.borrow().own_replicas();
        for (replica, state) in replicas {
            if let Some(name) = self.kept_name(replica) {
                self.host.keep(&name, &state);
            }
        }
    }

    /// When the quotas are to be kept, where something was sent since they were.
    pub(crate) fn keep_due(&self) -> Option<Instant> {
        let engine = self.engine.borrow();
        let is_due = engine.sent() != self.kept_sent.get() && !engine.is_idle();
        is_due.then(|| self.kept.get() + KEEP)
    }

    /// What identifies a quota among those of a store.
    fn identity(&self, replica: ReplicaId) -> Option<(String, String)> {
        match replica {
            // Whoever is paid: the budget is that of the client's project.
            ReplicaId::Budget => Some((self.home.clone(), "budget".to_owned())),
            _ => self.lanes.identity(replica),
        }
    }

    fn kept_name(&self, replica: ReplicaId) -> Option<String> {
        let (account, model) = self.identity(replica)?;
        Some([account.as_str(), "\n", &model].concat())
    }

    /// Asks the store.
    pub(crate) fn transact(
        self: &Rc<Self>,
        id: ExchangeId,
        replica: ReplicaId,
        request: Rc<Request>,
    ) {
        let (Some((store, project)), Some((account, model))) =
            (&self.shared, self.identity(replica))
        else {
            return;
        };
        // A target with a key or address of its own is of another project.
        let project = project.as_deref().filter(|_| account == self.home);
        let reply: Rc<RefCell<Option<Reply>>> = Rc::default();
        let last = Rc::clone(&reply);
        let driver = Rc::clone(self);
        let own = Rc::clone(self);
        let update = Closure::<dyn FnMut(JsValue, f64, Option<f64>) -> JsValue>::new(
            move |state: JsValue, now: f64, wall: Option<f64>| {
                let times = Times {
                    now: Millis::from_f64(now).0,
                    wall: wall.map(|wall| Millis::from_f64(wall).0),
                    expected: own.engine.borrow().expects(host::now(), replica),
                };
                let (text, reply) = apply(state.as_string().as_deref(), times, &request);
                last.replace(Some(reply));
                Fields::new().set("state", text).set("result", JsValue::UNDEFINED).done()
            },
        );
        let promise = {
            let store: &Object = store;
            self.host.transact(store, project, &account, &model, update.as_ref())
        };
        spawn_local(async move {
            let done = JsFuture::from(promise).await;
            drop(update);
            let reply = done.ok().and_then(|_| reply.take());
            driver.feed(Input::Transacted { id, reply });
        });
    }

    /// Tells those who wait for the stores, once all have answered.
    pub(crate) fn answer_lookers(&self) {
        if self.lookers.borrow().is_empty() || self.engine.borrow().is_asking() {
            return;
        }
        for caller in self.lookers.take() {
            self.host.resolve(&caller, &self.lanes.report(self));
        }
    }

    /// What was spent, and what is left of the budget as it was seen last.
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

    /// What is told of a lane.
    pub(crate) fn status(&self, lane: LaneId, account: AccountId) -> Option<Status> {
        let now = host::now();
        let mut engine = self.engine.borrow_mut();
        let mut usages = engine.usage(now, ReplicaId::Lane(lane));
        usages.retain(|(usage, _)| usage.dimension != Dimension::Spend);
        let money = engine.usage(now, ReplicaId::Account(account));
        let is_money = |row: &(DimensionUsage, _)| row.0.dimension == Dimension::Spend;
        usages.extend(money.into_iter().filter(is_money));
        let (queued, in_flight) = engine.load(lane)?;
        let rests_until = engine.rests_until(lane).map(|until| until.0);
        Some(Status { usages, queued, in_flight, rests_until })
    }

    /// Tells listeners of something about a quota.
    pub(crate) fn tell_notice(&self, notice: &Notice) {
        if !self.host.listening() {
            return;
        }
        let of = |lane: LaneId, fields: Fields| match self.lanes.model(lane) {
            Some(model) => fields.set("model", model),
            None => fields,
        };
        let dimension = |dimension: Dimension| name(dimension.as_str());
        let (event, fields) = match notice {
            Notice::Learned { lane, learned } => {
                let row = learned.dimension;
                let fields = Fields::new()
                    .set("dimension", dimension(row))
                    .set("limit", amount(row, learned.change.limit))
                    .set_some("previous", learned.change.previous.map(|limit| amount(row, limit)));
                ("limitLearned", of(*lane, fields))
            }
            Notice::Budget(alert) => ("budgetAlert", budget_fields(alert)),
            Notice::Alert { lane, alert } => ("quotaAlert", of(*lane, alert_fields(alert))),
            Notice::Exhausted { lane, dimension: row, limit, until } => {
                let fields = Fields::new()
                    .set("dimension", dimension(*row))
                    .set_some("limit", limit.map(|limit| amount(*row, limit)))
                    .set("retryAt", date(until.0));
                ("quotaExhausted", of(*lane, fields))
            }
            Notice::CircuitOpened { lane, until, info } => {
                let fields =
                    Fields::new().set("retryAt", date(until.0)).set("info", error::info(info));
                ("circuitOpened", of(*lane, fields))
            }
            Notice::CircuitClosed { lane } => ("circuitClosed", of(*lane, Fields::new())),
            Notice::Store { down } => ("storeDown", Fields::new().set("down", *down)),
        };
        self.host.notice(event, &fields.done());
    }
}
