//! The job of making a picture: where it may go, what is sent, what its caller gets.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, JsString};
use wasm_bindgen::prelude::*;

use super::answer::{self, Summary};
use super::convert::{name, to_js};
use super::host::Host;
use super::quota::nanos;
use super::request::Request;
use super::route::Route;
use super::send::{self, Letter, Reply};
use crate::cost;
use crate::failure::not_gemini;
use crate::info::ErrorInfo;
use crate::input::Used;
use crate::kind::Kind;
use crate::model::Model;
use crate::models::Catalog;
use crate::output::{Attempt, Record};
use crate::redact::Redactor;
use crate::time::Millis;
use crate::value::Value;

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
    pub(crate) routes: Vec<Rc<Route>>,
    pub(crate) catalog: Rc<Catalog>,
    pub(crate) wanted: Wanted,
    /// What was left out of the chain, and why.
    pub(crate) skipped: Vec<(Rc<Route>, Skip)>,
    pub(crate) fetch: Option<Function>,
    /// The text sent last, with its target: a retry sends the same.
    text: RefCell<Option<(usize, JsString)>>,
    /// What errors must not show, gathered once something has failed.
    redactor: OnceCell<Redactor>,
    /// Of the answer that settles the call: the first with a picture.
    summary: Cell<Summary>,
    /// The target that gave it.
    answered: Cell<usize>,
}

impl Picture {
    pub(crate) fn new(
        request: Request,
        routes: Vec<Rc<Route>>,
        catalog: Rc<Catalog>,
        wanted: Wanted,
        skipped: Vec<(Rc<Route>, Skip)>,
        fetch: Option<Function>,
    ) -> Self {
        Self {
            request,
            routes,
            catalog,
            wanted,
            skipped,
            fetch,
            text: RefCell::default(),
            summary: Cell::default(),
            answered: Cell::default(),
            redactor: OnceCell::new(),
        }
    }

    /// Asks one target once.
    pub(crate) async fn ask(
        &self,
        target: usize,
        canceller: &JsValue,
        host: &Host,
    ) -> Result<JsValue, Failed> {
        let Some(route) = self.routes.get(target) else { return Err(Failed::from(Value::Null)) };
        let body =
            self.text(target).map_err(|thrown| Failed::from(super::convert::copy(&thrown)))?;
        // Another `fetch` than Node's own may come with another undici, whose dispatchers differ.
        let dispatcher = if self.fetch.is_none() { host.dispatcher() } else { JsValue::UNDEFINED };
        let letter = Letter {
            url: route.url.clone(),
            headers: route.headers.clone(),
            body,
            signal: super::convert::get(canceller, "signal"),
            dispatcher,
            fetch: self.fetch.clone(),
        };
        match send::send(&letter, host).await {
            Reply::Error(value) => Err(value.into()),
            Reply::Foreign(status) => Err(Failed::foreign(status)),
            Reply::Body(body) if self.wanted == Wanted::Answer => Ok(body),
            Reply::Body(body) => {
                let summary = answer::summary(&body);
                if summary.pictures == 0 {
                    return Err(match answer::is_gemini(&body) {
                        true => answer::outline(&body).into(),
                        false => Failed::foreign(200),
                    });
                }
                self.summary.set(summary);
                self.answered.set(target);
                Ok(body)
            }
        }
    }

    /// The text to send to a target.
    ///
    /// # Errors
    /// What `JSON.stringify` throws, for a request that cannot be written.
    pub(crate) fn text(&self, target: usize) -> Result<JsString, JsValue> {
        if let Some((last, text)) = &*self.text.borrow()
            && *last == target
        {
            return Ok(text.clone());
        }
        let text = self.request.text(self.known(target).as_ref())?;
        if self.request.is_prompt() {
            // Written anew for each attempt, which is cheap.
            return Ok(text);
        }
        self.text.replace(Some((target, text.clone())));
        Ok(text)
    }

    /// What the answer says that its request took.
    pub(crate) fn used(&self) -> Option<Used> {
        // The drop-in's answer is not looked at: what was reserved stands.
        if self.wanted == Wanted::Answer {
            return None;
        }
        let (summary, target) = (self.summary.get(), self.answered.get());
        let model = self.known(target);
        let usage = summary.usage?;
        let usd =
            cost::answer(model.as_ref(), self.request.need.size, Some(&usage), summary.pictures);
        let tokens = Some(Millis::from_f64(usage.prompt).0);
        Some(Used { tokens, nanos: usd.map(nanos) })
    }

    /// What the caller gets.
    pub(crate) fn result(&self, body: &JsValue, record: &Record, host: &Host) -> JsValue {
        let response = host.answer(body);
        if self.wanted == Wanted::Answer {
            return response;
        }
        let answered = record.attempts.iter().find(|attempt| attempt.answered());
        let target = answered.map_or(0, |attempt| attempt.target);
        let model = self.model(target).unwrap_or_default();
        let known = self.known(target);
        let summary = self.summary.get();
        let size = self.request.need.size;
        let skipped = Array::new();
        for (route, skip) in &self.skipped {
            host.add_skipped(&skipped, &route.model, skip.lacks, &skip.reason);
        }
        let named = known.as_ref().map_or(model, |known| known.name);
        host.result(
            &response,
            model,
            (self.wanted == Wanted::Fallback).then_some(named),
            self.request.model.as_deref().or_else(|| self.model(0)).unwrap_or_default(),
            cost::answer(known.as_ref(), size, summary.usage.as_ref(), summary.pictures),
            self.possible_cost(record),
            &attempts(host, record, |target| self.model(target)),
            record.waited.as_f64(),
            &skipped,
        )
    }

    /// What answers that were lost may have cost, by the table.
    fn possible_cost(&self, record: &Record) -> f64 {
        let lost = |attempt: &&Attempt| match &attempt.info {
            Some(info) => cost::may_be_billed(info),
            None => attempt.abandoned,
        };
        let price = |attempt: &Attempt| {
            cost::lost(self.known(attempt.target).as_ref(), self.request.need.size)
        };
        record.attempts.iter().filter(lost).map(price).fold(0.0, |sum, usd| sum + usd)
    }

    /// The model of a target.
    pub(crate) fn model(&self, target: usize) -> Option<&str> {
        self.routes.get(target).map(|route| route.model.as_str())
    }

    /// What is known of the model of a target.
    fn known(&self, target: usize) -> Option<Model<'_>> {
        self.catalog.find(self.model(target)?)
    }

    /// Foreign data without keys and prompts.
    pub(crate) fn redacted(&self, value: &Value) -> JsValue {
        to_js(value, &|text| self.redact(text))
    }

    /// A text without keys and prompts.
    pub(crate) fn redact(&self, text: &str) -> String {
        let redactor = self.redactor.get_or_init(|| {
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
}

impl Failed {
    fn foreign(status: u16) -> Self {
        Self { value: Value::Null, info: Some(not_gemini(status)) }
    }
}

impl From<Value> for Failed {
    fn from(value: Value) -> Self {
        Self { value, info: None }
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
