//! `QuotaTracker`: the usage alone, for code that makes its own calls.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::quota::alert::{ALERT_AT, Alerts};
use crate::quota::clock::Clock;
use crate::quota::limits::Limits;
use crate::quota::shared::SharedUsage;
use crate::quota::usage::Usage;
use crate::quota::window::Amounts;
use crate::request::options::scope;
use crate::wasm::host::{self, Host};
use crate::wasm::options::read::read_options;
use crate::wasm::quota::fields::{alert_fields, usages};
use crate::wasm::values::date::date;
use crate::wasm::values::name::name;
use crate::wasm::values::object::Fields;

struct State {
    quota: Usage,
    alerts: Alerts,
    /// The moment of the request that will show whether the day is over.
    asked: Option<u64>,
}

/// `QuotaTracker`: the usage alone, for code that makes its own calls.
#[wasm_bindgen]
pub struct Tracker {
    state: Rc<RefCell<State>>,
    thresholds: Vec<f64>,
    on_alert: Option<Function>,
    /// It reads options, and does nothing else.
    host: Host,
}

#[wasm_bindgen]
impl Tracker {
    /// A tracker of these limits.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue, host: JsValue) -> Result<Tracker, JsValue> {
        let host: Host = host.unchecked_into();
        let settings = read_options(options, scope::TRACKER, &host)?;
        let quota = Usage::new(&settings.own_limits, &Limits::default());
        Ok(Self {
            state: Rc::new(RefCell::new(State { quota, alerts: Alerts::default(), asked: None })),
            thresholds: settings.alert_at.unwrap_or_else(|| vec![ALERT_AT]),
            on_alert: settings.on_alert.map(JsCast::unchecked_into),
            host,
        })
    }

    /// Counts a request that was made, whatever the limits say.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    pub fn record(&self, options: &JsValue) -> Result<(), JsValue> {
        let used = self.amounts(options)?;
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
        let cost = self.amounts(options)?;
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
        let reserved = self.amounts(reserved)?;
        let is_served = !used.is_null();
        let used = if is_served { self.amounts(used)? } else { Amounts::default() };
        let (at, clock) = (crate::base::time::Millis::from_f64(at).0, clock());
        let State { quota, asked, .. } = &mut *self.state.borrow_mut();
        if is_served && *asked == Some(at) && quota.proves_day(clock) {
            quota.end_doubt(clock);
        }
        quota.settle(at, &reserved, &used);
        Ok(())
    }

    /// The usage, as text.
    #[must_use]
    pub fn state(&self) -> String {
        SharedUsage { usage: self.state.borrow().quota.clone(), ..SharedUsage::default() }.write()
    }

    /// Merges the usage of an earlier instance.
    pub fn recall(&self, state: &str) {
        if let Some(ledger) = SharedUsage::read(state) {
            self.state.borrow_mut().quota.merge(&ledger.usage);
        }
    }

    /// The use of each limit.
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
    /// The amounts of one request: `{ tokens, images }`.
    fn amounts(&self, options: &JsValue) -> Result<Amounts, JsValue> {
        let settings = read_options(options, scope::USE, &self.host)?;
        Ok(Amounts {
            requests: 1,
            tokens: settings.tokens.unwrap_or_default(),
            images: settings.images.unwrap_or(1),
            nanos: 0,
        })
    }

    /// A request that was just reserved may find out if the day is over.
    fn note_doubt(&self, clock: Clock) {
        let State { quota, asked, .. } = &mut *self.state.borrow_mut();
        *asked = quota.doubts_day(clock).then_some(clock.now);
    }

    /// Calls the listener for limits that are nearly used up. Nothing is borrowed meanwhile, since
    /// the listener may call the tracker.
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

fn clock() -> Clock {
    let now = host::now();
    Clock { now: now.mono.0, wall: now.wall.0 }
}
