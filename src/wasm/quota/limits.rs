//! Limits that callers give by model, and those of a tier.

use js_sys::JSON;
use wasm_bindgen::prelude::*;

use crate::base::text::{contains, join};
use crate::quota::limits::Limits;
use crate::quota::tier::Tier;
use crate::request::options::scope;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::options::read::read_options;
use crate::wasm::options::settings::Settings;
use crate::wasm::values::access::{get_dynamic, keys};
use crate::wasm::values::check::is_plain;

pub(crate) fn tier_of(settings: &Settings) -> Option<Tier> {
    settings.limits.as_string().as_deref().and_then(Tier::parse)
}

/// The limits that the caller gave for a target by its name, else for its model.
pub(crate) fn given_limits(
    limits: &JsValue,
    called: Option<&str>,
    model: Option<&str>,
) -> Result<Limits, JsValue> {
    if !is_plain(limits) {
        return Ok(Limits::default());
    }
    let names = [called, model].into_iter().flatten();
    let mut own = names.map(|name| get_dynamic(limits, &name.into()));
    let own = own.find(|own| !own.is_undefined()).unwrap_or_default();
    Ok(read_options(&own, scope::LIMITS)?.own_limits)
}

/// Checks every model's limits, so that a mistake is told where it is made.
///
/// # Errors
/// A `TypeError` that names the model and the limit.
pub(crate) fn check_limits(limits: &JsValue) -> Result<(), JsValue> {
    if is_plain(limits) {
        for model in keys(limits) {
            let own = get_dynamic(limits, &model);
            if !is_plain(&own) {
                let model = model.as_string().unwrap_or_default();
                let known = join(["rpm", "tpm", "ipm", "rpd", "tpd"], ", ");
                return Err(type_error(
                    &["`limits` of `", &model, "` must be an object of ", &known].concat(),
                ));
            }
            read_options(&own, scope::LIMITS)?;
        }
    }
    Ok(())
}

/// Warns of limits for a name that is neither a known model nor a target of the client: they have
/// no effect unless a call names it.
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
    for key in keys(&settings.limits) {
        let limited = key.as_string().unwrap_or_default();
        if catalog.find(&limited).is_none() && !contains(&targets, &["\"", &limited, "\""].concat())
        {
            host.warn(&["`limits` names `", &limited, "`, which no target has"].concat());
        }
    }
}
