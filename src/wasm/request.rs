//! A request as callers write it, turned into the body that is sent.

use js_sys::{Array, JSON, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::convert::{
    Fields, as_array, copy_of, get, get_dynamic, get_text, is_plain, keys, list, name, put, set,
};
use super::error::usage;
use super::foreign;
use super::host::Host;
use super::said;
use super::settings::{self, fits};
use crate::base::text::join;
use crate::base::time::Millis;
use crate::models::model::Model;
use crate::models::service_tier::{self, ServiceTier};
use crate::protocol::gemini::{self, Place};
use crate::protocol::need::{Need, Size};
use crate::protocol::{Protocol, Saying, vertex};
use crate::request::options::{Shape, scope};

/// What a request may have beside the keys of `config` that go to the top of the body.
const TOP: [&str; 5] = ["model", "contents", "config", "systemInstruction", "generationConfig"];

/// A request, checked and mapped; its pictures stay where they were.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// The model that it names.
    pub(crate) model: Option<String>,
    /// What it asks of a model.
    pub(crate) need: Need,
    /// `httpOptions` of its config, where there are any.
    pub(crate) http: Option<Box<HttpOptions>>,
    /// How soon it is to be served, where it says so.
    pub(crate) tier: Option<ServiceTier>,
    /// Whether the model may search the web for it.
    pub(crate) searches: bool,
    /// Whether `imageSize` is the caller's own, if there is one.
    is_sized: bool,
    /// `extraBody`, which is sent as it is, whatever the model is known to take.
    extra: Option<Object>,
    body: Body,
}

/// What is sent. Of a text alone the text is kept: a hundred thousand may wait.
#[derive(Debug)]
enum Body {
    /// A prompt, for a picture of our default size.
    Prompt(JsString),
    /// The same, said in more than one text.
    Contents(JsValue),
    /// The body of the REST API.
    Object(Object),
}

impl Default for Body {
    fn default() -> Self {
        Self::Object(Object::new())
    }
}

impl Body {
    fn object(&self) -> Object {
        match self {
            Self::Object(object) => object.clone(),
            Self::Prompt(text) => of_prompt(&Array::of1(&content(text))),
            Self::Contents(contents) => of_prompt(contents),
        }
    }
}

/// `config.httpOptions`, as far as it is honoured.
#[derive(Debug, Default)]
pub(crate) struct HttpOptions {
    pub(crate) timeout: Option<Millis>,
    pub(crate) headers: Option<Object>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_version: Option<String>,
}

impl HttpOptions {
    /// Whether nothing is said.
    const fn is_default(&self) -> bool {
        self.timeout.is_none() && self.is_empty()
    }

    /// Whether nothing of the client's is overridden.
    pub(crate) const fn is_empty(&self) -> bool {
        self.headers.is_none() && self.base_url.is_none() && self.api_version.is_none()
    }
}

impl Request {
    /// Reads a text, what the SDK takes as `contents`, `{ model, contents, config }`, or the body of the
    /// REST API.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    pub(crate) fn read(value: &JsValue, host: &Host) -> Result<Self, JsValue> {
        let request = Self::read_any(value, host)?;
        let is_empty = match &request.body {
            Body::Prompt(text) => is_blank(text),
            Body::Contents(contents) => is_blank_list(contents),
            Body::Object(body) => is_blank_list(&get(body, "contents")),
        };
        if is_empty {
            return Err(usage("the prompt is empty: it must hold a text or a picture"));
        }
        Ok(request)
    }

    /// The same for who has the service refuse what is empty, as the hand-rolled loop has.
    ///
    /// # Errors
    /// A `TypeError` that names what is wrong.
    pub(crate) fn read_any(value: &JsValue, host: &Host) -> Result<Self, JsValue> {
        if let Some(text) = value.dyn_ref::<JsString>() {
            return Ok(Self { body: Body::Prompt(text.clone()), ..Self::default() });
        }
        if as_array(value).is_some() || is_contents(value) {
            let contents = normalize(value)?;
            let need = Need { references: references(&contents), ..Need::default() };
            return Ok(Self { need, body: Body::Contents(contents), ..Self::default() });
        }
        if !is_plain(value) {
            return Err(usage(
                "the prompt must be a string, parts, or a request { model, contents, config }",
            ));
        }
        let body = Object::new();
        for key in keys(value) {
            let name = key.as_string().unwrap_or_default();
            match name.as_str() {
                // These two are ours; the contents are set once they are put right.
                "model" | "config" | "contents" => {}
                known if TOP.contains(&known) || gemini::place(known) == Place::Top => {
                    put(&body, &key, &get_dynamic(value, &key));
                }
                _ => {
                    let known = join(TOP.into_iter().chain(gemini::top_keys()), ", ");
                    let message =
                        ["unknown key `", &name, "` in the request; the known keys are ", &known];
                    return Err(usage(&message.concat()));
                }
            }
        }
        Self::from_object(value, body, host)
    }

    fn from_object(value: &JsValue, body: Object, host: &Host) -> Result<Self, JsValue> {
        let model = match get(value, "model") {
            model if model.is_undefined() => None,
            model => match model.as_string().filter(|model| gemini::model_path(model).is_some()) {
                Some(model) => Some(model),
                None => {
                    return Err(usage(
                        "`model` must be the id of a model, without `..`, `?` or `&`",
                    ));
                }
            },
        };
        let contents = get(value, "contents");
        let contents = normalize(&contents)?;
        set(&body, "contents", &contents);
        check_image(&get(&get(&body, "generationConfig"), "imageConfig"), host)?;
        let config = get(value, "config");
        let http = apply_config(&body, &config, host)?;
        let extra = get(&get(&config, "httpOptions"), "extraBody");
        let extra = extra.is_object().then(|| extra.unchecked_into());
        let http = (!http.is_default()).then(|| Box::new(http));
        let read = Self::of_body(body)?;
        Ok(Self { model, http, extra, is_sized: true, ..read })
    }

    /// What the body of a request asks for.
    fn of_body(body: Object) -> Result<Self, JsValue> {
        let image = get(&get(&body, "generationConfig"), "imageConfig");
        let need = Need {
            size: get_text(&image, "imageSize").and_then(|size| Size::parse(&size)),
            ratio: get_text(&image, "aspectRatio"),
            references: references(&get(&body, "contents")),
        };
        let tier = get(&body, "serviceTier");
        let tier = match get_text(&body, "serviceTier") {
            None if tier.is_undefined() || tier.is_null() => None,
            Some(name) if name.eq_ignore_ascii_case("unspecified") => None,
            name => match name.and_then(|name| ServiceTier::parse(&name)) {
                None => {
                    return Err(usage(&["`serviceTier` must be ", service_tier::NAMES].concat()));
                }
                tier => tier,
            },
        };
        let searches =
            list(&get(&body, "tools")).iter().any(|tool| get(tool, "googleSearch").is_object());
        Ok(Self { need, tier, searches, body: Body::Object(body), ..Self::default() })
    }

    /// The same request with the `config` of a target over its own.
    ///
    /// # Errors
    /// A `TypeError` for what does not go together.
    pub(crate) fn over(&self, config: &Object) -> Result<Self, JsValue> {
        let body = copy_of(&self.body.object());
        merge(&body, config, 0);
        let own = Self::of_body(body)?;
        let image = get(&get(config, "generationConfig"), "imageConfig");
        let is_sized = self.is_sized || !get(&image, "imageSize").is_undefined();
        // Our own default is no wish of the caller's.
        let size = own.need.size.filter(|_| is_sized);
        Ok(Self { is_sized, extra: self.extra.clone(), need: Need { size, ..own.need }, ..own })
    }

    /// A request that says nothing but whom it is for.
    pub(crate) fn of_model(model: Option<String>) -> Self {
        Self { model, ..Self::default() }
    }

    /// The body of the REST API.
    pub(crate) fn body(&self) -> Object {
        self.body.object()
    }

    /// The same request for a picture of this size.
    pub(crate) fn sized(&self, size: Size) -> Self {
        let body = copy_of(&self.body.object());
        let generation = copy_of(&get(&body, "generationConfig"));
        let image = copy_of(&get(&generation, "imageConfig"));
        set(&image, "imageSize", &name(size.as_str()));
        set(&generation, "imageConfig", &image);
        set(&body, "generationConfig", &generation);
        let need = Need { size: Some(size), ..self.need.clone() };
        let extra = self.extra.clone();
        Self {
            need,
            extra,
            body: Body::Object(body),
            is_sized: true,
            tier: self.tier,
            searches: self.searches,
            ..Self::default()
        }
    }

    /// The same request with Google's placeholder for each signature of a thought: those of another API
    /// are refused. Source: LiteLLM 1.110.2, `rejected_thought_signature_retry.py`.
    pub(crate) fn unsigned(&self) -> Self {
        const PLACEHOLDER: &str = "skip_thought_signature_validator";
        let body = copy_of(&self.body.object());
        let contents: Array = list(&get(&body, "contents"))
            .iter()
            .map(|content| {
                let is_own = get(content, "role") == "model";
                let parts: Array = list(&get(content, "parts"))
                    .iter()
                    .map(|part| {
                        let has = |key: &'static str| !get(part, key).is_undefined();
                        let signs = is_own && (has("inlineData") || has("functionCall"));
                        if !signs && !has("thoughtSignature") {
                            return part.clone();
                        }
                        let part = copy_of(part);
                        set(&part, "thoughtSignature", &PLACEHOLDER.into());
                        part.into()
                    })
                    .collect();
                let content = copy_of(content);
                set(&content, "parts", &parts);
                JsValue::from(content)
            })
            .collect();
        set(&body, "contents", &contents);
        Self {
            need: self.need.clone(),
            extra: self.extra.clone(),
            body: Body::Object(body),
            is_sized: self.is_sized,
            tier: self.tier,
            searches: self.searches,
            ..Self::default()
        }
    }

    /// The keys of its body and one level below, by which a 400 may name them.
    pub(crate) fn keys(&self) -> Vec<String> {
        let body = self.body.object();
        let generation = get(&body, "generationConfig");
        let inner = keys(&generation).into_iter().flat_map(|key| {
            let below = get_dynamic(&generation, &key);
            let below = if is_plain(&below) { keys(&below) } else { Vec::new() };
            core::iter::once(key).chain(below)
        });
        let tools = list(&get(&body, "tools"));
        let tools = tools.iter().flat_map(|tool| if is_plain(tool) { keys(tool) } else { vec![] });
        let all = keys(&body).into_iter().chain(inner).chain(tools);
        all.filter_map(|key| key.as_string()).collect()
    }

    /// What of it a protocol of Gemini's cannot say, where the picture would be another one.
    pub(crate) fn lacks(&self, protocol: Protocol) -> Option<&'static str> {
        if self.is_prompt() || protocol == Protocol::Vertex {
            return None;
        }
        let body = self.body.object();
        let image = get(&get(&body, "generationConfig"), "imageConfig");
        let said = |object: &JsValue, rows: &[(&'static str, bool)]| {
            let row = rows.iter().find(|row| row.1 && !get(object, row.0).is_undefined());
            row.map(|row| row.0)
        };
        said(&body, &vertex::ONLY).or_else(|| said(&image, &vertex::ONLY_IMAGE))
    }

    /// What it says that not every protocol can.
    pub(crate) fn saying(&self) -> Saying {
        if self.is_prompt() {
            return Saying { turns: 1, ..Saying::default() };
        }
        let body = self.body();
        let has = |key: &'static str| !get(&body, key).is_undefined();
        let contents = as_array(&get(&body, "contents")).map(Array::to_vec).unwrap_or_default();
        let mut saying = Saying {
            turns: contents.len(),
            has_tools: has("tools"),
            has_cached: has("cachedContent"),
            ..Saying::default()
        };
        for content in contents {
            let is_own = get(&content, "role") == "model";
            for part in as_array(&get(&content, "parts")).map(Array::to_vec).unwrap_or_default() {
                saying.has_files |= get(&part, "fileData").is_object();
                saying.has_own_pictures |= is_own && get(&part, "inlineData").is_object();
            }
        }
        saying
    }

    /// Whether it is a prompt alone, which can always be written.
    pub(crate) const fn is_prompt(&self) -> bool {
        matches!(self.body, Body::Prompt(_))
    }

    /// The texts of the request, which must not show up in errors.
    pub(crate) fn prompts(&self) -> Vec<String> {
        match &self.body {
            Body::Prompt(text) => vec![String::from(text)],
            Body::Contents(_) | Body::Object(_) => said::of(&self.body()),
        }
    }

    fn texts(&self) -> Vec<JsString> {
        if let Body::Prompt(text) = &self.body {
            return vec![text.clone()];
        }
        let body = self.body();
        let parts = |content: &JsValue| as_array(&get(content, "parts")).map(Array::to_vec);
        let contents = as_array(&get(&body, "contents")).map(Array::to_vec);
        let contents = contents.unwrap_or_default().into_iter();
        contents
            .chain([get(&body, "systemInstruction")])
            .flat_map(|content| parts(&content).unwrap_or_default())
            .filter_map(|part| get(&part, "text").dyn_into().ok())
            .collect()
    }

    /// The input tokens that the request is expected to take: a letter is a quarter of one, and a
    /// picture takes up to 1,120 (the price lists of 2026-11).
    pub(crate) fn tokens(&self) -> u64 {
        let letters =
            self.texts().iter().fold(0_u64, |sum, text| sum.saturating_add(text.length().into()));
        let references = u64::try_from(self.need.references).unwrap_or(u64::MAX);
        letters.div_ceil(4).saturating_add(references.saturating_mul(1_120))
    }

    /// The text to send to this model. `imageSize` is sent only where the catalogue says that the
    /// model takes it; the caller's own size also to a model that the catalogue does not know.
    ///
    /// # Errors
    /// What `JSON.stringify` throws, for a request that cannot be written.
    pub(crate) fn text(
        &self,
        protocol: Protocol,
        model: &str,
        known: Option<&Model<'_>>,
        host: &Host,
    ) -> Result<JsString, JsValue> {
        let body = self.body.object();
        if self.is_prompt() && known.is_some_and(|model| model.takes_size) && protocol.is_gemini() {
            return JSON::stringify(&body);
        }
        let body = copy_of(&body);
        let config = copy_of(&get(&body, "generationConfig"));
        let image = copy_of(&get(&config, "imageConfig"));
        let mut left = Vec::new();
        if let Some(known) = known {
            left.extend(known.refuses.iter().filter(|key| take(&config, key)));
            let has_tier = |tier| known.tiers.has(tier, protocol);
            let is_extra = self.tier.is_some_and(|tier| !has_tier(tier));
            if is_extra && protocol.is_gemini() && take(&body, "serviceTier") {
                left.push("serviceTier");
            }
        }
        if !left.is_empty() {
            let names = join(left, ", ");
            host.warn(&["`", &names, "` is not for `", model, "`, and is left out"].concat());
        }
        match protocol {
            Protocol::Gemini => foreign::for_gemini(&body, &image, host),
            Protocol::Vertex => foreign::for_vertex(&body, &image, host),
            _ => {}
        }
        if protocol.is_gemini()
            && !known.map_or(self.is_sized, |model| model.sends_size(self.is_sized))
        {
            take(&image, "imageSize");
        }
        put_back(&config, "imageConfig", &image);
        put_back(&body, "generationConfig", &config);
        if !protocol.is_gemini() {
            return foreign::text(protocol, self, &body, model, host);
        }
        if let Some(extra) = &self.extra {
            merge(&body, extra, 0);
        }
        JSON::stringify(&body)
    }
}

/// Takes a key out of an object, and tells whether it was there.
pub(crate) fn take(object: &Object, key: &'static str) -> bool {
    let is_there = !get(object, key).is_undefined();
    if is_there {
        let _ = Reflect::delete_property(object, &name(key));
    }
    is_there
}

/// Puts the copy of a part back, unless nothing is left of it.
fn put_back(object: &Object, key: &'static str, part: &Object) {
    if keys(part).is_empty() {
        take(object, key);
    } else {
        set(object, key, part);
    }
}

/// The body that asks for a picture of our default size.
fn of_prompt(contents: &JsValue) -> Object {
    let image = Fields::new().set("imageSize", name(Size::K1.as_str())).done();
    let generation = Fields::new()
        .set("responseModalities", Array::of1(&name("IMAGE")))
        .set("imageConfig", image);
    let body = Fields::new().set("contents", contents).set("generationConfig", generation.done());
    body.done().unchecked_into()
}

/// Keys by which an object is a part or a content, and no request.
const OF_CONTENTS: [&str; 4] = ["parts", "text", "inlineData", "fileData"];

fn is_contents(value: &JsValue) -> bool {
    let has = |key: &&'static str| !get(value, key).is_undefined();
    let of_requests = ["model", "contents", "config"];
    is_plain(value) && OF_CONTENTS.iter().any(has) && !of_requests.iter().any(has)
}

/// A text or part, as a content of the user's.
fn content(part: &JsValue) -> JsValue {
    contents_of(&Array::of1(&as_part(part)))
}

fn contents_of(parts: &Array) -> JsValue {
    Fields::new().set("role", name("user")).set("parts", parts).done()
}

fn as_part(part: &JsValue) -> JsValue {
    if part.is_string() { Fields::new().set("text", part).done() } else { part.clone() }
}

/// What the SDK takes as `contents`, as a list of contents: texts and parts become one of the
/// user's.
fn normalize(contents: &JsValue) -> Result<JsValue, JsValue> {
    let is_content = |item: &JsValue| item.is_object() && !get(item, "parts").is_undefined();
    let list = match as_array(contents) {
        Some(list) => list.clone(),
        None if contents.is_undefined() || contents.is_null() => Array::new(),
        None => Array::of1(contents),
    };
    if list.iter().any(|item| !item.is_string() && !item.is_object()) {
        return Err(usage("`contents` must be a string, a part, a content, or a list of these"));
    }
    if list.length() == 0 {
        // The SDK refuses that too; a text that is empty it sends.
        return Err(usage("the prompt is empty: `contents` must hold a text or a picture"));
    }
    let of_contents = list.iter().filter(is_content).count();
    if of_contents == 0 {
        let parts: Array = list.iter().map(|part| as_part(&part)).collect();
        return Ok(Array::of1(&contents_of(&parts)).into());
    }
    if of_contents < list.length() as usize {
        return Err(usage("`contents` must be contents or parts, not both in one list"));
    }
    Ok(list.into())
}

fn is_blank_list(contents: &JsValue) -> bool {
    list(contents).iter().all(is_blank)
}

/// Whether there is nothing in it: no text, no picture, nothing else.
fn is_blank(item: &JsValue) -> bool {
    if let Some(text) = item.dyn_ref::<JsString>() {
        return text.trim().length() == 0;
    }
    if let Some(parts) = as_array(&get(item, "parts")) {
        return parts.iter().all(|part| is_blank(&part));
    }
    keys(item).iter().all(|key| *key == "text" && is_blank(&get(item, "text")))
}

/// The pictures that a request shows to the model; those that the model made before are none.
fn references(contents: &JsValue) -> usize {
    let has_picture = |part: &JsValue| {
        let data = get(part, "inlineData");
        let file = if data.is_object() { data } else { get(part, "fileData") };
        get_text(&file, "mimeType").is_some_and(|mime| mime.starts_with("image/"))
    };
    let mut count = 0_usize;
    for content in as_array(contents).map(Array::to_vec).unwrap_or_default() {
        let parts = get(&content, "parts");
        let shown = as_array(&parts).map_or(0, |parts| parts.iter().filter(has_picture).count());
        if shown > 0 && get(&content, "role") != "model" {
            count = count.saturating_add(shown);
        }
    }
    count
}

/// The `config` of a target as what it changes in the body of a request.
///
/// # Errors
/// A `TypeError` that names what is wrong.
pub(crate) fn config_of_target(config: &Object, host: &Host) -> Result<Object, JsValue> {
    for key in ["httpOptions", "abortSignal"] {
        if !get(config, key).is_undefined() {
            return Err(usage(
                &["`", key, "` is not for the `config` of a target, which has `baseUrl`, `apiVersion` and `headers` of its own"]
                    .concat(),
            ));
        }
    }
    let body = Object::new();
    apply_config(&body, config, host)?;
    Request::of_body(copy_of(&body))?;
    Ok(body)
}

/// Moves each key of `config` to its place in the body.
fn apply_config(body: &Object, config: &JsValue, host: &Host) -> Result<HttpOptions, JsValue> {
    if config.is_undefined() || config.is_null() {
        return Ok(HttpOptions::default());
    }
    if !is_plain(config) {
        return Err(usage("`config` must be an object"));
    }
    let signal = get(config, "abortSignal");
    if !signal.is_undefined() && !fits(&signal, Shape::Signal) {
        return Err(usage("`config.abortSignal` must be an AbortSignal"));
    }
    let http = get(config, "httpOptions");
    if !http.is_undefined() && !is_plain(&http) {
        return Err(usage("`config.httpOptions` must be an object"));
    }
    let options = settings::read(&http, scope::HTTP)?;
    if gemini::HTTP_UNHEARD.into_iter().any(|key| !get(&http, key).is_undefined()) {
        host.warn(gemini::HTTP_LEFT_OUT);
    }
    check_image(&get(config, "imageConfig"), host)?;
    let generation = match get(body, "generationConfig") {
        own if own.is_object() => copy_of(&own),
        _ => Object::new(),
    };
    for key in keys(config) {
        let value = get_dynamic(config, &key);
        let Some(name) = key.as_string().filter(|_| !value.is_undefined()) else { continue };
        match gemini::place(&name) {
            Place::Top => put(body, &key, &value),
            Place::Generation => put(&generation, &key, &value),
            Place::System => put(body, &key, &system(&value)),
            Place::Resolution => apply_resolution(&generation, &value, host)?,
            Place::Client => {}
            Place::Unknown => {
                let known = join(gemini::config_keys(), ", ");
                return Err(usage(
                    &["unknown key `", &name, "` in `config`; the known keys are ", &known]
                        .concat(),
                ));
            }
        }
    }
    if !keys(&generation).is_empty() {
        set(body, "generationConfig", &generation);
    }
    let extra = get(&http, "extraBody");
    if extra.is_object() {
        merge(body, &extra, 0);
    }
    Ok(HttpOptions {
        timeout: options.retry.timeout,
        headers: options.headers,
        base_url: options.base_url,
        api_version: options.api_version,
    })
}

/// Refuses a slip of the pen in `imageConfig`. What else is not known may be newer than this, and is
/// sent, with one warning.
#[inline(never)]
fn check_image(image: &JsValue, host: &Host) -> Result<(), JsValue> {
    // To ask what is no object for its keys throws, and an error takes longer than a call.
    if !image.is_object() {
        return Ok(());
    }
    for key in keys(image) {
        let name = key.as_string().unwrap_or_default();
        if gemini::IMAGE_KEYS.contains(&name.as_str()) {
            continue;
        }
        let meant = gemini::meant(&name);
        let fate = meant.unwrap_or("it is sent as it is");
        let text = ["unknown key `", &name, "` in `imageConfig`: ", fate].concat();
        if meant.is_some() {
            return Err(usage(&text));
        }
        host.warn(&text);
    }
    Ok(())
}

fn system(value: &JsValue) -> JsValue {
    if let Some(parts) = as_array(value) {
        return contents_of(&parts.iter().map(|part| as_part(&part)).collect());
    }
    let is_content = value.is_object() && !get(value, "parts").is_undefined();
    if is_content { value.clone() } else { content(value) }
}

fn apply_resolution(generation: &Object, value: &JsValue, host: &Host) -> Result<(), JsValue> {
    let text = value.as_string().unwrap_or_default();
    let Some((size, ratio)) = gemini::resolution(&text) else {
        return Err(usage(
            "`imageResolution` must be like '1024x1024'; better, use imageConfig: { imageSize: '1K', aspectRatio: '1:1' }",
        ));
    };
    host.warn(
        &[
            "`imageResolution` is not a field of the API; sending imageConfig: { imageSize: '",
            size.as_str(),
            "', aspectRatio: '",
            ratio,
            "' } instead",
        ]
        .concat(),
    );
    let own = get(generation, "imageConfig");
    let image = Fields::new().set("imageSize", size.as_str()).set("aspectRatio", ratio).done();
    let image: Object = image.unchecked_into();
    if own.is_object() {
        merge(&image, &own, 0);
    }
    set(generation, "imageConfig", &image);
    Ok(())
}

/// Merges `extraBody` deeply into the body, as the SDK does; what is not an object replaces.
fn merge(into: &Object, extra: &JsValue, depth: u32) {
    for key in keys(extra) {
        let value = get_dynamic(extra, &key);
        let own = get_dynamic(into, &key);
        let merged = if is_plain(&value) && is_plain(&own) && depth < 8 {
            let copy = copy_of(&own);
            merge(&copy, &value, depth.saturating_add(1));
            copy.into()
        } else {
            value
        };
        put(into, &key, &merged);
    }
}
