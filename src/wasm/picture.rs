//! The job of making a picture: where it may go, what is sent, what its caller gets.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, JSON, JsString, Object};
use wasm_bindgen::prelude::*;

use super::answer::{self, Summary};
use super::convert::{copy, copy_of, get, get_text, name, put, set, to_js};
use super::gate::Gate;
use super::host::{self, Host};
use super::quota::nanos;
use super::reading;
use super::request::Request;
use super::route::Route;
use super::send::{self, Letter, Reply};
use crate::base::text::contains;
use crate::base::time::Millis;
use crate::base::value::Value;
use crate::engine::input::Used;
use crate::engine::output::{PastAttempt, Record};
use crate::errors::billed::may_be_billed;
use crate::errors::classify::classify;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::errors::local;
use crate::errors::redact::Redactor;
use crate::models::parameter;
use crate::models::service_tier::{ServiceTier, VERTEX_HEADER};
use crate::protocol::need::Size;
use crate::protocol::{BEARER, Protocol};

/// What the caller gets for an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// The answer itself, with or without a picture, as the hand-rolled loop gives it.
    Answer,
    /// `GenerateResult`.
    Result,
    /// What the guide's `generateWithFallback` gives.
    Fallback,
}

/// Why a target was left out of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Skip {
    /// What of the request it cannot do, in a word.
    pub(crate) lacks: Option<&'static str>,
    /// The reason in words.
    pub(crate) reason: String,
}

/// One call for a picture.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) request: Request,
    /// The chain, in order.
    pub(crate) routes: Rc<[Rc<Route>]>,
    /// The request as each target is to get it, where targets have a `config`.
    own: Box<[Option<Request>]>,
    /// The seconds that the service is told for `flex`, which takes longer than others.
    flex_secs: Option<u64>,
    pub(crate) cost_of_lane: Wanted,
    /// What was left out of the chain, and why.
    pub(crate) skipped: Box<[(Rc<Route>, Skip)]>,
    /// Whoever is asked before each request.
    gate: Option<Gate>,
    /// What has come of it: apart, since a hundred thousand may wait of which nothing has.
    past: OnceCell<Box<Past>>,
}

/// What has come of a call for a picture since it was sent.
#[derive(Debug, Default)]
struct Past {
    /// The text sent last, with its target: a retry sends the same.
    text: RefCell<Option<(usize, JsString)>>,
    /// What errors must not show, gathered once something has failed.
    redactor: OnceCell<Redactor>,
    /// The bearer tokens that were sent, which must not show either.
    tokens: RefCell<Vec<String>>,
    /// Of the answer that settles the call: the first with a picture.
    summary: Cell<Summary>,
    /// The target that gave it.
    answered: Cell<usize>,
    /// Whether signatures of thoughts are replaced: whom they were shown to has not made them.
    is_unsigned: Cell<bool>,
    /// The model that made it, where that is another one than was asked.
    served_by: RefCell<Option<String>>,
}

impl Picture {
    pub(crate) const fn new(
        request: Request,
        routes: Rc<[Rc<Route>]>,
        own: Box<[Option<Request>]>,
        flex_secs: Option<u64>,
        cost_of_lane: Wanted,
        skipped: Box<[(Rc<Route>, Skip)]>,
        gate: Option<Gate>,
    ) -> Self {
        Self { request, routes, own, flex_secs, cost_of_lane, skipped, gate, past: OnceCell::new() }
    }

    /// The request as a target is to get it.
    fn request(&self, target: usize) -> &Request {
        self.own.get(target).and_then(Option::as_ref).unwrap_or(&self.request)
    }

    /// The tier of service that a target is asked for.
    fn tier(&self, target: usize) -> ServiceTier {
        let route = self.routes.get(target);
        route.map_or_else(ServiceTier::default, |route| route.tier(self.request(target)))
    }

    /// The headers for a target: on Vertex AI they say the tier.
    fn headers(&self, route: &Route, target: usize) -> Object {
        let tier = self.tier(target);
        if tier == ServiceTier::Standard || !route.protocol.is_gemini() {
            return route.headers.clone();
        }
        let headers = copy_of(&route.headers);
        if route.protocol == Protocol::Vertex {
            set(&headers, VERTEX_HEADER, &tier.as_str().into());
        }
        if let Some(secs) = self.flex_secs.filter(|_| tier == ServiceTier::Flex) {
            set(&headers, "x-server-timeout", &secs.to_string().into());
        }
        headers
    }

    /// Whether a failure says no more than that the target does not take a parameter, and there are
    /// other targets: one that is known not to take it is asked without.
    pub(crate) fn may_be_taken_elsewhere(&self, target: usize, info: &ErrorInfo) -> bool {
        if info.kind != Kind::InvalidRequest || target.saturating_add(1) >= self.routes.len() {
            return false;
        }
        let keys = self.request(target).keys();
        parameter::is_refused(&info.message, keys.iter().map(String::as_str))
    }

    fn past(&self) -> &Past {
        self.past.get_or_init(Box::default)
    }

    /// Asks one target once, by the client's own `fetch` where it has one.
    pub(crate) async fn ask(
        &self,
        target: usize,
        canceller: &JsValue,
        host: &Host,
        fetch: Option<&Function>,
    ) -> Result<JsValue, Failed> {
        let Some(route) = self.routes.get(target) else { return Err(Failed::from(Value::Null)) };
        let body = self.text(target, host).map_err(|thrown| Failed::from(copy(&thrown)))?;
        // Another `fetch` than Node's own may come with another undici, whose dispatchers differ.
        let dispatcher = if fetch.is_none() { host.dispatcher() } else { JsValue::UNDEFINED };
        let mut letter = Letter {
            url: route.url.clone(),
            headers: self.headers(route, target),
            body,
            signal: get(canceller, "signal"),
            dispatcher,
            fetch: fetch.cloned(),
        };
        self.pass(route, target).await?;
        let mut reply = self.send(route, &mut letter, host).await?;
        if let Reply::Error(error) = &reply
            && route.protocol.is_gemini()
            && names_signature(error)
            && !self.past().is_unsigned.replace(true)
        {
            // Such a 400 comes before any work, and costs nothing.
            self.past().text.replace(None);
            letter.body = self.text(target, host).map_err(|thrown| Failed::from(copy(&thrown)))?;
            reply = self.send(route, &mut letter, host).await?;
        }
        match reply {
            Reply::Error(value) => Err(value.into()),
            Reply::Cut(value) => Err(Failed::cut(value)),
            Reply::Foreign(status) => Err(Failed::foreign(route, status)),
            Reply::TooLarge => Err(local::too_large().into()),
            Reply::Body(body, tier) => {
                let body = read(route, body, &letter, host, self.cost_of_lane).await?;
                if self.cost_of_lane == Wanted::Answer {
                    return Ok(body);
                }
                let mut summary = answer::summary(&body);
                let by_header = tier.as_deref().map(ServiceTier::served);
                summary.tier = summary.tier.or(by_header);
                if summary.pictures == 0 {
                    let spent =
                        summary.usage.filter(|usage| usage.text + usage.image.unwrap_or(0.0) > 0.0);
                    let spent = spent.and_then(|_| {
                        route.cost(self.size(target), &summary, self.tier(target), None)
                    });
                    return Err(Failed {
                        spent: spent.map(nanos),
                        ..without_picture(route, &body)
                    });
                }
                self.past().summary.set(summary);
                self.past().answered.set(target);
                let version = get_text(&body, "modelVersion");
                let served_by = version.and_then(|version| route.served_by(&version));
                self.past().served_by.replace(served_by);
                Ok(body)
            }
        }
    }

    /// The model that has answered in the place of the one that was asked, where the answer says so.
    pub(crate) fn served_by(&self) -> Option<String> {
        self.past().served_by.borrow().clone()
    }

    /// Adds to a failure which model may have been meant, where none is called as the target's.
    pub(crate) fn suggest(&self, target: usize, info: &mut ErrorInfo) {
        let Some(route) = self.routes.get(target).filter(|_| info.kind == Kind::ModelNotFound)
        else {
            return;
        };
        if let Some(meant) = route.meant() {
            info.advice = ["Did you mean `", &meant, "`? ", &info.advice].concat();
        }
    }

    /// Waits until whoever made the call lets the request go.
    async fn pass(&self, route: &Route, target: usize) -> Result<(), Failed> {
        let Some(gate) = &self.gate else { return Ok(()) };
        let usd = route.expected(self.size(target), self.request(target));
        Box::pin(gate.pass(&route.model, usd)).await
    }

    /// A request has failed, and this is known of it.
    pub(crate) fn tell_failed(&self, info: &ErrorInfo) {
        if let Some(gate) = &self.gate {
            gate.tell_failed(may_be_billed(info));
        }
    }

    /// Sends, with a token where the target has such; with another one where that is refused.
    async fn send(&self, route: &Route, letter: &mut Letter, host: &Host) -> Result<Reply, Failed> {
        let mut refused = None;
        loop {
            let mut token = None;
            if let Some(source) = &route.token {
                let given = Box::pin(source.token(refused.as_deref())).await;
                let given = given.map_err(|thrown| no_token(&thrown))?;
                self.past().tokens.borrow_mut().push(given.clone());
                letter.headers = headers_with(&letter.headers, &given);
                token = Some(given);
            }
            let reply = send::send(letter, host).await;
            let is_refused = matches!(&reply, Reply::Error(error) if is_401(error));
            if token.is_none() || !is_refused || refused.is_some() {
                return Ok(reply);
            }
            refused = token;
        }
    }

    /// The size that a target is asked for; `None` where the request names none.
    fn size(&self, target: usize) -> Option<Size> {
        let smaller = self.routes.get(target).and_then(|route| route.smaller);
        smaller.or(self.request(target).need.size)
    }

    /// The text to send to a target.
    ///
    /// # Errors
    /// What `JSON.stringify` throws, for a request that cannot be written.
    pub(crate) fn text(&self, target: usize, host: &Host) -> Result<JsString, JsValue> {
        if let Some((last, text)) = &*self.past().text.borrow()
            && *last == target
        {
            return Ok(text.clone());
        }
        let Some(route) = self.routes.get(target) else { return Ok(JsString::from("")) };
        let known = route.known();
        let request = self.request(target);
        let unsigned = self.past().is_unsigned.get().then(|| request.unsigned());
        let request = unsigned.as_ref().unwrap_or(request);
        let smaller = route.smaller.map(|size| request.sized(size));
        let request = smaller.as_ref().unwrap_or(request);
        let text = request.text(route.protocol, &route.model, known.as_ref(), host)?;
        if self.request.is_prompt() {
            // Written anew for each attempt, which is cheap.
            return Ok(text);
        }
        self.past().text.replace(Some((target, text.clone())));
        Ok(text)
    }

    /// What the answer says that its request took.
    pub(crate) fn used(&self) -> Option<Used> {
        // The drop-in's answer is not looked at: what was reserved stands.
        if self.cost_of_lane == Wanted::Answer {
            return None;
        }
        let (summary, target) = (self.past().summary.get(), self.past().answered.get());
        let route = self.routes.get(target)?;
        let served_by = self.past().served_by.borrow();
        let tier = self.tier(target);
        let usd = route.cost(self.size(target), &summary, tier, served_by.as_deref());
        let tokens = summary.usage.map(|usage| Millis::from_f64(usage.prompt).0);
        Some(Used { tokens, nanos: usd.map(nanos) })
    }

    /// What the caller gets.
    pub(crate) fn result(&self, body: &JsValue, record: &Record, host: &Host) -> JsValue {
        let response = host.answer(body);
        if self.cost_of_lane == Wanted::Answer {
            return response;
        }
        let answered = record.attempts.iter().find(|attempt| attempt.answered());
        let target = answered.map_or(0, |attempt| attempt.target);
        let served_by = self.past().served_by.borrow();
        let served_by = served_by.as_deref();
        let model = served_by.or_else(|| self.model(target)).unwrap_or_default();
        let summary = self.past().summary.get();
        let size = self.size(target);
        let skipped = Array::new();
        for (route, skip) in &self.skipped {
            host.add_skipped(&skipped, &route.model, skip.lacks, &skip.reason);
        }
        let route = self.routes.get(target);
        let known = route.and_then(|route| route.catalog_row(model));
        let named = route.and_then(|route| route.name.as_deref());
        let named = named.unwrap_or_else(|| known.map_or(model, |known| known.name));
        host.result(
            &response,
            model,
            (self.cost_of_lane == Wanted::Fallback).then_some(named),
            self.request.model.as_deref().or_else(|| self.model(0)).unwrap_or_default(),
            route.and_then(|route| route.cost(size, &summary, self.tier(target), served_by)),
            self.possible_cost(record),
            &attempts(host, record, |target| self.model(target)),
            record.waited.as_f64(),
            &skipped,
            &self.switches(host, record),
            size.map(Size::as_str),
        )
    }

    /// What answers that were lost may have cost, by the table.
    pub(crate) fn possible_cost(&self, record: &Record) -> f64 {
        let lost = |attempt: &&PastAttempt| match &attempt.info {
            Some(info) => may_be_billed(info),
            None => attempt.abandoned,
        };
        let price = |attempt: &PastAttempt| {
            let route = self.routes.get(attempt.target);
            let (size, tier) = (self.size(attempt.target), self.tier(attempt.target));
            route.map_or(0.0, |route| route.lost(size, tier))
        };
        record.attempts.iter().filter(lost).map(price).fold(0.0, |sum, usd| sum + usd)
    }

    /// The targets that a call has left, as the caller sees them.
    fn switches(&self, host: &Host, record: &Record) -> JsValue {
        let list = Array::new();
        for leave in &record.switches {
            let (from, to) = (self.called(leave.from), self.called(leave.to));
            let kind = name(leave.info.kind.as_str());
            host.add_switch(&list, &from, &to, &kind, &leave.info.summary);
        }
        list.into()
    }

    /// What tells a target from others: its name, else its model, and a size that is not the one that
    /// was asked for.
    fn called(&self, target: usize) -> String {
        let Some(route) = self.routes.get(target) else { return String::new() };
        let mut called = route.name.as_ref().unwrap_or(&route.model).clone();
        if let Some(size) = route.smaller {
            called.push_str(" at ");
            called.push_str(size.as_str());
        }
        called
    }

    /// The model of a target.
    pub(crate) fn model(&self, target: usize) -> Option<&str> {
        self.routes.get(target).map(|route| route.model.as_str())
    }

    /// Foreign data without keys and prompts. The body of an answer is parsed before, so that what is
    /// cut leaves it whole.
    pub(crate) fn redacted(&self, value: &Value) -> JsValue {
        let clean = |text: &str| self.redact(text);
        let shown = to_js(value, &clean);
        if let Some(parsed) = value.get("body").and_then(Value::as_str).map(JSON::parse)
            && let Some(body) = parsed.ok().filter(JsValue::is_object)
        {
            set(shown.unchecked_ref(), "body", &to_js(&copy(&body), &clean));
        }
        shown
    }

    /// A text without keys and prompts.
    pub(crate) fn redact(&self, text: &str) -> String {
        // A token may come after the first failure.
        let tokens = self.past().tokens.borrow();
        let tokens = Redactor::new(tokens.iter().map(String::as_str), core::iter::empty());
        let text = &tokens.clean(text);
        let redactor = self.past().redactor.get_or_init(|| {
            let secrets = self.routes.iter().flat_map(|route| &route.secrets);
            let prompts = self.request.prompts();
            Redactor::new(secrets.map(String::as_str), prompts.iter().map(String::as_str))
        });
        redactor.clean(text)
    }
}

/// How an attempt failed: what came, as the classifier reads it, unless it is known already.
pub(crate) struct Failed {
    pub(crate) value: Value,
    pub(crate) info: Option<ErrorInfo>,
    /// What an answer without a picture has cost by its tokens, in billionths of a USD.
    pub(crate) spent: Option<u64>,
}

impl Failed {
    /// What has begun to answer has made its picture.
    fn cut(value: Value) -> Self {
        let info = classify(&value, host::now().wall);
        let lost = info.kind == Kind::Network;
        Self { value, info: Some(ErrorInfo { lost, ..info }), spent: None }
    }

    fn foreign(route: &Route, status: u16) -> Self {
        local::foreign(route.protocol, status).into()
    }
}

/// An answer of a target as one of the Gemini API.
async fn read(
    route: &Route,
    body: JsValue,
    letter: &Letter,
    host: &Host,
    cost_of_lane: Wanted,
) -> Result<JsValue, Failed> {
    let reading = if route.protocol.is_gemini() {
        if cost_of_lane == Wanted::Answer || answer::summary(&body).pictures > 0 {
            return Ok(body);
        }
        let reading = reading::gemini(&body);
        if !reading.has_some() && !answer::has_ours(&body) {
            return Ok(body);
        }
        reading
    } else {
        let Some(reading) = reading::read(route.protocol, &body) else {
            return Err(unknown(route, &body));
        };
        reading
    };
    let read = Box::pin(reading.finish(letter, host)).await;
    let body = read.map_err(Failed::from)?;
    let is_error = !get(&body, "error").is_undefined() && answer::summary(&body).pictures == 0;
    if is_error { Err(answer::outline(&body).into()) } else { Ok(body) }
}

/// An answer without a picture, in the form of the Gemini API, says why.
fn without_picture(route: &Route, body: &JsValue) -> Failed {
    if answer::is_gemini(body) { answer::outline(body).into() } else { unknown(route, body) }
}

/// An answer that is not one of its target's protocol: it may tell an error all the same.
fn unknown(route: &Route, body: &JsValue) -> Failed {
    let value = Value::Object(vec![
        ("status".to_owned(), Value::Number(200.0)),
        ("body".to_owned(), copy(body)),
    ]);
    let info = classify(&value, host::now().wall);
    match info.kind {
        Kind::Unknown | Kind::NoImage => Failed::foreign(route, 200),
        _ => Failed { info: Some(info), ..value.into() },
    }
}

/// The headers with a bearer token.
fn headers_with(headers: &Object, token: &str) -> Object {
    let headers = copy_of(headers);
    let (name, scheme) = BEARER;
    put(&headers, &name.into(), &[scheme, token].concat().into());
    headers
}

/// Whether it is the signature of a thought that is refused, or missing.
///
/// Source: 'Invalid thought signature.', 'Corrupted thought signature', `missing_thought_signature`.
fn names_signature(error: &Value) -> bool {
    let body = error.get("body").and_then(Value::as_str).unwrap_or_default();
    let is_400 = error.get("status").and_then(Value::as_f64) == Some(400.0);
    is_400 && contains(body, "ignature") && contains(body, "hought")
}

fn is_401(error: &Value) -> bool {
    error.get("status").and_then(Value::as_f64) == Some(401.0)
}

/// The caller's callback gave no token: nothing was sent. Of what it threw only the sentence is kept,
/// since such errors may carry the credentials that they were made with.
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

/// The attempts of a record as the caller sees them.
pub(crate) fn attempts<'a>(
    host: &Host,
    record: &Record,
    model: impl Fn(usize) -> Option<&'a str>,
) -> JsValue {
    let list = Array::new();
    for attempt in &record.attempts {
        let info = attempt.info.as_deref();
        let kind = match info {
            Some(info) => Some(info.kind),
            None => attempt.abandoned.then_some(Kind::Cancelled),
        };
        host.add_attempt(
            &list,
            attempt.number,
            model(attempt.target),
            attempt.took.as_f64(),
            attempt.waited.as_f64(),
            &kind.map_or(JsValue::UNDEFINED, |kind| name(kind.as_str())),
            info.and_then(|info| info.status),
        );
    }
    list.into()
}
