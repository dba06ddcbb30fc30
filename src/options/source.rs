//! The JavaScript side of a caller's options.

use crate::base::value::Value;

/// Where the caller's objects are.
pub trait Source {
    /// A value that stays in JavaScript.
    type Kept: Default;

    /// Tells the properties of an object, or the items of a list, as `given.rs` reads them. Of
    /// headers it tells the entries, be they an object, `Headers` or a `Map`.
    ///
    /// # Errors
    /// The error that an object throws when it is asked for them.
    fn open(&mut self, at: u32, are_headers: bool) -> Result<String, Fault<Self::Kept>>;

    /// The value as plain data, within bounds.
    fn data(&mut self, at: u32) -> Value;

    /// The value itself.
    fn kept(&mut self, at: u32) -> Self::Kept;

    /// The time in ms since 1970.
    fn wall(&self) -> f64;
}

/// Why options are refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault<K> {
    /// They are wrong, for this reason.
    Wrong(String),
    /// The caller's own code threw this.
    Thrown(K),
}
