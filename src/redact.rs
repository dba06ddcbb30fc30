//! Cuts keys and prompts out of texts that errors and events show.
//!
//! A key is cut wherever it stands. A prompt comes back in many spellings: shortened, with its
//! quotes escaped for JSON or Python, as HTML. So words are compared and not characters: wherever
//! three words stand in a row as they stand in a prompt, they are cut.

use crate::text::replace;

/// No key is shorter than this.
const SECRET_MIN: usize = 8;
/// Words in a row that are nobody else's.
const ROW: usize = 3;
/// A prompt of fewer words is cut as a whole, where it is not too short to mean anything.
const PROMPT_MIN: usize = 8;
/// Of a longer prompt the rest is not looked for: each row is compared with each of a text.
const ROWS_MAX: usize = 2_048;
const CUT: &str = "[redacted]";

/// What to cut, made once for a call that has failed.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secrets: Vec<String>,
    /// Hashes of each three words in a row of the prompts.
    rows: Vec<u32>,
}

impl Redactor {
    /// Cuts these secrets, and what is said in these prompts.
    #[must_use]
    pub fn new<'a>(
        secrets: impl Iterator<Item = &'a str>,
        prompts: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut redactor = Self::default();
        for secret in secrets {
            // `Bearer abc` comes back as `abc` too.
            let bare = secret.rsplit(' ').next().unwrap_or_default();
            let worth = [secret, bare].into_iter().filter(|text| text.len() >= SECRET_MIN);
            redactor.secrets.extend(worth.map(str::to_owned));
        }
        for prompt in prompts {
            let words: Vec<Word> = Words { text: prompt, at: 0 }.collect();
            if words.len() < ROW && prompt.len() >= PROMPT_MIN {
                redactor.secrets.push(prompt.to_owned());
            }
            for row in words.windows(ROW).map(hash_of) {
                if redactor.rows.len() < ROWS_MAX && !redactor.rows.contains(&row) {
                    redactor.rows.push(row);
                }
            }
        }
        redactor
    }

    /// The text without what is to be cut.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let text =
            self.secrets.iter().fold(text.to_owned(), |text, secret| replace(&text, secret, CUT));
        if self.rows.is_empty() {
            return text;
        }
        let words: Vec<Word> = Words { text: &text, at: 0 }.collect();
        let mut clean = String::with_capacity(text.len());
        let mut done = 0;
        for row in words.windows(ROW) {
            let (Some(first), Some(last)) = (row.first(), row.last()) else { continue };
            if !self.rows.contains(&hash_of(row)) {
                continue;
            }
            if first.start >= done {
                clean.push_str(text.get(done..first.start).unwrap_or_default());
                clean.push_str(CUT);
            }
            done = done.max(last.end);
        }
        clean.push_str(text.get(done..).unwrap_or_default());
        clean
    }
}

#[derive(Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    hash: u32,
}

fn hash_of(row: &[Word]) -> u32 {
    row.iter().fold(7, |hash: u32, word| hash.rotate_left(9).wrapping_mul(31) ^ word.hash)
}

/// The words of a text. What an escape leaves of a letter, as in `\n`, and HTML's `&quot;` are none.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl Words<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or_default()
    }

    /// How many bytes at the present place are no word: none at a letter or digit.
    fn gap(&self) -> usize {
        let (here, next) = (self.byte(self.at), self.byte(self.at.saturating_add(1)));
        match here {
            b'\\' if matches!(next, b'n' | b'r' | b't') => 2,
            b'&' => {
                let rest = self.text.as_bytes().iter().skip(self.at.saturating_add(1)).take(8);
                let name =
                    rest.take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#').count();
                let end = self.at.saturating_add(name).saturating_add(1);
                if name > 0 && self.byte(end) == b';' { name.saturating_add(2) } else { 1 }
            }
            // Typographic quotes, dashes and dots: the block of general punctuation.
            0xe2 if matches!(next, 0x80 | 0x81) => 3,
            // Everything else beyond ASCII is a letter, so that a character is never cut in two.
            _ => usize::from(!here.is_ascii_alphanumeric() && here < 0x80),
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        while self.at < self.text.len() && self.gap() > 0 {
            self.at = self.at.saturating_add(self.gap());
        }
        let start = self.at;
        let mut hash = 0x811c_9dc5_u32;
        while self.at < self.text.len() && self.gap() == 0 {
            // FNV-1a, blind to the case of letters.
            hash = (hash ^ u32::from(self.byte(self.at).to_ascii_lowercase()))
                .wrapping_mul(0x0100_0193);
            self.at = self.at.saturating_add(1);
        }
        (self.at > start).then_some(Word { start, end: self.at, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        let secrets = ["Bearer abcdefgh-123", "key-of-nobody"];
        let prompts = ["a \"red\" kite & 紙の船\nover isn't the sea", "kite shop"];
        Redactor::new(secrets.into_iter(), prompts.into_iter()).clean(text)
    }

    #[test]
    fn keys_are_cut_with_and_without_their_scheme() {
        assert_eq!(clean("bad key key-of-nobody!"), "bad key [redacted]!");
        assert_eq!(clean("Bearer abcdefgh-123, abcdefgh-123"), "[redacted], [redacted]");
    }

    #[test]
    fn prompts_are_cut_in_every_spelling() {
        let cut = "no: [redacted].";
        assert_eq!(clean("no: a \"red\" kite & 紙の船\nover isn't the sea."), cut);
        assert_eq!(clean(r#"no: a \"red\" kite & 紙の船\nover isn't the sea."#), cut);
        assert_eq!(clean("no: a &quot;red&quot; kite &amp; 紙の船 over isn&#39;t the sea."), cut);
        assert_eq!(clean("no: A 'RED' KITE… yes"), "no: [redacted]… yes", "shortened");
        assert_eq!(clean("the kite shop is closed"), "the [redacted] is closed");
    }

    #[test]
    fn what_is_said_by_others_stays() {
        let text = "a kite is not a red boat; the sea over there isn't it";
        assert_eq!(clean(text), text);
        assert_eq!(Redactor::default().clean("as it was"), "as it was");
        assert_eq!(clean(""), "");
    }
}
