//! A call for a picture, from its request to the driver.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::base::time::Millis;
use crate::engine::input::CallSpec;
use crate::engine::target::Target as EngineTarget;
use crate::models::service_tier::ServiceTier;
use crate::quota::money::nanos;
use crate::quota::window::Amounts;
use crate::retry::policy::Policy;
use crate::wasm::attempt::admission_hook::AdmissionHook;
use crate::wasm::client::chain::{Usable, own_requests, usable, with_smaller};
use crate::wasm::client::core::Core;
use crate::wasm::client::timeouts::Timeouts;
use crate::wasm::driver::job::Job;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::options::read::Settings;
use crate::wasm::picture::call::{Picture, Wanted};
use crate::wasm::request::checked::Request;
use crate::wasm::target::resolved::Target;
use crate::wasm::values::access::get_text;

impl Core {
    /// Starts a call for a picture. A batch has a `hook`, which admits each request.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    pub(super) fn picture(
        &self,
        caller: JsValue,
        request: Request,
        wanted: Wanted,
        mut policy: Policy,
        mut call: Settings,
        hook: Option<AdmissionHook>,
    ) -> Result<u32, JsValue> {
        let (host, settings) = (&self.driver.host, &self.settings);
        // The drop-in asks one model, and leaves it for none.
        let inherited = settings.fallback_on.as_ref().filter(|_| wanted != Wanted::Answer);
        call.fallback_on = call.fallback_on.or_else(|| inherited.cloned());
        let timeouts = Timeouts::of(&request, policy.timeout, wanted, host.browser());
        policy.timeout = timeouts.attempt;
        let (chain, skipped) = self.chain(&request, wanted, &call, timeouts.server_secs)?;
        let own = own_requests(&chain, &request)?;
        let tokens = request.tokens();
        let targets = self.engine_targets_of(&chain, &own, &request, &call, timeouts.flex)?;
        let targets = self.engine_targets(targets);
        let spec = CallSpec { tokens, ..self.spec(self.policy(policy), targets, &call) };
        let picture = Picture::new(request, chain, own, timeouts.flex_secs, wanted, skipped, hook);
        if !picture.request.is_prompt() {
            picture.text(0, host).map_err(|thrown| {
                let said = get_text(&thrown, "message").unwrap_or_default();
                type_error(&["the request cannot be written as JSON: ", &said].concat())
            })?;
        }
        Ok(self.driver.start(caller, Job::Picture(Rc::new(picture)), spec, call))
    }

    /// The targets of a call that can make its picture, in order.
    pub(super) fn chain(
        &self,
        request: &Request,
        wanted: Wanted,
        call: &Settings,
        server_secs: Option<u64>,
    ) -> Result<Usable, JsValue> {
        let (host, settings) = (&self.driver.host, &self.settings);
        let models = call.models.as_ref();
        let mut chain = self.targets.chain(models, request, server_secs, settings, host)?;
        if wanted == Wanted::Answer && chain.len() > 1 {
            chain = chain.iter().take(1).cloned().collect();
        }
        for target in chain.iter() {
            self.driver.emit_retired(&target.model, None);
        }
        // The drop-in sends what it is told, as the loop does; the service knows best.
        let checks = wanted != Wanted::Answer;
        let (chain, skipped) = usable(chain, request, checks, host)?;
        let sizes = call.degrade.as_ref().or(settings.degrade.as_ref()).filter(|_| checks);
        Ok(match sizes {
            Some(sizes) => (with_smaller(&chain, request, sizes), skipped),
            None => (chain, skipped),
        })
    }

    /// The targets of a chain as the engine knows them: by account and lane, and what each attempt
    /// takes of their quotas.
    fn engine_targets_of(
        &self,
        chain: &[Rc<Target>],
        own: &[Option<Request>],
        request: &Request,
        call: &Settings,
        flex: Option<Millis>,
    ) -> Result<Vec<EngineTarget>, JsValue> {
        let settings = &self.settings;
        let mut targets = Vec::with_capacity(chain.len());
        for (index, target) in chain.iter().enumerate() {
            let asked = own.get(index).and_then(Option::as_ref).unwrap_or(request);
            let key = target.key.as_deref();
            let (account, lane) =
                self.driver.quota_of(settings, &target.base, key, target.called())?;
            let price = nanos(target.expected(target.smaller.or(asked.need.size), asked));
            if price == 0 && (settings.budget.is_some() || call.max_cost.is_some()) {
                self.driver.host.warn(
                    &[
                        "`budget` and `maxCost` cannot count `",
                        &target.model,
                        "`: its price is not known; give its target a `price`, or `catalog` a row",
                    ]
                    .concat(),
                );
            }
            let is_flex = target.tier(asked) == ServiceTier::Flex;
            targets.push(EngineTarget {
                account: account.0,
                lane,
                cost: Amounts { requests: 1, tokens: 0, images: 1, nanos: price },
                is_smaller: target.smaller.is_some(),
                timeout: flex.filter(|_| is_flex),
            });
        }
        Ok(targets)
    }
}
