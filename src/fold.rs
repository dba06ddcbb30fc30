//! Mangled texts made plain: terminal boxes, lost escapes, foreign quotes, cut lines.
//!
//! Sentences are compared in *squeezed* form, lower-case letters and digits alone, in which a
//! frame, a line end or a lost backslash makes no difference.

/// How much of one text is read: more is cut in the middle, since an error is named at either end.
pub(crate) const TEXT_MAX: usize = HEAD + TAIL;
const HEAD: usize = 48 * 1024;
const TAIL: usize = 16 * 1024;

/// The first and the last part of a text that is too long, else the text.
pub(crate) fn ends(text: &str) -> (&str, &str) {
    if text.len() <= TEXT_MAX {
        return (text, "");
    }
    let (mut head, mut tail) = (HEAD, text.len().saturating_sub(TAIL));
    while !text.is_char_boundary(head) {
        head = head.saturating_sub(1);
    }
    while !text.is_char_boundary(tail) {
        tail = tail.saturating_add(1);
    }
    (text.get(..head).unwrap_or(""), text.get(tail..).unwrap_or(""))
}

/// Whether a character draws frames.
pub(crate) const fn is_frame(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{259f}')
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
pub(crate) fn flatten(text: &str, join: Join) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut framed = false;
    let mut line_start = true;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let was_line_start = line_start;
        line_start = c == '\n' || (line_start && matches!(c, ' ' | '>'));
        match c {
            '\\' => line_start |= unescape(&mut rest, &mut out),
            '\u{1b}' => skip_colour(&mut rest),
            // A quoted mail or chat: the mark of the line belongs to nobody.
            '>' if was_line_start => {}
            '+' => plus(&mut rest, &mut out),
            _ if is_frame(c) => {
                framed = true;
                let after = rest
                    .as_str()
                    .trim_start_matches(|c: char| is_frame(c) || c.is_ascii_whitespace());
                rest = after.chars();
                out.truncate(out.trim_end_matches([' ', '\n', '\r', '\t']).len());
                if join == Join::Blank {
                    out.push(' ');
                }
            }
            _ => out.extend(plain(c)),
        }
    }
    (out, framed)
}

/// One character in its plain form; `None` for those without width.
const fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{201c}'..='\u{201f}' | '«' | '»' | '「' | '」' => '"',
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{2010}'..='\u{2014}' => '-',
        '\u{200b}'..='\u{200d}' | '\u{feff}' => return None,
        '\u{a0}' | '\u{3000}' | '\t' | '\r' => ' ',
        '\u{3001}' => ',',
        '\u{3002}' => '.',
        // Full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => match char::from_u32((c as u32).wrapping_sub(0xfee0)) {
            Some(ascii) => ascii,
            None => c,
        },
        _ => c,
    })
}

/// Reads what stands behind a backslash, at whatever depth of escaping; true for a line end.
fn unescape(rest: &mut core::str::Chars<'_>, out: &mut String) -> bool {
    *rest = rest.as_str().trim_start_matches('\\').chars();
    let mut ahead = rest.clone();
    match ahead.next() {
        Some('n') => out.push('\n'),
        Some('t' | 'r') => out.push(' '),
        Some('u') => match ahead.as_str().get(..4).and_then(hex) {
            Some(code) => {
                out.extend(char::from_u32(code).and_then(plain));
                ahead = ahead.as_str().get(4..).unwrap_or("").chars();
            }
            None => return false,
        },
        _ => return false,
    }
    let is_line_end = out.ends_with('\n');
    *rest = ahead;
    is_line_end
}

/// Four hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Option<u32> {
    u32::from_str_radix(digits, 16).ok()
}

fn skip_colour(rest: &mut core::str::Chars<'_>) {
    if let Some(code) = rest.as_str().strip_prefix('[') {
        let code = code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        *rest = code.chars();
        rest.next();
    }
}

/// Joins a text that util.inspect printed in pieces: `'…' +`, a line end, `'…'`.
fn plus(rest: &mut core::str::Chars<'_>, out: &mut String) {
    const QUOTES: [char; 3] = ['"', '\'', '`'];
    let after = rest.as_str().trim_start_matches(|c: char| is_frame(c) || c.is_ascii_whitespace());
    let before = out.trim_end();
    match (before.strip_suffix(QUOTES), after.strip_prefix(QUOTES)) {
        (Some(piece), Some(next)) if after.len() < rest.as_str().len() => {
            out.truncate(piece.len());
            *rest = next.chars();
        }
        _ => out.push('+'),
    }
}

/// Adds the squeezed form of a sentence, between two marks that `^` and `$` stand for.
pub(crate) fn squeeze(sentence: &str, out: &mut String) {
    out.push('\n');
    for c in sentence.chars() {
        match c {
            _ if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            '\0'..='\u{bf}' | '\u{2000}'..='\u{206f}' => {}
            _ if is_frame(c) => {}
            _ => out.extend(plain(c).filter(|c| !c.is_ascii())),
        }
    }
    out.push('\n');
}

/// Whether a squeezed text has all parts of the phrase, which are set apart by `&`; `^` and `$`
/// are the ends of a sentence.
pub(crate) fn says(squeezed: &str, phrase: &str) -> bool {
    phrase.split('&').all(|part| has(squeezed.as_bytes(), part))
}

fn has(squeezed: &[u8], part: &str) -> bool {
    let Some(first) = part.bytes().find_map(squeezed_byte) else { return true };
    let mut rest = squeezed;
    while let Some((byte, after)) = rest.split_first() {
        if *byte == first && starts_with(rest, part) {
            return true;
        }
        rest = after;
    }
    false
}

fn starts_with(squeezed: &[u8], part: &str) -> bool {
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
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let mut out = String::new();
    let is_markup = text.trim_start().starts_with('<');
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || is_frame(c)) {
        if word.is_empty() {
            continue;
        }
        if out.len().saturating_add(word.len()) >= max {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    redact(&if is_markup { without_tags(&out) } else { out })
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    for piece in text.split('<') {
        let words = piece.split_once('>').map_or(piece, |(_, words)| words).trim();
        if !words.is_empty() && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(words);
    }
    out
}

const HIDDEN: &str = "[redacted]";
/// What stands before a secret, in lower case.
const BEFORE_SECRET: [&str; 7] = ["key=", "key:", "key\":\"", "bearer ", "token=", "aiza", "ya29."];

/// The text with keys and tokens replaced: `key=…`, `AIza…`, `Bearer …`, `ya29.…`.
fn redact(text: &str) -> String {
    let is_secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+');
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0_usize;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let mark = BEFORE_SECRET
            .iter()
            .find(|mark| lower.get(at..).is_some_and(|rest| rest.starts_with(*mark)));
        let secret = mark.and_then(|mark| {
            let from = at.saturating_add(mark.len());
            let run = text.get(from..)?;
            let length = run.find(|c| !is_secret(c)).unwrap_or(run.len());
            // A key has no blank and is long: "key: not valid" is a sentence.
            (length >= 8).then_some((from, from.saturating_add(length)))
        });
        match (mark, secret) {
            (Some(mark), Some((from, end))) => {
                if !matches!(*mark, "aiza" | "ya29.") {
                    out.push_str(text.get(at..from).unwrap_or(""));
                }
                out.push_str(HIDDEN);
                at = end;
            }
            _ => {
                out.push(c);
                at = at.saturating_add(c.len_utf8());
            }
        }
    }
    out
}
