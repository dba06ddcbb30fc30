//! `retry`: a function of the caller's.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::engine::target::Target as EngineTarget;
use crate::models::cost;
use crate::quota::money::nanos;
use crate::quota::window::Amounts;
use crate::request::options::scope;
use crate::retry::policy::Policy;
use crate::wasm::client::core::Core;
use crate::wasm::driver::job::Job;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::options::read::read_options;
use crate::wasm::target::home::home;

#[wasm_bindgen]
impl Core {
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
            return Err(type_error(
                "`retry` needs a function that makes the call and returns its promise",
            ));
        };
        let call = read_options(options, scope::RETRY, &self.driver.host)?;
        let policy = if options.is_undefined() {
            Rc::clone(&self.retries)
        } else {
            Rc::new(call.retry.apply((*self.retries).clone()))
        };
        if call.max_cost.is_some() && call.model.is_none() {
            return Err(type_error("`maxCost` needs `model`, by whose price it counts"));
        }
        let Some(model) = &call.model else {
            let targets = Rc::clone(&self.unknown_target);
            let spec = self.spec(policy, targets, &call);
            return Ok(self.driver.start(caller, Job::Function(function.clone()), spec, call));
        };
        let model = model.strip_prefix("models/").unwrap_or(model);
        let (base, key) = home(&self.settings, &self.driver.host);
        let (account, lane) =
            self.driver.quota_of(&self.settings, &base, key.as_deref(), (model, None))?;
        let known = self.driver.catalog.find(model);
        let images = call.images.unwrap_or(1);
        let tokens = call.tokens.unwrap_or_default();
        let price = nanos(cost::expected(known.as_ref(), None, tokens)).saturating_mul(images);
        let cost = Amounts { requests: 1, tokens, images, nanos: price };
        let target =
            EngineTarget { account: account.0, lane, cost, is_smaller: false, timeout: None };
        let targets = self.engine_targets(vec![target]);
        let policy = self.policy(Policy { free_quota_waits: true, ..(*policy).clone() });
        let spec = self.spec(policy, targets, &call);
        let job = Job::ModelFunction(function.clone(), model.into());
        Ok(self.driver.start(caller, job, spec, call))
    }
}
