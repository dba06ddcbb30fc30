//! The loop around the core: feed one input, carry out what comes out, arm one timer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Function, Object};
use wasm_bindgen::prelude::*;

use crate::base::time::Instant;
use crate::engine::history::History;
use crate::engine::ids::CallId;
use crate::engine::ids::ReplicaId;
use crate::engine::input::{CallSpec, Input};
use crate::engine::output::Output;
use crate::engine::state_machine::Engine;
use crate::models::known::Catalog;
use crate::models::model::Status;
use crate::wasm::driver::call::{Call, Callbacks};
use crate::wasm::driver::job::Job;
use crate::wasm::errors::generate_error::closed_error;
use crate::wasm::host::{self, Host};
use crate::wasm::options::read::Settings;
use crate::wasm::quota::quotas::{Quotas, account_identity};
use crate::wasm::target::home::home;

/// One client: an engine, its calls, one timer.
pub(crate) struct Driver {
    pub(crate) engine: RefCell<Engine>,
    pub(crate) quotas: Quotas,
    /// The store by which quotas are shared, and the project that names them there.
    pub(crate) shared: Option<(Object, Option<String>)>,
    /// The identity of the client's own account.
    pub(crate) home: String,
    /// Callers of `quota` that wait for the answers of the store.
    pub(crate) quota_waiters: RefCell<Vec<JsValue>>,
    /// The moment at which the quotas were kept last.
    pub(crate) kept: Cell<Instant>,
    /// The number of attempts that had been sent by then.
    pub(super) kept_sent: Cell<u32>,
    pub(super) calls: RefCell<Vec<Option<Box<Call>>>>,
    pub(super) timer: RefCell<Option<(Instant, Timeout)>>,
    /// The moment at which the host wakes it, if the process is still there.
    pub(super) idle: Cell<Option<Instant>>,
    serials: Cell<u32>,
    pub(crate) host: Host,
    /// The client's own `fetch`.
    pub(super) fetch: Option<Function>,
    pub(crate) catalog: Rc<Catalog>,
    /// The models whose end was emitted, each with its status.
    pub(super) emitted_retired: RefCell<Vec<(String, Status)>>,
    pub(super) history: RefCell<History>,
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
                engine.share(ReplicaId::Budget, settings.on_store_down.unwrap_or_default());
            }
        }
        let shared =
            settings.store.clone().map(|store| (store.unchecked_into(), settings.project.clone()));
        let (base, key) = home(settings, &host);
        let home = account_identity(&base, key.as_deref());
        let driver = Rc::new(Self {
            engine: RefCell::new(engine),
            quotas: Quotas::default(),
            shared,
            home,
            quota_waiters: RefCell::default(),
            kept: Cell::default(),
            kept_sent: Cell::default(),
            calls: RefCell::default(),
            timer: RefCell::default(),
            idle: Cell::default(),
            serials: Cell::new(0),
            host,
            fetch: settings.fetch.clone().map(JsCast::unchecked_into),
            catalog: settings.catalog(),
            emitted_retired: RefCell::default(),
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
        // Allocated before the short-lived outputs of the engine, which would leave a hole behind.
        let call = Box::new(Call {
            caller,
            job,
            serial,
            pending: Vec::new(),
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

    /// Takes no more calls; attempts that were sent go on.
    pub(crate) fn retire(self: &Rc<Self>) {
        self.feed(Input::Draining);
    }

    /// Ends every call.
    pub(crate) fn close(self: &Rc<Self>) {
        self.feed(Input::Closed);
        // The store is not asked any more, so that those who wait for it are answered here.
        for caller in self.quota_waiters.take() {
            self.host.reject(&caller, &closed_error(&self.host));
        }
    }

    /// Whether the client has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.engine.borrow().is_closed()
    }

    pub(super) fn feed(self: &Rc<Self>, input: Input) {
        self.engine.borrow_mut().handle(host::now(), input);
        self.drain();
    }

    /// Carries out the outputs of the engine. No borrow is held while JavaScript runs: a listener
    /// may start another call, and so come back here.
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
                    self.emit_wait(call, number, wait, until, &info);
                }
                Output::Hold { call, number, wait, until, info } => {
                    self.emit_hold(call, number, wait, until, &info);
                }
                Output::Transact { id, replica, request } => self.transact(id, replica, request),
                Output::Notice(notice) => self.emit_notice(&notice),
                Output::Switch { call, from, to, info } => self.emit_switch(call, from, to, &info),
                Output::Settle { call, ending, record } => self.settle(call, ending, &record),
            }
        }
        self.keep();
        self.answer_quota_waiters();
        self.arm();
    }

    /// Wakes the engine, as the host was asked to; a moment that came too early is asked for again.
    pub(crate) fn wake(self: &Rc<Self>) {
        self.idle.set(None);
        self.feed(Input::Woken);
    }

    pub(super) fn with<T>(&self, call: CallId, read: impl FnOnce(&mut Call) -> T) -> Option<T> {
        self.calls.borrow_mut().get_mut(call.0 as usize)?.as_deref_mut().map(read)
    }
}
