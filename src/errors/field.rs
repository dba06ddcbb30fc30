//! The fields that are read, by whatever name and in whatever notation.

/// The fields that are known, wherever they stand and however they are spelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Field {
    QuotaId,
    QuotaMetric,
    QuotaValue,
    QuotaLimit,
    QuotaDimensions,
    Metric,
    Limit,
    Model,
    ModelVersion,
    RetryDelay,
    RetrySeconds,
    RetryMillis,
    RetryReset,
    Seconds,
    Nanos,
    Code,
    Status,
    Reason,
    Param,
    Name,
    Message,
    Finish,
    Block,
    Filtered,
    Key,
    Value,
    Url,
    Error,
    Headers,
    Skip,
}

/// Fields by name, in lower case and without `_` and `-`.
const FIELDS: &[(&str, Field)] = &[
    ("quotaid", Field::QuotaId),
    ("quotametric", Field::QuotaMetric),
    ("quotavalue", Field::QuotaValue),
    ("quotalimitvalue", Field::QuotaValue),
    ("quotalimit", Field::QuotaLimit),
    ("quotadimensions", Field::QuotaDimensions),
    ("metric", Field::Metric),
    ("limit", Field::Limit),
    ("model", Field::Model),
    ("modelversion", Field::ModelVersion),
    ("retrydelay", Field::RetryDelay),
    ("quotaresetdelay", Field::RetryDelay),
    ("retryafter", Field::RetrySeconds),
    ("retryafterseconds", Field::RetrySeconds),
    ("retryafterms", Field::RetryMillis),
    ("retrydelayms", Field::RetryMillis),
    ("xratelimitreset", Field::RetryReset),
    ("ratelimitreset", Field::RetryReset),
    ("estimatedtime", Field::RetrySeconds),
    ("seconds", Field::Seconds),
    ("nanos", Field::Nanos),
    ("code", Field::Code),
    ("errorcode", Field::Code),
    ("status", Field::Status),
    ("statuscode", Field::Status),
    ("httpstatus", Field::Status),
    ("httpcode", Field::Status),
    ("reason", Field::Reason),
    ("type", Field::Reason),
    ("param", Field::Param),
    ("name", Field::Name),
    ("message", Field::Message),
    ("msg", Field::Message),
    ("detail", Field::Message),
    ("errormessage", Field::Message),
    ("errordescription", Field::Message),
    ("finishmessage", Field::Message),
    ("blockreasonmessage", Field::Message),
    ("finishreason", Field::Finish),
    ("blockreason", Field::Block),
    ("raifilteredreason", Field::Filtered),
    ("key", Field::Key),
    ("value", Field::Value),
    ("url", Field::Url),
    ("error", Field::Error),
    ("headers", Field::Headers),
    ("responseheaders", Field::Headers),
    // The caller's own request, and the place in its code, say nothing of the cause.
    ("stack", Field::Skip),
    ("config", Field::Skip),
    ("request", Field::Skip),
    ("requestbodyvalues", Field::Skip),
    ("requestbody", Field::Skip),
    ("options", Field::Skip),
    ("req", Field::Skip),
    ("retry", Field::Skip),
    ("agent", Field::Skip),
    ("socket", Field::Skip),
    ("client", Field::Skip),
    ("httpmodule", Field::Skip),
    ("statuscodes", Field::Skip),
    ("errorcodes", Field::Skip),
    ("retryon", Field::Skip),
    // The values that a validator would have taken: `@openrouter/sdk` 1.3.19 throws a ZodError of
    // that.
    ("values", Field::Skip),
    ("contents", Field::Skip),
    ("links", Field::Skip),
    ("usagemetadata", Field::Skip),
    ("thoughtsignature", Field::Skip),
    ("domain", Field::Skip),
    ("requestid", Field::Skip),
];

/// The field of this name.
#[inline(never)]
pub(crate) fn field(name: &str) -> Option<Field> {
    let plain = || {
        name.bytes()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(|byte| byte.to_ascii_lowercase())
    };
    FIELDS.iter().find(|(known, _)| plain().eq(known.bytes())).map(|row| row.1)
}
