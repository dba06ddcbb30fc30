//! The fields of each message that the service knows, in camelCase.
//!
//! Source, where none is given: the discovery document and the SDK's converters, November 2026.

/// Fields of each message of the API that are known on the Developer API, in camelCase.
/// Source: the discovery document and the SDK's converters, November 2026.
pub(crate) const ROOT: &[&str] = &[
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

pub(crate) const GENERATION: &[&str] = &[
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

pub(crate) const IMAGE: &[&str] = &["aspectRatio", "imageSize"];

/// Fields that Vertex AI takes beside and instead of these. Source: the discovery document of
/// `aiplatform.v1beta1`, revision 2026-11-06.
pub(crate) const VERTEX_ROOT: &[&str] = &[
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

pub(crate) const VERTEX_IMAGE: &[&str] =
    &["aspectRatio", "imageSize", "personGeneration", "prominentPeople", "imageOutputOptions"];

pub(crate) const THINKING: &[&str] = &["thinkingLevel", "thinkingBudget", "includeThoughts"];
pub(crate) const CONTENT: &[&str] = &["role", "parts"];
pub(crate) const PART: &[&str] = &[
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

pub(crate) const BLOB: &[&str] = &["mimeType", "data"];
