//! Headers that callers pass.

use std::rc::Rc;

use crate::options::given::{Given, Properties};

/// The names and values of headers; one without a value is not sent.
pub type Headers = Rc<Vec<(String, Option<String>)>>;

/// Reads the headers of an object.
///
/// # Errors
/// A sentence that names a header that cannot be sent.
pub(super) fn read_headers(properties: Properties<'_>) -> Result<Headers, String> {
    let mut headers = Vec::new();
    for (name, given) in properties {
        let value = match given {
            Given::Unnamed => continue,
            Given::Undefined | Given::Thrown(_) => Some(None),
            Given::Text(text) if is_header(text) => Some(Some(text.to_owned())),
            _ => None,
        };
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        let Some(value) = value.filter(|_| is_name) else {
            return Err(
                ["the header `", name, "` must have a value of one line of Latin letters"].concat()
            );
        };
        headers.push((name.to_owned(), value));
    }
    Ok(headers.into())
}

/// Whether a text can be the value of a header.
#[must_use]
pub fn is_header(text: &str) -> bool {
    text.chars().all(|char| matches!(char, '\t' | ' '..='~' | '\u{a0}'..='\u{ff}'))
}
