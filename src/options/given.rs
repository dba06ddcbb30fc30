//! The properties of a caller's object, as the JavaScript side tells them in one text.
//!
//! It begins with `o` for an object and `l` for a list, and is empty for anything else. Each property
//! is the length of its key, a blank, the key, a letter for its kind and what that needs; a number
//! ends with a blank. Lengths are in UTF-16 units, and a number is the two halves of its bits, so
//! that none of either is lost: `{ model: 'a', log }` is `o5 models1 a3 logF0 `.

/// A value of a caller's. What only JavaScript can hold stays there, under a number.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub enum Given<'a> {
    /// `undefined`.
    Undefined,
    /// Nothing that an option can be: `null`, a symbol, a big integer.
    Nothing,
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// A function.
    Function(u32),
    /// A `Date`, with its ms since 1970.
    Date(u32, f64),
    /// A list, and whether it has items.
    List(u32, bool),
    /// An object.
    Object(u32),
    /// An object with what an `AbortSignal` has.
    Signal(u32),
    /// An object with what a `QuotaStore` has.
    Store(u32),
    /// A property that cannot be read: its getter threw this.
    Thrown(u32),
    /// Anything, under a key that is a symbol.
    Unnamed,
}

impl<'a> Given<'a> {
    /// The number, where this is one.
    #[must_use]
    pub const fn as_f64(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text, where this is one.
    #[must_use]
    pub const fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number under which the value stays in JavaScript.
    #[must_use]
    pub const fn place(self) -> Option<u32> {
        match self {
            Self::Function(at)
            | Self::Date(at, _)
            | Self::List(at, _)
            | Self::Object(at)
            | Self::Signal(at)
            | Self::Store(at)
            | Self::Thrown(at) => Some(at),
            _ => None,
        }
    }

    /// Whether this is an object that is neither a list nor a function.
    #[must_use]
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Object(_) | Self::Signal(_) | Self::Store(_) | Self::Date(..))
    }
}

/// The properties of an object, or the items of a list, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Properties<'a> {
    rest: &'a str,
}

/// The properties that a text tells.
#[must_use]
pub fn properties(text: &str) -> Properties<'_> {
    Properties { rest: text.get(1..).unwrap_or_default() }
}

/// Whether a text tells of an object that is neither a list nor a function.
#[must_use]
pub fn is_object(text: &str) -> bool {
    text.starts_with('o')
}

impl<'a> Iterator for Properties<'a> {
    type Item = (&'a str, Given<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let key = self.text();
        Some((key, self.value()))
    }
}

impl<'a> Properties<'a> {
    fn value(&mut self) -> Given<'a> {
        let mut letters = self.rest.chars();
        let kind = letters.next().unwrap_or_default();
        self.rest = letters.as_str();
        match kind {
            'u' => Given::Undefined,
            't' => Given::Flag(true),
            'f' => Given::Flag(false),
            'n' => Given::Number(self.float()),
            's' => Given::Text(self.text()),
            'F' => Given::Function(self.number()),
            'd' => Given::Date(self.number(), self.float()),
            'e' => Given::List(self.number(), false),
            'l' => Given::List(self.number(), true),
            'o' => Given::Object(self.number()),
            'a' => Given::Signal(self.number()),
            'q' => Given::Store(self.number()),
            'x' => Given::Thrown(self.number()),
            'y' => Given::Unnamed,
            _ => Given::Nothing,
        }
    }

    fn number(&mut self) -> u32 {
        let mut number = 0_u32;
        let mut letters = self.rest.chars();
        for letter in letters.by_ref() {
            let Some(digit) = letter.to_digit(10) else { break };
            number = number.wrapping_mul(10).wrapping_add(digit);
        }
        self.rest = letters.as_str();
        number
    }

    fn float(&mut self) -> f64 {
        let high = u64::from(self.number());
        f64::from_bits(high.wrapping_shl(32) | u64::from(self.number()))
    }

    fn text(&mut self) -> &'a str {
        let mut left = self.number() as usize;
        let mut letters = self.rest.chars();
        while left > 0
            && let Some(letter) = letters.next()
        {
            left = left.saturating_sub(letter.len_utf16());
        }
        let (text, rest) = (self.rest, letters.as_str());
        self.rest = rest;
        text.get(..text.len().saturating_sub(rest.len())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Given<'_> {
        let mut properties = Properties { rest: text };
        let given = properties.value();
        assert_eq!(properties.rest, "", "{text}");
        given
    }

    #[test]
    fn each_kind_is_read() {
        for (text, given) in [
            ("u", Given::Undefined),
            ("z", Given::Nothing),
            ("t", Given::Flag(true)),
            ("f", Given::Flag(false)),
            ("n1072693248 0 ", Given::Number(1.0)),
            ("n2146435072 0 ", Given::Number(f64::INFINITY)),
            ("n1069128089 2576980378 ", Given::Number(0.1)),
            ("s0 ", Given::Text("")),
            ("s4 nine", Given::Text("nine")),
            ("F3 ", Given::Function(3)),
            ("d3 1072693248 0 ", Given::Date(3, 1.0)),
            ("e3 ", Given::List(3, false)),
            ("l3 ", Given::List(3, true)),
            ("o3 ", Given::Object(3)),
            ("a3 ", Given::Signal(3)),
            ("q3 ", Given::Store(3)),
            ("x3 ", Given::Thrown(3)),
            ("y", Given::Unnamed),
        ] {
            assert_eq!(one(text), given, "{text}");
        }
        assert!(one("n2146959360 0 ").as_f64().is_some_and(f64::is_nan));
        assert!(one("n2147483648 0 ").as_f64().is_some_and(|zero| zero.is_sign_negative()));
    }

    #[test]
    fn texts_are_as_long_as_javascript_says() {
        let all = properties("o2 äös4 a\u{1f600}b1 \u{fffd}s1 s0 s1 :");
        let said: Vec<_> = all.map(|(key, given)| (key, given.as_str())).collect();
        let expected = [("äö", "a\u{1f600}b"), ("\u{fffd}", "s"), ("", ":")];
        assert_eq!(said, expected.map(|(key, text)| (key, Some(text))));
    }

    #[test]
    fn a_text_that_is_cut_does_no_harm() {
        let whole = "o5 models3 abc2 onF1 5 pricen1072693248 0 ";
        for end in 0..whole.len() {
            properties(whole.get(..end).unwrap_or_default()).for_each(drop);
        }
        assert_eq!(properties(whole).count(), 3);
    }
}
