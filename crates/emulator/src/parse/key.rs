//! The API key of a request.

use crate::parse::request::Request;
use crate::settings::choices::UnknownKeys;
use crate::settings::config::Config;
use crate::wire::error;
use crate::wire::refusal::{Refusal, refuse};
use crate::wire::sentences::{BAD_KEY, NO_KEY};

pub(crate) fn project_of(
    config: &Config,
    request: &Request,
    query: &str,
) -> Result<String, Refusal> {
    let in_query = query.split('&').find_map(|pair| pair.strip_prefix("key="));
    let bearer = request.bearer();
    let key = request.header("x-goog-api-key").or(in_query).or(bearer).map(str::trim);
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return refuse(403, NO_KEY);
    };
    match (config.keys.get(key), config.unknown_keys) {
        (Some(project), _) => Ok(project.clone()),
        (None, UnknownKeys::Accept) => Ok("default".into()),
        (None, UnknownKeys::Reject) => {
            Err(Refusal::new(400, error::with_reason(400, BAD_KEY, "API_KEY_INVALID")))
        }
    }
}
