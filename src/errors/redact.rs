//! Cuts keys and prompts out of texts that errors and events show.
//!
//! A key is cut wherever it stands, and so is half of one. A prompt comes back in many spellings:
//! shortened, with its quotes escaped for JSON or Python, as HTML, as a part of an address. So
//! words are compared and not characters: wherever three words stand in a row as they stand in a
//! prompt, they are cut.

use crate::base::text::{find, replace};

/// No key is shorter than this.
const SECRET_MIN: usize = 8;
/// So many words in a row are one prompt's own.
const ROW: usize = 3;
/// A prompt of fewer words is cut as a whole, where it is not too short to mean anything.
const PROMPT_MIN: usize = 8;
/// Of a longer prompt the rest is not looked for: each row is compared with each of a text.
const ROWS_MAX: usize = 2_048;
const CUT: &str = "[redacted]";
/// A secret of fewer bytes is cut as a whole alone: half of it may be a word.
const HALVED_MIN: usize = 16;
/// So many bytes in the middle of a secret stand in every part of it that is longer than a half.
const MIDDLE: usize = 4;

/// The secrets and prompts to cut, prepared once for a call that has failed.
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
        // With its scheme a key stands here twice, and its half is that of the key alone.
        let has_halves =
            |secret: &str| secret.len() >= HALVED_MIN && secret.bytes().all(|byte| byte != b' ');
        let cut = |text: String, secret: &String| match has_halves(secret) {
            true => cut_halves(&text, secret),
            false => replace(&text, secret, CUT),
        };
        let text = self.secrets.iter().fold(text.to_owned(), cut);
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

/// The text without any part of the secret that is longer than half of it.
fn cut_halves(text: &str, secret: &str) -> String {
    let (bytes, key) = (text.as_bytes(), secret.as_bytes());
    let half = key.len() / 2;
    let middle: Vec<u8> = key.iter().skip(half).take(MIDDLE).copied().collect();
    let same = |at: Option<usize>, of: Option<usize>| {
        let (byte, other) = (at.and_then(|at| bytes.get(at)), of.and_then(|of| key.get(of)));
        byte.is_some() && byte == other
    };
    let mut clean = String::with_capacity(text.len());
    let (mut done, mut from) = (0_usize, 0_usize);
    while let Some(found) = bytes.get(from..).and_then(|rest| find(rest, &middle)) {
        let at = from.saturating_add(found);
        let before = (1..=half)
            .take_while(|back| same(at.checked_sub(*back), half.checked_sub(*back)))
            .count();
        let after = (0..).take_while(|on| same(at.checked_add(*on), half.checked_add(*on))).count();
        let (start, end) = (at.saturating_sub(before), at.saturating_add(after));
        // A secret is of one byte a letter; where it is not, no letter is cut in two.
        let is_whole = text.is_char_boundary(start) && text.is_char_boundary(end);
        if before.saturating_add(after) >= half && is_whole && start >= done {
            clean.push_str(text.get(done..start).unwrap_or_default());
            clean.push_str(CUT);
            done = end;
        }
        from = end.max(at.saturating_add(1));
    }
    clean.push_str(text.get(done..).unwrap_or_default());
    clean
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

/// The words of a text. What an escape leaves of a letter, as in `\n`, and HTML's `&quot;` are
/// none; `%C3%A9` and `\u00e9` are the letter that they stand for.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

/// The unit at a place: so many bytes that are the bytes of a letter, or none where it is no word.
struct Unit {
    length: usize,
    letter: [u8; 4],
    bytes: usize,
}

impl Unit {
    const fn gap(length: usize) -> Self {
        Self { length, letter: [0; 4], bytes: 0 }
    }

    /// A byte as it stands, or as an escape of this length stands for it.
    fn of_byte(byte: u8, length: usize) -> Self {
        // Every byte beyond ASCII is a letter, so that a character is never cut in two.
        let is_letter = byte.is_ascii_alphanumeric() || byte >= 0x80;
        Self { length, letter: [byte, 0, 0, 0], bytes: usize::from(is_letter) }
    }

    fn of_char(char: char, length: usize) -> Self {
        // Typographic quotes, dashes and dots: the block of general punctuation.
        if char.is_ascii() || ('\u{2000}'..='\u{206f}').contains(&char) {
            return Self::of_byte(u8::try_from(char).unwrap_or_default(), length);
        }
        let mut letter = [0; 4];
        let bytes = char.encode_utf8(&mut letter).len();
        Self { length, letter, bytes }
    }
}

impl Words<'_> {
    fn byte(&self, after: usize) -> u8 {
        self.text.as_bytes().get(self.at.saturating_add(after)).copied().unwrap_or_default()
    }

    /// A number of so many hex digits.
    fn hex(&self, after: usize, digits: usize) -> Option<u32> {
        let digit = |at: usize| char::from(self.byte(after.saturating_add(at))).to_digit(16);
        (0..digits).try_fold(0_u32, |sum, at| Some(sum.wrapping_mul(16) | digit(at)?))
    }

    fn unit(&self) -> Unit {
        let (here, next) = (self.byte(0), self.byte(1));
        match here {
            b'\\' if matches!(next, b'n' | b'r' | b't') => Unit::gap(2),
            b'\\' if next == b'u' => match self.hex(2, 4).map(|code| (code, self.low())) {
                Some((high @ 0xd800..=0xdbff, Some(low))) => {
                    let code = (high & 0x3ff) << 10 | (low & 0x3ff);
                    let char = char::from_u32(code.saturating_add(0x1_0000));
                    Unit::of_char(char.unwrap_or_default(), 12)
                }
                Some((code, _)) => Unit::of_char(char::from_u32(code).unwrap_or_default(), 6),
                None => Unit::gap(1),
            },
            b'%' => match (self.hex(1, 2), self.byte(3) == b'%', self.hex(4, 2)) {
                (Some(0xe2), true, Some(0x80 | 0x81)) => Unit::gap(9),
                (Some(code), ..) => Unit::of_byte(u8::try_from(code).unwrap_or_default(), 3),
                _ => Unit::gap(1),
            },
            b'&' => {
                let is_name = |at: &usize| {
                    let byte = self.byte(*at);
                    byte.is_ascii_alphanumeric() || byte == b'#'
                };
                let end = (1..9).take_while(is_name).count().saturating_add(1);
                let is_entity = end > 1 && self.byte(end) == b';';
                Unit::gap(if is_entity { end.saturating_add(1) } else { 1 })
            }
            0xe2 if matches!(next, 0x80 | 0x81) => Unit::gap(3),
            _ => Unit::of_byte(here, 1),
        }
    }

    /// The second half of a character that JavaScript writes as two.
    fn low(&self) -> Option<u32> {
        let is_escape = self.byte(6) == b'\\' && self.byte(7) == b'u';
        self.hex(8, 4).filter(|low| is_escape && (0xdc00..=0xdfff).contains(low))
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let mut start = None;
        let mut hash = 0x811c_9dc5_u32;
        while self.at < self.text.len() {
            let unit = self.unit();
            if unit.bytes == 0 && start.is_some() {
                break;
            }
            if unit.bytes > 0 {
                start = start.or(Some(self.at));
            }
            for byte in unit.letter.iter().take(unit.bytes) {
                // FNV-1a, blind to the case of letters.
                hash = (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
            }
            self.at = self.at.saturating_add(unit.length);
        }
        start.map(|start| Word { start, end: self.at.min(self.text.len()), hash })
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
    fn prompts_are_cut_where_they_are_encoded() {
        let cut = "/v1?q=[redacted]&n=1";
        let text = "/v1?q=a%20%22red%22%20kite%20%26%20%E7%B4%99%E3%81%AE%E8%88%B9%0Aover%20isn%27t%20the%20sea&n=1";
        assert_eq!(clean(text), cut);
        assert_eq!(clean(&text.replace("%20", "+").replace("%E7", "%e7")), cut);
        let escaped = r#"/v1?q=a "red" kite & \u7d19\u306e\u8239\nover isn\u2019t the sea&n=1"#;
        assert_eq!(clean(escaped), cut);
        assert_eq!(clean("100% of 50%zz and \\u12"), "100% of 50%zz and \\u12");
        let emoji = Redactor::new([].into_iter(), ["one 🎨 two"].into_iter());
        assert_eq!(emoji.clean(r"one \ud83c\udfa8 two"), CUT);
    }

    #[test]
    fn half_a_key_counts_as_the_key() {
        let key = "AIzaSyA1234567890-abcdefghij_KLMNOPQ";
        let cut = |text: &str| Redactor::new([key].into_iter(), [].into_iter()).clean(text);
        assert_eq!(cut(key), CUT);
        for length in 22..=key.len() {
            for start in 0..=key.len() - length {
                let part = key.get(start..start + length).unwrap();
                assert_eq!(cut(&format!("key {part}... ")), "key [redacted]... ", "{part}");
            }
        }
        assert_eq!(cut("AIzaSy...OPQ and abcdefg"), "AIzaSy...OPQ and abcdefg", "a hint stays");
        assert_eq!(cut(&format!("{key}{key} {key}")), "[redacted][redacted] [redacted]");
        assert_eq!(cut("é0-abc é"), "é0-abc é");
    }

    #[test]
    fn what_is_said_by_others_stays() {
        let text = "a kite is not a red boat; the sea over there isn't it";
        assert_eq!(clean(text), text);
        assert_eq!(Redactor::default().clean("as it was"), "as it was");
        assert_eq!(clean(""), "");
    }
}
