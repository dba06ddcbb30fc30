//! One tolerant reader for what errors carry as text: JSON, Python's repr, util.inspect, Elixir.
//!
//! It is iterative, takes time in proportion to the text, and builds nothing deep, so that no text
//! can overflow a stack, neither in reading nor when the value is dropped.

use crate::base::slice::{begins, digits, first, from, skip, until};
use crate::base::value::Value;
use crate::errors::normalize::{QUOTES, hex, skip_frames};

const DEPTH_MAX: usize = 64;
const NODES_MAX: usize = 20_000;

/// Reads the object or list at the start of `text` and says where it ends.
///
/// A text that ends inside the value is taken as cut: what was read counts. Anything that is not
/// a value, is deeper than 64 levels or has more than 20,000 parts gives `None`.
#[must_use]
pub fn read(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { rest: text };
    let value = reader.run()?;
    Some((value, text.len().saturating_sub(reader.rest.len())))
}

/// Whether a value could start here, so that prose in brackets is not tried.
pub(crate) fn looks_like_value(text: &str) -> bool {
    let next = skip(from(text, 1), BLANKS);
    match text.bytes().next() {
        Some(b'{') => next.bytes().next().is_some_and(is_word) || begins(next, "\"'}"),
        Some(b'[') => begins(next, "{\"'"),
        _ => false,
    }
}

const BLANKS: &str = " \n\r\t";

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'$' | b'-' | b'.')
}

/// The text that is still to be read.
struct Reader<'a> {
    rest: &'a str,
}

/// An object or a list of which the end is not read yet, the object with the key that is open.
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

impl<'a> Reader<'a> {
    fn run(&mut self) -> Option<Value> {
        let mut open: Vec<Open> = Vec::new();
        let mut nodes = 0_usize;
        loop {
            // A text that ends here was cut: everything still open is closed.
            let byte = self.next();
            let done = if matches!(byte, None | Some(b'}' | b']')) {
                self.skip();
                let done = open.pop()?;
                let is_object = matches!(done, Open::Object(..));
                if byte.is_some_and(|byte| (byte == b'}') != is_object) {
                    return None;
                }
                done.close()
            } else {
                nodes = nodes.saturating_add(1);
                if nodes > NODES_MAX || open.len() >= DEPTH_MAX {
                    return None;
                }
                if let Some(Open::Object(_, key)) = open.last_mut() {
                    *key = self.key()?;
                }
                self.take("%");
                self.class();
                if self.take("{") {
                    open.push(Open::Object(Vec::new(), String::new()));
                    continue;
                }
                // `[Object]` and `[Function: f]` are what util.inspect leaves out, and no lists.
                let inner = self.rest.as_bytes().get(1);
                if !inner.is_some_and(u8::is_ascii_uppercase) && self.take("[") {
                    open.push(Open::Array(Vec::new()));
                    continue;
                }
                // A word alone is no value, and neither is a name in brackets.
                open.last()?;
                self.scalar()?
            };
            match open.last_mut() {
                Some(parent) => parent.add(done),
                None => return Some(done),
            }
            // A comma, or what ends a container, or the end of the text.
            self.next();
            if !self.take(",") && !self.rest.is_empty() && !begins(self.rest, "}]") {
                return None;
            }
        }
    }

    /// The next byte that is neither blank nor frame.
    fn next(&mut self) -> Option<u8> {
        self.rest = skip_frames(self.rest);
        self.rest.bytes().next()
    }

    fn skip(&mut self) {
        self.rest = from(self.rest, 1);
    }

    fn take(&mut self, sign: &str) -> bool {
        let behind = self.rest.strip_prefix(sign);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// A key with its colon, `=>` or `=`.
    fn key(&mut self) -> Option<String> {
        let key = if begins(self.rest, QUOTES) { self.string() } else { self.word()?.to_owned() };
        self.next();
        let is_key = self.take("=>") || self.take(":") || self.take("=") || self.rest.is_empty();
        self.next();
        is_key.then_some(key)
    }

    /// The class that util.inspect prints before an object: `Long {`.
    fn class(&mut self) {
        if !self.rest.as_bytes().first().is_some_and(u8::is_ascii_uppercase) {
            return;
        }
        let length = self.rest.bytes().take_while(|byte| is_word(*byte)).count();
        let behind = from(self.rest, length);
        if behind.starts_with(" {") {
            self.rest = from(behind, 1);
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let length = self.rest.bytes().take_while(|byte| is_word(*byte)).count();
        let word = self.rest.get(..length).filter(|word| !word.is_empty());
        self.rest = from(self.rest, length);
        word
    }

    fn scalar(&mut self) -> Option<Value> {
        if begins(self.rest, QUOTES) {
            return Some(Value::String(self.string()));
        }
        if self.take("[") {
            let name = until(self.rest, "]").len();
            self.rest = from(self.rest, name.saturating_add(1));
            return Some(Value::Null);
        }
        // An atom of Elixir.
        self.take(":");
        if self.rest.is_empty() {
            return Some(Value::Null);
        }
        let word = self.word()?;
        // The prefixes of Python: the quote follows at once.
        if word.len() == 1 && begins(self.rest, QUOTES) {
            return Some(Value::String(self.string()));
        }
        Some(match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" | "nil" | "undefined" => Value::Null,
            _ => number(word).unwrap_or_else(|| Value::String(word.to_owned())),
        })
    }

    /// A quoted text; pieces that follow one another, with or without `+`, are one.
    fn string(&mut self) -> String {
        let mut out = String::new();
        loop {
            let Some((quote, behind)) = first(self.rest) else { return out };
            self.rest = behind;
            self.piece(quote, &mut out);
            let end = self.rest;
            if self.next() == Some(b'+') {
                self.skip();
                self.next();
            }
            if !begins(self.rest, QUOTES) {
                self.rest = end;
                return out;
            }
        }
    }

    fn piece(&mut self, quote: char, out: &mut String) {
        while let Some((c, behind)) = first(self.rest) {
            self.rest = behind;
            if c == quote {
                return;
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let Some((c, behind)) = first(self.rest) else { return };
            self.rest = behind;
            out.push(match c {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'u' => self.escaped(4),
                'x' => self.escaped(2),
                'b' | 'f' | '\n' => continue,
                _ => c,
            });
        }
    }

    /// A character by its number, which may need a second half.
    fn escaped(&mut self, digits: usize) -> char {
        let Some(code) = hex(self.rest, digits) else { return '\u{fffd}' };
        self.rest = from(self.rest, digits);
        let second = self.rest.strip_prefix("\\u").and_then(|rest| hex(rest, 4));
        match second.filter(|_| code & !0x3ff == 0xd800) {
            Some(second) => {
                self.rest = from(self.rest, 6);
                let half = |code: u32| code & 0x3ff;
                char::from_u32((half(code).wrapping_shl(10) | half(second)).wrapping_add(0x1_0000))
            }
            None => char::from_u32(code),
        }
        .unwrap_or('\u{fffd}')
    }
}

/// A plain decimal number; exponents are kept as text, since no field here has one.
fn number(word: &str) -> Option<Value> {
    let (sign, rest) = word.strip_prefix("-").map_or((1.0, word), |rest| (-1.0, rest));
    let (whole, rest) = digits(rest);
    let (fraction, end) = digits(rest.strip_prefix(".").unwrap_or(rest));
    if whole.is_empty() || !end.is_empty() || word.len() > 24 {
        return None;
    }
    let (mut value, mut place) = (0.0, 1.0);
    for byte in whole.bytes().chain(fraction.bytes()) {
        value = value * 10.0 + f64::from(byte.wrapping_sub(b'0'));
    }
    for _ in fraction.bytes() {
        place *= 10.0;
    }
    Some(Value::Number(sign * value / place))
}
