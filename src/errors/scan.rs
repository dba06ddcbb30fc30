//! Texts read by pattern: what JSON, repr, protobuf text, maps and prose have in common is a name,
//! a sign and a value, so one pass over the words finds fields in all of them.

use crate::base::slice::{
    after_last, begins, bounded, digits, ends, first, from, has, last, lists, skip, skip_back,
    until,
};
use crate::errors::evidence::{Evidence, Place};
use crate::errors::field::{Field, field};
use crate::errors::hint;
use crate::errors::normalize::{Join, QUOTES, flatten};
use crate::errors::status::{status, word_at, word_before};

/// How long a value may be, and a sentence.
const VALUE_MAX: usize = 200;
const SENTENCE_MAX: usize = 1_500;
/// How far a value may be from its name.
const SIGN_MAX: usize = 24;
/// How much of the text before a brace is looked at.
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

/// Whether a brace that follows opens a message of protobuf text, which only makes sense with its
/// name.
pub(crate) fn is_message_field(before: &str) -> bool {
    let name = word_before(last(before, CONTEXT)).1;
    ends(before, " ") && matches!(field(name), Some(Field::RetryDelay | Field::QuotaDimensions))
}

/// Stack lines name functions and numbers that mean nothing here.
fn without_stack(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let line = until(rest, "\n");
        if !is_stack(line) && !is_status_row(line) {
            out.push_str(line);
            out.push('\n');
        }
        rest = from(rest, line.len().saturating_add(1));
    }
    out
}

/// A row of a printed table of status codes, `'402': 'Payment Required',`.
fn is_status_row(line: &str) -> bool {
    let (number, rest) = digits(skip(line, " '\""));
    number.len() == 3 && (rest.starts_with("': '") || rest.starts_with("\": \""))
}

fn is_stack(line: &str) -> bool {
    let line = skip(line, " ");
    (line.starts_with("at ") && line.bytes().any(|byte| byte == b':'))
        || line.starts_with("File \"")
}

fn scan(ev: &mut Evidence, base: u32, text: &str) {
    let mut depth = base;
    let mut rest = text;
    while let Some((c, after)) = first(rest) {
        let before = bounded(text, text.len().saturating_sub(rest.len()));
        rest = match c {
            '{' | '[' => {
                depth = depth.saturating_add(1);
                after
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1).max(base);
                after
            }
            'a'..='z' | 'A'..='Z' | '_' | '@' => word(ev, depth, before, rest),
            '0'..='9' => {
                let (number, behind) = digits(rest);
                if let Some(code) = status(before, number, behind) {
                    ev.number(depth, code);
                }
                behind
            }
            _ => after,
        };
    }
}

/// Reads the word at the start of the rest, and gives what is left to read.
#[inline(never)]
fn word<'a>(ev: &mut Evidence, depth: u32, before: &str, rest: &'a str) -> &'a str {
    let word = word_at(rest);
    let after = from(rest, word.len());
    if lists("http https", word) && after.starts_with("://") {
        return address(ev, rest);
    }
    if word == "at" && ends(skip_back(before, " "), "\n") {
        let line = until(rest, "\n");
        if is_stack(line) {
            return from(rest, line.len());
        }
    }
    if lists("gemini imagen nano veo", word) && names_version(before, rest) {
        let is_address = before.ends_with("/models/");
        ev.names(if is_address { Place::Address } else { Place::Sentence }, rest);
    }
    // A line end that lost its backslash sticks to the name behind it.
    let name = match word.strip_prefix("n") {
        Some(name) if ends(before, "{,[") && field(name).is_some() => name,
        _ => word,
    };
    if let Some(known) = field(name) {
        match value(known, before, after) {
            Some(value) if known == Field::Message && !begins(value, "{[") => ev.says(depth, value),
            Some(value) => ev.entry(depth, known, value),
            None if known == Field::Limit => limit_in_words(ev, depth, after),
            // `Quota exceeded for metric generate_…, limit: 20`.
            None if known == Field::Metric && before.ends_with("for ") => {
                ev.entry(depth, known, until(skip(after, " "), " ,\n"));
            }
            None => {}
        }
    }
    if word.len() >= 4 && !word.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let previous = word_before(before).1;
        ev.capitals(depth, word, lists("status", previous) || ends(previous, "0123456789"));
    }
    if lists("in after wait", word) {
        wait(ev, before, word, after);
    }
    after
}

/// Whether a name that begins so is one of a model and not of a program, as `gemini-cli` is.
#[inline(never)]
fn names_version(before: &str, text: &str) -> bool {
    let is_id = |byte: &u8| byte.is_ascii_lowercase() || has("0123456789-.", *byte);
    let has_number = text.bytes().take_while(is_id).any(|byte| byte.is_ascii_digit());
    let is_start = !ends(before, "-.") && (has_number || text.starts_with("nano-banana"));
    is_start && !before.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// An address: its numbers mean nothing, its model may.
#[inline(never)]
fn address<'a>(ev: &mut Evidence, rest: &'a str) -> &'a str {
    let address = until(rest, " \n\"'`)>}");
    if let Some(model) = after_last(bounded(address, SENTENCE_MAX), "/models/") {
        ev.names(Place::Address, model);
    }
    from(rest, address.len())
}

/// The value of a field whose name ends here: behind `:`, `=`, `=>` or, for a few, a brace.
#[inline(never)]
fn value<'a>(known: Field, before: &str, after: &'a str) -> Option<&'a str> {
    let after = bounded(after, SENTENCE_MAX);
    let rest = skip(bounded(after, SIGN_MAX), "\"'` \n:=>]");
    let length = after.len().min(SIGN_MAX).saturating_sub(rest.len());
    let (signs, rest) = after.split_at_checked(length)?;
    let is_container = begins(rest, "{[") || rest.starts_with("map[");
    if !signs.bytes().any(|byte| has(":=", byte)) {
        let is_message = matches!(known, Field::RetryDelay | Field::QuotaDimensions);
        return (is_message && begins(rest, "{")).then_some("");
    }
    // `--limit=0` and `retry-limit: 0` are some program's own.
    if ends(before, "-") && matches!(known, Field::Limit | Field::Code | Field::Status) {
        return None;
    }
    if is_container && known != Field::Message {
        return Some("");
    }
    // PHP's var_dump puts the type before the value.
    if rest.starts_with("string(") {
        return Some(quoted(from(rest, until(rest, "\"").len().saturating_add(1)), "\"", known));
    }
    let rest = rest.strip_prefix("int(").unwrap_or(rest);
    let quote = last(signs, 1);
    if begins(quote, QUOTES) && ends(skip_back(signs, QUOTES), " \n:=>") {
        return Some(quoted(rest, quote, known));
    }
    (known != Field::Message).then(|| bounded(until(rest, " \n,})];\"'"), VALUE_MAX))
}

/// A quoted value. A sentence may have quotes of its own: it ends at one that is followed by what
/// ends a field.
fn quoted<'a>(text: &'a str, quote: &str, known: Field) -> &'a str {
    if known != Field::Message {
        return bounded(until(text, quote), VALUE_MAX);
    }
    let mut end = 0_usize;
    loop {
        end = end.saturating_add(until(from(text, end), quote).len());
        let after = skip(from(text, end.saturating_add(1)), " \n");
        if after.is_empty() || begins(after, ",}])") {
            return bounded(text, end);
        }
        end = end.saturating_add(1);
    }
}

/// `limit of 0`, `limit is 0`, `limit 0`.
#[inline(never)]
fn limit_in_words(ev: &mut Evidence, depth: u32, after: &str) {
    let rest = skip(bounded(after, SIGN_MAX), " ");
    let first = word_at(rest);
    let rest = if lists("of is was", first) { skip(from(rest, first.len()), " ") } else { rest };
    let (number, behind) = digits(rest);
    let is_zero = number == "0" && word_at(behind).is_empty() && !begins(behind, "%");
    if is_zero || behind.starts_with(", Used ") || behind.starts_with(", Requested ") {
        ev.entry(depth, Field::Limit, number);
    }
}

/// Words before "retry in" that make it a client's own pause.
const OWN_PAUSE: &str = "will auto next first second ll and then to automatic attempt before";

/// The server's delays in words; those of clients are "retrying in", "waiting", "pausing".
#[inline(never)]
fn wait(ev: &mut Evidence, before: &str, word: &str, after: &str) {
    let (earlier, verb) = word_before(last(before, CONTEXT));
    let leading = word_before(earlier).1;
    let is_named = if lists("wait", word) {
        lists("please", verb)
    } else {
        (lists("retry", verb) && !lists(OWN_PAUSE, leading))
            || (lists("again", verb) && lists("try request", leading))
            || lists("reset resets", verb)
    };
    if !is_named {
        return;
    }
    let mut rest = skip(bounded(after, VALUE_MAX), " \n\"'~*`");
    while lists("about approximately at least for", word_at(rest)) && !word_at(rest).is_empty() {
        rest = skip(from(rest, word_at(rest).len()), " ");
    }
    // With a sign it is the header of that name, printed, which counts seconds.
    let field = skip(rest, ":= \"'");
    let is_field = field.len() < rest.len();
    ev.delay(if is_field { hint::seconds(field) } else { hint::duration(rest) });
}
