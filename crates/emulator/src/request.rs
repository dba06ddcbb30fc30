//! Reads a request: route, key, body. Nothing here depends on what came before.

use serde_json::Value;

use crate::body;
use crate::config::{Config, UnknownKeys};
use crate::dress::Protocol;
use crate::fields;
use crate::link;
use crate::models::{self, Model, Size};
use crate::openai;
use crate::picture::Picture;
use crate::predict;
use crate::route::{self, Call};
use crate::rows;
use crate::vertex::{self, Address};

/// One HTTP request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Chosen by the caller, and not in use by another open request.
    pub id: u64,
    /// `POST`, `GET`, `OPTIONS`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, empty if there is none.
    pub body: Vec<u8>,
    /// Bytes of the body, where a simulation does not really make them.
    pub size: Option<u64>,
}

impl Request {
    /// A request for a picture, as a client would send it.
    #[must_use]
    pub fn generate(id: u64, model: &str, prompt: &str) -> Self {
        let body = serde_json::json!({
            "contents": [{ "role": "user", "parts": [{ "text": prompt }] }],
            "generationConfig": { "responseModalities": ["IMAGE"] },
        });
        Self {
            id,
            method: "POST".into(),
            path: format!("/v1beta/models/{model}:generateContent"),
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("x-goog-api-key".into(), "test-key".into()),
            ],
            body: body.to_string().into_bytes(),
            size: None,
        }
    }

    /// The token of its `Authorization`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Request headers that a page may send; any other makes the preflight fail.
pub(crate) const CORS_HEADERS: &str =
    "content-type, x-goog-api-key, x-goog-api-client, authorization";

/// The same for uploads, which pages make too: the SDK for the web has them.
pub(crate) const UPLOAD_HEADERS: &str = "content-type, x-goog-api-key, x-goog-api-client, \
     authorization, x-goog-upload-protocol, x-goog-upload-command, x-goog-upload-offset, \
     x-goog-upload-header-content-length, x-goog-upload-header-content-type, \
     x-goog-upload-file-name";

/// What a request asks for.
#[derive(Clone, Debug)]
pub(crate) enum Intent {
    /// A preflight; whether it may pass.
    Preflight { allowed: bool },
    /// It is wrong, and why.
    Refused(Refusal),
    /// A body that is known already.
    Ready { body: String },
    /// A picture that was made before.
    Fetch(Picture),
    /// Something about files or jobs.
    Call(Call),
    /// A picture, probably.
    Generate(Generation),
}

/// A valid request for a picture.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    pub(crate) model: &'static Model,
    pub(crate) prompt_hash: u64,
    pub(crate) prompt_empty: bool,
    pub(crate) prompt_tokens: u64,
    pub(crate) input_images: u64,
    pub(crate) size: Size,
    pub(crate) wants_image: bool,
    pub(crate) wants_text: bool,
    pub(crate) image_bytes: Option<u64>,
    /// Hundredths of the standard price.
    pub(crate) price_percent: u64,
    pub(crate) tier: &'static str,
    /// Whether it came to Vertex AI.
    pub(crate) is_vertex: bool,
    /// How often the model will search the web.
    pub(crate) searches: u64,
    /// Milliseconds after which the service gives up, as the caller asked.
    pub(crate) deadline: Option<u64>,
}

/// A request as far as it can be understood without a clock.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    /// `generateContent`, `predict`, `images`, `chat`, `countTokens`, `models`, `picture`,
    /// `preflight`, `unknown`, or that of a [`Call`].
    pub(crate) call: &'static str,
    pub(crate) protocol: Protocol,
    /// Under which name the caller knows the service.
    pub(crate) host: String,
    pub(crate) model: String,
    pub(crate) project: String,
    pub(crate) origin: Option<String>,
    /// Whether it is about an upload, preflights included.
    pub(crate) is_upload: bool,
    pub(crate) intent: Intent,
}

/// Why a request is wrong: status and body.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, body: String) -> Self {
        Self { status, body }
    }
}

pub(crate) fn refuse<T>(status: u16, message: &str) -> Result<T, Refusal> {
    Err(Refusal::new(status, body::plain(status, message)))
}

/// Understands a request.
pub(crate) fn parse(config: &Config, request: &Request, now: u64) -> Parsed {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut parsed = Parsed {
        call: "unknown",
        protocol: Protocol::Gemini,
        host: request.header("host").unwrap_or("emulator.invalid").to_owned(),
        model: String::new(),
        project: "default".into(),
        origin: request.header("origin").map(str::to_owned),
        is_upload: route::is_upload(path),
        intent: Intent::Preflight { allowed: false },
    };
    if request.method.eq_ignore_ascii_case("OPTIONS") {
        parsed.call = "preflight";
        parsed.intent =
            Intent::Preflight { allowed: parsed.origin.is_some() && may_pass(request, path) };
        return parsed;
    }
    parsed.intent = match understand(config, request, path, query, now, &mut parsed) {
        Ok(intent) => intent,
        Err(refusal) => Intent::Refused(refusal),
    };
    parsed
}

fn may_pass(request: &Request, path: &str) -> bool {
    let asked = request.header("access-control-request-headers").unwrap_or("");
    let allowed = if route::is_upload(path) { UPLOAD_HEADERS } else { CORS_HEADERS };
    asked
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .all(|name| allowed.split(", ").any(|allowed| allowed.eq_ignore_ascii_case(name)))
}

fn understand<'r>(
    config: &Config,
    request: &Request,
    path: &'r str,
    query: &str,
    now: u64,
    parsed: &mut Parsed,
) -> Result<Intent, Refusal> {
    if let Some(name) = path.strip_prefix(link::FOLDER) {
        parsed.call = "picture";
        return link::find(name).map(Intent::Fetch);
    }
    if let Some(protocol) = openai::protocol_of(path) {
        parsed.call = if protocol == Protocol::Chat { "chat" } else { "images" };
        parsed.protocol = protocol;
        parsed.project = project_of(config, request, query)?;
        return openai::understand(config, request, parsed).map(Intent::Generate);
    }
    if let Some(found) = route::find(request, path, query) {
        let call = found?;
        parsed.call = call.name();
        if !call.needs_no_key() {
            parsed.project = project_of(config, request, query)?;
        }
        return Ok(Intent::Call(call));
    }
    let Some(Address { version, project, target }) = vertex::place(path) else {
        return Err(Refusal::new(
            404,
            body::html(404, "Not Found", "The requested URL was not found on this server."),
        ));
    };
    let split = |target: &'r str| target.rsplit_once(':').unwrap_or((target, ""));
    let (name, method) = target.map(split).unwrap_or_default();
    parsed.model = name.strip_prefix("models/").unwrap_or(name).to_owned();
    let post = request.method.eq_ignore_ascii_case("POST");
    let get = request.method.eq_ignore_ascii_case("GET");
    parsed.call = match method {
        "" if get => "models",
        "generateContent" if post => "generateContent",
        "predict" if post && parsed.model.starts_with("imagen") => "predict",
        "countTokens" if post => "countTokens",
        "batchGenerateContent" if post && project.is_none() => "createBatch",
        _ => "unknown",
    };
    parsed.project = match project {
        Some(project) => vertex::admit(config, request, project, now)?,
        None => project_of(config, request, query)?,
    };
    if parsed.call == "models" && parsed.model.is_empty() {
        let models: Vec<Value> = models::MODELS
            .iter()
            .filter(|m| !config.retired.iter().any(|r| r == m.name))
            .map(description)
            .collect();
        return Ok(Intent::Ready { body: pretty(&serde_json::json!({ "models": models })) });
    }
    let model = find_model(config, &parsed.model, version, method)?;
    match parsed.call {
        "models" => Ok(Intent::Ready { body: pretty(&description(model)) }),
        "predict" => {
            parsed.protocol = Protocol::Predict;
            predict::understand(config, request, model).map(Intent::Generate)
        }
        "countTokens" => fields::count_tokens(request, model),
        "createBatch" => {
            if parsed.model.starts_with("imagen") {
                return refuse(404, &not_found(&parsed.model, version, method));
            }
            let call = route::create(request, version)?;
            let blank = fields::blank(config, request, model);
            rows::check_inline(&blank, &parsed.model, version, &call)?;
            Ok(Intent::Call(call))
        }
        "generateContent" => {
            fields::read_generation(config, request, model, version).map(Intent::Generate)
        }
        _ => refuse(404, &not_found(&parsed.model, version, method)),
    }
}

/// JSON as the service indents it.
pub(crate) fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

fn description(model: &Model) -> Value {
    serde_json::json!({
        "name": format!("models/{}", model.name),
        "displayName": model.display_name,
        "inputTokenLimit": model.token_limits.0,
        "outputTokenLimit": model.token_limits.1,
        "supportedGenerationMethods": ["generateContent", "countTokens", "batchGenerateContent"],
    })
}

pub(crate) fn find_model(
    config: &Config,
    name: &str,
    version: &str,
    method: &str,
) -> Result<&'static Model, Refusal> {
    if config.retired.iter().any(|retired| retired == name) {
        return refuse(404, &retired(name));
    }
    let like = config.models.get(name).map_or(name, String::as_str);
    match models::find(like) {
        Some(model) => Ok(model),
        None => refuse(404, &not_found(name, version, method)),
    }
}

/// The sentence about a model that is closed to newcomers.
pub(crate) fn retired(name: &str) -> String {
    format!(
        "This model models/{name} is no longer available to new users. Please update your code \
         to use a newer model for the latest features and improvements."
    )
}

/// The sentence about an unknown model.
pub(crate) fn not_found(name: &str, version: &str, method: &str) -> String {
    let method = if method.is_empty() { "generateContent" } else { method };
    format!(
        "models/{name} is not found for API version {version}, or is not supported for {method}. \
         Call ListModels to see the list of available models and their supported methods."
    )
}

/// The sentence about a request without a key.
pub(crate) const NO_KEY: &str = "Method doesn't allow unregistered callers (callers without \
     established identity). Please use API Key or other form of API consumer identity to call \
     this API.";

/// The sentence about a key that is not one.
pub(crate) const BAD_KEY: &str = "API key not valid. Please pass a valid API key.";

fn project_of(config: &Config, request: &Request, query: &str) -> Result<String, Refusal> {
    let in_query = query.split('&').find_map(|pair| pair.strip_prefix("key="));
    let bearer = request.bearer();
    let key = request.header("x-goog-api-key").or(in_query).or(bearer).map(str::trim);
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return refuse(403, NO_KEY);
    };
    match (config.keys.get(key), config.unknown_keys) {
        (Some(project), _) => Ok(project.clone()),
        (None, UnknownKeys::Accept) => Ok("default".into()),
        (None, UnknownKeys::Reject) => {
            Err(Refusal::new(400, body::with_reason(400, BAD_KEY, "API_KEY_INVALID")))
        }
    }
}
