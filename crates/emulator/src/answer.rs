//! Answers of status 200: a picture, a text, a refusal, and what they cost.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use crate::fields;
use crate::picture::Picture;
use crate::random::{Purpose, Random};
use crate::request::Generation;
use crate::rows::RowRef;

/// The body of an answer. A picture in it is drawn when the bytes are asked for, so that a
/// simulation of a million requests pays for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    pieces: Vec<Piece>,
    breaks_off: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// In base64.
    Picture(Picture),
    /// As it is.
    File(Picture),
    /// Written when its bytes are asked for.
    Row(RowRef),
    Bytes(Vec<u8>),
}

impl Piece {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Picture(picture) => BASE64.encode(picture.png()).into_bytes(),
            Self::File(picture) => picture.png(),
            Self::Row(row) => row.body().to_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

impl Body {
    /// The bytes to send.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(Piece::to_bytes).collect()
    }

    /// Whether it is made of the rows of a job, which are best sent one by one, by
    /// [`Body::piece`]: all of them at once may be gigabytes.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.breaks_off || self.pieces.iter().any(|piece| matches!(piece, Piece::Row(_)))
    }

    /// The bytes of one piece, counted from 0; nothing behind the last.
    #[must_use]
    pub fn piece(&self, index: usize) -> Option<Vec<u8>> {
        self.pieces.get(index).map(Piece::to_bytes)
    }

    /// Whether the connection is lost when the bytes are out.
    #[must_use]
    pub fn breaks_off(&self) -> bool {
        self.breaks_off
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.pieces.push(Piece::Text(text.to_owned()));
    }

    /// A row of a job.
    pub(crate) fn push_row(&mut self, row: RowRef) {
        self.pieces.push(Piece::Row(row));
    }

    /// Lets it break off after that fraction of its pieces, in the middle of one.
    pub(crate) fn broken(mut self, fraction: f64) -> Self {
        let whole = (self.pieces.len() as f64 * fraction) as usize;
        let whole = whole.min(self.pieces.len().saturating_sub(1));
        let mut part = self.piece(whole).unwrap_or_default();
        part.truncate(part.len() / 2);
        self.pieces.truncate(whole);
        self.pieces.push(Piece::Bytes(part));
        self.breaks_off = true;
        self
    }

    /// A picture's file.
    pub(crate) fn file(picture: Picture) -> Self {
        Self { pieces: vec![Piece::File(picture)], breaks_off: false }
    }

    /// A text in which each [`PLACEHOLDER`] stands for a picture in base64. The last picture is the
    /// answer; interim ones before it are small and of their own.
    pub(crate) fn drawn(text: &str, picture: Picture) -> Self {
        let count = text.matches(PLACEHOLDER).count();
        let mut pieces = Vec::new();
        for (index, stretch) in text.split(PLACEHOLDER).enumerate() {
            if index > 0 {
                let interim = index < count;
                let hash = if interim { !picture.hash } else { picture.hash };
                let bytes = if interim { None } else { picture.bytes };
                pieces.push(Piece::Picture(Picture { hash, bytes, ..picture }));
            }
            pieces.push(Piece::Text(stretch.to_owned()));
        }
        Self { pieces, breaks_off: false }
    }

    /// The pictures in it.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Picture(picture) | Piece::File(picture) => Some(picture),
            Piece::Text(_) | Piece::Row(_) | Piece::Bytes(_) => None,
        })
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self { pieces: vec![Piece::Text(text)], breaks_off: false }
    }
}

/// What an answer of status 200 generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Generated {
    /// A picture, after an interim one if `thoughts`.
    Image { thoughts: bool },
    /// A link to a picture that is not there: the name that it has in its folder.
    Linked { to: &'static str },
    /// A text alone.
    Text,
    /// A candidate without content, by its finishReason; pictures that were refused are free.
    Nothing { reason: String, free: bool },
    /// No candidate, by the blockReason.
    Blocked { reason: String },
    /// An empty list.
    NoCandidates,
}

/// Tokens of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenUsage {
    pub(crate) prompt: u64,
    pub(crate) text: u64,
    pub(crate) thoughts: u64,
    pub(crate) images: u64,
    pub(crate) image_tokens: u64,
}

impl TokenUsage {
    /// Output tokens as `candidatesTokenCount` has them: measured to exceed the details by the
    /// thinking tokens.
    pub(crate) fn candidates(&self) -> u64 {
        self.text.saturating_add(self.thoughts).saturating_add(self.image_tokens)
    }
}

/// What an answer takes; the same for the same request, whenever it is asked.
pub(crate) fn usage(
    seed: u64,
    sequence: u64,
    generation: &Generation,
    generated: &Generated,
) -> TokenUsage {
    let mut random = Random::keyed(seed, sequence, Purpose::Usage);
    let thoughts = random.between(88, 630);
    let words = random.between(9, 40);
    let thoughts = if generation.model.thinks { thoughts } else { 0 };
    let mut usage =
        TokenUsage { prompt: generation.prompt_tokens, thoughts, ..TokenUsage::default() };
    match generated {
        Generated::Image { .. } | Generated::Linked { .. } => {
            usage.images = 1;
            usage.image_tokens = generation.model.image_tokens(generation.size);
            usage.text = if generation.wants_text { words } else { 0 };
        }
        Generated::Text => usage.text = words,
        Generated::Nothing { .. } => {}
        Generated::Blocked { .. } | Generated::NoCandidates => usage.thoughts = 0,
    }
    usage
}

/// The price in billionths of a USD.
pub(crate) fn price(generation: &Generation, generated: &Generated, usage: &TokenUsage) -> u64 {
    let (input, text, image) = generation.model.nano_usd;
    let free = match generated {
        Generated::Image { .. } | Generated::Linked { .. } | Generated::Text => false,
        Generated::Nothing { free, .. } => *free,
        Generated::Blocked { .. } | Generated::NoCandidates => true,
    };
    if free {
        return 0;
    }
    let words = usage.text.saturating_add(usage.thoughts).saturating_mul(text);
    let sum = usage
        .prompt
        .saturating_mul(input)
        .saturating_add(words)
        .saturating_add(usage.image_tokens.saturating_mul(image));
    // $14 a thousand queries, once the 5,000 of a month are used that are free.
    let searched = generation.searches.saturating_mul(14_000_000);
    (sum.saturating_mul(generation.price_percent) / 100).saturating_add(searched)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_feedback: Option<Feedback<'a>>,
    usage_metadata: Metadata,
    model_version: &'a str,
    response_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    content: Content<'a>,
    finish_reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grounding_metadata: Option<Grounding>,
    index: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Grounding {
    web_search_queries: Vec<String>,
}

#[derive(Default, Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Blob>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    mime_type: &'static str,
    data: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    block_reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    prompt_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    candidates_token_count: u64,
    total_token_count: u64,
    prompt_tokens_details: Vec<ModalityTokens>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates_tokens_details: Vec<ModalityTokens>,
    #[serde(skip_serializing_if = "is_zero")]
    thoughts_token_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic_type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModalityTokens {
    modality: &'static str,
    token_count: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Stands for a picture's base64 until the body is drawn. No sentence of ours generated it.
pub(crate) const PLACEHOLDER: &str = "<<<<picture>>>>";

fn picture_part(thought: bool) -> Part<'static> {
    let blob = Blob { mime_type: "image/png", data: PLACEHOLDER };
    Part { inline_data: Some(blob), thought, ..Part::default() }
}

fn metadata(generation: &Generation, usage: &TokenUsage) -> Metadata {
    let image_input = generation.input_images.saturating_mul(generation.model.input_image_tokens);
    let mut prompt = vec![ModalityTokens {
        modality: "TEXT",
        token_count: usage.prompt.saturating_sub(image_input),
    }];
    if image_input > 0 {
        prompt.push(ModalityTokens { modality: "IMAGE", token_count: image_input });
    }
    let mut candidates = Vec::new();
    if usage.image_tokens > 0 {
        candidates.push(ModalityTokens { modality: "IMAGE", token_count: usage.image_tokens });
    }
    Metadata {
        prompt_token_count: usage.prompt,
        candidates_token_count: usage.candidates(),
        total_token_count: usage.prompt.saturating_add(usage.candidates()),
        prompt_tokens_details: prompt,
        candidates_tokens_details: candidates,
        thoughts_token_count: usage.thoughts,
        service_tier: (!generation.is_vertex).then_some(generation.tier),
        traffic_type: generation.is_vertex.then_some(match generation.tier {
            "flex" => "ON_DEMAND_FLEX",
            "priority" => "ON_DEMAND_PRIORITY",
            _ => "ON_DEMAND",
        }),
    }
}

/// The body of an answer.
pub(crate) fn body(
    seed: u64,
    sequence: u64,
    generation: &Generation,
    version: &str,
    generated: &Generated,
    picture: Picture,
) -> Body {
    let answer = message(seed, sequence, generation, version, generated);
    let mut text = serde_json::to_string_pretty(&answer).unwrap_or_default();
    text.push('\n');
    Body::drawn(&text, picture)
}

/// An answer in one line, with a [`PLACEHOLDER`] for each picture.
pub(crate) fn line(
    seed: u64,
    sequence: u64,
    generation: &Generation,
    version: &str,
    generated: &Generated,
) -> String {
    serde_json::to_string(&message(seed, sequence, generation, version, generated))
        .unwrap_or_default()
}

fn message<'a>(
    seed: u64,
    sequence: u64,
    generation: &Generation,
    version: &'a str,
    generated: &'a Generated,
) -> Response<'a> {
    let mut parts = Vec::new();
    let mut finish = "STOP";
    let mut message = None;
    match generated {
        Generated::Image { thoughts } => {
            if *thoughts {
                parts.push(picture_part(true));
            }
            if generation.wants_text {
                parts.push(Part { text: Some("Here is your picture."), ..Part::default() });
            }
            let signed = if generation.is_vertex { fields::VERTEX_SIGNED } else { fields::SIGNED };
            parts.push(Part { thought_signature: Some(signed), ..picture_part(false) });
        }
        Generated::Linked { to } => parts.push(Part { text: Some(to), ..Part::default() }),
        Generated::Text => {
            let text = "I can describe this picture, but I did not make one.";
            parts.push(Part { text: Some(text), ..Part::default() });
        }
        Generated::Nothing { reason, free } => {
            finish = reason;
            message = free.then_some(
                "Unable to show the generated image. It was filtered by policy; you will not be \
                 charged for it.",
            );
        }
        Generated::Blocked { .. } | Generated::NoCandidates => {}
    }
    let content =
        if parts.is_empty() { Content::default() } else { Content { parts, role: Some("model") } };
    let query = |index| format!("what the picture is to show, {index}");
    let grounding_metadata = (generation.searches > 0)
        .then(|| Grounding { web_search_queries: (0..generation.searches).map(query).collect() });
    let candidate = Candidate {
        content,
        finish_reason: finish,
        finish_message: message,
        grounding_metadata,
        index: 0,
    };
    let (candidates, prompt_feedback) = match generated {
        Generated::Blocked { reason } => (None, Some(Feedback { block_reason: reason })),
        Generated::NoCandidates => (Some(Vec::new()), None),
        _ => (Some(vec![candidate]), None),
    };
    let usage = usage(seed, sequence, generation, generated);
    let mut random = Random::keyed(seed, sequence, Purpose::Identity);
    let response_id = format!("{:016x}{:06x}", random.next(), random.next() & 0x00FF_FFFF);
    Response {
        candidates,
        prompt_feedback,
        usage_metadata: metadata(generation, &usage),
        model_version: version,
        response_id,
    }
}
