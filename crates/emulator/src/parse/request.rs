//! A request as it comes in, before anything is read of it.

/// One HTTP request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Chosen by the caller, and not in use by another open request.
    pub id: u64,
    /// `POST`, `GET`, `OPTIONS`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, empty if there is none.
    pub body: Vec<u8>,
    /// Bytes of the body, where a simulation does not really make them.
    pub size: Option<u64>,
}

impl Request {
    /// A request for a picture, as a client would send it.
    #[must_use]
    pub fn generate(id: u64, model: &str, prompt: &str) -> Self {
        let body = serde_json::json!({
            "contents": [{ "role": "user", "parts": [{ "text": prompt }] }],
            "generationConfig": { "responseModalities": ["IMAGE"] },
        });
        Self {
            id,
            method: "POST".into(),
            path: format!("/v1beta/models/{model}:generateContent"),
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("x-goog-api-key".into(), "test-key".into()),
            ],
            body: body.to_string().into_bytes(),
            size: None,
        }
    }

    /// The token of its `Authorization`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
