//! Statuses: the canonical names, and which of the numbers in a text is one.

use crate::base::slice::{
    after_last, begins, bounded, ends, first, has, integer, last, lists, skip, skip_back,
};

/// The canonical status names and their HTTP status (google/rpc/code.proto).
pub(crate) const CANONICAL: &[(&str, u16)] = &[
    ("CANCELLED", 499),
    ("UNKNOWN", 500),
    ("INVALID_ARGUMENT", 400),
    ("DEADLINE_EXCEEDED", 504),
    ("NOT_FOUND", 404),
    ("ALREADY_EXISTS", 409),
    ("PERMISSION_DENIED", 403),
    ("RESOURCE_EXHAUSTED", 429),
    ("FAILED_PRECONDITION", 400),
    ("ABORTED", 409),
    ("OUT_OF_RANGE", 400),
    ("UNIMPLEMENTED", 501),
    ("INTERNAL", 500),
    ("UNAVAILABLE", 503),
    ("DATA_LOSS", 500),
    ("UNAUTHENTICATED", 401),
];

/// The HTTP status of a canonical status name.
#[inline(never)]
pub(crate) fn canonical(name: &str) -> Option<u16> {
    CANONICAL.iter().find(|(known, _)| *known == name).map(|row| row.1)
}

/// How much of the text before a number is looked at, and behind it.
const CONTEXT: usize = 120;

/// Words before a number that is a status.
const BEFORE: &str =
    "status code http error exception response returned responded failed got statuscode with";
/// Words behind it.
const BEHIND: &str = "too service internal bad gateway unauthorized forbidden not payment payload \
                      request content deadline unavailable resource unknown error";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
/// Words that make a number an amount.
const AMOUNTS: &str = "ms s sec seconds images tokens requests bytes px items";

/// The status that the number between two texts is. Request ids, ports, positions in files and
/// amounts are none.
#[inline(never)]
pub(crate) fn status(before: &str, number: &str, after: &str) -> Option<u16> {
    let code = integer(number).filter(|code| number.len() == 3 && (400..600).contains(code))?;
    is_status(last(before, CONTEXT), bounded(after, CONTEXT)).then(|| u16::try_from(code).ok())?
}

fn is_status(before: &str, after: &str) -> bool {
    if is_part(before, after) {
        return false;
    }
    let next = after.bytes().next().unwrap_or(b'\n');
    let behind = skip(after, " ]():-");
    let word = word_at(behind);
    if lists(AMOUNTS, word) {
        return false;
    }
    // python-genai: `400 * GenerateContentRequest.contents: …`.
    if next == b' ' && begins(behind, "*") {
        return true;
    }
    if canonical(word).is_some() || (next == b' ' && lists(BEHIND, word)) {
        return true;
    }
    is_introduced(before, next, behind, word)
}

/// Whether the signs beside a number make it a part of something else: a position, a port, an id.
fn is_part(before: &str, after: &str) -> bool {
    let mut next = after.bytes();
    let (next, second) = (next.next().unwrap_or(b'\n'), next.next().unwrap_or(b' '));
    let previous = before.bytes().next_back().unwrap_or(b'\n');
    // `Error 429:quota` is a status; positions, fractions and ids are not.
    if next.is_ascii_alphanumeric()
        || has("_%/+", next)
        || (next == b':' && second.is_ascii_digit())
        || (has(".,-", next) && second.is_ascii_alphanumeric())
        || previous.is_ascii_alphanumeric()
        || has(".,-_/#$+~", previous)
    {
        return true;
    }
    // The key of a table of status codes.
    if has("'\"", previous) && has("'\"", next) && second == b':' {
        return true;
    }
    // A position in a file, a port, a group of an IPv6 address.
    if previous == b':' {
        let token = after_last(before, " ").unwrap_or(before);
        let token = after_last(token, "\n").unwrap_or(token);
        let name = skip_back(token, ":");
        if next == b':' || name.bytes().any(|byte| has("./", byte)) || ends(name, "0123456789") {
            return true;
        }
    }
    false
}

/// Whether the words before a number, or around it, say that it is a status.
fn is_introduced(before: &str, next: u8, behind: &str, word: &str) -> bool {
    let open = skip_back(before, " \"'");
    // Cloudflare's title `… | 520: Web server is …`, and Gin's log.
    if ends(open, "|") && (next == b':' || behind.starts_with("|")) {
        return true;
    }
    if (ends(open, "[") && has("] ", next))
        || (ends(open, "(") && next == b')')
        || (ends(open, "<") && next == b'>')
    {
        return true;
    }
    let is_followed =
        word.len() > 1 || begins(behind, "{[") || first(behind).is_some_and(|(c, _)| !c.is_ascii());
    if open.is_empty() || ends(open, "\n") {
        return is_followed && has(" :", next);
    }
    let closing = skip_back(open, ":=([ \"'>,");
    if closing.len() == before.len() {
        return false;
    }
    let (earlier, word) = word_before(closing);
    // `a status of 429`.
    let word = if word == "of" { word_before(earlier).1 } else { word };
    let is_version = closing.ends_with("HTTP/1.1") || closing.ends_with("HTTP/2");
    if is_version || word.is_empty() || !ends(closing, LETTERS) {
        return is_version;
    }
    let ends_so = |end: &str| last(word, end.len()).eq_ignore_ascii_case(end);
    // `ResourceExhausted: 429 …`: the class of an exception.
    let is_class = ends(open, ":")
        && is_followed
        && word.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase())
        && word.bytes().any(|byte| byte.is_ascii_lowercase());
    is_class
        || lists(BEFORE, word)
        || ["error", "exception", "status", "code"].into_iter().any(ends_so)
}

/// The word at the start of a text.
#[inline(never)]
pub(crate) fn word_at(text: &str) -> &str {
    let length = text.bytes().take_while(|byte| is_word(*byte)).count();
    bounded(text, length)
}

/// The word that ends a text, and what is before it.
#[inline(never)]
pub(crate) fn word_before(text: &str) -> (&str, &str) {
    let between = text.bytes().rev().take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    let text = bounded(text, text.len().saturating_sub(between));
    let length = text.bytes().rev().take_while(|byte| is_word(*byte)).count();
    text.split_at_checked(text.len().saturating_sub(length)).unwrap_or(("", ""))
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::slice::digits;

    fn statuses(text: &str) -> Vec<u16> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let (number, after) = digits(rest);
            found.extend(status(bounded(text, at), number, after));
            at += number.len().max(rest.chars().next().map_or(1, char::len_utf8));
        }
        found
    }

    #[test]
    fn a_number_is_a_status_by_what_stands_around_it() {
        for text in [
            "[429 Too Many Requests]",
            "[429 ] sorry",
            "[429]: sorry",
            "Error 429: sorry",
            "error (429): sorry",
            "429 RESOURCE_EXHAUSTED",
            "failed with status code 429",
            "got status: 429 Too",
            "HTTP 429 from there",
            "HTTP/1.1 429 Too Many",
            "ResourceExhausted: 429 sorry",
            "status_code=429",
            "API Error: 429 {\"error\"",
            "429: sorry",
            "one\n429 sorry",
            "错误 (429)",
            "responded with a status of 429 ()",
            "not a success: 429 (Too Many Requests).",
            "ClientException: 429 . You",
        ] {
            assert_eq!(statuses(text), [429], "{text}");
        }
    }

    #[test]
    fn other_numbers_are_not() {
        for text in [
            "job 429",
            "client 503: gone",
            "index.js:429:17",
            "index.js:429",
            "[::ffff:500]:443",
            "2607:f8b0:500::1",
            "127.0.0.1:500",
            "error-code-429",
            "#429",
            "code 429.5",
            "error 4290",
            "429 ms",
            "status 500 images",
            "12:01:44.503",
            "-32503",
            "v500",
            "500%",
            "id_429",
            "{ '402': 'Payment Required', '429': 'Too Many Requests' }",
        ] {
            assert_eq!(statuses(text), [], "{text}");
        }
    }
}
