//! Where requests can go: the chain of models, each with its address, headers and account.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, JsString, Object};
use wasm_bindgen::prelude::*;

use super::convert::{get_dynamic, get_text, keys};
use super::error::usage;
use super::failure;
use super::host::Host;
use super::request::{HttpOptions, Request};
use super::retired;
use super::send;
use super::settings::{self, Settings};
use crate::catalog;
use crate::kind::Kind;
use crate::model::Status;
use crate::options::scope;
use crate::protocol::gemini;

/// The Developer API.
const BASE_URL: &str = "https://generativelanguage.googleapis.com";
/// `imageConfig` is confirmed on this version only.
const API_VERSION: &str = "v1beta";
const TARGETS: &str =
    "a target in `models` must be the id of a model, or { model, baseUrl, apiKey, … }";

/// One place to ask.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) model: String,
    pub(crate) url: JsString,
    pub(crate) headers: Object,
    /// What must not show up in errors and events.
    pub(crate) secrets: Vec<String>,
    pub(crate) key: Option<String>,
    pub(crate) base: String,
    /// Whether Google, who is asked, no longer serves it.
    pub(crate) retired: bool,
}

/// The client's own routes, made once for each timeout that the service is told.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    cache: RefCell<Option<Cached>>,
}

#[derive(Debug)]
struct Cached {
    told: Option<u64>,
    routes: Rc<[Rc<Route>]>,
}

impl Routes {
    /// The chain of a call, in order: the model that its request names first, then the call's own
    /// models, else the client's, else the default chain.
    ///
    /// # Errors
    /// A `TypeError` for a wrong target, a `GenerateError` for a missing key.
    pub(crate) fn chain(
        &self,
        own: Option<&Array>,
        request: &Request,
        told: Option<u64>,
        settings: &Settings,
        host: &Host,
    ) -> Result<Vec<Rc<Route>>, JsValue> {
        let site = Site { settings, host, http: &request.http, told };
        let routes = if own.is_some() || !request.http.is_empty() {
            site.routes(own)?.into()
        } else {
            self.cached(&site)?
        };
        let Some(named) = &request.model else { return Ok(routes.to_vec()) };
        let named = named.strip_prefix("models/").unwrap_or(named);
        let named = site.today(named.to_owned(), None);
        let (mut chain, rest): (Vec<_>, Vec<_>) =
            routes.iter().cloned().partition(|route| route.model == named);
        if chain.is_empty() {
            chain.push(Rc::new(site.route(&named.as_str().into())?));
        }
        chain.extend(rest);
        Ok(chain)
    }

    fn cached(&self, site: &Site<'_>) -> Result<Rc<[Rc<Route>]>, JsValue> {
        if let Some(cached) = &*self.cache.borrow()
            && cached.told == site.told
        {
            return Ok(Rc::clone(&cached.routes));
        }
        let routes: Rc<[Rc<Route>]> = site.routes(None)?.into();
        self.cache.replace(Some(Cached { told: site.told, routes: Rc::clone(&routes) }));
        Ok(routes)
    }
}

/// What routes are made from: the client's settings, the environment, the request's own options.
struct Site<'a> {
    settings: &'a Settings,
    host: &'a Host,
    http: &'a HttpOptions,
    told: Option<u64>,
}

impl Site<'_> {
    fn routes(&self, own: Option<&Array>) -> Result<Vec<Rc<Route>>, JsValue> {
        let models = match own.or(self.settings.models.as_ref()) {
            Some(models) => models.to_vec(),
            None => catalog::DEFAULT_CHAIN.iter().map(|&model| model.into()).collect(),
        };
        models.iter().map(|target| self.route(target).map(Rc::new)).collect()
    }

    /// A model's name of today; elsewhere than here names are what they are.
    fn today(&self, model: String, base: Option<&str>) -> String {
        if base.is_some() || self.http.base_url.is_some() {
            return model;
        }
        retired::today(&self.settings.catalog, model, self.host)
    }

    /// One entry of `models`: an id, or an object.
    fn route(&self, target: &JsValue) -> Result<Route, JsValue> {
        if !target.is_string() && !target.is_object() {
            return Err(usage(TARGETS));
        }
        let own = if target.is_string() {
            Settings { model: target.as_string(), ..Settings::default() }
        } else {
            settings::read(target, scope::TARGET)?
        };
        let Some(model) = own.model else {
            return Err(usage(TARGETS));
        };
        let model = self.today(model, own.base_url.as_deref());
        let Some(path) = gemini::model_path(&model) else {
            return Err(usage(&["`", &model, "` cannot be the id of a model"].concat()));
        };
        let environment = self.host.environment();
        // A target elsewhere does not get the key of here.
        let here = own.base_url.is_none();
        let or = |own: Option<String>, client: &Option<String>, name: &'static str| {
            let inherited = || client.clone().or_else(|| get_text(&environment, name));
            own.or_else(|| here.then(inherited).flatten())
        };
        let key = or(own.api_key, &self.settings.api_key, "apiKey");
        let base = self.http.base_url.clone().or(own.base_url);
        let base = or(base, &self.settings.base_url, "baseUrl");
        let base = base.unwrap_or_else(|| BASE_URL.to_owned());
        if let Some(fault) = self.host.address_fault(&base) {
            return Err(usage(&["`baseUrl` ", &fault].concat()));
        }
        if key.as_ref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(usage("the API key holds a blank, a line end or a letter that no key has"));
        }
        let version = self.http.api_version.clone().or(own.api_version);
        let version = version.or_else(|| self.settings.api_version.clone());
        let headers = own.headers.or_else(|| self.settings.headers.clone().filter(|_| here));
        let extra = [headers.as_ref(), self.http.headers.as_ref()];
        let extra: Vec<&Object> = extra.into_iter().flatten().collect();
        let has_key = key.is_some() || extra.iter().any(|headers| has_key(headers));
        if !has_key && base.starts_with(BASE_URL) {
            return Err(missing_key(self.host));
        }
        if key.is_some() && self.host.browser() {
            self.host.warn(
                "an API key in a page can be read by everyone; keep it on a server, and pass the `baseUrl` of a proxy there",
            );
        }
        let mut secrets: Vec<String> = key.iter().cloned().collect();
        secrets.extend(extra.iter().flat_map(|more| header_secrets(more)));
        let version = version.as_deref().unwrap_or(API_VERSION);
        let known = self.settings.catalog.find(&model);
        let is_retired = known.is_some_and(|known| known.status == Status::Retired);
        Ok(Route {
            retired: is_retired && base.starts_with(BASE_URL),
            url: gemini::url(&base, version, &path, "generateContent").into(),
            headers: send::headers(key.as_deref(), self.told, &extra),
            secrets,
            model: model.strip_prefix("models/").map(str::to_owned).unwrap_or(model),
            key,
            base,
        })
    }
}

/// The address and key that calls of a client have where nothing else is said.
pub(crate) fn home(settings: &Settings, host: &Host) -> (String, Option<String>) {
    let environment = host.environment();
    let or = |own: &Option<String>, name| own.clone().or_else(|| get_text(&environment, name));
    let base = or(&settings.base_url, "baseUrl").unwrap_or_else(|| BASE_URL.to_owned());
    (base, or(&settings.api_key, "apiKey"))
}

/// The values of headers that may be secrets: all but those that never are.
fn header_secrets(headers: &Object) -> Vec<String> {
    const PUBLIC: [&str; 5] =
        ["accept", "content-type", "user-agent", "x-goog-api-client", "x-server-timeout"];
    let secret = |key: &JsValue| {
        let name = key.as_string()?.to_ascii_lowercase();
        if PUBLIC.contains(&name.as_str()) {
            return None;
        }
        get_dynamic(headers, key).as_string()
    };
    keys(headers).iter().filter_map(secret).collect()
}

/// Whether these headers say who asks.
fn has_key(headers: &Object) -> bool {
    let says = |key: JsValue| {
        let name = key.as_string().map(|name| name.to_ascii_lowercase());
        name.is_some_and(|name| {
            ["authorization", "x-goog-api-key", "cookie"].contains(&name.as_str())
        })
    };
    keys(headers).into_iter().any(says)
}

fn missing_key(host: &Host) -> JsValue {
    failure::ours(
        host,
        Kind::Unauthenticated,
        "no API key: pass `apiKey` to createClient() or configure(), or set GEMINI_API_KEY or GOOGLE_API_KEY in the environment",
        "Make a key at https://aistudio.google.com/apikey . In a page, do not: pass the `baseUrl` of a proxy of yours that adds the key.",
    )
}
