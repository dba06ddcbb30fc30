//! Replies whose body is a text.

use crate::wire::error;

/// A reply whose body is a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The content type of all JSON.
const JSON: &str = "application/json; charset=UTF-8";

/// The content type of the front end's pages.
pub(crate) const HTML: &str = "text/html; charset=UTF-8";

impl Reply {
    pub(crate) fn json(status: u16, body: String) -> Self {
        Self::typed(status, JSON, body)
    }

    pub(crate) fn typed(status: u16, kind: &str, body: String) -> Self {
        Self { status, headers: vec![("content-type".into(), kind.into())], body }
    }

    /// An error that is a sentence alone.
    pub(crate) fn error(status: u16, sentence: &str) -> Self {
        Self::json(status, error::plain(status, sentence))
    }

    /// The answer of calls that have nothing to tell.
    pub(crate) fn empty_object() -> Self {
        Self::json(200, "{}\n".into())
    }

    /// The 404 of a model, a job or an upload.
    pub(crate) fn not_found() -> Self {
        Self::error(404, "Requested entity was not found.")
    }

    /// Sets a header, in the place of one of that name.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
}
