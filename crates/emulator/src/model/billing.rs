//! The tokens of an answer, and its price.

use crate::base::random::{Purpose, Random};
use crate::model::generated::Generated;
use crate::model::generation::Generation;

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

/// The tokens of an answer. They follow from the seed and the request alone, so that the limits,
/// the price and the body agree.
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
