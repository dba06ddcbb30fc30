//! How an attempt failed.

use crate::base::value::Value;
use crate::errors::classify::classify;
use crate::errors::failure;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::protocol::Protocol;
use crate::wasm::host;

/// How an attempt failed: what came, as the classifier reads it, unless it is known already.
pub(crate) struct Failed {
    pub(crate) value: Value,
    pub(crate) info: Option<ErrorInfo>,
    /// What an answer without a picture has cost by its tokens, in billionths of a USD.
    pub(crate) spent: Option<u64>,
}

impl Failed {
    /// What has begun to answer has made its picture.
    pub(crate) fn cut(value: Value) -> Self {
        let info = classify(&value, host::now().wall);
        let lost = info.kind == Kind::Network;
        Self { value, info: Some(ErrorInfo { lost, ..info }), spent: None }
    }

    pub(crate) fn foreign(protocol: Protocol, status: u16) -> Self {
        failure::foreign(protocol, status).into()
    }
}

impl From<ErrorInfo> for Failed {
    fn from(info: ErrorInfo) -> Self {
        Self { value: Value::Null, info: Some(info), spent: None }
    }
}

impl From<Value> for Failed {
    fn from(value: Value) -> Self {
        Self { value, info: None, spent: None }
    }
}
