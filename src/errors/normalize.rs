//! Mangled texts made plain: terminal boxes, lost escapes, foreign quotes, cut lines.
//!
//! Sentences are compared in *squeezed* form, lower-case letters and digits alone, in which a
//! frame, a line end or a lost backslash makes no difference.

use crate::base::slice::{self, bounded, first, from, skip, skip_back, until};

/// How much of one text is read: more is cut in the middle, since an error is named at either end.
const TEXT_MAX: usize = HEAD + TAIL;
const HEAD: usize = 48 * 1024;
const TAIL: usize = 16 * 1024;

/// The first and the last part of a text that is too long, else the text.
pub(crate) fn ends(text: &str) -> [&str; 2] {
    if text.len() <= TEXT_MAX {
        return [text, ""];
    }
    [bounded(text, HEAD), from(text, text.len().saturating_sub(TAIL))]
}

/// Whether a character draws frames.
pub(crate) const fn is_frame(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{259f}')
}

/// The text behind blanks, line ends and frames.
#[inline(never)]
pub(crate) fn skip_frames(mut text: &str) -> &str {
    while let Some((c, rest)) = first(text) {
        if !(is_frame(c) || c.is_ascii_whitespace()) {
            break;
        }
        text = rest;
    }
    text
}

/// How what a frame has cut is put together again.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Join {
    /// With a blank, as where words were wrapped.
    Blank,
    /// With nothing, as where a word or an id was cut.
    Nothing,
}

/// The text without escapes, frames, colour codes and typographic characters, and whether a frame
/// was in it.
#[inline(never)]
pub(crate) fn flatten(text: &str, join: Join) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut framed = false;
    let mut line_start = true;
    let mut rest = text;
    while let Some((c, after)) = first(rest) {
        rest = after;
        let mut c = c;
        if c == '\\' {
            (c, rest) = unescape(after);
        }
        let was_line_start = line_start;
        line_start = c == '\n' || (line_start && matches!(c, ' ' | '>'));
        match c {
            // A quoted mail or chat: the mark at the start of its line is no part of the text.
            '>' if was_line_start => {}
            '\u{1b}' => rest = skip_colour(after),
            '+' => match joined(&out, rest) {
                Some(next) => {
                    rest = next;
                    while !matches!(out.pop(), Some('"' | '\'' | '`') | None) {}
                }
                None => out.push('+'),
            },
            _ if is_frame(c) => {
                framed = true;
                rest = skip_frames(rest);
                while out.ends_with(" ") || out.ends_with("\n") {
                    out.pop();
                }
                if join == Join::Blank {
                    out.push(' ');
                }
            }
            _ => push_plain(c, &mut out),
        }
    }
    (out, framed)
}

/// Adds a character in its plain form, or nothing where it has no width.
fn push_plain(c: char, out: &mut String) {
    let plain = match c {
        '\u{201c}'..='\u{201f}' | '«' | '»' | '「' | '」' => '"',
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{2010}'..='\u{2014}' => '-',
        '\0' | '\u{200b}'..='\u{200d}' | '\u{feff}' => return,
        '\u{a0}' | '\u{3000}' | '\t' | '\r' => ' ',
        '\u{3001}' => ',',
        '\u{3002}' => '.',
        // Full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32((c as u32).wrapping_sub(0xfee0)).unwrap_or(c),
        _ => c,
    };
    out.push(plain);
}

/// The character behind a backslash, at any depth of escaping, and the rest; NUL where the
/// backslash alone is dropped.
fn unescape(after: &str) -> (char, &str) {
    let rest = skip(after, "\\");
    match first(rest) {
        Some(('n', rest)) => ('\n', rest),
        Some(('t' | 'r', rest)) => (' ', rest),
        Some(('u', digits)) => match hex(digits, 4).and_then(char::from_u32) {
            Some(c) => (c, from(digits, 4)),
            None => ('\0', rest),
        },
        _ => ('\0', rest),
    }
}

/// Hexadecimal digits at the start of a text.
pub(crate) fn hex(text: &str, digits: usize) -> Option<u32> {
    let digits = text.as_bytes().get(..digits)?;
    digits.iter().try_fold(0_u32, |value, byte| {
        Some(value.wrapping_shl(4) | char::from(*byte).to_digit(16)?)
    })
}

fn skip_colour(after: &str) -> &str {
    match after.strip_prefix("[") {
        Some(code) => from(skip(code, "0123456789;"), 1),
        None => after,
    }
}

/// The rest behind `'…' +`, a line end and `'`, as util.inspect prints a text in pieces.
fn joined<'a>(before: &str, after: &'a str) -> Option<&'a str> {
    let next = skip_frames(after);
    let is_piece = slice::ends(skip_back(before, " \n"), QUOTES) && next.len() < after.len();
    (is_piece && slice::begins(next, QUOTES)).then(|| from(next, 1))
}

/// The quotes of JSON, Python and util.inspect.
pub(crate) const QUOTES: &str = "\"'`";

/// Adds the squeezed form of a sentence, between two marks that `^` and `$` stand for.
#[inline(never)]
pub(crate) fn squeeze(sentence: &str, out: &mut String) {
    out.push('\n');
    let mut rest = sentence;
    while let Some((c, after)) = first(rest) {
        rest = after;
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if c > '\u{bf}'
            && !matches!(c, '\u{2000}'..='\u{206f}' | '\u{2500}'..='\u{259f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..)
        {
            out.push(c);
        }
    }
    out.push('\n');
}

/// Whether a squeezed text has all parts of the phrase, which are set apart by `&`, for one of its
/// alternatives, which are set apart by `|`; `^` and `$` are the ends of a sentence.
pub(crate) fn says(squeezed: &str, phrases: &str) -> bool {
    any_part(phrases, "|", |phrase| !any_part(phrase, "&", |part| !has(squeezed.as_bytes(), part)))
}

/// One word of bits for each value of a pair's first sign.
const WORDS: usize = 64;

/// A squeezed text that is asked for many phrases. Which pairs of signs it has is noted once, so
/// that most phrases are known to be missing before the text is gone through.
pub(crate) struct Said<'a> {
    text: &'a [u8],
    pairs: [u64; WORDS],
}

impl<'a> Said<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut said = Self { text: text.as_bytes(), pairs: [0; WORDS] };
        let mut last = b'\n';
        for byte in text.bytes() {
            let (word, bit) = Self::place(last, byte);
            if let Some(word) = said.pairs.get_mut(word) {
                *word |= bit;
            }
            last = byte;
        }
        said
    }

    /// The word and the bit of a pair. Letters, digits and the line end differ in their lower six
    /// bits, but for few; two pairs with the same bit cost time and no truth.
    const fn place(first: u8, second: u8) -> (usize, u64) {
        ((first & 63) as usize, 1_u64.wrapping_shl((second & 63) as u32))
    }

    /// Whether it has one of the phrases, as [`says`] has it.
    #[inline(never)]
    pub(crate) fn says(&self, phrases: &str) -> bool {
        let (mut start, mut last) = (0_usize, None);
        // Whether the phrase may still fit.
        let mut fits = true;
        for (at, byte) in phrases.bytes().chain(core::iter::once(b'|')).enumerate() {
            if byte == b'|' || byte == b'&' {
                fits = fits && has(self.text, phrases.get(start..at).unwrap_or(""));
                if byte == b'|' {
                    if fits {
                        return true;
                    }
                    fits = true;
                }
                (start, last) = (at.saturating_add(1), None);
            } else if fits
                && let Some(byte) = squeezed_byte(byte)
                && let Some(last) = last.replace(byte)
            {
                let (word, bit) = Self::place(last, byte);
                fits = self.pairs.get(word).is_some_and(|pairs| pairs & bit != 0);
            }
        }
        false
    }
}

/// Whether one of the parts of a text fits.
pub(crate) fn any_part(text: &str, sign: &str, mut fits: impl FnMut(&str) -> bool) -> bool {
    let mut rest = text;
    loop {
        let part = until(rest, sign);
        if fits(part) {
            return true;
        }
        if part.len() == rest.len() {
            return false;
        }
        rest = from(rest, part.len().saturating_add(1));
    }
}

fn has(squeezed: &[u8], part: &str) -> bool {
    let Some(start) = part.bytes().find_map(squeezed_byte) else { return true };
    let mut rest = squeezed;
    while let Some((byte, after)) = rest.split_first() {
        if *byte == start && is_at(rest, part) {
            return true;
        }
        rest = after;
    }
    false
}

fn is_at(squeezed: &[u8], part: &str) -> bool {
    let mut have = squeezed.iter();
    part.bytes().filter_map(squeezed_byte).all(|byte| have.next() == Some(&byte))
}

/// A byte of a phrase as it stands in a squeezed text.
const fn squeezed_byte(byte: u8) -> Option<u8> {
    match byte {
        b'^' | b'$' => Some(b'\n'),
        b'a'..=b'z' | b'0'..=b'9' | 0x80.. => Some(byte),
        b'A'..=b'Z' => Some(byte.to_ascii_lowercase()),
        _ => None,
    }
}

/// The text on one line, without tags and keys, and not longer than `max` bytes.
#[inline(never)]
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let mut out = String::new();
    let is_markup = skip(text, " \n").starts_with("<");
    let (mut in_tag, mut gap) = (false, false);
    let mut rest = text;
    while let Some((c, after)) = first(rest) {
        rest = after;
        if is_markup && (c == '<' || in_tag) {
            in_tag = c != '>';
            gap = true;
        } else if c <= ' ' || c == '\u{7f}' || is_frame(c) {
            gap = true;
        } else if out.len() > max.saturating_sub(8) {
            // A word that is cut might be a secret that is no longer known as one.
            while !matches!(out.pop(), Some(' ') | None) {}
            break;
        } else {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.push(c);
        }
    }
    redact(&out)
}

const HIDDEN: &str = "[redacted]";
/// The marks that stand before a secret, in any case; the last two are the beginning of one.
const BEFORE_SECRET: [&str; 8] =
    ["key=", "key:", "key: ", "key\":\"", "bearer ", "token=", "aiza", "ya29."];

/// The text with keys and tokens replaced: `key=…`, `AIza…`, `Bearer …`, `ya29.…`.
fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((c, after)) = first(rest) {
        rest = match secret(rest) {
            Some((mark, behind)) => {
                out.push_str(mark);
                out.push_str(HIDDEN);
                behind
            }
            None => {
                out.push(c);
                after
            }
        };
    }
    out
}

/// The part of a secret's mark that is kept, and the rest behind the secret.
fn secret(text: &str) -> Option<(&str, &str)> {
    BEFORE_SECRET.iter().find_map(|mark| {
        let had = text.get(..mark.len()).filter(|had| had.eq_ignore_ascii_case(mark))?;
        let run = from(text, mark.len());
        let behind =
            skip(run, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+");
        // A key has no blank and is long: "key: not valid" is a sentence.
        let is_long = run.len().saturating_sub(behind.len()) >= HIDDEN.len();
        let is_mark = slice::ends(mark, "=: \"");
        is_long.then_some((if is_mark { had } else { "" }, behind))
    })
}
