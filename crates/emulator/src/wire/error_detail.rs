//! The details of an error, as machines read them.

use serde::Serialize;
use serde_json::Value;

/// One entry of `error.details`.
#[derive(Serialize)]
#[serde(tag = "@type")]
pub(crate) enum ErrorDetail {
    #[serde(rename = "type.googleapis.com/google.rpc.QuotaFailure")]
    QuotaFailure { violations: Vec<QuotaViolation> },
    #[serde(rename = "type.googleapis.com/google.rpc.Help")]
    Help { links: Vec<HelpLink> },
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo")]
    RetryInfo {
        #[serde(rename = "retryDelay")]
        retry_delay: String,
    },
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo { reason: &'static str, domain: &'static str, metadata: Value },
    #[serde(rename = "type.googleapis.com/google.rpc.BadRequest")]
    BadRequest {
        #[serde(rename = "fieldViolations")]
        field_violations: Vec<FieldViolation>,
    },
}

/// A limit that a 429 names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuotaViolation {
    pub(crate) quota_metric: String,
    pub(crate) quota_id: &'static str,
    pub(crate) quota_dimensions: QuotaDimensions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quota_value: Option<String>,
}

/// The place of a limit: its region and model.
#[derive(Serialize)]
pub(crate) struct QuotaDimensions {
    pub(crate) location: &'static str,
    pub(crate) model: String,
}

/// A link to the documentation.
#[derive(Serialize)]
pub(crate) struct HelpLink {
    pub(crate) description: &'static str,
    pub(crate) url: &'static str,
}

/// A field that a 400 complains about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldViolation {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) field: String,
    pub(crate) description: String,
}
