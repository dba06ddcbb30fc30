//! The addresses of Vertex AI, and its bearer tokens.

use crate::parse::request::Request;
use crate::settings::config::Config;
use crate::wire::error;
use crate::wire::refusal::Refusal;

/// The address of a request to a model.
pub(crate) struct Address<'r> {
    pub(crate) version: &'r str,
    /// The Google Cloud project, on Vertex AI.
    pub(crate) project: Option<&'r str>,
    /// The model and the method; nothing for the list of models.
    pub(crate) target: Option<&'r str>,
}

/// Reads a path: that of the Developer API, of Vertex AI, or of its express mode.
pub(crate) fn place(path: &str) -> Option<Address<'_>> {
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (version, rest) = steps.split_first()?;
    let at = |project, target| Some(Address { version, project, target });
    match (*version, rest) {
        ("v1" | "v1beta" | "v1alpha", ["models"]) => at(None, None),
        ("v1" | "v1beta" | "v1alpha", ["models", ..]) => {
            let target = path.trim_matches('/').splitn(3, '/').nth(2);
            at(None, target)
        }
        ("v1" | "v1beta1", ["publishers", "google", "models", target]) => at(None, Some(target)),
        (
            "v1" | "v1beta1",
            ["projects", project, "locations", _, "publishers", "google", "models", target],
        ) => at(Some(project), Some(target)),
        _ => None,
    }
}

const NO_TOKEN: &str = "Request is missing required authentication credential. Expected OAuth 2 \
     access token, login cookie or other valid authentication credential.";

const BAD_TOKEN: &str = "Request had invalid authentication credentials. Expected OAuth 2 access \
     token, login cookie or other valid authentication credential.";

/// Checks the bearer token of a request at `now`; the project whose limits it counts against.
pub(crate) fn admit(
    config: &Config,
    request: &Request,
    project: &str,
    now: u64,
) -> Result<String, Refusal> {
    let refused =
        |message: &str, reason| Refusal::new(401, error::with_reason(401, message, reason));
    let Some(token) = request.bearer().filter(|token| !token.is_empty()) else {
        return Err(refused(NO_TOKEN, "CREDENTIALS_MISSING"));
    };
    match config.tokens.get(token) {
        None if !config.tokens.is_empty() => {
            Err(refused(BAD_TOKEN, "ACCESS_TOKEN_TYPE_UNSUPPORTED"))
        }
        Some(Some(end)) if *end <= now => Err(refused(BAD_TOKEN, "ACCESS_TOKEN_EXPIRED")),
        _ => Ok(project.to_owned()),
    }
}
