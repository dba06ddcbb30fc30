//! Tokens as other protocols report them, by their names in `usageMetadata`.

/// A count of `usageMetadata`, and where OpenAI's APIs have it: in the object `under`, where one is
/// named, by the first of `keys` that is there.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// The name in `usageMetadata`; that of a modality where `under` is one of details.
    pub name: &'static str,
    /// The object inside `usage`.
    pub under: &'static [&'static str],
    /// The names: of the chat API, then of the images API.
    pub keys: &'static [&'static str],
}

/// The counts of a whole answer (OpenAI's reference of both APIs, 2026).
pub const COUNTS: &[Count] = &[
    Count { name: "promptTokenCount", under: &[], keys: &["prompt_tokens", "input_tokens"] },
    Count {
        name: "candidatesTokenCount",
        under: &[],
        keys: &["completion_tokens", "output_tokens"],
    },
    Count { name: "totalTokenCount", under: &[], keys: &["total_tokens"] },
    Count {
        name: "thoughtsTokenCount",
        under: &["completion_tokens_details", "output_tokens_details"],
        keys: &["reasoning_tokens"],
    },
];

/// The tokens of the picture alone.
pub const IMAGE: Count = Count {
    name: "IMAGE",
    under: &["completion_tokens_details", "output_tokens_details"],
    keys: &["image_tokens"],
};
