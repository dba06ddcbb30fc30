//! The address and key of the client itself.

use crate::protocol::gemini::BASE_URL;
use crate::wasm::host::Host;
use crate::wasm::options::read::Settings;
use crate::wasm::values::access::get_text;

/// The address and key of the client's options, else of the environment.
pub(crate) fn home(settings: &Settings, host: &Host) -> (String, Option<String>) {
    let environment = host.environment();
    let or = |own: &Option<String>, name| own.clone().or_else(|| get_text(&environment, name));
    let base = or(&settings.base_url, "baseUrl").unwrap_or_else(|| BASE_URL.to_owned());
    (base, or(&settings.api_key, "apiKey"))
}

/// Whether a base address is Google's own. The name of another server may begin like it.
pub(super) fn is_google(base: &str) -> bool {
    base.strip_prefix(BASE_URL).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
