//! Sentences of errors that several places say.

/// The sentence about a model that is closed to newcomers.
pub(crate) fn retired(name: &str) -> String {
    format!(
        "This model models/{name} is no longer available to new users. Please update your code \
         to use a newer model for the latest features and improvements."
    )
}

/// The sentence about an unknown model.
pub(crate) fn not_found(name: &str, version: &str, method: &str) -> String {
    let method = if method.is_empty() { "generateContent" } else { method };
    format!(
        "models/{name} is not found for API version {version}, or is not supported for {method}. \
         Call ListModels to see the list of available models and their supported methods."
    )
}

/// The sentence about a request without a key.
pub(crate) const NO_KEY: &str = "Method doesn't allow unregistered callers (callers without \
     established identity). Please use API Key or other form of API consumer identity to call \
     this API.";

/// The sentence about a key that is not one.
pub(crate) const BAD_KEY: &str = "API key not valid. Please pass a valid API key.";
