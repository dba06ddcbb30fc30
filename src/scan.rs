//! Texts read by pattern: what JSON, repr, protobuf text, maps and prose have in common is a name,
//! a sign and a value, so one pass over the words finds fields in all of them.

use crate::evidence::{Evidence, Field, Place, canonical, field};
use crate::fold::{Join, flatten};
use crate::hint;

/// How long a value may be, and a sentence.
const VALUE_MAX: usize = 200;
const SENTENCE_MAX: usize = 4_000;
/// How far a value may be from its name.
const SIGN_MAX: usize = 24;
/// How much of the text before a number is looked at.
const CONTEXT: usize = 120;

/// Reads a text in which no value could be parsed, folding frames both ways.
pub(crate) fn read(ev: &mut Evidence, level: u32, text: &str) {
    let (blank, framed) = flatten(text, Join::Blank);
    ev.sentence(&without_stack(&blank));
    if !framed {
        return scan(ev, level, &blank);
    }
    // A name or an id was cut without a blank, and words were not. Limits are read where ids are
    // whole, and once.
    let takes_limits = core::mem::replace(&mut ev.takes_limits, false);
    scan(ev, level, &blank);
    ev.takes_limits = takes_limits;
    let had_limits = !ev.quotas.is_empty();
    scan(ev, level, &flatten(text, Join::Nothing).0);
    if !had_limits && ev.quotas.is_empty() {
        scan(ev, level, &blank);
    }
}

/// Reads the fields of a text that is itself a field, and no sentence.
pub(crate) fn read_fields(ev: &mut Evidence, level: u32, text: &str) {
    scan(ev, level, &flatten(text, Join::Nothing).0);
}

/// Stack lines name functions and numbers that mean nothing here.
fn without_stack(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n') {
        if !is_stack(line) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn is_stack(line: &str) -> bool {
    let line = line.trim_start();
    (line.starts_with("at ") && line.contains(':')) || line.starts_with("File \"")
}

fn scan(ev: &mut Evidence, base: u32, text: &str) {
    let mut depth = base;
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..) {
        let Some(c) = rest.chars().next() else { break };
        let length = match c {
            '{' | '[' => {
                depth = depth.saturating_add(1);
                1
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1).max(base);
                1
            }
            'a'..='z' | 'A'..='Z' | '_' | '@' => word(ev, depth, text, at),
            '0'..='9' => number(ev, depth, text, at),
            _ => c.len_utf8(),
        };
        at = at.saturating_add(length.max(1));
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@')
}

fn word_at(text: &str) -> &str {
    let length = text.bytes().take_while(|byte| is_word(*byte)).count();
    text.get(..length).unwrap_or("")
}

/// The word that ends the text, and what is before it.
fn word_before(text: &str) -> (&str, &str) {
    let trimmed = text.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let length = trimmed.bytes().rev().take_while(|byte| is_word(*byte)).count();
    trimmed.split_at_checked(trimmed.len().saturating_sub(length)).unwrap_or(("", ""))
}

/// The end of a text.
fn last(text: &str, max: usize) -> &str {
    let mut from = text.len().saturating_sub(max);
    while !text.is_char_boundary(from) {
        from = from.saturating_add(1);
    }
    text.get(from..).unwrap_or("")
}

/// Reads the word at a position and says how much of the text is done.
fn word(ev: &mut Evidence, depth: u32, text: &str, at: usize) -> usize {
    let (before, rest) = text.split_at_checked(at).unwrap_or(("", ""));
    let word = word_at(rest);
    let after = rest.get(word.len()..).unwrap_or("");
    let is_start = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if matches!(word, "http" | "https") && after.starts_with("://") {
        return address(ev, rest);
    }
    if word == "at" && before.trim_end_matches(' ').ends_with('\n') {
        let line = rest.split('\n').next().unwrap_or("");
        if is_stack(line) {
            return line.len();
        }
    }
    if is_start && matches!(word, "gemini" | "imagen" | "nano" | "veo") {
        let place = if before.ends_with("models/") { Place::Address } else { Place::Sentence };
        let is_known = rest.bytes().take(24).any(|byte| byte.is_ascii_digit())
            || rest.starts_with("nano-banana");
        if is_known {
            ev.names(if before.ends_with("/models/") { place } else { Place::Sentence }, rest);
        }
    }
    // A line end that lost its backslash sticks to the name behind it.
    let name = match word.strip_prefix('n') {
        Some(name) if before.ends_with(['{', ',', '[']) && field(name).is_some() => name,
        _ => word,
    };
    if let Some(known) = field(name) {
        if let Some(value) = value(known, before, after) {
            match known {
                Field::Message if value.contains(' ') && !value.starts_with(['{', '[']) => {
                    ev.says(depth, value);
                }
                _ => ev.entry(depth, known, value),
            }
        } else if known == Field::Limit {
            limit_in_words(ev, depth, after);
        }
    }
    if word.len() >= 4 && !word.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let (_, previous) = word_before(before);
        let is_status = previous.bytes().all(|byte| byte.is_ascii_digit())
            || previous.eq_ignore_ascii_case("status");
        ev.capitals(depth, word, is_status && !previous.is_empty());
    }
    if matches!(word, "in" | "In" | "after" | "After" | "wait") {
        wait(ev, before, word, after);
    }
    word.len()
}

/// An address: its numbers mean nothing, its model may.
fn address(ev: &mut Evidence, rest: &str) -> usize {
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | '>' | '}'));
    let address = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
    if let Some((_, model)) = address.rsplit_once("/models/") {
        ev.names(Place::Address, model);
    }
    address.len()
}

/// The value of a field whose name ends here: behind `:`, `=`, `=>` or, for a few, a brace.
fn value<'a>(known: Field, before: &str, after: &'a str) -> Option<&'a str> {
    let after = bounded(Some(after), SENTENCE_MAX)?;
    let is_sign = |c: char| matches!(c, '"' | '\'' | '`' | ' ' | '\n' | ':' | '=' | '>' | ']');
    let mut length = after.len().saturating_sub(after.trim_start_matches(is_sign).len());
    if length > SIGN_MAX {
        length = after.bytes().take(SIGN_MAX).count();
    }
    let (signs, mut rest) = after.split_at_checked(length)?;
    let has_sign = signs.contains([':', '=']);
    let is_container = rest.starts_with(['{', '[']) || rest.starts_with("map[");
    if !has_sign {
        let opens =
            rest.starts_with('{') && matches!(known, Field::RetryDelay | Field::QuotaDimensions);
        return opens.then_some("");
    }
    if is_container && !matches!(known, Field::Message) {
        return Some("");
    }
    // `--limit=0` and `retry-limit: 0` are some program's own.
    if before.ends_with('-') && matches!(known, Field::Limit | Field::Code | Field::Status) {
        return None;
    }
    // PHP's var_dump puts the type before the value.
    if let Some(typed) = rest.strip_prefix("int(") {
        rest = typed;
    } else if rest.starts_with("string(") {
        rest = rest.split_once('"').map_or("", |(_, value)| value);
        return Some(quoted(rest, '"', known));
    }
    match signs.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`')) {
        Some(quote) if signs.trim_end_matches(quote).contains([':', '=']) => {
            Some(quoted(rest, quote, known))
        }
        _ if known == Field::Message => None,
        _ => {
            let end = rest.find(|c: char| {
                c.is_whitespace() || matches!(c, ',' | '}' | ')' | ']' | ';' | '"' | '\'')
            });
            bounded(rest.get(..end.unwrap_or(rest.len())), VALUE_MAX)
        }
    }
}

/// A quoted value. A sentence may have quotes of its own: it ends at one that is followed by what
/// ends a field.
fn quoted(text: &str, quote: char, known: Field) -> &str {
    if known != Field::Message {
        return bounded(text.split(quote).next(), VALUE_MAX).unwrap_or("");
    }
    let mut end = 0_usize;
    for piece in text.split(quote) {
        end = end.saturating_add(piece.len());
        let after = text.get(end.saturating_add(1)..).unwrap_or("").trim_start();
        if after.is_empty() || after.starts_with([',', '}', ']', ')']) || end > SENTENCE_MAX {
            break;
        }
        end = end.saturating_add(1);
    }
    bounded(text.get(..end).or(Some(text)), SENTENCE_MAX).unwrap_or("")
}

fn bounded(value: Option<&str>, max: usize) -> Option<&str> {
    let value = value?;
    let mut end = value.len().min(max);
    while !value.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    value.get(..end)
}

/// `limit of 0`, `limit is 0`, `limit 0`.
fn limit_in_words(ev: &mut Evidence, depth: u32, after: &str) {
    let rest = after.trim_start_matches(' ');
    let rest = ["of ", "is ", "was ", "= "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let next = rest.get(digits..).and_then(|rest| rest.bytes().next());
    if rest.get(..digits) == Some("0") && !matches!(next, Some(b'a'..=b'z' | b'%')) {
        ev.entry(depth, Field::Limit, "0");
    }
}

/// Words before "retry in" that make it a client's own pause.
const OWN_PAUSE: [&str; 12] = [
    "will",
    "auto",
    "next",
    "first",
    "second",
    "ll",
    "and",
    "then",
    "to",
    "automatic",
    "attempt",
    "before",
];

/// The server's delays in words; those of clients are "retrying in", "waiting", "pausing".
fn wait(ev: &mut Evidence, before: &str, word: &str, after: &str) {
    let (earlier, verb) = word_before(before);
    let is = |known: &str| verb.eq_ignore_ascii_case(known);
    let (_, leading) = word_before(earlier);
    let leads = |known: &str| leading.eq_ignore_ascii_case(known);
    let is_named = match word {
        "wait" => is("please"),
        _ if is("retry") => !OWN_PAUSE.iter().any(|own| leads(own)),
        _ if is("again") => leads("try") || leads("request"),
        _ => is("reset") || is("resets"),
    };
    if !is_named {
        return;
    }
    let rest = after.trim_start_matches([' ', '\n', '"', '\'', '~', '*', '`']);
    let rest = ["about ", "approximately ", "at least ", "for "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest);
    let field = rest.strip_prefix([':', '=']);
    ev.delay(match field {
        // The header of that name, printed.
        Some(value) => hint::seconds(value.trim_start_matches([' ', '"', '\''])),
        None => hint::duration(rest),
    });
}

/// What stands before or behind a number that is a status.
const BEFORE: [&str; 12] = [
    "status",
    "code",
    "http",
    "error",
    "exception",
    "response",
    "returned",
    "responded",
    "failed",
    "got",
    "statuscode",
    "with",
];
const BEHIND: [&str; 16] = [
    "too",
    "service",
    "internal",
    "bad",
    "gateway",
    "unauthorized",
    "forbidden",
    "not",
    "payment",
    "payload",
    "request",
    "content",
    "deadline",
    "unavailable",
    "resource",
    "unknown",
];
/// Units that make a number an amount.
const AMOUNTS: [&str; 10] =
    ["ms", "s", "sec", "seconds", "images", "tokens", "requests", "bytes", "px", "items"];

/// Reads the number at a position: is it a status?
fn number(ev: &mut Evidence, depth: u32, text: &str, at: usize) -> usize {
    let (before, rest) = text.split_at_checked(at).unwrap_or(("", ""));
    let before = last(before, CONTEXT);
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
    let code = digits.parse::<u16>().ok().filter(|code| (400..600).contains(code));
    if let Some(code) = code.filter(|_| length == 3 && is_status(before, after)) {
        ev.number(depth, code);
    }
    length
}

fn is_status(before: &str, after: &str) -> bool {
    let next = after.chars().next();
    let second = after.chars().nth(1);
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match next {
        Some(c) if c.is_ascii_alphanumeric() => return false,
        Some('_' | '%' | '/' | '+') => return false,
        Some('.' | ',' | ':' | '-') if second.is_some_and(|c| c.is_ascii_alphanumeric()) => {
            // `Error 429:quota` and `503-` are statuses, positions and fractions are not.
            if next != Some(':') || is_digit(second) {
                return false;
            }
        }
        _ => {}
    }
    let previous = before.chars().next_back();
    match previous {
        Some(c) if c.is_ascii_alphanumeric() => return false,
        Some('.' | ',' | '-' | '_' | '/' | '#' | '$' | '+' | '~') => return false,
        // A position in a file, a port, a group of an IPv6 address.
        Some(':') => {
            let token = before.rsplit(char::is_whitespace).next().unwrap_or("");
            let name = token.trim_end_matches(':');
            if next == Some(':') || name.contains(['.', '/']) || is_digit(name.chars().next_back())
            {
                return false;
            }
        }
        _ => {}
    }
    let words_behind = after.trim_start_matches([' ', ']', ')', ':', '-']);
    let behind = word_at(words_behind);
    let is_one_of =
        |list: &[&str], word: &str| list.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is_one_of(&AMOUNTS, behind) {
        return false;
    }
    if canonical(behind).is_some() || (next == Some(' ') && is_one_of(&BEHIND, behind)) {
        return true;
    }
    let open = before.trim_end_matches([' ', '"', '\'']);
    if (open.ends_with('[') && matches!(next, Some(']' | ' ')))
        || (open.ends_with('(') && next == Some(')'))
    {
        return true;
    }
    let is_followed =
        behind.len() > 1 || words_behind.starts_with(['{', '[']) || !behind.is_ascii();
    if open.is_empty() || open.ends_with('\n') {
        return is_followed && matches!(next, Some(' ' | ':'));
    }
    let closing = open.trim_end_matches([':', '=', '(', '[', ' ', '"', '\'', '>']);
    if closing.len() < open.len() || before.ends_with(' ') {
        let tail = closing.rsplit([' ', '\n', '"', '\'', '(']).next().unwrap_or("");
        if tail.starts_with("HTTP/") {
            return true;
        }
        let (_, word) = word_before(closing);
        if !closing.ends_with(word) || closing.ends_with([',', ';']) {
            return false;
        }
        let word = word.to_ascii_lowercase();
        let ends = ["error", "exception", "status", "code"].iter().any(|end| word.ends_with(end));
        if ends || BEFORE.contains(&word.as_str()) {
            return true;
        }
        // `ResourceExhausted: 429 …`: the class of an exception.
        let class = word_before(closing).1;
        return open.ends_with(':')
            && is_followed
            && class.starts_with(|c: char| c.is_ascii_uppercase())
            && class.bytes().any(|byte| byte.is_ascii_lowercase());
    }
    false
}
