//! One tolerant reader for what errors carry as text: JSON, Python's repr, util.inspect, Elixir.
//!
//! It is iterative, takes time in proportion to the text, and builds nothing deep, so that no text
//! can overflow a stack, neither in reading nor when the value is dropped.

use crate::fold::{hex, is_frame};
use crate::value::Value;

const DEPTH_MAX: usize = 64;
const NODES_MAX: usize = 20_000;

/// Reads the object or list at the start of `text` and says where it ends.
///
/// A text that ends inside the value is taken as cut: what was read counts. Anything that is not
/// a value, is deeper than 64 levels or has more than 20,000 parts gives `None`.
#[must_use]
pub fn read(text: &str) -> Option<(Value, usize)> {
    Reader { text, at: 0 }.run()
}

/// Whether a value could start here, so that prose in brackets is not tried.
pub(crate) fn looks_like_value(text: &str) -> bool {
    let mut rest = text.bytes();
    let opening = rest.next();
    let next = rest.find(|byte| !byte.is_ascii_whitespace());
    match opening {
        Some(b'{') => next.is_some_and(|byte| is_word(byte) || matches!(byte, b'"' | b'\'' | b'}')),
        Some(b'[') => matches!(next, Some(b'{' | b'"' | b'\'')),
        _ => false,
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'$' | b'-' | b'.')
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

enum Open {
    Object(Vec<(String, Value)>, String),
    Array(Vec<Value>),
}

impl Open {
    fn close(self) -> Value {
        match self {
            Self::Object(entries, _) => Value::Object(entries),
            Self::Array(items) => Value::Array(items),
        }
    }

    fn add(&mut self, value: Value) {
        match self {
            Self::Object(entries, key) => entries.push((core::mem::take(key), value)),
            Self::Array(items) => items.push(value),
        }
    }
}

impl Reader<'_> {
    fn run(mut self) -> Option<(Value, usize)> {
        let mut open: Vec<Open> = Vec::new();
        let mut nodes = 0_usize;
        loop {
            self.blanks();
            // A text that ends here was cut: everything still open is closed.
            let Some(byte) = self.peek() else {
                let mut last = open.pop()?;
                while let Some(mut parent) = open.pop() {
                    parent.add(last.close());
                    last = parent;
                }
                return Some((last.close(), self.at));
            };
            if matches!(byte, b'}' | b']') {
                self.skip();
                let done = open.pop()?;
                if matches!(done, Open::Object(..)) != (byte == b'}') {
                    return None;
                }
                match open.last_mut() {
                    Some(parent) => parent.add(done.close()),
                    None => return Some((done.close(), self.at)),
                }
                self.separator()?;
                continue;
            }
            nodes = nodes.saturating_add(1);
            if nodes > NODES_MAX || open.len() >= DEPTH_MAX {
                return None;
            }
            if let Some(Open::Object(_, key)) = open.last_mut() {
                *key = self.key()?;
                self.blanks();
            }
            match self.peek() {
                Some(b'{') => {
                    self.skip();
                    open.push(Open::Object(Vec::new(), String::new()));
                }
                Some(b'%') if self.text.get(self.at..)?.starts_with("%{") => {
                    self.at = self.at.saturating_add(2);
                    open.push(Open::Object(Vec::new(), String::new()));
                }
                Some(b'[') => {
                    self.skip();
                    open.push(Open::Array(Vec::new()));
                }
                Some(_) => {
                    let value = self.scalar()?;
                    open.last_mut()?.add(value);
                    self.separator()?;
                }
                None => {}
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn skip(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn blanks(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or("");
        let after = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || is_frame(c));
        self.at = self.text.len().saturating_sub(after.len());
    }

    /// A comma, or what ends a container, or the end of the text.
    fn separator(&mut self) -> Option<()> {
        self.blanks();
        match self.peek() {
            Some(b',') => {
                self.skip();
                Some(())
            }
            Some(b'}' | b']') | None => Some(()),
            _ => None,
        }
    }

    /// A key with its colon, `=>` or `=`.
    fn key(&mut self) -> Option<String> {
        let key = match self.peek()? {
            b'"' | b'\'' | b'`' => self.string(),
            _ => self.word()?.to_owned(),
        };
        self.blanks();
        let rest = self.text.get(self.at..)?;
        for sign in ["=>", ":", "="] {
            if rest.starts_with(sign) {
                self.at = self.at.saturating_add(sign.len());
                return Some(key);
            }
        }
        rest.is_empty().then_some(key)
    }

    fn word(&mut self) -> Option<&str> {
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        self.at = self.at.saturating_add(length);
        rest.get(..length).filter(|word| !word.is_empty())
    }

    fn scalar(&mut self) -> Option<Value> {
        if matches!(self.peek(), Some(b'"' | b'\'' | b'`')) {
            return Some(Value::String(self.string()));
        }
        if self.text.get(self.at..).is_some_and(|rest| {
            rest.starts_with("[Object") || rest.starts_with("[Array") || rest.starts_with("[Getter")
        }) {
            let rest = self.text.get(self.at..)?;
            self.at = self.at.saturating_add(rest.find(']')?).saturating_add(1);
            return Some(Value::Null);
        }
        if self.peek() == Some(b':') {
            self.skip();
        }
        let word = self.word()?;
        let value = match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" | "nil" | "undefined" => Value::Null,
            // The prefixes of Python: the quote follows at once.
            "b" | "u" | "r" => Value::Null,
            _ => number(word).unwrap_or_else(|| Value::String(word.to_owned())),
        };
        if matches!(self.peek(), Some(b'"' | b'\'')) && matches!(value, Value::Null) {
            return Some(Value::String(self.string()));
        }
        Some(value)
    }

    /// A quoted text; pieces that follow one another, with or without `+`, are one.
    fn string(&mut self) -> String {
        let mut out = String::new();
        while let Some(quote) = self.peek().filter(|byte| matches!(byte, b'"' | b'\'' | b'`')) {
            self.skip();
            self.piece(quote, &mut out);
            let end = self.at;
            self.blanks();
            if self.peek() == Some(b'+') {
                self.skip();
                self.blanks();
            }
            if !matches!(self.peek(), Some(b'"' | b'\'' | b'`')) {
                self.at = end;
                break;
            }
        }
        out
    }

    fn piece(&mut self, quote: u8, out: &mut String) {
        let rest = self.text.get(self.at..).unwrap_or("");
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            if c == char::from(quote) {
                break;
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('u') => escaped(&mut chars, 4, out),
                Some('x') => escaped(&mut chars, 2, out),
                Some('b' | 'f' | '\n') | None => {}
                Some(c) => out.push(c),
            }
        }
        self.at = self.text.len().saturating_sub(chars.as_str().len());
    }
}

/// A character by its number, which may need a second half.
fn escaped(chars: &mut core::str::Chars<'_>, digits: usize, out: &mut String) {
    let mut take = |digits: usize| {
        let code = chars.as_str().get(..digits).and_then(hex)?;
        *chars = chars.as_str().get(digits..).unwrap_or("").chars();
        Some(code)
    };
    let Some(first) = take(digits) else { return };
    let code = match first {
        0xd800..=0xdbff => {
            let second = chars.as_str().strip_prefix("\\u").and_then(|rest| rest.get(..4));
            match second.and_then(hex) {
                Some(second @ 0xdc00..=0xdfff) => {
                    *chars = chars.as_str().get(6..).unwrap_or("").chars();
                    let high = first.wrapping_sub(0xd800).wrapping_shl(10);
                    high.wrapping_add(second.wrapping_sub(0xdc00)).wrapping_add(0x1_0000)
                }
                _ => first,
            }
        }
        _ => first,
    };
    out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
}

/// A plain decimal number; exponents are kept as text, since no field here has one.
fn number(word: &str) -> Option<Value> {
    let (sign, digits) = word.strip_prefix('-').map_or((1.0, word), |rest| (-1.0, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_decimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || digits.len() > 24 || !is_decimal(whole) || !is_decimal(fraction) {
        return None;
    }
    let digit = |byte: u8| f64::from(byte.wrapping_sub(b'0'));
    let mut value = whole.bytes().fold(0.0, |value, byte| value * 10.0 + digit(byte));
    let mut place = 1.0;
    for byte in fraction.bytes() {
        place *= 10.0;
        value += digit(byte) / place;
    }
    Some(Value::Number(sign * value))
}
