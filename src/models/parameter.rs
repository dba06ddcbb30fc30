//! Parameters of a request that not every model takes.

use crate::base::text::contains;

/// Those of `generationConfig` that a model may be known to refuse.
pub const PARAMETERS: [&str; 8] = [
    "temperature",
    "topP",
    "topK",
    "seed",
    "thinkingConfig",
    "maxOutputTokens",
    "presencePenalty",
    "frequencyPenalty",
];

/// Some of [`PARAMETERS`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Refused(u8);

impl Refused {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// `temperature`, `topP`, `seed`.
    pub const SAMPLING: Self = Self(0b1011);
    /// `thinkingConfig`.
    pub const THINKING: Self = Self(0b1_0000);

    /// These and the one of this name; `None` for a name that is not among [`PARAMETERS`].
    #[must_use]
    pub fn with(self, name: &str) -> Option<Self> {
        let place = PARAMETERS.iter().position(|known| *known == name)?;
        Some(Self(self.0 | 1_u8.wrapping_shl(u32::try_from(place).ok()?)))
    }

    /// Their names.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        let is_one = move |(place, _): &(u32, &str)| self.0.wrapping_shr(*place) & 1 == 1;
        (0_u32..).zip(PARAMETERS).filter(is_one).map(|(_, name)| name)
    }
}

/// The words of a 400 for a parameter that the model does not take at all, whatever its value is.
///
/// Source: 'Thinking level is not supported for this model.' (Gemini), 'Unknown name "seed"' (its
/// JSON reader), 'Thinking is not enabled' (Gemini 2.5), 'Unrecognized request argument supplied'
/// and 'Unsupported parameter' (OpenAI, and relays of it).
const NOT_TAKEN: [&str; 6] = [
    " not support",
    " unsupported ",
    " not enabled ",
    " unknown name ",
    " unrecognized ",
    " not allowed ",
];

/// Whether the sentence of a 400 says that one of these keys is not taken: in camelCase, snake_case
/// or words. `thinking` alone stands for its configuration.
#[must_use]
pub fn is_refused<'a>(sentence: &str, mut keys: impl Iterator<Item = &'a str>) -> bool {
    let sentence = words(sentence, false);
    let is_named = |key: &str| {
        let key = if key == "thinkingConfig" { "thinking" } else { key };
        contains(&sentence, &words(key, false)) || contains(&sentence, &words(key, true))
    };
    NOT_TAKEN.iter().any(|phrase| contains(&sentence, phrase)) && keys.any(is_named)
}

/// Small letters and digits, with a blank before, behind, and for everything else; with `splits`
/// also before capitals.
fn words(text: &str, splits: bool) -> String {
    let mut words = String::from(" ");
    for letter in text.chars() {
        if splits && letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
    }
    words.push(' ');
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_go_by_their_names() {
        let names = |refused: Refused| refused.iter().collect::<Vec<_>>();
        assert_eq!(names(Refused::SAMPLING), ["temperature", "topP", "seed"]);
        assert_eq!(names(Refused::THINKING), ["thinkingConfig"]);
        assert!(names(Refused::NONE).is_empty());
        let all = PARAMETERS.iter().try_fold(Refused::NONE, |sum, name| sum.with(name)).unwrap();
        assert_eq!(names(all), PARAMETERS);
        assert_eq!(Refused::NONE.with("imageConfig"), None);
    }

    #[test]
    fn a_sentence_names_what_is_not_taken() {
        for (sentence, key) in [
            ("Thinking level is not supported for this model.", "thinkingLevel"),
            ("Thinking is not enabled for models/gemini-2.5-flash-image", "thinkingConfig"),
            ("* generation_config.top_p: top_p is not supported by models/m", "topP"),
            (
                "Invalid JSON payload received. Unknown name \"seed\" at 'x': Cannot find field.",
                "seed",
            ),
            (
                "Unsupported parameter: 'temperature' is not supported with this model.",
                "temperature",
            ),
            ("Unrecognized request argument supplied: responseMimeType", "responseMimeType"),
        ] {
            assert!(is_refused(sentence, ["labels", key].into_iter()), "{sentence}");
            assert!(!is_refused(sentence, ["labels"].into_iter()), "{sentence}");
        }
    }

    #[test]
    fn a_wrong_value_is_wrong_everywhere() {
        for sentence in [
            "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
            "The job was stopped; this is not supported",
            "temperature must be between 0 and 2",
            "",
        ] {
            assert!(!is_refused(sentence, ["temperature", "topP"].into_iter()), "{sentence}");
        }
    }
}
