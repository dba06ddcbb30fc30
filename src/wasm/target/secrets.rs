//! Headers that are secrets, and headers that authenticate.

use crate::options::headers::Headers;

/// The values of all headers but those that are never secret.
pub(super) fn header_secrets(headers: &Headers) -> Vec<String> {
    const PUBLIC: [&str; 5] =
        ["accept", "content-type", "user-agent", "x-goog-api-client", "x-server-timeout"];
    let is_secret = |name: &str| !PUBLIC.contains(&name.to_ascii_lowercase().as_str());
    let secrets = headers.iter().filter(|(name, _)| is_secret(name));
    secrets.filter_map(|(_, value)| value.clone()).collect()
}

/// Whether these headers authenticate the request.
pub(super) fn has_key(headers: &Headers) -> bool {
    const KEYS: [&str; 3] = ["authorization", "x-goog-api-key", "cookie"];
    headers.iter().any(|(name, _)| KEYS.contains(&name.to_ascii_lowercase().as_str()))
}
