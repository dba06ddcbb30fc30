//! One client: its settings, and how each of its methods becomes a call of the driver.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::engine::ids::{AttemptId, CallId};
use crate::engine::input::{CallSpec, INTERACTIVE};
use crate::engine::target::Target as EngineTarget;
use crate::errors::kind::Dimension;
use crate::options::limits::GivenLimits;
use crate::request::options::scope;
use crate::retry::policy::Policy;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::options::read::{Settings, read_options};
use crate::wasm::quota::limits::warn_limits;
use crate::wasm::target::targets::Targets;

/// The core behind one client of the package.
#[wasm_bindgen]
pub struct Core {
    pub(super) driver: Rc<Driver>,
    pub(super) settings: Settings,
    pub(super) targets: Targets,
    /// The policy of `retry` without options of its own.
    pub(super) retries: Rc<Policy>,
    /// The policy of the last call.
    last: RefCell<Rc<Policy>>,
    /// The targets of the last call.
    last_targets: RefCell<Rc<[EngineTarget]>>,
    /// The one target of a function whose model is not known.
    pub(super) unknown_target: Rc<[EngineTarget]>,
}

#[wasm_bindgen]
impl Core {
    /// A client with these options.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue, host: JsValue) -> Result<Core, JsValue> {
        let host: Host = host.unchecked_into();
        let mut settings = read_options(options, scope::CLIENT, &host)?;
        settings.catalog.get_or_insert_default();
        warn_limits(&settings, &host);
        if settings.budget.is_some() && settings.limits == GivenLimits::Off {
            return Err(type_error(
                "`budget` needs what `limits: 'none'` switches off: leave `limits` out",
            ));
        }
        let retries = Rc::new(settings.retry.apply(Policy::RETRY));
        Ok(Self {
            driver: {
                let driver = Driver::new(host, &settings);
                let is_daily =
                    settings.budget.is_some_and(|of| of.get(Dimension::BudgetPerDay).is_some());
                if is_daily && settings.store.is_none() {
                    driver.host.warn(
                        "`budget.perDay` is counted from the start of this process; pass a `store` that outlives it",
                    );
                }
                driver
            },
            settings,
            targets: Targets::default(),
            last: RefCell::new(Rc::clone(&retries)),
            retries,
            last_targets: RefCell::new(Rc::new([])),
            unknown_target: Rc::new([EngineTarget::of_account(0)]),
        })
    }

    /// The function of `retry` gave an answer.
    pub fn answered(&self, call: u32, attempt: u32, answer: JsValue) {
        self.driver.answered(CallId(call), AttemptId(attempt), answer);
    }

    /// The function of `retry` threw.
    pub fn threw(&self, call: u32, attempt: u32, thrown: JsValue) {
        self.driver.threw(CallId(call), AttemptId(attempt), thrown);
    }

    /// Wakes the client at the time that it gave to `nap`.
    pub fn wake(&self) {
        self.driver.wake();
    }

    /// Ends a call whose caller aborted.
    pub fn cancel(&self, call: u32) {
        self.driver.cancel(call);
    }

    /// The outcomes of this client's attempts of the last seven days.
    #[must_use]
    pub fn history(&self) -> JsValue {
        self.driver.history()
    }

    /// The money that was spent, and the budget as it was seen last.
    pub fn costs(&self, caller: &JsValue) {
        self.driver.host.resolve(caller, &self.driver.spending());
    }

    /// Takes no more calls: attempts that were sent go on, and all other calls end.
    pub fn retire(&self) {
        self.driver.retire();
    }

    /// Ends every call.
    pub fn close(&self) {
        self.driver.close();
    }
}

impl Core {
    /// The policy, which calls share where it is the same.
    pub(super) fn policy(&self, policy: Policy) -> Rc<Policy> {
        let mut last = self.last.borrow_mut();
        if **last != policy {
            *last = Rc::new(policy);
        }
        Rc::clone(&last)
    }

    /// The engine's targets, which calls share where they are the same.
    pub(super) fn engine_targets(&self, targets: Vec<EngineTarget>) -> Rc<[EngineTarget]> {
        let mut last = self.last_targets.borrow_mut();
        if **last != targets[..] {
            *last = targets.into();
        }
        Rc::clone(&last)
    }

    /// The engine's description of a call.
    pub(super) fn spec(
        &self,
        policy: Rc<Policy>,
        targets: Rc<[EngineTarget]>,
        call: &Settings,
    ) -> CallSpec {
        let avoids = call.avoid_peak.or(self.settings.avoid_peak).unwrap_or_default();
        let on_daily_limit = call.on_daily_limit.or(self.settings.on_daily_limit);
        CallSpec {
            deadline: call.deadline,
            priority: call.priority.unwrap_or(INTERACTIVE),
            on_daily_limit: on_daily_limit.unwrap_or_default(),
            max_cost: call.max_cost,
            avoid: avoids.then(|| self.driver.peak_hours()),
            ..CallSpec::new(policy, targets)
        }
    }
}
