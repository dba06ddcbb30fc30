//! The address of a target.

use wasm_bindgen::prelude::*;

use crate::protocol::gemini::BASE_URL;
use crate::protocol::{Protocol, vertex};
use crate::wasm::errors::type_error::type_error;
use crate::wasm::options::read::Settings;
use crate::wasm::request::http_options::HttpOptions;
use crate::wasm::target::context::Context;
use crate::wasm::target::entry::Entry;
use crate::wasm::values::access::get_text;

/// The address of a target, and whether the client's key is for it.
pub(super) struct Location<'a> {
    pub(super) base: String,
    pub(super) version: Option<String>,
    /// Whether the client's own key and headers are for it: a target elsewhere does not get them.
    pub(super) inherits: bool,
    /// Whether the request leads away from the target's own origin, which then gets no key.
    pub(super) leaves: bool,
    /// The options of the request, which override the address of the Gemini API alone.
    pub(super) http: Option<&'a HttpOptions>,
    pub(super) environment: JsValue,
}

impl<'a> Location<'a> {
    /// The location of an entry, whose `baseUrl` and `apiVersion` are taken out.
    ///
    /// # Errors
    /// A `TypeError` for an address that is missing or cannot be asked.
    pub(super) fn of(entry: &mut Entry, context: &Context<'a>) -> Result<Self, JsValue> {
        let (settings, host) = (context.settings, context.host);
        let (protocol, is_vertex) = (entry.protocol, entry.is_vertex);
        let environment = host.environment();
        let is_home = |base: &String| is_home(base, settings, &environment);
        let own = entry.options.base_url.take();
        let is_home = own.as_ref().is_none_or(is_home);
        let inherits = is_home && !is_vertex && !protocol.is_openai();
        let http = (protocol == Protocol::Gemini).then_some(context.http);
        let inherited = || settings.base_url.clone().or_else(|| get_text(&environment, "baseUrl"));
        let base = own.or_else(|| inherits.then(inherited).flatten());
        let base = match base {
            Some(base) => base,
            None => default_base(entry, &environment)?,
        };
        let over = http.and_then(|http| http.base_url.clone());
        let leaves = over.as_ref().is_some_and(|over| !host.is_same_origin(over, &base));
        let base = over.unwrap_or(base);
        if let Some(fault) = host.address_fault(&base) {
            return Err(type_error(&["`baseUrl` ", &fault].concat()));
        }
        let version = http.and_then(|http| http.api_version.clone());
        let version = version.or_else(|| entry.options.api_version.take());
        let inherited = || settings.api_version.clone().filter(|_| !is_vertex);
        let version = version.or_else(|| inherited().filter(|_| !protocol.is_openai()));
        Ok(Self { base, version, inherits, leaves, http, environment })
    }
}

/// Whether a target's address is the client's own.
fn is_home(base: &str, settings: &Settings, environment: &JsValue) -> bool {
    let own = settings.base_url.clone().or_else(|| get_text(environment, "baseUrl"));
    let own = own.as_deref().unwrap_or(BASE_URL);
    base.trim_end_matches('/') == own.trim_end_matches('/')
}

/// The address of a protocol's own service.
fn default_base(entry: &Entry, environment: &JsValue) -> Result<String, JsValue> {
    if entry.is_vertex {
        let location = entry.options.location.as_deref();
        return Ok(get_text(environment, "vertexUrl").unwrap_or_else(|| vertex::base(location)));
    }
    if entry.protocol.is_openai() {
        let name = entry.protocol.as_str();
        return Err(type_error(&["a target of protocol `", name, "` needs a `baseUrl`"].concat()));
    }
    Ok(BASE_URL.to_owned())
}
