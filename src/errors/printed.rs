//! The parts of a printed error that show its client: the request, options, agents, a table of
//! status codes. They are no evidence of the cause, and are left out before a text is read.

use crate::base::slice::{after_last, bounded, ends, first, from, last, skip_back};
use crate::errors::evidence::{Evidence, Place};
use crate::errors::field::{Field, field};

/// How many braces are looked at: a printed error has hundreds.
const BRACES_MAX: u32 = 20_000;
/// How far the name of a value may be from its brace: a class may stand between.
const NAME_MAX: usize = 120;

/// The text with what it shows of a client emptied; `None` where it shows nothing of one.
pub(crate) fn without_client(ev: &mut Evidence, text: &str) -> Option<String> {
    let mut out: Option<String> = None;
    let (mut done, mut at) = (0_usize, 0_usize);
    let (mut left, mut before) = (BRACES_MAX, b' ');
    while let Some(byte) = text.as_bytes().get(at) {
        let start = at;
        at = at.saturating_add(1);
        let follows = matches!(core::mem::replace(&mut before, *byte), b' ' | b':' | b'=');
        if !follows || !matches!(byte, b'{' | b'[') {
            continue;
        }
        let Some(fewer) = left.checked_sub(1) else { break };
        left = fewer;
        let Some(sign) = name_end(bounded(text, start)) else { continue };
        let mut length = balanced(from(text, start));
        // `[Object: null prototype] {`, `Object [AxiosHeaders] {`.
        let behind = from(text, start.saturating_add(length));
        if *byte == b'[' && behind.starts_with(" {") {
            length = length.saturating_add(1).saturating_add(balanced(from(behind, 1)));
        }
        let inner = bounded(from(text, start), length);
        if let Some(model) = after_last(bounded(inner, 4_000), "/models/") {
            ev.names(Place::Address, model);
        }
        let out = out.get_or_insert_default();
        out.push_str(text.get(done..sign).unwrap_or(""));
        out.push_str(" {}");
        done = start.saturating_add(length);
        at = done;
    }
    let mut out = out?;
    out.push_str(from(text, done));
    Some(out)
}

/// The end of the sign behind a client's name, when the text before a brace is such a name with its
/// sign and perhaps a class: `config: {`, `_options = {`, `request: <ref *1> ClientRequest {`.
fn name_end(before: &str) -> Option<usize> {
    let near = last(before, NAME_MAX);
    let line = after_last(near, "\n").unwrap_or(near);
    let plain = skip_back(line, " ");
    // A class has no signs of its own: what is neither is looked for from the end.
    let class = plain.bytes().rev().take_while(|byte| is_class(*byte)).count();
    let signed = bounded(plain, plain.len().saturating_sub(class));
    if !ends(signed, ":=") {
        return None;
    }
    let named = skip_back(signed, ":= ");
    let named = skip_back(named, "\"'\\");
    let symbol = named.strip_suffix("]").and_then(|name| name.rfind("[Symbol("));
    let (name, earlier) = match symbol {
        Some(start) => ("_", bounded(named, start)),
        None => {
            let is_name =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-');
            let length = named.bytes().rev().take_while(is_name).count();
            let start = named.len().saturating_sub(length);
            (from(named, start), bounded(named, start))
        }
    };
    let earlier = skip_back(skip_back(earlier, "\"'\\"), " ");
    // A name that begins a line is a class or a label; a key is indented.
    let is_indented = line.starts_with(" ") && line.len() < NAME_MAX;
    let is_key = (earlier.is_empty() && is_indented) || ends(earlier, "{,[");
    let behind = line.len().saturating_sub(signed.len());
    (is_key && is_client(name)).then(|| before.len().saturating_sub(behind))
}

const fn is_class(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b' ' | b'_' | b'$' | b'<' | b'>' | b'*' | b'(' | b')')
}

/// Whether a value of this name is the client's. A leading underscore marks what is private to a
/// class, but for an answer that came back.
pub(crate) fn is_client(name: &str) -> bool {
    if let Some(private) = name.strip_prefix('_') {
        let is_back =
            ["res", "body", "data", "error", "cause"].iter().any(|back| private.starts_with(back));
        return !is_back;
    }
    let is_settings =
        |end: &str| name.len() > end.len() && last(name, end.len()).eq_ignore_ascii_case(end);
    field(name) == Some(Field::Skip) || is_settings("options") || is_settings("config")
}

/// The length of the value at the start of a text, up to the brace that closes it, or to the end
/// of a text that was cut.
fn balanced(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut rest = text;
    let mut previous = ' ';
    while let Some((c, after)) = first(rest) {
        rest = after;
        match c {
            '{' | '[' => depth = depth.saturating_add(1),
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.len().saturating_sub(rest.len());
                }
            }
            '"' | '\'' | '`' if " \n[{(,:=+".contains(previous) => rest = behind_string(c, after),
            _ => {}
        }
        previous = c;
    }
    text.len()
}

/// The rest behind a text in quotes, which ends on its line; an apostrophe begins none.
fn behind_string(quote: char, text: &str) -> &str {
    let mut rest = text;
    while let Some((c, after)) = first(rest) {
        rest = after;
        match c {
            '\\' => rest = first(after).map_or("", |(_, behind)| behind),
            '\n' => return text,
            _ if c == quote => return rest,
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::WallTime;

    fn emptied(text: &str) -> String {
        let mut ev = Evidence::new(WallTime(0));
        without_client(&mut ev, text).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn what_a_client_had_is_left_out() {
        for (text, left) in [
            ("{ config: { a: [1, '}'] }, code: 1 }", "{ config: {}, code: 1 }"),
            ("{\"config\":{\"a\":{}},\"code\":1}", "{\"config\": {},\"code\":1}"),
            (
                "{\n  request: <ref *1> ClientRequest {\n    _a: 1\n  },\n  b: 2",
                "{\n  request: {},\n  b: 2",
            ),
            ("  config: [Object: null prototype] { a: 1 },", "  config: {},"),
            ("{ [Symbol(state)]: State { a: 1 }, b: 2 }", "{ [Symbol(state)]: {}, b: 2 }"),
            (
                "{ _rp_options: { a: 1 }, retryOptions: { b: 2 } }",
                "{ _rp_options: {}, retryOptions: {} }",
            ),
            ("{ options: { a: 'cut", "{ options: {}"),
            ("{ STATUS_CODES: { '402': 'Payment Required' } }", "{ STATUS_CODES: {} }"),
        ] {
            assert_eq!(emptied(text), left, "{text}");
        }
    }

    #[test]
    fn what_came_back_is_not() {
        for text in [
            "400 Bad request: {\"error\":{\"code\":400}}",
            "{ response: { data: { error: { code: 429 } } } }",
            "{ _body: { error: { code: 429 } }, _response: { a: 1 } }",
            "Invalid config: [\"a\"] is not a list",
            "{ details: [ { links: 1 } ] }",
            "_GaxiosError: [{ \"error\": 1 }]",
        ] {
            assert_eq!(emptied(text), text);
        }
    }

    #[test]
    fn the_model_of_its_address_is_kept() {
        let mut ev = Evidence::new(WallTime(0));
        let text = "{ config: { url: 'https://a.example/v1beta/models/gemini-3-pro-image:generateContent' } }";
        assert!(without_client(&mut ev, text).is_some());
        assert_eq!(ev.model(), Some("gemini-3-pro-image"));
    }
}
