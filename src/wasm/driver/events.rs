//! The events of calls, for those who listen.

use crate::base::time::{Millis, WallTime};
use crate::engine::ids::CallId;
use crate::errors::info::ErrorInfo;
use crate::wasm::driver::event_loop::Driver;

impl Driver {
    pub(super) fn emit_wait(
        &self,
        call: CallId,
        attempt: u32,
        wait: Millis,
        until: WallTime,
        info: &ErrorInfo,
    ) {
        let state = self.with(call, |state| {
            let on_retry = state.callbacks.as_ref().and_then(|own| own.on_retry.clone());
            (state.serial, on_retry, state.job.clone(), state.thrown.clone())
        });
        let Some((serial, on_retry, job, thrown)) = state else { return };
        // The event is made only where there is a listener.
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
            &job.redacted_info(info),
            &job.redacted_error(thrown.as_ref()),
            &on_retry.unwrap_or_default(),
        );
    }

    /// Emits that a call waits in the queue; its own `onRetry` is for attempts that failed.
    pub(super) fn emit_hold(
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
        self.host.holds(
            serial,
            attempt,
            wait.as_f64(),
            until.as_f64(),
            model,
            &job.redacted_info(info),
        );
    }

    pub(super) fn emit_switch(&self, call: CallId, from: usize, to: usize, info: &ErrorInfo) {
        if !self.host.listening() {
            return;
        }
        let state = self.with(call, |state| (state.serial, state.job.clone()));
        let Some((serial, job)) = state else { return };
        let model = |target| job.model(target).unwrap_or_default();
        self.host.switches(serial, model(from), model(to), &job.redacted_info(info));
    }
}
