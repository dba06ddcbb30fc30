//! One client: its settings, and how each of its methods becomes a call of the driver.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::convert::{as_array, get, get_text};
use super::driver::{Driver, Job};
use super::error::usage;
use super::failure;
use super::gate::Gate;
use super::host::{self, Host};
use super::picture::{Picture, Skip, Wanted};
use super::quota::{check_limits, nanos, warn_limits};
use super::request::Request;
use super::retired;
use super::route::{self, Route, Routes};
use super::settings::{self, Settings};
use crate::base::text::join;
use crate::base::time::Millis;
use crate::engine::ids::{AttemptId, CallId};
use crate::engine::input::{CallSpec, INTERACTIVE};
use crate::engine::target::Target;
use crate::errors::kind::Dimension;
use crate::models::cost;
use crate::models::service_tier::ServiceTier;
use crate::protocol::need::Size;
use crate::quota::window::Amounts;
use crate::request::options::{RetryOptions, Shape, scope};
use crate::retry::policy::Policy;

/// How long an attempt may take: a 4K picture takes 30 to 40 s when all is well, and resellers
/// advise 300 to 600 s.
const TIMEOUT: Millis = Millis(180_000);
const TIMEOUT_4K: Millis = Millis(300_000);
/// The service is told the same time; ours runs this much longer, so that its own answer comes
/// first.
const TIMEOUT_GRACE: Millis = Millis(10_000);
/// The service itself ends a request after ten minutes; a longer time need not be told.
const TOLD_MAX: Millis = Millis(600_000);
/// How long `flex` may take: its target is 15 minutes (Google's page of 2026-04-29).
const TIMEOUT_FLEX: Millis = Millis(900_000);
const MAX_RETRIES: u32 = 5;
const BASE_DELAY: Millis = Millis(2_000);
const BATCH_DELAY: Millis = Millis(1_000);

/// The core behind one client of the package.
#[wasm_bindgen]
pub struct Core {
    driver: Rc<Driver>,
    settings: Settings,
    routes: Routes,
    /// The policy of `retry` without options of its own.
    retries: Rc<Policy>,
    /// The policy of the last call.
    last: RefCell<Rc<Policy>>,
    /// The targets of the last call.
    last_targets: RefCell<Rc<[Target]>>,
    /// The one target of a function, which goes wherever it goes.
    nowhere: Rc<[Target]>,
}

#[wasm_bindgen]
impl Core {
    /// A client with these options.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue, host: JsValue) -> Result<Core, JsValue> {
        let mut settings = settings::read(options, scope::CLIENT)?;
        settings.catalog.get_or_insert_default();
        check_limits(&settings.limits)?;
        let host: Host = host.unchecked_into();
        warn_limits(&settings, &host);
        if settings.budget.is_some() && settings.limits == "none" {
            return Err(usage(
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
            routes: Routes::default(),
            last: RefCell::new(Rc::clone(&retries)),
            retries,
            last_targets: RefCell::new(Rc::new([])),
            nowhere: Rc::new([Target::of_account(0)]),
        })
    }

    /// Calls the caller's function until it succeeds or trying again cannot help.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    pub fn retry(
        &self,
        caller: JsValue,
        function: &JsValue,
        options: &JsValue,
    ) -> Result<u32, JsValue> {
        let Some(function) = function.dyn_ref::<Function>() else {
            return Err(usage(
                "`retry` needs a function that makes the call and returns its promise",
            ));
        };
        let call = settings::read(options, scope::RETRY)?;
        let policy = if options.is_undefined() {
            Rc::clone(&self.retries)
        } else {
            Rc::new(call.retry.apply((*self.retries).clone()))
        };
        if call.max_cost.is_some() && call.model.is_none() {
            return Err(usage("`maxCost` needs `model`, by whose price it counts"));
        }
        let Some(model) = &call.model else {
            let targets = Rc::clone(&self.nowhere);
            let spec = self.spec(policy, targets, &call);
            return Ok(self.driver.start(caller, Job::Function(function.clone()), spec, call));
        };
        let model = model.strip_prefix("models/").unwrap_or(model);
        let (base, key) = route::home(&self.settings, &self.driver.host);
        let (account, lane) =
            self.driver.lane_of(&self.settings, &base, key.as_deref(), (model, None))?;
        let known = self.driver.catalog.find(model);
        let images = call.images.unwrap_or(1);
        let tokens = call.tokens.unwrap_or_default();
        let price = nanos(cost::expected(known.as_ref(), None, tokens)).saturating_mul(images);
        let cost = Amounts { requests: 1, tokens, images, nanos: price };
        let target = Target { account: account.0, lane, cost, is_smaller: false, timeout: None };
        let targets = self.targets(vec![target]);
        let policy = self.policy(Policy { free_quota_waits: true, ..(*policy).clone() });
        let spec = self.spec(policy, targets, &call);
        let job = Job::Quoted(function.clone(), model.into());
        Ok(self.driver.start(caller, job, spec, call))
    }

    /// `client.generate`. A batch passes a `gate` with each of its calls, which is asked before each
    /// request and may hold it back.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    pub fn generate(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
        gate: &JsValue,
    ) -> Result<u32, JsValue> {
        let mut call = settings::read(options, scope::GENERATE)?;
        call.gate = Gate::read(gate);
        let policy = call.retry.apply(self.settings.retry.apply(Policy::GENERATE));
        let request = Request::read(request, &self.driver.host)?;
        self.picture(caller, request, Wanted::Result, policy, call)
    }

    /// Refuses a wrong option of `client.batch`, and a wrong target of it or of the client: each item
    /// would take that for its own fault.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = checkBatch)]
    pub fn check_batch(&self, options: &JsValue) -> Result<(), JsValue> {
        settings::check_batch(options)?;
        let models = get(options, "models");
        let host = &self.driver.host;
        let request = Request::read(&"a picture".into(), host)?;
        self.routes.chain(as_array(&models), &request, None, &self.settings, host).map(drop)
    }

    /// The drop-in. `options` is `maxRetries`, or an object.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = generateWithRetry)]
    pub fn generate_with_retry(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
        base_delay: &JsValue,
    ) -> Result<u32, JsValue> {
        let mut call = Settings::default();
        if options.is_object() || options.is_null() {
            call = settings::read(options, scope::DROP_IN)?;
        } else if !options.is_undefined() {
            settings::argument("maxRetries", options, Shape::Retries)?;
            call.max_retries = Some(settings::retries(options));
        }
        if !base_delay.is_undefined() {
            settings::argument("baseDelay", base_delay, Shape::Duration)?;
            call.retry.all.base_delay = Some(settings::millis(base_delay));
        }
        let policy = Policy::drop_in(
            call.max_retries.unwrap_or(MAX_RETRIES),
            call.retry.all.base_delay.take().unwrap_or(BASE_DELAY),
        );
        let policy = call.retry.apply(self.limits().apply(policy));
        let request = Request::read_any(request, &self.driver.host)?;
        self.picture(caller, request, Wanted::Answer, policy, call)
    }

    /// `generateWithFallback`: the chain in order, two tries a model.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = generateWithFallback)]
    pub fn generate_with_fallback(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
    ) -> Result<u32, JsValue> {
        let call = settings::read(options, scope::FALLBACK)?;
        let policy = call.retry.apply(self.limits().apply(Policy::fallback()));
        let request = Request::read(request, &self.driver.host)?;
        self.picture(caller, request, Wanted::Fallback, policy, call)
    }

    /// `batchGenerate`: one after the other, `null` for a failure. Each item goes through `one`,
    /// which makes the drop-in's promise from the index, or gives `null` once the caller aborted;
    /// between two items `pause` is called with the time in ms.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    #[wasm_bindgen(js_name = batchGenerate)]
    pub fn batch_generate(
        &self,
        caller: JsValue,
        prompts: &JsValue,
        options: &JsValue,
        one: Function,
        pause: Function,
    ) -> Result<(), JsValue> {
        let Some(prompts) = as_array(prompts) else {
            return Err(usage("`batchGenerate` needs a list of prompts"));
        };
        let delay = if options.as_f64().is_some() {
            settings::argument("delay", options, Shape::Duration)?;
            Some(settings::millis(options))
        } else {
            settings::read(options, scope::BATCH)?.delay
        };
        if self.driver.is_closed() {
            return Err(failure::closed(&self.driver.host));
        }
        // A mistake is told before the first request: later it would cost the pictures before it.
        for prompt in prompts.iter() {
            let request = Request::read_any(&prompt, &self.driver.host)?;
            let host = &self.driver.host;
            let chain = self.routes.chain(None, &request, None, &self.settings, host)?;
            let first = chain.first().filter(|route| route.retired);
            if let Some(gone) = first.and_then(|route| self.driver.catalog.find(&route.model)) {
                return Err(retired::error(host, &gone));
            }
        }
        let (driver, count) = (Rc::clone(&self.driver), prompts.length());
        let delay = delay.unwrap_or(BATCH_DELAY);
        spawn_local(async move {
            match super::batch::run(&driver, count, delay, &one, &pause).await {
                Some(results) => driver.host.resolve(&caller, &results),
                None => driver.host.reject(&caller, &failure::closed(&driver.host)),
            }
        });
        Ok(())
    }

    /// The function of `retry` gave an answer.
    pub fn answered(&self, call: u32, attempt: u32, answer: JsValue) {
        self.driver.answered(CallId(call), AttemptId(attempt), answer);
    }

    /// The function of `retry` threw.
    pub fn threw(&self, call: u32, attempt: u32, thrown: JsValue) {
        self.driver.threw(CallId(call), AttemptId(attempt), thrown);
    }

    /// The time has come that the host was told by `nap`.
    pub fn wake(&self) {
        self.driver.wake();
    }

    /// Ends a call whose caller aborted.
    pub fn cancel(&self, call: u32) {
        self.driver.cancel(call);
    }

    /// What is used of the quotas, after a look into the store where they are shared.
    ///
    /// # Errors
    /// A `TypeError` that names a wrong limit.
    pub fn quota(&self, caller: JsValue) -> Result<(), JsValue> {
        let (settings, host) = (&self.settings, &self.driver.host);
        // Without a key nothing was asked yet, and there is nothing to tell.
        let chain = self.routes.chain(None, &Request::default(), None, settings, host);
        for route in chain.iter().flat_map(|chain| chain.iter()) {
            self.driver.lane_of(settings, &route.base, route.key.as_deref(), route.called())?;
        }
        self.driver.lookers.borrow_mut().push(caller);
        self.driver.engine.borrow_mut().look(host::now());
        self.driver.drain();
        Ok(())
    }

    /// How this client's attempts ended, of the last seven days.
    #[must_use]
    pub fn history(&self) -> JsValue {
        self.driver.history()
    }

    /// What was spent, and what is left of the budget as it was seen last.
    pub fn costs(&self, caller: &JsValue) {
        self.driver.host.resolve(caller, &self.driver.spending());
    }

    /// Takes nothing more: what is in flight goes on, and everything else ends.
    pub fn retire(&self) {
        self.driver.retire();
    }

    /// Ends every call.
    pub fn close(&self) {
        self.driver.close();
    }
}

impl Core {
    pub(super) fn host(&self) -> &Host {
        &self.driver.host
    }

    /// The targets for a request, in order.
    pub(super) fn chain_for(&self, request: &Request) -> Result<Rc<[Rc<Route>]>, JsValue> {
        self.routes.chain(None, request, None, &self.settings, &self.driver.host)
    }

    /// What the drop-in and its kin take of the client's settings: how long they may wait. How often
    /// and after which delays they try is their own.
    fn limits(&self) -> RetryOptions {
        let RetryOptions { max_server_delay, max_wait_per_target, timeout, .. } =
            self.settings.retry;
        RetryOptions { max_server_delay, max_wait_per_target, timeout, ..RetryOptions::default() }
    }

    /// The policy, which calls share where it is the same.
    fn policy(&self, policy: Policy) -> Rc<Policy> {
        let mut last = self.last.borrow_mut();
        if **last != policy {
            *last = Rc::new(policy);
        }
        Rc::clone(&last)
    }

    /// The targets, which calls share where they are the same.
    fn targets(&self, targets: Vec<Target>) -> Rc<[Target]> {
        let mut last = self.last_targets.borrow_mut();
        if **last != targets[..] {
            *last = targets.into();
        }
        Rc::clone(&last)
    }

    fn spec(&self, policy: Rc<Policy>, targets: Rc<[Target]>, call: &Settings) -> CallSpec {
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

    fn picture(
        &self,
        caller: JsValue,
        request: Request,
        cost_of_lane: Wanted,
        mut policy: Policy,
        mut call: Settings,
    ) -> Result<u32, JsValue> {
        let host = &self.driver.host;
        // The drop-in asks one model, and leaves it for none.
        let inherited =
            self.settings.fallback_on.as_ref().filter(|_| cost_of_lane != Wanted::Answer);
        call.fallback_on = call.fallback_on.or_else(|| inherited.cloned());
        let in_page = host.browser();
        let given = request.http.as_ref().and_then(|http| http.timeout).or(policy.timeout);
        let told = given.or_else(|| default_timeout(&request, cost_of_lane));
        // A time that the caller gave is kept to the millisecond. Of our own the service is told
        // less, so that its answer comes first.
        let grace = if given.is_some() || in_page { Millis::ZERO } else { TIMEOUT_GRACE };
        policy.timeout = told.map(|told| told + grace);
        let told = told.filter(|told| !in_page && *told <= TOLD_MAX);
        let told = told.map(|told| told.0.div_ceil(1000));
        let settings = &self.settings;
        let mut chain = self.routes.chain(call.models.as_ref(), &request, told, settings, host)?;
        if cost_of_lane == Wanted::Answer && chain.len() > 1 {
            chain = chain.iter().take(1).cloned().collect();
        }
        // The drop-in sends what it is told, as the loop does; the service knows best.
        let checks = cost_of_lane != Wanted::Answer;
        for route in chain.iter() {
            self.driver.tell_retired(&route.model, None);
        }
        let skip = |route: &Rc<Route>| {
            if route.retired {
                let reason = route.known().map(|known| retired::reason(&known));
                return Some(Skip { lacks: None, reason: reason.unwrap_or_default() });
            }
            let own = route.own(&request).ok().flatten();
            let lacks = route.lacks(own.as_ref().unwrap_or(&request), checks)?;
            let reason = ["it cannot do the ", lacks, " that the request asks for"].concat();
            Some(Skip { lacks: Some(lacks), reason })
        };
        let skipped: Box<[_]> =
            chain.iter().filter_map(|route| Some((Rc::clone(route), skip(route)?))).collect();
        if skipped.len() == chain.len() {
            let first = chain.first().and_then(|route| route.known());
            if let Some(first) = first.filter(|_| chain.iter().all(|route| route.retired)) {
                return Err(retired::error(host, &first));
            }
            let names = skipped
                .iter()
                .flat_map(|(route, skip)| [route.model.as_str(), skip.lacks.unwrap_or("retired")]);
            let message = "no model of the chain can do what the request asks: ";
            return Err(usage(&[message, &join(names, ", ")].concat()));
        }
        if !skipped.is_empty() {
            chain = chain.iter().filter(|route| skip(route).is_none()).cloned().collect();
        }
        let sizes = call.degrade.as_ref().or(settings.degrade.as_ref()).filter(|_| checks);
        if let Some(sizes) = sizes {
            let with_smaller = |route: &Rc<Route>| {
                let own = route.own(&request).ok().flatten();
                let smaller = route.smaller(own.as_ref().unwrap_or(&request), sizes);
                core::iter::once(Rc::clone(route)).chain(smaller).collect::<Vec<_>>()
            };
            chain = chain.iter().flat_map(with_smaller).collect();
        }
        let own = chain.iter().map(|route| route.own(&request));
        let own: Box<[Option<Request>]> = own.collect::<Result<_, _>>()?;
        if let Some(tier) = request.tier
            && own.iter().all(Option::is_none)
            && let Some(first) = chain.first().filter(|_| chain.iter().all(|to| !to.has(tier)))
        {
            return Err(usage(&first.without(tier)));
        }
        let own = if own.iter().all(Option::is_none) { Box::default() } else { own };
        // The grace is ours alone, and where the caller has given a time that holds.
        let flex_time = (given.is_none() && cost_of_lane != Wanted::Answer).then_some(TIMEOUT_FLEX);
        let flex_secs = flex_time.filter(|_| !in_page).map(|time| time.0.div_ceil(1000));
        let tokens = request.tokens();
        let mut targets = Vec::with_capacity(chain.len());
        for (index, route) in chain.iter().enumerate() {
            let asked = own.get(index).and_then(Option::as_ref).unwrap_or(&request);
            let (account, lane) =
                self.driver.lane_of(settings, &route.base, route.key.as_deref(), route.called())?;
            let price = nanos(route.expected(route.smaller.or(asked.need.size), asked));
            let cost = Amounts { requests: 1, tokens: 0, images: 1, nanos: price };
            if price == 0 && (settings.budget.is_some() || call.max_cost.is_some()) {
                host.warn(
                    &[
                        "`budget` and `maxCost` cannot count `",
                        &route.model,
                        "`: its price is not known; give its target a `price`, or `catalog` a row",
                    ]
                    .concat(),
                );
            }
            let is_smaller = route.smaller.is_some();
            let is_flex = route.tier(asked) == ServiceTier::Flex;
            let timeout = flex_time.filter(|_| is_flex).map(|time| time + grace);
            targets.push(Target { account: account.0, lane, cost, is_smaller, timeout });
        }
        let targets = self.targets(targets);
        let spec = CallSpec { tokens, ..self.spec(self.policy(policy), targets, &call) };
        let gate = call.gate.take();
        let picture = Picture::new(request, chain, own, flex_secs, cost_of_lane, skipped, gate);
        if !picture.request.is_prompt() {
            picture.text(0, host).map_err(|thrown| {
                let said = get_text(&thrown, "message").unwrap_or_default();
                usage(&["the request cannot be written as JSON: ", &said].concat())
            })?;
        }
        Ok(self.driver.start(caller, Job::Picture(Rc::new(picture)), spec, call))
    }
}

/// How long the service gets for one attempt where nothing is given; the drop-in has no limit.
fn default_timeout(request: &Request, cost_of_lane: Wanted) -> Option<Millis> {
    let is_large = request.need.size == Some(Size::K4);
    (cost_of_lane != Wanted::Answer).then_some(if is_large { TIMEOUT_4K } else { TIMEOUT })
}
