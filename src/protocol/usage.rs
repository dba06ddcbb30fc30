//! Tokens as other protocols report them, by their names in `usageMetadata`.

/// A count of `usageMetadata`, and where OpenAI's APIs have it: in one of the objects `under`, by
/// the first of `keys` that is there.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// The name in `usageMetadata`; that of a modality where `under` is one of details.
    pub name: &'static str,
    /// The objects inside `usage` where it may stand; the empty name is `usage` itself.
    pub under: &'static [&'static str],
    /// The names: of the chat API, then of the images API.
    pub keys: &'static [&'static str],
}

const WHOLE: &[&str] = &[""];
const DETAILS: &[&str] = &["completion_tokens_details", "output_tokens_details"];

/// The counts of a whole answer (OpenAI's reference of both APIs, 2026).
pub const COUNTS: &[Count] = &[
    Count { name: "promptTokenCount", under: WHOLE, keys: &["prompt_tokens", "input_tokens"] },
    Count {
        name: "candidatesTokenCount",
        under: WHOLE,
        keys: &["completion_tokens", "output_tokens"],
    },
    Count { name: "totalTokenCount", under: WHOLE, keys: &["total_tokens"] },
    Count { name: "thoughtsTokenCount", under: DETAILS, keys: &["reasoning_tokens"] },
];

/// The tokens of the picture alone.
pub const IMAGE: Count = Count { name: "IMAGE", under: DETAILS, keys: &["image_tokens"] };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_has_a_place_and_a_name() {
        for row in COUNTS.iter().chain([&IMAGE]) {
            assert!(!row.under.is_empty() && !row.keys.is_empty(), "{}", row.name);
        }
    }
}
