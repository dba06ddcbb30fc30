//! Foreign values in the form in which JavaScript hands them over; `js/boundary/copy.js` writes it.

use crate::base::slice::{bounded, digits, first, from, integer};
use crate::base::value::Value;
use crate::errors::normalize::hex;
use crate::protocol::address::origin;

/// Reads a value that JavaScript has copied; `Null` where the text is cut.
#[must_use]
pub fn read(text: &str) -> Value {
    Reader { rest: text }.value().unwrap_or(Value::Null)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Calls itself for what is inside; the writer goes no deeper than 10 levels.
    fn value(&mut self) -> Option<Value> {
        let (mark, rest) = first(self.rest)?;
        self.rest = rest;
        Some(match mark {
            't' => Value::Bool(true),
            'f' => Value::Bool(false),
            'd' => Value::Number(self.number()?),
            '"' => Value::String(self.text()?.to_owned()),
            '[' => {
                let mut items = Vec::new();
                while !self.take("]") {
                    items.push(self.value()?);
                }
                Value::Array(items)
            }
            '{' => Value::Object(self.entries()?),
            _ => Value::Null,
        })
    }

    fn entries(&mut self) -> Option<Vec<(String, Value)>> {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.text()?.to_owned();
            if self.take("@") {
                let kept = origin(self.text()?);
                entries.extend(kept.map(|kept| (key, Value::String(kept.to_owned()))));
            } else {
                entries.push((key, self.value()?));
            }
        }
        Some(entries)
    }

    fn take(&mut self, mark: &str) -> bool {
        let behind = self.rest.strip_prefix(mark);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// A text behind its length, in UTF-16 units.
    fn text(&mut self) -> Option<&'a str> {
        let (length, rest) = digits(self.rest);
        let rest = rest.strip_prefix(':')?;
        let (mut left, mut bytes) = (integer(length)?, 0_usize);
        for letter in rest.chars() {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(letter.len_utf16() as u64);
            bytes = bytes.saturating_add(letter.len_utf8());
        }
        self.rest = from(rest, bytes);
        (left == 0).then(|| bounded(rest, bytes))
    }

    /// A number by its bits in hexadecimal digits.
    fn number(&mut self) -> Option<f64> {
        let high = hex(self.rest, 8)?;
        let low = hex(from(self.rest, 8), 8)?;
        self.rest = from(self.rest, 16);
        Some(f64::from_bits(u64::from(high).wrapping_shl(32) | u64::from(low)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let copied = r#"{1:an1:bt1:c[fd3ff8000000000000]1:d"3:x:y1:e{}}"#;
        let want = [
            ("a", Value::Null),
            ("b", Value::Bool(true)),
            ("c", Value::Array(vec![Value::Bool(false), Value::Number(1.5)])),
            ("d", text("x:y")),
            ("e", Value::Object(Vec::new())),
        ];
        let want = want.map(|(key, value)| (key.to_owned(), value));
        assert_eq!(read(copied), Value::Object(want.to_vec()));
        assert!(matches!(read("d7ff8000000000000"), Value::Number(number) if number.is_nan()));
    }

    #[test]
    fn lengths_are_those_of_javascript() {
        assert_eq!(read("[\"5:aé𝕏b\"1:]]"), Value::Array(vec![text("aé𝕏b"), text("]")]));
        // Half of a pair is one unit there, and comes as one character.
        assert_eq!(read("[\"2:\u{fffd}x]"), Value::Array(vec![text("\u{fffd}x")]));
    }

    #[test]
    fn of_an_address_the_origin_is_kept() {
        let kept = vec![("l".to_owned(), text("https://h"))];
        assert_eq!(read("{1:l@15:https://h/a?k=b}"), Value::Object(kept));
        assert_eq!(read("{1:l@2:/a}"), Value::Object(Vec::new()));
    }

    #[test]
    fn what_is_cut_is_nothing() {
        let whole = r#"{1:a["1:xd3ff8000000000000t]1:b@9:https://h}"#;
        for end in 0..whole.len() {
            assert_eq!(read(bounded(whole, end)), Value::Null, "{end}");
        }
    }
}
