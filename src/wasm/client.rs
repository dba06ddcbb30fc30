//! One client: its settings, and how each of its methods becomes a call of the driver.

use std::rc::Rc;

use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::convert::{get, get_text};
use super::driver::{Driver, Job};
use super::error::usage;
use super::host::Host;
use super::picture::{Endpoint, Picture, Wanted};
use super::request::Request;
use super::send;
use super::settings::{self, Settings};
use crate::catalog::{self, Size};
use crate::chain::Target;
use crate::engine::CallSpec;
use crate::options::{Shape, scope};
use crate::protocol::gemini;
use crate::retry::Policy;
use crate::text::join;
use crate::time::Millis;

/// The Developer API.
const BASE_URL: &str = "https://generativelanguage.googleapis.com";
/// `imageConfig` is confirmed on this version only.
const API_VERSION: &str = "v1beta";
/// How long an attempt may take: a 4K picture takes 30 to 40 s when all is well, and resellers
/// advise 300 to 600 s.
const TIMEOUT: Millis = Millis(180_000);
const TIMEOUT_4K: Millis = Millis(300_000);
/// The service is told the same time; ours runs this much longer, so that its own answer comes
/// first.
const TIMEOUT_GRACE: Millis = Millis(10_000);
const MAX_RETRIES: u32 = 5;
const BASE_DELAY: Millis = Millis(2_000);
const BATCH_DELAY: Millis = Millis(1_000);

/// The core behind one client of the package.
#[wasm_bindgen]
pub struct Core {
    driver: Rc<Driver>,
    settings: Rc<Settings>,
}

#[wasm_bindgen]
impl Core {
    /// A client with these options.
    ///
    /// # Errors
    /// A `TypeError` that names the wrong option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue, host: JsValue) -> Result<Core, JsValue> {
        let settings = settings::read(options, scope::CLIENT)?;
        Ok(Self { driver: Driver::new(host.unchecked_into()), settings: Rc::new(settings) })
    }

    /// Calls the caller's function until it succeeds or trying again cannot help.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    pub fn retry(
        &self,
        caller: JsValue,
        function: &JsValue,
        options: &JsValue,
    ) -> Result<u32, JsValue> {
        let Some(function) = function.dyn_ref::<Function>() else {
            return Err(usage(
                "`retry` needs a function that makes the call and returns its promise",
            ));
        };
        let call = settings::read(options, scope::RETRY)?;
        let policy = call.retry.apply(self.settings.retry.apply(Policy::RETRY));
        let spec = CallSpec {
            policy: Rc::new(policy),
            targets: Rc::new([Target { account: 0 }]),
            deadline: call.deadline,
        };
        Ok(self.driver.start(caller, Job::Function(function.clone()), spec, call))
    }

    /// `client.generate`.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    pub fn generate(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
    ) -> Result<u32, JsValue> {
        let call = settings::read(options, scope::GENERATE)?;
        let policy = call.retry.apply(self.settings.retry.apply(Policy::GENERATE));
        let request = Request::read(request, &self.driver.host)?;
        let models = self.chain(&request, call.models.as_ref());
        self.picture(caller, request, &models, Wanted::Result, policy, call)
    }

    /// The drop-in. `options` is `maxRetries`, or an object.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = generateWithRetry)]
    pub fn generate_with_retry(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
        base_delay: &JsValue,
    ) -> Result<u32, JsValue> {
        let mut call = Settings::default();
        if options.is_object() {
            call = settings::read(options, scope::DROP_IN | scope::BATCH)?;
        } else if !options.is_undefined() {
            settings::argument("maxRetries", options, Shape::Count)?;
            call.max_retries = Some(settings::count(options));
        }
        if !base_delay.is_undefined() {
            settings::argument("baseDelay", base_delay, Shape::Duration)?;
            call.retry.all.base_delay = Some(settings::millis(base_delay));
        }
        let policy = Policy::drop_in(
            call.max_retries.unwrap_or(MAX_RETRIES),
            call.retry.all.base_delay.take().unwrap_or(BASE_DELAY),
        );
        let policy = call.retry.apply(policy);
        let request = Request::read(request, &self.driver.host)?;
        let model = match &request.model {
            Some(model) => JsValue::from(model.as_str()),
            None => self.models(None).into_iter().next().unwrap_or_default(),
        };
        self.picture(caller, request, &[model], Wanted::Answer, policy, call)
    }

    /// `generateWithFallback`: the chain in order, two tries a model.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong, or a `GenerateError` for a missing key.
    #[wasm_bindgen(js_name = generateWithFallback)]
    pub fn generate_with_fallback(
        &self,
        caller: JsValue,
        request: &JsValue,
        options: &JsValue,
    ) -> Result<u32, JsValue> {
        let call = settings::read(options, scope::FALLBACK)?;
        let policy = call.retry.apply(Policy::fallback());
        let request = Request::read(request, &self.driver.host)?;
        let models = self.chain(&request, call.models.as_ref());
        self.picture(caller, request, &models, Wanted::Fallback, policy, call)
    }

    /// `batchGenerate`: one after the other, `null` for a failure. Each item goes through `one`,
    /// which makes the drop-in's promise from the index, or gives `null` once the caller aborted;
    /// between two items `pause` is called with the time in ms.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    #[wasm_bindgen(js_name = batchGenerate)]
    pub fn batch_generate(
        &self,
        caller: JsValue,
        prompts: &JsValue,
        options: &JsValue,
        one: Function,
        pause: Function,
    ) -> Result<(), JsValue> {
        let Some(prompts) = prompts.dyn_ref::<Array>() else {
            return Err(usage("`batchGenerate` needs a list of prompts"));
        };
        let delay = if options.is_object() {
            settings::read(options, scope::BATCH)?.delay
        } else if options.is_undefined() {
            None
        } else {
            settings::argument("delay", options, Shape::Duration)?;
            Some(settings::millis(options))
        };
        let (driver, count) = (Rc::clone(&self.driver), prompts.length());
        let delay = delay.unwrap_or(BATCH_DELAY);
        spawn_local(async move {
            let results = super::batch::run(count, delay, &one, &pause).await;
            driver.host.resolve(&caller, &results);
        });
        Ok(())
    }

    /// Ends a call whose caller aborted.
    pub fn cancel(&self, call: u32) {
        self.driver.cancel(call);
    }

    /// Ends every call.
    pub fn close(&self) {
        self.driver.close();
    }
}

impl Core {
    /// The call's own targets, else the client's, else the default chain.
    fn models(&self, own: Option<&Array>) -> Vec<JsValue> {
        match own.or(self.settings.models.as_ref()) {
            Some(models) => models.to_vec(),
            None => catalog::DEFAULT_CHAIN.iter().map(|&model| model.into()).collect(),
        }
    }

    /// The chain of a call: the model that its request names, then the others in their order.
    fn chain(&self, request: &Request, own: Option<&Array>) -> Vec<JsValue> {
        let mut models = self.models(own);
        if let Some(named) = &request.model {
            let is_named = |target: &JsValue| {
                let id = target.as_string().or_else(|| get_text(target, "model"));
                id.as_deref() == Some(named)
            };
            let (mut chain, rest): (Vec<_>, Vec<_>) = models.into_iter().partition(is_named);
            if chain.is_empty() {
                chain.push(named.as_str().into());
            }
            chain.extend(rest);
            models = chain;
        }
        models
    }

    fn picture(
        &self,
        caller: JsValue,
        request: Request,
        models: &[JsValue],
        wanted: Wanted,
        mut policy: Policy,
        call: Settings,
    ) -> Result<u32, JsValue> {
        let timeout = self.timeout(&request, wanted, &policy);
        let in_page = self.driver.host.browser();
        policy.timeout =
            timeout.map(|timeout| if in_page { timeout } else { timeout + TIMEOUT_GRACE });
        let told = timeout.filter(|_| !in_page).map(|timeout| timeout.0.div_ceil(1000));
        let site = Site::new(&self.settings, &self.driver.host);
        let (mut endpoints, mut targets, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        let mut accounts: Vec<(String, Option<String>)> = Vec::new();
        let mut secrets: Vec<String> = Vec::new();
        for target in models {
            let own = site.target(target, &request)?;
            let Some(path) = gemini::model_path(&own.model) else {
                return Err(usage(&["`", &own.model, "` cannot be the id of a model"].concat()));
            };
            if let Some(lacks) =
                catalog::find(&own.model).and_then(|model| model.lacks(&request.need))
            {
                skipped.push((own.model, lacks));
                continue;
            }
            if own.key.is_none() && own.headers.is_none() && own.base.starts_with(BASE_URL) {
                return Err(missing_key(&self.driver.host));
            }
            let account = (own.base.clone(), own.key.clone());
            let number = accounts.iter().position(|known| *known == account);
            let number = number.unwrap_or_else(|| {
                accounts.push(account);
                accounts.len().saturating_sub(1)
            });
            targets.push(Target { account: u32::try_from(number).unwrap_or(u32::MAX) });
            let extra: Vec<&Object> = [own.headers.as_ref(), request.http.headers.as_ref()]
                .into_iter()
                .flatten()
                .collect();
            secrets.extend(own.key.clone());
            secrets.extend(extra.iter().flat_map(|headers| header_secrets(headers)));
            endpoints.push(Endpoint {
                url: gemini::url(&own.base, &own.version, &path, "generateContent"),
                headers: send::headers(own.key.as_deref(), told, &extra),
                model: own.model,
            });
        }
        if endpoints.is_empty() {
            let lacks: Vec<String> =
                skipped.iter().map(|(model, lacks)| [model, " (", lacks, ")"].concat()).collect();
            return Err(usage(
                &[
                    "no model of the chain can do what the request asks: ",
                    &join(lacks.iter().map(String::as_str), ", "),
                ]
                .concat(),
            ));
        }
        secrets.extend(request.prompt.clone().filter(|prompt| prompt.len() >= PROMPT_SECRET_MIN));
        secrets.retain(|secret| secret.len() >= SECRET_MIN);
        let fetch = self.settings.fetch.clone();
        let picture = Picture::new(request, endpoints, wanted, skipped, secrets, fetch);
        let spec =
            CallSpec { policy: Rc::new(policy), targets: targets.into(), deadline: call.deadline };
        Ok(self.driver.start(caller, Job::Picture(Rc::new(picture)), spec, call))
    }

    /// How long the service gets for one attempt; the drop-in has no limit unless given one.
    fn timeout(&self, request: &Request, wanted: Wanted, policy: &Policy) -> Option<Millis> {
        if let Some(timeout) = request.http.timeout {
            return Some(Millis::from_f64(timeout));
        }
        if policy.timeout.is_some() || wanted == Wanted::Answer {
            return policy.timeout;
        }
        Some(if request.need.size == Some(Size::K4) { TIMEOUT_4K } else { TIMEOUT })
    }
}

/// A prompt shorter than this is not cut out of texts: it would cut common words.
const PROMPT_SECRET_MIN: usize = 12;
/// No key is shorter than this.
const SECRET_MIN: usize = 8;

fn header_secrets(headers: &Object) -> Vec<String> {
    const SECRET: [&str; 4] = ["authorization", "x-goog-api-key", "api-key", "cookie"];
    let is_secret = |name: &String| SECRET.contains(&name.to_ascii_lowercase().as_str());
    let names = Object::keys(headers);
    let names = names.iter().filter_map(|name| name.as_string()).filter(is_secret);
    names.filter_map(|name| get(headers, &name).as_string()).collect()
}

fn missing_key(host: &Host) -> JsValue {
    let fields = super::convert::Fields::new()
        .set("kind", "unauthenticated")
        .set("message", "no API key: pass `apiKey` to createClient() or configure(), or set GEMINI_API_KEY or GOOGLE_API_KEY in the environment")
        .set("advice", "Make a key at https://aistudio.google.com/apikey . In a page, do not: pass the `baseUrl` of a proxy of yours that adds the key.");
    host.error(&fields.done(), &JsValue::UNDEFINED)
}

/// Where a client asks: its own settings, the environment, the defaults, in that order.
struct Site {
    key: Option<String>,
    base: String,
    version: String,
    headers: Option<Object>,
}

struct Place {
    model: String,
    key: Option<String>,
    base: String,
    version: String,
    headers: Option<Object>,
}

impl Site {
    fn new(settings: &Settings, host: &Host) -> Self {
        let environment = host.environment();
        let or =
            |own: &Option<String>, key: &str| own.clone().or_else(|| get_text(&environment, key));
        Self {
            key: or(&settings.api_key, "apiKey"),
            base: or(&settings.base_url, "baseUrl").unwrap_or_else(|| BASE_URL.to_owned()),
            version: or(&settings.api_version, "apiVersion")
                .unwrap_or_else(|| API_VERSION.to_owned()),
            headers: settings.headers.clone(),
        }
    }

    /// One entry of `models`: an id, or an object.
    fn target(&self, target: &JsValue, request: &Request) -> Result<Place, JsValue> {
        let own = if target.is_string() {
            Settings { model: target.as_string(), ..Settings::default() }
        } else {
            settings::read(target, scope::TARGET)?
        };
        let Some(model) = own.model else {
            return Err(usage(
                "a target in `models` must be the id of a model, or { model, baseUrl, apiKey, … }",
            ));
        };
        // A target elsewhere does not get the key of here.
        let elsewhere = own.base_url.is_some();
        let inherited = |value: &Option<String>| if elsewhere { None } else { value.clone() };
        let base = request.http.base_url.clone().or(own.base_url);
        Ok(Place {
            model: model.strip_prefix("models/").map_or(model.clone(), str::to_owned),
            key: own.api_key.or_else(|| inherited(&self.key)),
            base: base.unwrap_or_else(|| self.base.clone()),
            version: request
                .http
                .api_version
                .clone()
                .or(own.api_version)
                .unwrap_or_else(|| self.version.clone()),
            headers: own.headers.or_else(|| if elsewhere { None } else { self.headers.clone() }),
        })
    }
}
