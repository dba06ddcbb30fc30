//! Parts of texts, by byte and without patterns: the standard library's generic searchers would
//! cost several kilobytes of WebAssembly here, one copy a kind of pattern.

/// The first character, and what is behind it.
#[inline(never)]
pub(crate) fn first(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    chars.next().map(|c| (c, chars.as_str()))
}

/// The text from a byte on, or from the next character where that is within one.
#[inline(never)]
pub(crate) fn from(text: &str, mut at: usize) -> &str {
    while at < text.len() && !text.is_char_boundary(at) {
        at = at.saturating_add(1);
    }
    text.get(at..).unwrap_or("")
}

/// The text up to `max` bytes, cut between characters.
#[inline(never)]
pub(crate) fn bounded(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or("")
}

/// The last `max` bytes, cut between characters.
#[inline(never)]
pub(crate) fn last(text: &str, max: usize) -> &str {
    from(text, text.len().saturating_sub(max))
}

/// The text behind all leading bytes of an ASCII set.
#[inline(never)]
pub(crate) fn skip<'a>(text: &'a str, set: &str) -> &'a str {
    let length = text.bytes().take_while(|byte| has(set, *byte)).count();
    from(text, length)
}

/// The text before all trailing bytes of an ASCII set.
#[inline(never)]
pub(crate) fn skip_back<'a>(text: &'a str, set: &str) -> &'a str {
    let length = text.bytes().rev().take_while(|byte| has(set, *byte)).count();
    bounded(text, text.len().saturating_sub(length))
}

/// The text before the first byte of an ASCII set, or all of it.
#[inline(never)]
pub(crate) fn until<'a>(text: &'a str, set: &str) -> &'a str {
    let length = text.bytes().take_while(|byte| !has(set, *byte)).count();
    bounded(text, length)
}

/// Whether a text begins with a byte of an ASCII set.
#[inline(never)]
pub(crate) fn begins(text: &str, set: &str) -> bool {
    text.bytes().next().is_some_and(|byte| has(set, byte))
}

/// Whether a text ends with a byte of an ASCII set.
#[inline(never)]
pub(crate) fn ends(text: &str, set: &str) -> bool {
    text.bytes().next_back().is_some_and(|byte| has(set, byte))
}

/// Whether an ASCII set has the byte.
#[inline(never)]
pub(crate) fn has(set: &str, byte: u8) -> bool {
    set.bytes().any(|known| known == byte)
}

/// The text behind the last occurrence of a part.
#[inline(never)]
pub(crate) fn after_last<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    let mut found = None;
    let mut rest = text;
    while let Some((_, after)) = first(rest) {
        found = rest.strip_prefix(part).or(found);
        rest = after;
    }
    found
}

/// The whole number that a text is; `None` for anything else.
#[inline(never)]
pub(crate) fn integer(text: &str) -> Option<u64> {
    let value = text.bytes().try_fold(0_u64, |value, byte| {
        let digit = u64::from(byte.wrapping_sub(b'0'));
        (digit < 10).then(|| value.saturating_mul(10).saturating_add(digit))
    });
    value.filter(|_| !text.is_empty())
}

/// The decimal digits at the start of a text, and what is behind them.
#[inline(never)]
pub(crate) fn digits(text: &str) -> (&str, &str) {
    let rest = skip(text, "0123456789");
    (bounded(text, text.len().saturating_sub(rest.len())), rest)
}

/// Whether one word is in a list set apart by blanks, in whatever case.
#[inline(never)]
pub(crate) fn lists(list: &str, word: &str) -> bool {
    let mut rest = list;
    while !rest.is_empty() {
        let known = until(rest, " ");
        if known.eq_ignore_ascii_case(word) {
            return true;
        }
        rest = from(rest, known.len().saturating_add(1));
    }
    false
}

/// Adds a whole number in decimal digits; `to_string` would bring the formatting machinery along.
#[inline(never)]
pub(crate) fn decimal(number: u64, out: &mut String) {
    // From the last digit to the first, of which there are twenty at most.
    let mut rest = number;
    let mut digits = [0_u8; 20];
    let mut length = 0_usize;
    for digit in &mut digits {
        *digit = u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        length = length.saturating_add(1);
        if rest == 0 {
            break;
        }
    }
    for digit in digits.iter().take(length).rev() {
        out.push(char::from(b'0'.wrapping_add(*digit)));
    }
}
