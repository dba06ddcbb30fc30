//! Searching in texts, in a few bytes of code: the standard library's search is fast on megabytes
//! and costs 5 KB of WebAssembly, and texts here are short.

/// Whether `part` occurs in `text`.
#[must_use]
pub fn contains(text: &str, part: &str) -> bool {
    find(text.as_bytes(), part.as_bytes()).is_some()
}

/// The text with every occurrence of `part` replaced; an empty part occurs nowhere.
#[must_use]
pub fn replace(text: &str, part: &str, with: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest.as_bytes(), part.as_bytes()).filter(|_| !part.is_empty()) {
        let (Some(before), Some(after)) =
            (rest.get(..at), rest.get(at.saturating_add(part.len())..))
        else {
            break;
        };
        replaced.push_str(before);
        replaced.push_str(with);
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// The texts one after the other, with `separator` between.
pub fn join<'a>(texts: impl IntoIterator<Item = &'a str>, separator: &str) -> String {
    let mut joined = String::new();
    for text in texts {
        if !joined.is_empty() {
            joined.push_str(separator);
        }
        joined.push_str(text);
    }
    joined
}

/// The index at which `part` begins in `text`.
pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    (0..text.len()).find(|&at| text.get(at..).is_some_and(|rest| rest.starts_with(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_and_replaced() {
        assert!(contains("a key=abc b", "key=") && !contains("a", "ab") && contains("äö", "ö"));
        assert_eq!(replace("k-1 and k-1, k-2", "k-1", "[x]"), "[x] and [x], k-2");
        assert_eq!(replace("aaa", "aa", "b"), "ba");
        assert_eq!(replace("text", "", "b"), "text");
        assert_eq!(join(["a", "b"], ", "), "a, b");
    }
}
