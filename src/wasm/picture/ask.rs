//! Asks one target once.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::base::text::contains;
use crate::base::value::Value;
use crate::errors::billed::may_be_billed;
use crate::errors::classify::classify;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::errors::local;
use crate::models::service_tier::ServiceTier;
use crate::quota::money::nanos;
use crate::wasm::attempt::failed::Failed;
use crate::wasm::host::{self, Host};
use crate::wasm::picture::call::{Picture, Wanted};
use crate::wasm::picture::outgoing::headers_with;
use crate::wasm::picture::read::{read_answer, without_picture};
use crate::wasm::target::resolved::Target;
use crate::wasm::transport::http::{HttpReply, HttpRequest};
use crate::wasm::transport::post::post;
use crate::wasm::values::access::{get, get_text};
use crate::wasm::values::copy::copy;

impl Picture {
    /// Asks one target once, by the client's own `fetch` where it has one.
    pub(crate) async fn ask(
        &self,
        index: usize,
        canceller: &JsValue,
        host: &Host,
        fetch: Option<&Function>,
    ) -> Result<JsValue, Failed> {
        let Some(target) = self.targets.get(index) else { return Err(Failed::from(Value::Null)) };
        let body = self.text(index, host).map_err(|thrown| Failed::from(copy(&thrown)))?;
        // Another `fetch` than Node's own may come with another undici, whose dispatchers differ.
        let dispatcher = if fetch.is_none() { host.dispatcher() } else { JsValue::UNDEFINED };
        let mut outgoing = HttpRequest {
            url: target.url.clone(),
            headers: self.headers(target, index),
            body,
            signal: get(canceller, "signal"),
            dispatcher,
            fetch: fetch.cloned(),
        };
        self.admit(target, index).await?;
        let mut reply = self.send(target, &mut outgoing, host).await?;
        if let HttpReply::Error(error) = &reply
            && target.protocol.is_gemini()
            && names_signature(error)
            && !self.past().is_unsigned.replace(true)
        {
            // Such a 400 comes before any work, and costs nothing.
            self.past().text.replace(None);
            outgoing.body = self.text(index, host).map_err(|thrown| Failed::from(copy(&thrown)))?;
            reply = self.send(target, &mut outgoing, host).await?;
        }
        match reply {
            HttpReply::Error(value) => Err(value.into()),
            HttpReply::Cut(value) => Err(Failed::cut(value)),
            HttpReply::Foreign(status) => Err(Failed::foreign(target.protocol, status)),
            HttpReply::TooLarge => Err(local::too_large().into()),
            HttpReply::Body(body, tier) => {
                let (body, mut summary) =
                    read_answer(target, body, &outgoing, host, self.wanted).await?;
                if self.wanted == Wanted::Answer {
                    return Ok(body);
                }
                let by_header = tier.as_deref().map(ServiceTier::served);
                summary.tier = summary.tier.or(by_header);
                if summary.pictures == 0 {
                    let spent =
                        summary.usage.filter(|usage| usage.text + usage.image.unwrap_or(0.0) > 0.0);
                    let spent = spent.and_then(|_| {
                        target.cost(self.size(index), &summary, self.tier(index), None)
                    });
                    return Err(Failed {
                        spent: spent.map(nanos),
                        ..without_picture(target, &body)
                    });
                }
                self.past().summary.set(summary);
                self.past().answered.set(index);
                let version = get_text(&body, "modelVersion");
                let served_by = version.and_then(|version| target.served_by(&version));
                self.past().served_by.replace(served_by);
                Ok(body)
            }
        }
    }

    /// Waits until the hook admits the request.
    async fn admit(&self, target: &Target, index: usize) -> Result<(), Failed> {
        let Some(hook) = &self.hook else { return Ok(()) };
        let usd = target.expected(self.size(index), self.request(index));
        Box::pin(hook.admit(&target.model, usd)).await
    }

    /// Reports a request that has failed to the hook.
    pub(crate) fn report_failure(&self, info: &ErrorInfo) {
        if let Some(hook) = &self.hook {
            hook.report_failure(may_be_billed(info));
        }
    }

    /// Sends, with a token where the target has such; with another one where that is refused.
    async fn send(
        &self,
        target: &Target,
        outgoing: &mut HttpRequest,
        host: &Host,
    ) -> Result<HttpReply, Failed> {
        let mut refused = None;
        loop {
            let mut token = None;
            if let Some(source) = &target.token {
                let given = Box::pin(source.token(refused.as_deref())).await;
                let given = given.map_err(|thrown| no_token(&thrown))?;
                self.past().tokens.borrow_mut().push(given.clone());
                outgoing.headers = headers_with(&outgoing.headers, &given);
                token = Some(given);
            }
            let reply = post(outgoing, host).await;
            let is_refused = matches!(&reply, HttpReply::Error(error) if is_401(error));
            if token.is_none() || !is_refused || refused.is_some() {
                return Ok(reply);
            }
            refused = token;
        }
    }
}

/// Whether the signature of a thought is refused, or missing.
///
/// Source: the messages 'Invalid thought signature.', 'Corrupted thought signature' and
/// `missing_thought_signature`.
fn names_signature(error: &Value) -> bool {
    let body = error.get("body").and_then(Value::as_str).unwrap_or_default();
    let is_400 = error.get("status").and_then(Value::as_f64) == Some(400.0);
    is_400 && contains(body, "ignature") && contains(body, "hought")
}

fn is_401(error: &Value) -> bool {
    error.get("status").and_then(Value::as_f64) == Some(401.0)
}

/// The failure of a callback that gave no token, so that nothing was sent. Only the sentence of its
/// error is kept, since such errors may carry the credentials that they were made with.
fn no_token(thrown: &JsValue) -> Failed {
    let info = classify(&copy(thrown), host::now().wall);
    let kind = if info.kind == Kind::Unknown { Kind::Unauthenticated } else { info.kind };
    let info = ErrorInfo {
        message: info.message,
        unsent: true,
        summary: "`accessToken` gave no token.".to_owned(),
        advice: "See to the callback: it threw, or gave something else than a token.".to_owned(),
        ..ErrorInfo::new(kind)
    };
    info.into()
}
