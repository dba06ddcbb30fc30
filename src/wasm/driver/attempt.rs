//! The attempts of calls: sent, answered, failed, aborted.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::engine::ids::{AttemptId, CallId};
use crate::engine::input::Input;
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
        attempt: AttemptId,
        number: u32,
        target: usize,
    ) {
        let Some((job, serial)) = self.with(call, |state| (state.job.clone(), state.serial)) else {
            return;
        };
        let handle = match &job {
            Job::Function(_) | Job::ModelFunction(..) => self.host.context(number),
            Job::Picture(_) => self.host.canceller(),
        };
        self.with(call, |state| {
            state.pending.push(PendingAttempt { id: attempt, target, handle: handle.clone() });
        });
        if self.host.listening() {
            self.host.sends(serial, number, job.model(target));
            // A listener may have ended the call; then nothing is sent any more.
            let is_due =
                |state: &mut Call| state.pending.iter().any(|pending| pending.id == attempt);
            if self.with(call, is_due) != Some(true) {
                return;
            }
        }
        match job {
            Job::Function(function) | Job::ModelFunction(function, _) => {
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
            self.feed(Input::Answered { call, attempt, used });
            self.count(job.as_ref(), target, None);
        }
    }

    /// The caller's function failed with `thrown`.
    pub(crate) fn threw(self: &Rc<Self>, call: CallId, attempt: AttemptId, thrown: JsValue) {
        let Some(target) = self.complete(call, attempt) else { return };
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
        self.attempt_failed(call, attempt, target, info, Thrown::Own(thrown));
    }

    /// The service failed.
    fn failed(self: &Rc<Self>, call: CallId, attempt: AttemptId, failed: Failed) {
        if let Some(target) = self.complete(call, attempt) {
            let Failed { value, info, spent } = failed;
            let mut info = info.unwrap_or_else(|| classify(&value, host::now().wall));
            info.spent = spent;
            if let Some(Job::Picture(picture)) = self.with(call, |state| state.job.clone()) {
                picture.report_failure(&info);
                picture.suggest(target, &mut info);
            }
            self.attempt_failed(call, attempt, target, info, Thrown::Copied(Rc::new(value)));
        }
    }

    fn attempt_failed(
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
            Decision::Now(verdict) => decide(verdict),
            // Until then the attempt is in flight for the engine, so that its time still runs.
            Decision::Later(verdict) => spawn_local(async move { decide(verdict.await) }),
        }
    }

    /// Forgets an attempt that has come back, and gives its target; `None` for one that was given
    /// up before.
    fn complete(&self, call: CallId, attempt: AttemptId) -> Option<usize> {
        self.with(call, |state| {
            let found = state.pending.iter().find(|pending| pending.id == attempt);
            let target = found.map(|pending| pending.target);
            state.pending.retain(|pending| pending.id != attempt);
            target
        })?
    }

    pub(super) fn abort(&self, call: CallId, attempt: AttemptId, timed_out: bool) {
        let handle = self.with(call, |state| {
            let found = state.pending.iter().find(|pending| pending.id == attempt);
            let handle = found.map(|pending| pending.handle.clone());
            state.pending.retain(|pending| pending.id != attempt);
            handle
        });
        if let Some(handle) = handle.flatten() {
            self.host.abort(&handle, timed_out);
        }
    }
}
