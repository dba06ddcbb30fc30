//! The key, headers and token that a target gets.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::options::headers::Headers;
use crate::protocol::vertex;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::target::context::Context;
use crate::wasm::target::entry::Entry;
use crate::wasm::target::home::is_google;
use crate::wasm::target::location::Location;
use crate::wasm::target::missing_key::{keyless, missing_key};
use crate::wasm::target::position::with_model;
use crate::wasm::target::secrets::has_key;
use crate::wasm::target::token::TokenSource;
use crate::wasm::values::access::get_text;

/// The key, headers and token of a target.
pub(super) struct Credentials<'a> {
    pub(super) key: Option<String>,
    pub(super) token: Option<Rc<TokenSource>>,
    headers: Option<Headers>,
    /// The headers of the request itself.
    request_headers: Option<&'a Headers>,
}

impl<'a> Credentials<'a> {
    /// The credentials of an entry, whose `apiKey` and `headers` are taken out.
    ///
    /// # Errors
    /// A `TypeError` for a key that cannot be one, a `GenerateError` for a missing key.
    pub(super) fn of(
        entry: &mut Entry,
        location: &Location<'a>,
        context: &Context<'a>,
    ) -> Result<Self, JsValue> {
        let (settings, inherits, stays) = (context.settings, location.inherits, !location.leaves);
        let inherited =
            || settings.api_key.clone().or_else(|| get_text(&location.environment, "apiKey"));
        let key = entry.options.api_key.take();
        let key = key.or_else(|| inherits.then(inherited).flatten());
        if key.as_ref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(type_error(
                "the API key holds a blank, a line end or a letter that no key has",
            ));
        }
        let headers = entry.options.headers.take();
        let headers = headers.or_else(|| settings.headers.clone().filter(|_| inherits));
        if location.leaves && (key.is_some() || headers.is_some()) {
            context.host.warn(
                "a request with a `config.httpOptions.baseUrl` of another origin than the client's gets neither its key nor its headers; make it a target in `models`",
            );
        }
        let request_headers = headers_of_request(entry, location, context);
        let callback = entry.options.access_token.as_ref().filter(|_| stays);
        let credentials = Self {
            key: key.filter(|_| stays),
            token: callback.map(|callback| context.tokens.of(callback.unchecked_ref())),
            headers: headers.filter(|_| stays),
            request_headers,
        };
        credentials.check(entry, location, context.host)?;
        Ok(credentials)
    }

    /// The headers that were given, the target's first and then the request's.
    pub(super) fn headers(&self) -> Vec<&Headers> {
        [self.headers.as_ref(), self.request_headers].into_iter().flatten().collect()
    }

    fn check(&self, entry: &Entry, location: &Location<'_>, host: &Host) -> Result<(), JsValue> {
        let base = &location.base;
        let by_header = || self.headers().iter().any(|headers| has_key(headers));
        let has_key = self.key.is_some() || self.token.is_some() || by_header();
        if !has_key && is_google(base) {
            let position = entry.position.filter(|_| !location.inherits && !location.leaves);
            return Err(match position {
                Some(position) => keyless(host, &with_model(position, &entry.model)),
                None => missing_key(host),
            });
        }
        let is_googles_vertex =
            || entry.is_vertex && *base == vertex::base(entry.options.location.as_deref());
        if !has_key && is_googles_vertex() {
            return Err(type_error(
                "a target of protocol `vertex` needs `accessToken` and `project`, or the `apiKey` of express mode",
            ));
        }
        if self.key.is_some() && host.browser() {
            host.warn(
                "an API key in a page can be read by everyone; keep it on a server, and pass the `baseUrl` of a proxy there",
            );
        }
        Ok(())
    }
}

/// The headers of the request, which are for Google: a target elsewhere does not get them.
fn headers_of_request<'a>(
    entry: &Entry,
    location: &Location<'_>,
    context: &Context<'a>,
) -> Option<&'a Headers> {
    // Vertex AI is Google too.
    let is_google = location.http.is_some() || entry.is_vertex;
    let headers = context.http.headers.as_ref();
    if headers.is_some() && !is_google {
        let text = "`config.httpOptions.headers` of a request are for Google, and not sent to `";
        context.host.warn(&[text, &entry.model, "`; give its target `headers`"].concat());
    }
    headers.filter(|_| is_google)
}
