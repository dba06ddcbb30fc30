//! The attempts of calls: sent, answered, failed, aborted.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::engine::input::{CallId, FlightId, Input};
use crate::errors::classify::classify;
use crate::errors::info::ErrorInfo;
use crate::retry::policy::Verdict;
use crate::wasm::attempt::failed::Failed;
use crate::wasm::driver::call::{Call, PendingAttempt};
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::driver::job::{Job, Thrown};
use crate::wasm::driver::verdict::Decision;
use crate::wasm::errors::type_error::is_named;
use crate::wasm::host;
use crate::wasm::values::access::get;
use crate::wasm::values::copy::copy;

impl Driver {
    pub(super) fn send(
        self: &Rc<Self>,
        call: CallId,
        flight: FlightId,
        attempt: u32,
        target: usize,
    ) {
        let Some((job, serial)) = self.with(call, |state| (state.job.clone(), state.serial)) else {
            return;
        };
        let handle = match &job {
            Job::Function(_) | Job::ModelFunction(..) => self.host.context(attempt),
            Job::Picture(_) => self.host.canceller(),
        };
        self.with(call, |state| {
            state.pending.push(PendingAttempt { id: flight, target, handle: handle.clone() });
        });
        if self.host.listening() {
            self.host.sends(serial, attempt, job.model(target));
            // A listener may have ended the call; then nothing is sent any more.
            let is_due =
                |state: &mut Call| state.pending.iter().any(|attempt| attempt.id == flight);
            if self.with(call, is_due) != Some(true) {
                return;
            }
        }
        match job {
            Job::Function(function) | Job::ModelFunction(function, _) => {
                self.host.call(&function, &handle, call.0, flight.0);
            }
            Job::Picture(picture) => {
                let driver = Rc::clone(self);
                spawn_local(async move {
                    let fetch = driver.fetch.as_ref();
                    match picture.ask(target, &handle, &driver.host, fetch).await {
                        Ok(body) => driver.answered(call, flight, body),
                        Err(failed) => driver.failed(call, flight, failed),
                    }
                });
            }
        }
    }

    pub(crate) fn answered(self: &Rc<Self>, call: CallId, flight: FlightId, answer: JsValue) {
        if let Some(target) = self.complete(call, flight) {
            // Getters of the answer may call the client, so nothing is borrowed meanwhile. The
            // answer of a function is not read.
            let job = self.with(call, |state| match &state.job {
                Job::Function(_) => None,
                job => Some(job.clone()),
            });
            let job = job.flatten();
            let used = job.as_ref().and_then(|job| job.used(&answer, &self.catalog));
            if let Some(Job::Picture(picture)) = &job
                && let Some(model) = picture.model(target)
            {
                self.emit_stage(model, &answer, picture.served_by().as_deref());
            }
            self.with(call, |state| state.answer = answer);
            self.feed(Input::Answered { call, flight, used });
            self.count(job.as_ref(), target, None);
        }
    }

    /// The caller's function failed with `thrown`.
    pub(crate) fn threw(self: &Rc<Self>, call: CallId, flight: FlightId, thrown: JsValue) {
        let Some(target) = self.complete(call, flight) else { return };
        // One request that failed is no sign that there are more.
        let tries = get(&get(&thrown, "errors"), "length").as_f64();
        if tries > Some(1.0) && is_named(&thrown, "AI_RetryError") {
            self.host.warn(
                "the AI SDK retries inside `retry`, so that each attempt is several requests; pass it maxRetries: 0",
            );
        }
        let mut info = classify(&copy(&thrown), host::now().wall);
        if is_named(&thrown, "UnwantedResult") {
            let job = self.with(call, |state| state.job.clone());
            let used = job.and_then(|job| job.used(&get(&thrown, "result"), &self.catalog));
            info.spent = used.and_then(|used| used.nanos);
        }
        self.attempt_failed(call, flight, target, info, Thrown::Own(thrown));
    }

    /// The service failed.
    fn failed(self: &Rc<Self>, call: CallId, flight: FlightId, failed: Failed) {
        if let Some(target) = self.complete(call, flight) {
            let Failed { value, info, spent } = failed;
            let mut info = info.unwrap_or_else(|| classify(&value, host::now().wall));
            info.spent = spent;
            if let Some(Job::Picture(picture)) = self.with(call, |state| state.job.clone()) {
                picture.report_failure(&info);
                picture.suggest(target, &mut info);
            }
            self.attempt_failed(call, flight, target, info, Thrown::Copied(Rc::new(value)));
        }
    }

    fn attempt_failed(
        self: &Rc<Self>,
        call: CallId,
        flight: FlightId,
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
            driver.feed(Input::Failed { call, flight, info: Rc::clone(&info), verdict });
            driver.count(job.as_ref(), target, Some(&info));
        };
        match asked {
            Decision::Now(verdict) => decide(verdict),
            // Until then the attempt is in flight for the engine, so that its time still runs.
            Decision::Later(verdict) => spawn_local(async move { decide(verdict.await) }),
        }
    }

    /// Forgets an attempt that has come back, and gives its target; `None` for one that was given
    /// up before.
    fn complete(&self, call: CallId, flight: FlightId) -> Option<usize> {
        self.with(call, |state| {
            let attempt = state.pending.iter().find(|attempt| attempt.id == flight);
            let target = attempt.map(|attempt| attempt.target);
            state.pending.retain(|attempt| attempt.id != flight);
            target
        })?
    }

    pub(super) fn abort(&self, call: CallId, flight: FlightId, timed_out: bool) {
        let handle = self.with(call, |state| {
            let attempt = state.pending.iter().find(|attempt| attempt.id == flight);
            let handle = attempt.map(|attempt| attempt.handle.clone());
            state.pending.retain(|attempt| attempt.id != flight);
            handle
        });
        if let Some(handle) = handle.flatten() {
            self.host.abort(&handle, timed_out);
        }
    }
}
