//! Where requests can go: the chain of models, each with its address, headers and account.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, JSON, JsString, Object};
use wasm_bindgen::prelude::*;

use super::answer::Summary;
use super::convert::{get_dynamic, get_text, keys};
use super::error::usage;
use super::failure;
use super::host::Host;
use super::request::{HttpOptions, Request, config_of_target};
use super::retired;
use super::send;
use super::settings::{self, Settings};
use super::token::{Source, Sources};
use crate::base::slice::decimal;
use crate::errors::kind::Kind;
use crate::models::catalog;
use crate::models::cost;
use crate::models::known::Catalog;
use crate::models::model::{Model, Status};
use crate::models::price::Price;
use crate::models::service_tier::{ServiceTier, Tiers};
use crate::protocol::gemini::{self, BASE_URL};
use crate::protocol::need::{Need, Size};
use crate::protocol::{Address, Protocol, Saying, vertex};
use crate::request::options::scope;

const TARGETS: &str =
    "a target in `models` must be the id of a model, or { model, baseUrl, apiKey, … }";

/// Routes of named models that are kept, at most.
const NAMED_MAX: usize = 32;

/// One place to ask.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) model: String,
    pub(crate) url: JsString,
    pub(crate) headers: Object,
    /// What must not show up in errors and events.
    pub(crate) secrets: Vec<String>,
    /// What tells accounts at one address apart: the key, or the project where tokens are used.
    pub(crate) key: Option<String>,
    pub(crate) base: String,
    /// Whether Google, who is asked, no longer serves it.
    pub(crate) retired: bool,
    pub(crate) protocol: Protocol,
    /// What `modelUsed` shows, where the target says it.
    pub(crate) name: Option<String>,
    /// What a picture costs, where the target says it.
    pub(crate) price: Option<Price>,
    /// Where its bearer tokens come from.
    pub(crate) token: Option<Rc<Source>>,
    /// What is to be said to it beside or instead of what a request says, as a part of a body.
    config: Option<Object>,
    /// Whether it is at the one address for the world, where Vertex AI has `flex` alone.
    is_global: bool,
    catalog: Rc<Catalog>,
    /// The smaller size that it is asked for after it has timed out.
    pub(crate) smaller: Option<Size>,
}

/// The client's own routes, made once for each timeout that the service is told.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    cache: RefCell<Option<Cached>>,
    /// Those of models that requests name, each with the timeout that it is told.
    named: RefCell<Vec<Named>>,
    sources: Sources,
}

#[derive(Debug)]
struct Cached {
    told: Option<u64>,
    routes: Rc<[Rc<Route>]>,
}

#[derive(Debug)]
struct Named {
    told: Option<u64>,
    model: String,
    route: Rc<Route>,
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
    ) -> Result<Rc<[Rc<Route>]>, JsValue> {
        let none = HttpOptions::default();
        let http = request.http.as_deref().unwrap_or(&none);
        let site = Site { settings, host, http, told, sources: &self.sources };
        let routes = if own.is_some() || !http.is_empty() {
            site.routes(own)?.into()
        } else {
            self.cached(&site)?
        };
        let Some(named) = &request.model else { return Ok(routes) };
        let named = catalog::bare(named);
        let named = site.today(named.to_owned(), false);
        let (mut chain, rest): (Vec<_>, Vec<_>) =
            routes.iter().cloned().partition(|route| route.model == named);
        if chain.is_empty() {
            chain.push(self.named(&site, named)?);
        }
        chain.extend(rest);
        Ok(chain.into())
    }

    /// The route to a model that a request names beside those of the chain.
    fn named(&self, site: &Site<'_>, model: String) -> Result<Rc<Route>, JsValue> {
        if !site.http.is_empty() {
            return site.route(&model.as_str().into(), None).map(Rc::new);
        }
        let is_it = |known: &&Named| known.told == site.told && known.model == model;
        if let Some(known) = self.named.borrow().iter().find(is_it) {
            return Ok(Rc::clone(&known.route));
        }
        let route = Rc::new(site.route(&model.as_str().into(), None)?);
        let mut named = self.named.borrow_mut();
        if named.len() >= NAMED_MAX {
            named.clear();
        }
        named.push(Named { told: site.told, model, route: Rc::clone(&route) });
        Ok(route)
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
    sources: &'a Sources,
}

impl Site<'_> {
    fn routes(&self, own: Option<&Array>) -> Result<Vec<Rc<Route>>, JsValue> {
        let models = match own.or(self.settings.models.as_ref()) {
            Some(models) => models.to_vec(),
            None => catalog::DEFAULT_CHAIN.iter().map(|&model| model.into()).collect(),
        };
        let mut routes: Vec<Rc<Route>> = Vec::with_capacity(models.len());
        for (target, place) in models.iter().zip(1..) {
            let route = match self.route(target, Some(place)) {
                Err(fault) if models.len() > 1 => return Err(located(&fault, place)),
                route => route?,
            };
            if routes.iter().any(|other| other.is_same(&route)) {
                let target = numbered(place, &route.model);
                self.host.warn(&[&target, "is in `models` before, and is left out"].concat());
                continue;
            }
            routes.push(Rc::new(route));
        }
        Ok(routes)
    }

    /// Whether a target's address is the client's own.
    fn is_home(&self, base: &str, environment: &JsValue) -> bool {
        let own = self.settings.base_url.clone().or_else(|| get_text(environment, "baseUrl"));
        let own = own.as_deref().unwrap_or(BASE_URL);
        base.trim_end_matches('/') == own.trim_end_matches('/')
    }

    /// A model's name of today; elsewhere than here names are what they are.
    fn today(&self, model: String, elsewhere: bool) -> String {
        if elsewhere || self.http.base_url.is_some() {
            return model;
        }
        retired::today(&self.settings.catalog(), model, self.host)
    }

    /// One entry of `models`, at its place there from 1: an id, or an object.
    fn route(&self, target: &JsValue, place: Option<u64>) -> Result<Route, JsValue> {
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
        let speaks = |protocol: Protocol| protocol.is_openai() || protocol == Protocol::Vertex;
        let model = self.today(model, own.base_url.is_some() || own.protocol.is_some_and(speaks));
        if gemini::model_path(&model).is_none() {
            return Err(usage(&["`", &model, "` cannot be the id of a model"].concat()));
        }
        let catalog = self.settings.catalog();
        let known = catalog.find(&model);
        let usual = || known.map_or_else(Protocol::default, |known| known.protocol);
        let protocol = own.protocol.unwrap_or_else(usual);
        let is_vertex = protocol.is_vertex(own.project.as_deref());
        check_place(&own.project, &own.location, own.access_token.is_some(), is_vertex)?;
        let environment = self.host.environment();
        // A target elsewhere does not get the key of here.
        let is_home = own.base_url.as_ref().is_none_or(|base| self.is_home(base, &environment));
        let here = is_home && !is_vertex && !protocol.is_openai();
        // What a request overrides is the address of the Gemini API.
        let http = (protocol == Protocol::Gemini).then_some(self.http);
        let or = |own: Option<String>, client: &Option<String>, name: &'static str| {
            let inherited = || client.clone().or_else(|| get_text(&environment, name));
            own.or_else(|| here.then(inherited).flatten())
        };
        let key = or(own.api_key, &self.settings.api_key, "apiKey");
        let base = or(own.base_url, &self.settings.base_url, "baseUrl");
        let base = match base {
            Some(base) => base,
            None if is_vertex => get_text(&environment, "vertexUrl")
                .unwrap_or_else(|| vertex::base(own.location.as_deref())),
            None if protocol.is_openai() => {
                let name = protocol.as_str();
                return Err(usage(
                    &["a target of protocol `", name, "` needs a `baseUrl`"].concat(),
                ));
            }
            None => BASE_URL.to_owned(),
        };
        let over = http.and_then(|http| http.base_url.clone());
        let leaves = over.as_ref().is_some_and(|over| !self.host.is_same_origin(over, &base));
        let base = over.unwrap_or(base);
        if let Some(fault) = self.host.address_fault(&base) {
            return Err(usage(&["`baseUrl` ", &fault].concat()));
        }
        if key.as_ref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(usage("the API key holds a blank, a line end or a letter that no key has"));
        }
        let version = http.and_then(|http| http.api_version.clone()).or(own.api_version);
        let inherited = || self.settings.api_version.clone().filter(|_| !is_vertex);
        let version = version.or_else(|| inherited().filter(|_| !protocol.is_openai()));
        let headers = own.headers.or_else(|| self.settings.headers.clone().filter(|_| here));
        // Who is elsewhere is told neither.
        let (has_own, key) = (key.is_some() || headers.is_some(), key.filter(|_| !leaves));
        let headers = headers.filter(|_| !leaves);
        if leaves && has_own {
            self.host.warn(
                "a request with a `config.httpOptions.baseUrl` of another origin than the client's gets neither its key nor its headers; make it a target in `models`",
            );
        }
        // Vertex AI is Google too; who else is asked has nothing to do with what is said to it.
        let said = Some(self.http).filter(|_| http.is_some() || is_vertex);
        let said = said.and_then(|http| http.headers.as_ref());
        if said.is_none() && self.http.headers.is_some() {
            let text =
                "`config.httpOptions.headers` of a request are for Google, and not sent to `";
            self.host.warn(&[text, &model, "`; give its target `headers`"].concat());
        }
        let extra = [headers.as_ref(), said];
        let extra: Vec<&Object> = extra.into_iter().flatten().collect();
        let token =
            own.access_token.as_ref().filter(|_| !leaves).map(|callback| self.sources.of(callback));
        let has_key =
            key.is_some() || token.is_some() || extra.iter().any(|headers| has_key(headers));
        if !has_key && is_google(&base) {
            let elsewhere = place.filter(|_| !here && !leaves);
            return Err(match elsewhere {
                Some(place) => keyless(self.host, &numbered(place, &model)),
                None => missing_key(self.host),
            });
        }
        if !has_key && is_vertex && base == vertex::base(own.location.as_deref()) {
            return Err(usage(
                "a target of protocol `vertex` needs `accessToken` and `project`, or the `apiKey` of express mode",
            ));
        }
        if key.is_some() && self.host.browser() {
            self.host.warn(
                "an API key in a page can be read by everyone; keep it on a server, and pass the `baseUrl` of a proxy there",
            );
        }
        let mut secrets: Vec<String> = key.iter().cloned().collect();
        secrets.extend(extra.iter().flat_map(|more| header_secrets(more)));
        let address = Address {
            base: &base,
            version: version.as_deref(),
            model: &model,
            project: own.project.as_deref(),
            location: own.location.as_deref(),
        };
        let Some(url) = protocol.url(&address) else {
            return Err(usage("`project` and `location` must be names, such as us-central1"));
        };
        let told = self.told.filter(|_| protocol.is_gemini());
        let (header, scheme) = protocol.key_header();
        let credential = key.as_ref().map(|key| (header, [scheme, key].concat()));
        let config = own.config.map(|config| config_of_target(&config, self.host)).transpose()?;
        let is_global = own.location.as_deref().is_none_or(|location| location == "global");
        let is_retired = known.is_some_and(|known| known.status == Status::Retired);
        let route = Route {
            retired: is_retired && is_google(&base),
            url: url.as_str().into(),
            headers: send::headers(credential, told, &extra),
            secrets,
            model: model.strip_prefix("models/").map(str::to_owned).unwrap_or(model),
            // Tokens come and go; their project stays.
            key: key.or_else(|| own.project.filter(|_| is_vertex)),
            base,
            protocol,
            name: own.name,
            price: own.price,
            token,
            config,
            is_global,
            catalog,
            smaller: None,
        };
        if route.config.is_some() {
            let own = route.own(&Request::default())?;
            if let Some(tier) = own.and_then(|own| own.tier).filter(|tier| !route.has(*tier)) {
                return Err(usage(&route.without(tier)));
            }
        }
        Ok(route)
    }
}

/// Refuses what says where in Google's cloud a target is, where it is not there.
fn check_place(
    project: &Option<String>,
    location: &Option<String>,
    has_token: bool,
    is_vertex: bool,
) -> Result<(), JsValue> {
    let needless = [("project", project), ("location", location)]
        .into_iter()
        .find(|(_, value)| value.is_some() && !is_vertex);
    if let Some((name, _)) = needless {
        return Err(usage(&["`", name, "` is for targets of protocol `vertex`"].concat()));
    }
    if is_vertex && has_token && project.is_none() {
        return Err(usage("a target of protocol `vertex` with `accessToken` needs `project`"));
    }
    Ok(())
}

impl Route {
    /// Whether this asks the same of the same account at the same place.
    fn is_same(&self, other: &Self) -> bool {
        self.url == other.url
            && self.key == other.key
            && self.protocol == other.protocol
            && self.secrets == other.secrets
            && self.name == other.name
            && self.config_text() == other.config_text()
    }

    fn config_text(&self) -> Option<String> {
        self.config.as_ref().and_then(|config| JSON::stringify(config).ok()).map(String::from)
    }

    /// The request as this target is to get it, where that is not as it was made.
    pub(crate) fn own(&self, request: &Request) -> Result<Option<Request>, JsValue> {
        self.config.as_ref().map(|config| request.over(config)).transpose()
    }

    /// Whether it has this tier of service; what nobody knows may have it.
    pub(crate) fn has(&self, tier: ServiceTier) -> bool {
        let is_far = tier == ServiceTier::Flex && !self.is_global;
        let tiers = self.known().map_or(Tiers::ALL, |known| known.tiers);
        !is_far && tiers.has(tier, self.protocol)
    }

    /// That it has no such tier.
    pub(crate) fn without(&self, tier: ServiceTier) -> String {
        ["`", &self.model, "` has no `serviceTier: '", tier.as_str(), "'` there"].concat()
    }

    /// The tier of service that it is asked for.
    pub(crate) fn tier(&self, request: &Request) -> ServiceTier {
        request.tier.filter(|tier| self.has(*tier)).unwrap_or_default()
    }

    /// The same place, for the smaller pictures that the caller allows, in the caller's order.
    pub(crate) fn smaller<'a>(
        self: &'a Rc<Self>,
        request: &Request,
        sizes: &'a [Size],
    ) -> impl Iterator<Item = Rc<Self>> {
        let (asked, references) = (request.need.size, request.need.references);
        let ratio = request.need.ratio.clone();
        let is_smaller = move |size: &&Size| {
            let need = Need { size: Some(**size), ratio: ratio.clone(), references };
            let fits = self.known().is_none_or(|known| known.lacks(&need).is_none());
            fits && asked.is_some_and(|asked| **size < asked)
        };
        sizes
            .iter()
            .filter(is_smaller)
            .map(|size| Rc::new(Self { smaller: Some(*size), ..(**self).clone() }))
    }

    /// Its model, and the name that the target may have.
    pub(crate) fn called(&self) -> (&str, Option<&str>) {
        (&self.model, self.name.as_deref())
    }

    /// What the catalogue knows of its model.
    pub(crate) fn known(&self) -> Option<Model<'_>> {
        self.catalog.find(&self.model)
    }

    /// The id that may have been meant, of a model that nobody knows.
    pub(crate) fn meant(&self) -> Option<String> {
        let nearest = || self.catalog.nearest(&self.model).map(|model| model.id.to_owned());
        if self.known().is_none() { nearest() } else { None }
    }

    /// What the catalogue knows of a model that may not be its own.
    pub(crate) fn catalog_row(&self, model: &str) -> Option<Model<'_>> {
        self.catalog.find(model)
    }

    /// What of a request the target cannot do. The catalogue is asked only where `checks`: the
    /// drop-in sends what it is told.
    pub(crate) fn lacks(&self, request: &Request, checks: bool) -> Option<&'static str> {
        let saying = if self.protocol.is_gemini() { Saying::default() } else { request.saying() };
        self.protocol
            .lacks(&saying, &request.need)
            .or_else(|| request.lacks(self.protocol))
            .or_else(|| self.known().filter(|_| checks)?.lacks(&request.need))
    }

    /// USD of an answer: what the target says, else by the catalogue.
    pub(crate) fn cost(
        &self,
        size: Option<Size>,
        summary: &Summary,
        asked: ServiceTier,
        served_by: Option<&str>,
    ) -> Option<f64> {
        let (usage, pictures) = (summary.usage.as_ref(), summary.pictures);
        match &self.price {
            Some(price) => Some(price.of(size) * f64::from(pictures)),
            None => {
                let served = served_by.and_then(|id| self.catalog.find(id));
                let known = served.or_else(|| self.known());
                let usd = cost::answer(known.as_ref(), size, usage, pictures)?;
                let tier = summary.tier.unwrap_or(asked);
                Some(usd * tier.share() + cost::searches(summary.searches))
            }
        }
    }

    /// USD to reserve for a request, at the size that this target is asked for.
    pub(crate) fn expected(&self, size: Option<Size>, request: &Request) -> f64 {
        match &self.price {
            Some(price) => price.of(size),
            None => {
                let usd = cost::expected(self.known().as_ref(), size, request.tokens());
                // How often the model will search nobody knows.
                usd * self.tier(request).share() + cost::searches(request.searches.into())
            }
        }
    }

    /// USD that an answer costs which did not arrive.
    pub(crate) fn lost(&self, size: Option<Size>, tier: ServiceTier) -> f64 {
        match &self.price {
            Some(price) => price.of(size),
            None => cost::lost(self.known().as_ref(), size) * tier.share(),
        }
    }

    /// The model that an answer says has made it, where that is another one that is known.
    pub(crate) fn served_by(&self, version: &str) -> Option<String> {
        let served = self.catalog.find(version)?;
        let is_other = self.known().is_some_and(|known| known.id != served.id);
        is_other.then(|| served.id.to_owned())
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

/// A target as its caller finds it: `target 3`.
fn target_at(place: u64) -> String {
    let mut text = "target ".to_owned();
    decimal(place, &mut text);
    text
}

/// The same with its model: `target 3, gemini-3-pro-image, `.
fn numbered(place: u64, model: &str) -> String {
    [&target_at(place), ", ", model, ", "].concat()
}

/// The caller's mistake in one target of several, with its place; any other error as it is.
fn located(fault: &JsValue, place: u64) -> JsValue {
    if !super::error::is_named(fault, "TypeError") {
        return fault.clone();
    }
    let message = get_text(fault, "message").unwrap_or_default();
    let message = message.trim_start_matches("unexhausted: ");
    usage(&[&target_at(place), " of `models`: ", message].concat())
}

fn keyless(host: &Host, target: &str) -> JsValue {
    failure::ours(
        host,
        Kind::Unauthenticated,
        &[target, "has an address of its own and no `apiKey`"].concat(),
        "Give that target its `apiKey`: the client's key goes to the client's own address alone.",
    )
}

fn missing_key(host: &Host) -> JsValue {
    failure::ours(
        host,
        Kind::Unauthenticated,
        "no API key: pass `apiKey` to createClient() or configure(), or set GEMINI_API_KEY or GOOGLE_API_KEY in the environment",
        "Make a key at https://aistudio.google.com/apikey . In a page, do not: pass the `baseUrl` of a proxy of yours that adds the key.",
    )
}

/// Whether a base address is Google's own, and not one that only begins like it.
fn is_google(base: &str) -> bool {
    base.strip_prefix(BASE_URL).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
