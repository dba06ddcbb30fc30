//! Limits that callers give by model, and those of a tier.

use js_sys::JSON;

use crate::base::text::contains;
use crate::options::limits::GivenLimits;
use crate::wasm::host::Host;
use crate::wasm::options::read::Settings;

/// Warns of limits for a name that is neither a known model nor a target of the client: they have
/// no effect unless a call names it.
#[inline(never)]
pub(crate) fn warn_limits(settings: &Settings, host: &Host) {
    if settings.limits == GivenLimits::Free {
        host.warn(
            "`limits: 'free'`: no image model has a free tier, and each request is answered with a limit of 0; enable billing",
        );
    }
    let catalog = settings.catalog();
    let targets = settings.models.as_ref().and_then(|models| JSON::stringify(models).ok());
    let targets = targets.map(String::from).unwrap_or_default();
    for limited in settings.limits.names() {
        if catalog.find(limited).is_none() && !contains(&targets, &["\"", limited, "\""].concat()) {
            host.warn(&["`limits` names `", limited, "`, which no target has"].concat());
        }
    }
}
