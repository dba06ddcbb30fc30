//! `config.httpOptions` of a request.

use crate::base::time::Millis;
use crate::options::headers::Headers;

/// `config.httpOptions`, as far as it is honoured.
#[derive(Debug, Default)]
pub(crate) struct HttpOptions {
    pub(crate) timeout: Option<Millis>,
    pub(crate) headers: Option<Headers>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_version: Option<String>,
}

impl HttpOptions {
    /// Whether no option is set.
    pub(super) const fn is_default(&self) -> bool {
        self.timeout.is_none() && self.is_empty()
    }

    /// Whether nothing of the client's is overridden.
    pub(crate) const fn is_empty(&self) -> bool {
        self.headers.is_none() && self.base_url.is_none() && self.api_version.is_none()
    }
}
