//! The sources of targets.

use crate::wasm::host::Host;
use crate::wasm::options::read::Settings;
use crate::wasm::request::http_options::HttpOptions;
use crate::wasm::target::current_id::current_id;
use crate::wasm::target::token::TokenSources;

/// The sources of targets: the client's settings, the environment, and the options of a request.
pub(super) struct Context<'a> {
    pub(super) settings: &'a Settings,
    pub(super) host: &'a Host,
    pub(super) http: &'a HttpOptions,
    /// The time of an attempt in seconds, which the service is told.
    pub(super) server_secs: Option<u64>,
    pub(super) tokens: &'a TokenSources,
}

impl Context<'_> {
    /// The id of today for an older one; servers elsewhere have names of their own.
    pub(super) fn current_id(&self, model: String, is_elsewhere: bool) -> String {
        if is_elsewhere || self.http.base_url.is_some() {
            return model;
        }
        current_id(&self.settings.catalog(), model, self.host)
    }
}
