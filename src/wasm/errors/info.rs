//! The description of an error, as JavaScript sees it.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::errors::info::ErrorInfo;
use crate::errors::violation::Violation;
use crate::wasm::values::access::set;
use crate::wasm::values::date::date;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InfoFields<'a> {
    kind: &'static str,
    retry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimension: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    violations: Vec<ViolationFields<'a>>,
    message: &'a str,
    summary: &'a str,
    advice: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ViolationFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    dimension: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_metric: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
}

impl<'a> From<&'a Violation> for ViolationFields<'a> {
    fn from(violation: &'a Violation) -> Self {
        Self {
            dimension: violation.dimension.map(|dimension| dimension.as_str()),
            quota_id: violation.quota_id.as_deref(),
            quota_metric: violation.quota_metric.as_deref(),
            limit: violation.limit.map(|limit| limit as f64),
            model: violation.model.as_deref(),
        }
    }
}

/// An `ErrorInfo` as JavaScript sees it; `retryAt` is a `Date`.
pub(crate) fn error_info(info: &ErrorInfo) -> JsValue {
    let fields = InfoFields {
        kind: info.kind.as_str(),
        retry: info.retry.as_str(),
        status: info.status,
        retry_after: info.retry_after.map(|after| after.as_f64()),
        dimension: info.dimension.map(|dimension| dimension.as_str()),
        quota_id: info.quota_id.as_deref(),
        quota_limit: info.quota_limit.map(|limit| limit as f64),
        model: info.model.as_deref(),
        violations: info.violations.iter().map(ViolationFields::from).collect(),
        message: &info.message,
        summary: &info.summary,
        advice: &info.advice,
    };
    let value = serde_wasm_bindgen::to_value(&fields).unwrap_or(JsValue::UNDEFINED);
    if let Some(at) = info.retry_at {
        set(value.unchecked_ref(), "retryAt", &date(at.0));
    }
    value
}
