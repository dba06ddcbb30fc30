//! The loop around the core: feed one input, carry out what comes out, arm one timer.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::answer;
use super::convert::{copy, get};
use super::error;
use super::failure;
use super::history;
use super::host::{self, Host};
use super::picture::{Failed, Picture};
use super::quota::{self, Lanes};
use super::route;
use super::settings::Settings;
use crate::base::time::{Instant, Millis, WallTime};
use crate::base::value::Value;
use crate::engine::history::History;
use crate::engine::ids::{AttemptId, CallId, ReplicaId};
use crate::engine::input::{CallSpec, Input, Used};
use crate::engine::output::{Ending, Output, Record};
use crate::engine::peak::{self, Hours};
use crate::engine::state_machine::Engine;
use crate::errors::classify::classify;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::models::known::Catalog;
use crate::models::model::Status;
use crate::retry::ending::Why;
use crate::retry::policy::Verdict;

/// The longest that nobody looks at the clocks.
const LOOK: Millis = Millis(300_000);

/// What a call does at each attempt.
#[derive(Clone)]
pub(crate) enum Job {
    /// Calls the caller's function.
    Function(Function),
    /// Calls the caller's function, which asks this model.
    Quoted(Function, Rc<str>),
    /// Asks the service for a picture.
    Picture(Rc<Picture>),
}

struct Attempt {
    id: AttemptId,
    target: usize,
    /// The context or canceller whose signal stops it.
    handle: JsValue,
}

struct Call {
    /// The JavaScript side of it: whoever waits for the promise.
    caller: JsValue,
    job: Job,
    serial: u32,
    attempts_: Vec<Attempt>,
    callbacks: Option<Box<Callbacks>>,
    /// What the caller's function threw last, or a copy of what the service answered last.
    thrown: Option<Thrown>,
    answer: JsValue,
}

/// The caller's own functions, which few calls have.
struct Callbacks {
    on_retry: Option<Function>,
    should_retry: Option<Function>,
    fallback_on: Option<Function>,
}

impl Callbacks {
    fn of(settings: Settings) -> Option<Box<Self>> {
        let Settings { on_retry, should_retry, fallback_on, .. } = settings;
        let has_any = on_retry.is_some() || should_retry.is_some() || fallback_on.is_some();
        has_any.then(|| Box::new(Self { on_retry, should_retry, fallback_on }))
    }
}

/// What the caller's functions say of an error; they may be asynchronous.
enum Asked {
    Now(Option<Verdict>),
    Later(Pin<Box<dyn Future<Output = Option<Verdict>>>>),
}

fn is_promise(value: &JsValue) -> bool {
    value.has_type::<Promise>()
}

/// What a promise gives, or the value itself; the host sees to it that none rejects.
async fn settled(value: JsValue) -> JsValue {
    match value.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await.unwrap_or(JsValue::UNDEFINED),
        Err(value) => value,
    }
}

/// What `shouldRetry` has decided; `None` where the classifier decides.
fn retries_as(answer: &JsValue) -> Option<Verdict> {
    if let Some(retries) = answer.as_bool() {
        return Some(if retries { Verdict::Retry } else { Verdict::Stop });
    }
    let delay = get(answer, "delay").as_f64().filter(|&delay| delay >= 0.0)?;
    Some(Verdict::RetryAfter(Millis::from_f64(delay)))
}

/// What `fallbackOn` has decided.
fn leaves_as(answer: &JsValue) -> Option<Verdict> {
    Some(if answer.as_bool()? { Verdict::Leave } else { Verdict::Stay })
}

/// The last error, as it came.
#[derive(Clone)]
enum Thrown {
    Own(JsValue),
    Copied(Rc<Value>),
}

/// One client: an engine, its calls, one timer.
pub(crate) struct Driver {
    pub(crate) engine: RefCell<Engine>,
    pub(crate) lanes: Lanes,
    /// Where quotas are shared, and under which name.
    pub(crate) shared: Option<(Object, Option<String>)>,
    /// What identifies the client's own account.
    pub(crate) home: String,
    /// Those who wait for the stores to be asked.
    pub(crate) lookers: RefCell<Vec<JsValue>>,
    /// When the quotas were kept last.
    pub(crate) kept: Cell<Instant>,
    /// And how many attempts had been sent by then.
    pub(crate) kept_sent: Cell<u32>,
    calls: RefCell<Vec<Option<Box<Call>>>>,
    timer: RefCell<Option<(Instant, Timeout)>>,
    /// When the host wakes it, if it is still there.
    idle: Cell<Option<Instant>>,
    serials: Cell<u32>,
    pub(crate) host: Host,
    /// The client's own `fetch`.
    fetch: Option<Function>,
    pub(crate) catalog: Rc<Catalog>,
    /// Which models listeners were told of, and what.
    pub(crate) told_retired: RefCell<Vec<(String, Status)>>,
    history: RefCell<History>,
}

impl Driver {
    pub(crate) fn new(host: Host, settings: &Settings) -> Rc<Self> {
        let mut engine = Engine::new(host::seed());
        if let Some(most) = settings.concurrency {
            engine.set_concurrency(most);
        }
        if let Some(thresholds) = &settings.alert_at {
            engine.set_alerts(thresholds);
        }
        if let Some(budget) = &settings.budget {
            engine.set_budget(budget);
            if settings.store.is_some() {
                engine.share(ReplicaId::Budget, settings.on_store_down);
            }
        }
        let shared = settings.store.clone().map(|store| (store, settings.project.clone()));
        let (base, key) = route::home(settings, &host);
        let home = quota::identity(&base, key.as_deref());
        let driver = Rc::new(Self {
            engine: RefCell::new(engine),
            lanes: Lanes::default(),
            shared,
            home,
            lookers: RefCell::default(),
            kept: Cell::default(),
            kept_sent: Cell::default(),
            calls: RefCell::default(),
            timer: RefCell::default(),
            idle: Cell::default(),
            serials: Cell::new(0),
            host,
            fetch: settings.fetch.clone(),
            catalog: settings.catalog(),
            told_retired: RefCell::default(),
            history: RefCell::default(),
        });
        driver.recall(ReplicaId::Budget);
        driver
    }

    /// Starts a call; its promise is settled through `caller`.
    pub(crate) fn start(
        self: &Rc<Self>,
        caller: JsValue,
        job: Job,
        spec: CallSpec,
        settings: Settings,
    ) -> u32 {
        let serial = self.serials.get().wrapping_add(1);
        self.serials.set(serial);
        // Before what the engine says of it, which is gone soon and would leave a hole.
        let call = Box::new(Call {
            caller,
            job,
            serial,
            attempts_: Vec::new(),
            callbacks: Callbacks::of(settings),
            thrown: None,
            answer: JsValue::UNDEFINED,
        });
        let id = self.engine.borrow_mut().start(host::now(), spec);
        let index = id.0 as usize;
        {
            let mut calls = self.calls.borrow_mut();
            if calls.len() <= index {
                calls.resize_with(index.saturating_add(1), || None);
            }
            if let Some(slot) = calls.get_mut(index) {
                *slot = Some(call);
            }
        }
        self.drain();
        id.0
    }

    /// Ends a call because its caller aborted; the JavaScript side has rejected it already.
    pub(crate) fn cancel(self: &Rc<Self>, call: u32) {
        self.feed(Input::Cancelled { call: CallId(call) });
    }

    /// Takes nothing more: what is in flight goes on.
    pub(crate) fn retire(self: &Rc<Self>) {
        self.feed(Input::Draining);
    }

    /// Ends every call.
    pub(crate) fn close(self: &Rc<Self>) {
        self.feed(Input::Closed);
        // Nobody waits for a store any more.
        for caller in self.lookers.take() {
            self.host.reject(&caller, &failure::closed(&self.host));
        }
    }

    /// Whether the client has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.engine.borrow().is_closed()
    }

    pub(crate) fn feed(self: &Rc<Self>, input: Input) {
        self.engine.borrow_mut().handle(host::now(), input);
        self.drain();
    }

    /// Carries out what the engine says. No borrow is held while JavaScript runs: a listener may
    /// start another call, and so come back here.
    pub(crate) fn drain(self: &Rc<Self>) {
        loop {
            let output = self.engine.borrow_mut().poll();
            let Some(output) = output else { break };
            match output {
                Output::Send { call, attempt, number, target } => {
                    self.send(call, attempt, number, target);
                }
                Output::Abort { call, attempt, timed_out } => self.abort(call, attempt, timed_out),
                Output::Wait { call, number, wait, until, info } => {
                    self.tell_wait(call, number, wait, until, &info);
                }
                Output::Hold { call, number, wait, until, info } => {
                    self.tell_hold(call, number, wait, until, &info);
                }
                Output::Transact { id, replica, request } => self.transact(id, replica, request),
                Output::Notice(notice) => self.tell_notice(&notice),
                Output::Switch { call, from, to, info } => self.tell_switch(call, from, to, &info),
                Output::Settle { call, ending, record } => self.settle(call, ending, &record),
            }
        }
        self.keep();
        self.answer_lookers();
        self.arm();
    }

    fn arm(self: &Rc<Self>) {
        // Without a store nobody is told anything.
        let has_store = self.shared.is_some();
        let idle = has_store.then(|| self.engine.borrow().next_idle_wakeup()).flatten();
        if idle != self.idle.replace(idle)
            && let Some(at) = idle
        {
            self.host.nap((at - host::now().mono).as_f64());
        }
        let due = self.engine.borrow_mut().next_wakeup();
        let due = [due, self.keep_due()].into_iter().flatten().min();
        let armed = self.timer.borrow().as_ref().map(|(at, _)| *at);
        // A timer that fires early finds nothing due and sets the next; that is cheaper than a new
        // one for each call that ends.
        if due == armed || armed.is_some_and(|armed| due.is_some_and(|due| armed < due)) {
            return;
        }
        let timer = due.map(|at| {
            let driver = Rc::clone(self);
            let wake = move || {
                // The timer that called us is over; without it, `arm` sets the next one.
                let fired = driver.timer.borrow_mut().take();
                driver.feed(Input::Woken);
                drop(fired);
            };
            // In a computer that sleeps the clock of timers may stand still: whoever waits for
            // midnight looks up now and then.
            (at, host::timer((at - host::now().mono).min(LOOK), wake))
        });
        let old = self.timer.replace(timer);
        drop(old);
    }

    /// The host wakes it as it was told; what has come too early is asked for again.
    pub(crate) fn wake(self: &Rc<Self>) {
        self.idle.set(None);
        self.feed(Input::Woken);
    }

    fn with<T>(&self, call: CallId, read: impl FnOnce(&mut Call) -> T) -> Option<T> {
        self.calls.borrow_mut().get_mut(call.0 as usize)?.as_deref_mut().map(read)
    }

    fn send(self: &Rc<Self>, call: CallId, attempt: AttemptId, number: u32, target: usize) {
        let Some((job, serial)) = self.with(call, |state| (state.job.clone(), state.serial)) else {
            return;
        };
        let handle = match &job {
            Job::Function(_) | Job::Quoted(..) => self.host.context(number),
            Job::Picture(_) => self.host.canceller(),
        };
        self.with(call, |state| {
            state.attempts_.push(Attempt { id: attempt, target, handle: handle.clone() });
        });
        if self.host.listening() {
            self.host.sends(serial, number, job.model(target));
            // A listener may have ended the call; then nothing is sent any more.
            let is_due =
                |state: &mut Call| state.attempts_.iter().any(|current| current.id == attempt);
            if self.with(call, is_due) != Some(true) {
                return;
            }
        }
        match job {
            Job::Function(function) | Job::Quoted(function, _) => {
                self.host.call(&function, &handle, call.0, attempt.0);
            }
            Job::Picture(picture) => {
                let driver = Rc::clone(self);
                spawn_local(async move {
                    let fetch = driver.fetch.as_ref();
                    match picture.ask(target, &handle, &driver.host, fetch).await {
                        Ok(body) => driver.answered(call, attempt, body),
                        Err(failed) => driver.failed(call, attempt, failed),
                    }
                });
            }
        }
    }

    pub(crate) fn answered(self: &Rc<Self>, call: CallId, attempt: AttemptId, answer: JsValue) {
        if let Some(target) = self.complete(call, attempt) {
            // Getters of the answer may come back here, so nothing is borrowed meanwhile. Of a
            // function's answer nothing is read.
            let job = self.with(call, |state| match &state.job {
                Job::Function(_) => None,
                job => Some(job.clone()),
            });
            let job = job.flatten();
            let used = job.as_ref().and_then(|job| job.used(&answer, &self.catalog));
            if let Some(Job::Picture(picture)) = &job
                && let Some(model) = picture.model(target)
            {
                self.tell_stage(model, &answer, picture.served_by().as_deref());
            }
            self.with(call, |state| state.answer = answer);
            self.feed(Input::Answered { call, attempt, used });
            self.count(job.as_ref(), target, None);
        }
    }

    /// The caller's function failed with `thrown`.
    pub(crate) fn threw(self: &Rc<Self>, call: CallId, attempt: AttemptId, thrown: JsValue) {
        let Some(target) = self.complete(call, attempt) else { return };
        // One request that failed is no sign that there are more.
        let tries = get(&get(&thrown, "errors"), "length").as_f64();
        if tries > Some(1.0) && error::is_named(&thrown, "AI_RetryError") {
            self.host.warn(
                "the AI SDK retries inside `retry`, so that each attempt is several requests; pass it maxRetries: 0",
            );
        }
        let mut info = classify(&copy(&thrown), host::now().wall);
        if error::is_named(&thrown, "UnwantedResult") {
            let job = self.with(call, |state| state.job.clone());
            let used = job.and_then(|job| job.used(&get(&thrown, "result"), &self.catalog));
            info.spent = used.and_then(|used| used.nanos);
        }
        self.completed(call, attempt, target, info, Thrown::Own(thrown));
    }

    /// The service failed.
    fn failed(self: &Rc<Self>, call: CallId, attempt: AttemptId, failed: Failed) {
        if let Some(target) = self.complete(call, attempt) {
            let Failed { value, info, spent } = failed;
            let mut info = info.unwrap_or_else(|| classify(&value, host::now().wall));
            info.spent = spent;
            if let Some(Job::Picture(picture)) = self.with(call, |state| state.job.clone()) {
                picture.tell_failed(&info);
                picture.suggest(target, &mut info);
            }
            self.completed(call, attempt, target, info, Thrown::Copied(Rc::new(value)));
        }
    }

    fn completed(
        self: &Rc<Self>,
        call: CallId,
        attempt: AttemptId,
        target: usize,
        info: ErrorInfo,
        thrown: Thrown,
    ) {
        let job = self.with(call, |state| {
            state.thrown = Some(thrown);
            state.job.clone()
        });
        let asked = self.ask(call, &info);
        let leaves = match &job {
            Some(Job::Picture(picture)) if picture.may_be_taken_elsewhere(target, &info) => {
                Some(Verdict::Leave)
            }
            _ => None,
        };
        let info = Rc::new(info);
        let driver = Rc::clone(self);
        let decide = move |verdict: Option<Verdict>| {
            let verdict = verdict.or(leaves);
            driver.feed(Input::Failed { call, attempt, info: Rc::clone(&info), verdict });
            driver.count(job.as_ref(), target, Some(&info));
        };
        match asked {
            Asked::Now(verdict) => decide(verdict),
            // Until then the attempt is in flight for the engine, so that its time still runs.
            Asked::Later(verdict) => spawn_local(async move { decide(verdict.await) }),
        }
    }

    /// Forgets an attempt that has come back, and gives its target; `None` for one that nobody waits
    /// for any more.
    fn complete(&self, call: CallId, attempt: AttemptId) -> Option<usize> {
        self.with(call, |state| {
            let completed = state.attempts_.iter().find(|current| current.id == attempt);
            let target = completed.map(|current| current.target);
            state.attempts_.retain(|current| current.id != attempt);
            target
        })?
    }

    /// An attempt has ended, as the engine was just told.
    fn count(&self, job: Option<&Job>, target: usize, info: Option<&ErrorInfo>) {
        let model = job.and_then(|job| job.model(target));
        let now = self.engine.borrow().now.wall;
        self.history.borrow_mut().count(now, model, info);
        if let (Some(job), Some(model), Some(info)) = (job, model, info)
            && info.kind == Kind::ModelNotFound
        {
            self.tell_retired(model, Some(job.shown(info)));
        }
    }

    /// The hours that are known for overload, and those in which this client has seen it.
    pub(crate) fn peak_hours(&self) -> Hours {
        peak::known().and(self.history.borrow().storm_hours(host::now().wall))
    }

    /// What this client has seen.
    pub(crate) fn history(&self) -> JsValue {
        history::to_js(&self.history.borrow())
    }

    /// Asks the caller's `shouldRetry`, and where that has nothing to say, its `fallbackOn`.
    fn ask(self: &Rc<Self>, call: CallId, info: &ErrorInfo) -> Asked {
        let own = self.with(call, |state| {
            let own = state.callbacks.as_ref()?;
            if own.should_retry.is_none() && own.fallback_on.is_none() {
                return None;
            }
            let error = state.job.seen(state.thrown.as_ref());
            let shown = state.job.shown(info);
            Some((own.should_retry.clone(), own.fallback_on.clone(), error, shown))
        });
        let Some((should_retry, fallback_on, error, shown)) = own.flatten() else {
            return Asked::Now(None);
        };
        let retries = should_retry.map_or(JsValue::UNDEFINED, |ask| {
            let delay = self.engine.borrow().preview(host::now(), call, info);
            let attempt = self.engine.borrow().attempts(call);
            self.host.ask(&ask, &error, &shown, attempt, delay.map(Millis::as_f64))
        });
        let driver = Rc::clone(self);
        let leaves = move || match &fallback_on {
            Some(ask) => driver.host.leaves(ask, &shown),
            None => JsValue::UNDEFINED,
        };
        if !is_promise(&retries) {
            if let Some(verdict) = retries_as(&retries) {
                return Asked::Now(Some(verdict));
            }
            let leaves = leaves();
            if !is_promise(&leaves) {
                return Asked::Now(leaves_as(&leaves));
            }
            return Asked::Later(Box::pin(async move { leaves_as(&settled(leaves).await) }));
        }
        Asked::Later(Box::pin(async move {
            match retries_as(&settled(retries).await) {
                None => leaves_as(&settled(leaves()).await),
                verdict => verdict,
            }
        }))
    }

    fn abort(&self, call: CallId, attempt: AttemptId, timed_out: bool) {
        let handle = self.with(call, |state| {
            let current = state.attempts_.iter().find(|current| current.id == attempt);
            let handle = current.map(|current| current.handle.clone());
            state.attempts_.retain(|current| current.id != attempt);
            handle
        });
        if let Some(handle) = handle.flatten() {
            self.host.abort(&handle, timed_out);
        }
    }

    fn tell_wait(
        &self,
        call: CallId,
        attempt: u32,
        wait: Millis,
        until: WallTime,
        info: &ErrorInfo,
    ) {
        let told = self.with(call, |state| {
            let on_retry = state.callbacks.as_ref().and_then(|own| own.on_retry.clone());
            (state.serial, on_retry, state.job.clone(), state.thrown.clone())
        });
        let Some((serial, on_retry, job, thrown)) = told else { return };
        // What is shown is made only where somebody looks.
        if on_retry.is_none() && !self.host.listening() {
            return;
        }
        let target = self.engine.borrow().target(call);
        self.host.waits(
            serial,
            attempt,
            wait.as_f64(),
            until.as_f64(),
            job.model(target),
            &job.shown(info),
            &job.seen(thrown.as_ref()),
            &on_retry.into(),
        );
    }

    /// Tells that a call waits in the queue; its own `onRetry` is for attempts that failed.
    fn tell_hold(
        &self,
        call: CallId,
        attempt: u32,
        wait: Millis,
        until: WallTime,
        info: &ErrorInfo,
    ) {
        if !self.host.listening() {
            return;
        }
        let Some((serial, job)) = self.with(call, |state| (state.serial, state.job.clone())) else {
            return;
        };
        let target = self.engine.borrow().target(call);
        let model = job.model(target);
        self.host.holds(serial, attempt, wait.as_f64(), until.as_f64(), model, &job.shown(info));
    }

    fn tell_switch(&self, call: CallId, from: usize, to: usize, info: &ErrorInfo) {
        if !self.host.listening() {
            return;
        }
        let told = self.with(call, |state| (state.serial, state.job.clone()));
        let Some((serial, job)) = told else { return };
        let model = |target| job.model(target).unwrap_or_default();
        self.host.switches(serial, model(from), model(to), &job.shown(info));
    }

    fn settle(&self, call: CallId, ending: Ending, record: &Record) {
        let state = self.calls.borrow_mut().get_mut(call.0 as usize).and_then(Option::take);
        let Some(state) = state else { return };
        // What ran out of our own time never came back, and so was not counted yet.
        for attempt in record.attempts.iter().filter(|attempt| attempt.abandoned) {
            if let Some(info) = attempt.info.as_deref() {
                self.count(Some(&state.job), attempt.target, Some(info));
            }
        }
        let listening = self.host.listening();
        let error = match ending {
            Ending::Answered(_) => {
                let value = match &state.job {
                    Job::Function(_) | Job::Quoted(..) => state.answer.clone(),
                    Job::Picture(picture) => picture.result(&state.answer, record, &self.host),
                };
                if listening {
                    let attempts = record.attempts.len() as u32;
                    self.host.succeeds(state.serial, attempts, record.waited.as_f64());
                }
                self.host.resolve(&state.caller, &value);
                return;
            }
            // The JavaScript side has rejected already, and a second time changes nothing.
            Ending::Cancelled => get(&state.caller, "reason"),
            Ending::Closed => failure::closed(&self.host),
            Ending::Failed { why, info } => self.failure(&state, why, &info, record),
        };
        if listening {
            self.host.fails(state.serial, &error);
        }
        self.host.reject(&state.caller, &error);
    }

    /// The error that the caller sees: its own, untouched, where its own function threw it.
    fn failure(&self, state: &Call, why: Why, info: &ErrorInfo, record: &Record) -> JsValue {
        let last = record.attempts.last();
        let abandoned = last.is_some_and(|attempt| attempt.abandoned);
        if let (Job::Function(_) | Job::Quoted(..), Some(Thrown::Own(thrown)), false) =
            (&state.job, &state.thrown, abandoned)
        {
            if thrown.is_object() {
                let told =
                    ErrorInfo { advice: crate::retry::ending::advice(why, info), ..info.clone() };
                self.host.remember(thrown, &error::info(&told));
            }
            return thrown.clone();
        }
        let cause = state.job.seen(state.thrown.as_ref());
        failure::error(&self.host, &state.job, why, info, record, &cause)
    }
}

impl Job {
    /// The model that a target asks.
    pub(crate) fn model(&self, target: usize) -> Option<&str> {
        match self {
            Self::Function(_) => None,
            Self::Quoted(_, model) => Some(model),
            Self::Picture(picture) => picture.model(target),
        }
    }

    /// What an answer says that its request took.
    fn used(&self, answer: &JsValue, catalog: &Catalog) -> Option<Used> {
        match self {
            Self::Function(_) => None,
            Self::Quoted(_, model) => answer::used(answer, catalog.find(model).as_ref()),
            Self::Picture(picture) => picture.used(),
        }
    }

    /// A text without keys and prompts.
    pub(crate) fn clean(&self, text: &str) -> String {
        match self {
            Self::Function(_) | Self::Quoted(..) => text.to_owned(),
            Self::Picture(picture) => picture.redact(text),
        }
    }

    /// What is known of an error, without keys and prompts.
    pub(crate) fn shown(&self, info: &ErrorInfo) -> JsValue {
        // Names are the service's too, and may be anything.
        error::info(&ErrorInfo {
            message: self.clean(&info.message),
            summary: self.clean(&info.summary),
            ..info.with_names(&|name| Some(self.clean(name)))
        })
    }

    /// The last error as listeners and `cause` show it.
    fn seen(&self, thrown: Option<&Thrown>) -> JsValue {
        match (self, thrown) {
            (_, None) => JsValue::UNDEFINED,
            (_, Some(Thrown::Own(error))) => error.clone(),
            (Self::Picture(picture), Some(Thrown::Copied(value))) => picture.redacted(value),
            (Self::Function(_) | Self::Quoted(..), Some(Thrown::Copied(_))) => JsValue::UNDEFINED,
        }
    }
}
