//! Reads the body of a request field by field, as strictly as the service does.

use serde_json::{Map, Value};

use crate::body::{self, FieldViolation};
use crate::config::Config;
use crate::models::{LONG_RATIOS, Model, RATIOS, Size};
use crate::random::{HASH_START, hash};
use crate::request::{Generation, Intent, Refusal, Request, pretty, refuse};

/// The largest body, in bytes (since 2026-01-08).
const MAX_BODY: u64 = 104_857_600;

/// Fields of each message of the API that are known on the Developer API, in camelCase.
/// Source: the discovery document and the SDK's converters, November 2026.
const ROOT: &[&str] = &[
    "contents",
    "systemInstruction",
    "safetySettings",
    "tools",
    "toolConfig",
    "cachedContent",
    "generationConfig",
    "serviceTier",
    "store",
    "model",
];
const GENERATION: &[&str] = &[
    "responseModalities",
    "imageConfig",
    "thinkingConfig",
    "candidateCount",
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "seed",
    "stopSequences",
    "presencePenalty",
    "frequencyPenalty",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "mediaResolution",
    "speechConfig",
    "logprobs",
    "responseLogprobs",
    "enableEnhancedCivicAnswers",
];
const IMAGE: &[&str] = &["aspectRatio", "imageSize"];
/// What Vertex AI takes beside and instead of these. Source: the discovery document of
/// `aiplatform.v1beta1`, revision 2026-11-06.
const VERTEX_ROOT: &[&str] = &[
    "contents",
    "systemInstruction",
    "safetySettings",
    "tools",
    "toolConfig",
    "cachedContent",
    "generationConfig",
    "labels",
    "modelArmorConfig",
];
const VERTEX_IMAGE: &[&str] =
    &["aspectRatio", "imageSize", "personGeneration", "prominentPeople", "imageOutputOptions"];
/// The header that says the tier of service on Vertex AI. Source: `@ai-sdk/google-vertex` 5.0.141.
const VERTEX_TIER: &str = "x-vertex-ai-llm-shared-request-type";
/// How a picture is signed by each API, which the other refuses. Source: LiteLLM 1.110.2, `rejected_thought_signature_retry.py`.
pub(crate) const SIGNED: &str = "c2lnbmVkIGJ5IHRoZSBEZXZlbG9wZXIgQVBJ";
pub(crate) const VERTEX_SIGNED: &str = "c2lnbmVkIGJ5IFZlcnRleCBBSQ==";
const THINKING: &[&str] = &["thinkingLevel", "thinkingBudget", "includeThoughts"];
const CONTENT: &[&str] = &["role", "parts"];
const PART: &[&str] = &[
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "thought",
    "thoughtSignature",
    "videoMetadata",
    "mediaResolution",
    "partMetadata",
];
const BLOB: &[&str] = &["mimeType", "data"];

/// `image_size` and `imageSize` are the same field.
pub(crate) fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            out.extend(letter.to_uppercase());
            upper = false;
        } else {
            out.push(letter);
        }
    }
    out
}

/// Where a message stands, in the snake_case of the service's sentences.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// Collects what is wrong with a body.
#[derive(Default)]
struct Review {
    wrong: Vec<FieldViolation>,
}

impl Review {
    fn note(&mut self, field: &str, description: String) {
        self.wrong.push(FieldViolation { field: field.to_owned(), description });
    }

    fn unknown(&mut self, place: &str, name: &str) {
        let at = if place.is_empty() { String::new() } else { format!(" at '{place}'") };
        let sentence = format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
        );
        self.note(place, sentence);
    }

    fn invalid(&mut self, place: &str, kind: &str, value: &Value) {
        self.note(place, format!("Invalid value at '{place}' ({kind}), {value}"));
    }

    /// The fields of a message, by their camelCase names.
    fn message<'v>(
        &mut self,
        place: &str,
        value: &'v Value,
        known: &[&str],
    ) -> Vec<(String, &'v Value)> {
        let Some(fields) = value.as_object() else {
            self.invalid(place, "message", value);
            return Vec::new();
        };
        let mut named = Vec::new();
        for (name, value) in fields {
            let plain = camel(name);
            if known.contains(&plain.as_str()) {
                if !value.is_null() {
                    named.push((plain, value));
                }
            } else {
                self.unknown(place, name);
            }
        }
        named
    }

    fn finish(self) -> Result<(), Refusal> {
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(Refusal::new(400, body::bad_request(self.wrong)))
        }
    }
}

/// A proto list also takes a single message.
fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        single => std::slice::from_ref(single),
    }
}

/// What the contents of a request amount to.
pub(crate) struct Prompt {
    hash: u64,
    characters: u64,
    images: u64,
    image_bytes: Option<u64>,
    /// The other API's signature.
    foreign: &'static str,
    has_foreign: bool,
}

impl Prompt {
    pub(crate) fn new() -> Self {
        Self {
            hash: HASH_START,
            characters: 0,
            images: 0,
            image_bytes: None,
            foreign: VERTEX_SIGNED,
            has_foreign: false,
        }
    }

    fn content(&mut self, review: &mut Review, place: &str, value: &Value) {
        for (name, value) in review.message(place, value, CONTENT) {
            if name != "parts" {
                continue;
            }
            for (index, part) in listed(value).iter().enumerate() {
                self.part(review, &format!("{place}.parts[{index}]"), part);
            }
        }
    }

    fn part(&mut self, review: &mut Review, place: &str, value: &Value) {
        for (name, value) in review.message(place, value, PART) {
            match name.as_str() {
                "text" => match value.as_str() {
                    Some(text) => self.text(text),
                    None => review.invalid(&format!("{place}.text"), "TYPE_STRING", value),
                },
                "inlineData" => self.blob(review, &format!("{place}.inline_data"), value),
                "thoughtSignature" => self.has_foreign |= value.as_str() == Some(self.foreign),
                "fileData" => self.images = self.images.saturating_add(1),
                _ => {}
            }
        }
    }

    /// Takes in a picture.
    pub(crate) fn picture(&mut self, data: &str) {
        self.images = self.images.saturating_add(1);
        self.hash = hash(self.hash, data.as_bytes());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.hash = hash(self.hash, text.as_bytes());
        self.characters = self.characters.saturating_add(text.chars().count() as u64);
        if let Some((_, directive)) = text.split_once("[[imageBytes=") {
            let digits = directive.split("]]").next().and_then(|digits| digits.parse().ok());
            self.image_bytes = digits.or(self.image_bytes);
        }
    }

    fn blob(&mut self, review: &mut Review, place: &str, value: &Value) {
        self.images = self.images.saturating_add(1);
        for (name, value) in review.message(place, value, BLOB) {
            match value.as_str() {
                Some(text) => self.hash = hash(self.hash, text.as_bytes()),
                None => review.invalid(&format!("{place}.{}", snake(&name)), "TYPE_STRING", value),
            }
        }
    }

    /// Tokens as the service counts them: near a quarter of the characters, but up to 15 % off.
    fn tokens(&self, model: &Model) -> u64 {
        let off = hash(self.hash, b"tokens") % 31;
        let text = self.characters.saturating_mul(off.saturating_add(85)).saturating_add(200) / 400;
        text.max(1).saturating_add(self.images.saturating_mul(model.input_image_tokens))
    }
}

pub(crate) fn read_json(request: &Request) -> Result<Map<String, Value>, Refusal> {
    if request.size.unwrap_or(request.body.len() as u64) > MAX_BODY {
        return refuse(400, &format!("Request payload size exceeds the limit: {MAX_BODY} bytes."));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => {
            let sentence = "Invalid JSON payload received. Root element must be a message.";
            let field = FieldViolation { field: String::new(), description: sentence.into() };
            Err(Refusal::new(400, body::bad_request(vec![field])))
        }
        Err(error) => refuse(
            400,
            &format!(
                "Invalid JSON payload received. Unexpected token.\n(line {}, column {})",
                error.line(),
                error.column()
            ),
        ),
    }
}

pub(crate) fn count_tokens(request: &Request, model: &Model) -> Result<Intent, Refusal> {
    let root = Value::Object(read_json(request)?);
    let mut review = Review::default();
    let mut prompt = Prompt::new();
    for (name, value) in review.message("", &root, &["contents", "generateContentRequest"]) {
        let contents = if name == "contents" { Some(value) } else { value.get("contents") };
        for (index, content) in contents.map(listed).unwrap_or_default().iter().enumerate() {
            prompt.content(&mut review, &format!("contents[{index}]"), content);
        }
    }
    review.finish()?;
    let tokens = prompt.tokens(model);
    let answer = serde_json::json!({
        "totalTokens": tokens,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": tokens }],
    });
    Ok(Intent::Ready { body: pretty(&answer) })
}

pub(crate) fn read_generation(
    config: &Config,
    request: &Request,
    model: &'static Model,
    version: &str,
) -> Result<Generation, Refusal> {
    let root = Value::Object(read_json(request)?);
    let is_vertex = request.path.contains("/publishers/");
    let mut generation = blank(config, request, model);
    generation.is_vertex = is_vertex;
    if let Some(tier) = request.header(VERTEX_TIER).filter(|_| is_vertex) {
        match tier {
            "flex" => (generation.tier, generation.price_percent) = ("flex", 50),
            "priority" => (generation.tier, generation.price_percent) = ("priority", 180),
            _ => return refuse(400, "The shared request type is not known."),
        }
    }
    let mut generation = message(generation, &root, version)?;
    if let Some(served) = config.served_tier.as_deref() {
        (generation.tier, generation.price_percent) = match served {
            "flex" => ("flex", 50),
            "priority" => ("priority", 180),
            _ => ("standard", 100),
        };
    }
    Ok(generation)
}

/// The message of a request for a picture, in a body or in a row of a job.
pub(crate) fn message(
    mut generation: Generation,
    root: &Value,
    version: &str,
) -> Result<Generation, Refusal> {
    let mut review = Review::default();
    let mut prompt = Prompt::new();
    let mut contents = 0_usize;
    let known = if generation.is_vertex { VERTEX_ROOT } else { ROOT };
    if generation.is_vertex {
        prompt.foreign = SIGNED;
    }
    for (name, value) in review.message("", root, known) {
        match name.as_str() {
            "contents" => {
                contents = listed(value).len();
                for (index, content) in listed(value).iter().enumerate() {
                    prompt.content(&mut review, &format!("contents[{index}]"), content);
                }
            }
            "systemInstruction" => prompt.content(&mut review, "system_instruction", value),
            "generationConfig" => generation_config(&mut review, value, version, &mut generation),
            "tools" => {
                let searches = |tool: &Value| {
                    tool.get("googleSearch").or_else(|| tool.get("google_search")).is_some()
                };
                // A prompt for a picture can make several queries.
                generation.searches = if listed(value).iter().any(searches) { 2 } else { 0 };
            }
            "serviceTier" => match value.as_str().map(str::to_ascii_lowercase).as_deref() {
                Some("flex") => (generation.tier, generation.price_percent) = ("flex", 50),
                Some("priority") => (generation.tier, generation.price_percent) = ("priority", 180),
                Some("standard" | "unspecified") => {}
                _ => review.invalid("service_tier", "ServiceTier", value),
            },
            _ => {}
        }
    }
    review.finish()?;
    if prompt.has_foreign {
        return refuse(400, "Invalid thought signature.");
    }
    if contents == 0 {
        return refuse(400, "* GenerateContentRequest.contents: contents is not specified\n");
    }
    complete(generation, &prompt)
}

/// A generation of which nothing is known but its model.
pub(crate) fn blank(config: &Config, request: &Request, model: &'static Model) -> Generation {
    Generation {
        model,
        prompt_hash: 0,
        prompt_empty: true,
        prompt_tokens: 0,
        input_images: 0,
        size: Size::One,
        wants_image: true,
        wants_text: true,
        image_bytes: config.image_bytes,
        price_percent: 100,
        tier: "standard",
        is_vertex: false,
        searches: 0,
        deadline: request
            .header("x-server-timeout")
            .and_then(|seconds| seconds.trim().parse::<f64>().ok())
            .filter(|seconds| *seconds > 0.0)
            .map(|seconds| (seconds * 1000.0) as u64),
    }
}

/// A generation with what its prompt amounts to.
pub(crate) fn complete(mut generation: Generation, prompt: &Prompt) -> Result<Generation, Refusal> {
    if let Some(bytes) = prompt.image_bytes {
        crate::picture::check_bytes(Some(bytes)).or_else(|sentence| refuse(400, &sentence))?;
        generation.image_bytes = Some(bytes);
    }
    generation.prompt_hash = prompt.hash;
    generation.prompt_empty = prompt.characters == 0 && prompt.images == 0;
    generation.prompt_tokens = prompt.tokens(generation.model);
    generation.input_images = prompt.images;
    Ok(generation)
}

fn generation_config(
    review: &mut Review,
    value: &Value,
    version: &str,
    generation: &mut Generation,
) {
    const PLACE: &str = "generation_config";
    let model = generation.model;
    // Seen on v1 alone; v1beta does not know it.
    let mut known = GENERATION.to_vec();
    if version == "v1" {
        known.push("responseFormat");
    }
    for (name, value) in review.message(PLACE, value, &known) {
        let place = format!("{PLACE}.{}", snake(&name));
        match name.as_str() {
            "imageConfig" => image_config(review, value, generation),
            "thinkingConfig" => thinking_config(review, &place, value, model),
            "responseModalities" => modalities(review, &place, value, generation),
            "candidateCount" if value.as_u64() != Some(1) => {
                review.note(&place, "Multiple candidates is not enabled for this model".into());
            }
            "temperature" | "topP" | "seed" if model.refuses_sampling => {
                let field = snake(&name);
                review.note(&place, format!("{field} is not supported by models/{}", model.name));
            }
            "temperature" | "topP" | "topK" if !value.is_number() => {
                review.invalid(&place, "TYPE_FLOAT", value);
            }
            _ => {}
        }
    }
}

fn thinking_config(review: &mut Review, place: &str, value: &Value, model: &Model) {
    for (name, value) in review.message(place, value, THINKING) {
        let place = format!("{place}.{}", snake(&name));
        if !model.thinks && name == "thinkingLevel" {
            review.note(&place, "Thinking level is not supported for this model.".into());
        } else if !model.thinks {
            review.note(&place, format!("Thinking is not enabled for models/{}", model.name));
        } else if name == "thinkingLevel" {
            let level = value.as_str().map(str::to_ascii_uppercase);
            if !matches!(level.as_deref(), Some("MINIMAL" | "LOW" | "MEDIUM" | "HIGH")) {
                review.invalid(&place, "ThinkingLevel", value);
            }
        }
    }
}

fn modalities(review: &mut Review, place: &str, value: &Value, generation: &mut Generation) {
    let mut names = Vec::new();
    for (index, name) in listed(value).iter().enumerate() {
        match name.as_str() {
            Some(name @ ("TEXT" | "IMAGE")) => names.push(name),
            _ => review.invalid(&format!("{place}[{index}]"), "Modality", name),
        }
    }
    if !names.is_empty() {
        generation.wants_text = names.contains(&"TEXT");
        generation.wants_image = names.contains(&"IMAGE");
    }
}

fn image_config(review: &mut Review, value: &Value, generation: &mut Generation) {
    const PLACE: &str = "generation_config.image_config";
    let model = generation.model;
    let known = if generation.is_vertex { VERTEX_IMAGE } else { IMAGE };
    for (name, value) in review.message(PLACE, value, known) {
        let place = format!("{PLACE}.{}", snake(&name));
        if !IMAGE.contains(&name.as_str()) {
            continue;
        }
        let Some(text) = value.as_str() else {
            review.invalid(&place, "TYPE_STRING", value);
            continue;
        };
        if name == "imageSize" {
            match Size::parse(text) {
                Some(_) if model.ignores_size => {}
                Some(size) if model.takes(size) => generation.size = size,
                _ => review.note(
                    &place,
                    format!("Image size {text} is not supported by models/{}", model.name),
                ),
            }
        } else if !(RATIOS.contains(&text) || model.long_ratios && LONG_RATIOS.contains(&text)) {
            review.note(
                &place,
                format!("Aspect ratio {text} is not supported by models/{}", model.name),
            );
        }
    }
}
