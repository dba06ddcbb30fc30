//! The quotas of a client, kept in the process and shared through a store.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Object;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::base::time::{Instant, Millis};
use crate::engine::ids::{ExchangeId, ReplicaId};
use crate::engine::input::Input;
use crate::quota::shared::{Reply, Request, Times, apply};
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::host;
use crate::wasm::values::object::Fields;

/// The interval at which the quotas of this process are kept, in case this instance fails.
const KEEP: Millis = Millis(250);

impl Driver {
    /// Takes back what was kept of a quota before this instance.
    pub(crate) fn recall(&self, replica: ReplicaId) {
        let Some(name) = self.kept_name(replica) else { return };
        if let Some(state) = self.host.kept(&name) {
            self.engine.borrow_mut().recall(host::now(), replica, &state);
        }
    }

    /// Keeps the quotas of this process: at once while they are small, else at intervals, and when
    /// no call is left.
    pub(crate) fn keep(&self) {
        let (sent, now, is_quick) = {
            let engine = self.engine.borrow();
            if engine.sent() == self.kept_sent.get() {
                return;
            }
            (engine.sent(), engine.now.mono, engine.is_idle() || engine.is_small())
        };
        if now - self.kept.get() < KEEP && !is_quick {
            return;
        }
        self.kept.set(now);
        self.kept_sent.set(sent);
        let replicas = self.engine.borrow().own_replicas();
        for (replica, state) in replicas {
            if let Some(name) = self.kept_name(replica) {
                self.host.keep(&name, &state);
            }
        }
    }

    /// The moment at which the quotas are to be kept, where something was sent since they were.
    pub(super) fn keep_due(&self) -> Option<Instant> {
        let engine = self.engine.borrow();
        let is_due = engine.sent() != self.kept_sent.get() && !engine.is_idle();
        is_due.then(|| self.kept.get() + KEEP)
    }

    /// The identity of a quota among those of a store: its account and its model.
    fn identity(&self, replica: ReplicaId) -> Option<(String, String)> {
        match replica {
            // The budget is that of the client's project, whichever target is paid.
            ReplicaId::Budget => Some((self.home.clone(), "budget".to_owned())),
            _ => self.quotas.identity(replica),
        }
    }

    fn kept_name(&self, replica: ReplicaId) -> Option<String> {
        let (account, model) = self.identity(replica)?;
        Some([account.as_str(), "\n", &model].concat())
    }

    /// Asks the store.
    pub(crate) fn transact(
        self: &Rc<Self>,
        id: ExchangeId,
        replica: ReplicaId,
        request: Rc<Request>,
    ) {
        let (Some((store, project)), Some((account, model))) =
            (&self.shared, self.identity(replica))
        else {
            return;
        };
        // A target with a key or address of its own is of another project.
        let project = project.as_deref().filter(|_| account == self.home);
        let reply: Rc<RefCell<Option<Reply>>> = Rc::default();
        let last = Rc::clone(&reply);
        let driver = Rc::clone(self);
        let own = Rc::clone(self);
        let update = Closure::<dyn FnMut(JsValue, f64, Option<f64>) -> JsValue>::new(
            move |state: JsValue, now: f64, wall: Option<f64>| {
                let times = Times {
                    now: Millis::from_f64(now).0,
                    wall: wall.map(|wall| Millis::from_f64(wall).0),
                    expected: own.engine.borrow().expects(host::now(), replica),
                };
                let (text, reply) = apply(state.as_string().as_deref(), times, &request);
                last.replace(Some(reply));
                Fields::new().set("state", text).set("result", JsValue::UNDEFINED).done()
            },
        );
        let promise = {
            let store: &Object = store;
            self.host.transact(store, project, &account, &model, update.as_ref())
        };
        spawn_local(async move {
            let done = JsFuture::from(promise).await;
            drop(update);
            let reply = done.ok().and_then(|_| reply.take());
            driver.feed(Input::Transacted { id, reply });
        });
    }
}
