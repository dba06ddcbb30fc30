//! One request over HTTP, and what came back.

use js_sys::{Function, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::base::value::Value;

/// A request that is sent.
pub(crate) struct HttpRequest {
    pub(crate) url: JsString,
    pub(crate) headers: Object,
    pub(crate) body: JsString,
    pub(crate) signal: JsValue,
    pub(crate) dispatcher: JsValue,
    pub(crate) fetch: Option<Function>,
}

/// The answer to a request.
pub(crate) enum HttpReply {
    /// The body of a 2xx, and the tier of service that its headers name.
    Body(JsValue, Option<String>),
    /// An answer that is not the service's, with its status.
    Foreign(u16),
    /// An answer that is longer than may be read.
    TooLarge,
    /// A 2xx whose body did not come to its end, as the classifier reads that.
    Cut(Value),
    /// Any other answer or error, as the classifier reads it.
    Error(Value),
}
