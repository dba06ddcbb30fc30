//! The end of a call.

use wasm_bindgen::prelude::*;

use crate::engine::ids::CallId;
use crate::engine::output::{Ending, Record};
use crate::errors::info::ErrorInfo;
use crate::retry::ending;
use crate::retry::ending::Why;
use crate::wasm::attempt::list::attempt_list;
use crate::wasm::driver::call::Call;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::driver::job::{Job, Thrown};
use crate::wasm::errors::generate_error::closed_error;
use crate::wasm::errors::info::error_info;
use crate::wasm::host::Host;
use crate::wasm::values::access::get;
use crate::wasm::values::date::date;
use crate::wasm::values::name::name;

impl Driver {
    pub(super) fn settle(&self, call: CallId, ending: Ending, record: &Record) {
        let state = self.calls.borrow_mut().get_mut(call.0 as usize).and_then(Option::take);
        let Some(state) = state else { return };
        // An attempt that was given up never came back, and so was not counted yet.
        for attempt in record.attempts.iter().filter(|attempt| attempt.abandoned) {
            if let Some(info) = attempt.info.as_deref() {
                self.count(Some(&state.job), attempt.target, Some(info));
            }
        }
        let listening = self.host.listening();
        let error = match ending {
            Ending::Answered(_) => {
                let value = match &state.job {
                    Job::Function(_) | Job::ModelFunction(..) => state.answer.clone(),
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
            Ending::Closed => closed_error(&self.host),
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
        if let (Job::Function(_) | Job::ModelFunction(..), Some(Thrown::Own(thrown)), false) =
            (&state.job, &state.thrown, abandoned)
        {
            if thrown.is_object() {
                let info =
                    ErrorInfo { advice: crate::retry::ending::advice(why, info), ..info.clone() };
                self.host.remember(thrown, &error_info(&info));
            }
            return thrown.clone();
        }
        let cause = state.job.redacted_error(state.thrown.as_ref());
        call_error(&self.host, &state.job, why, info, record, &cause)
    }
}

/// Makes a `GenerateError` of a call's end.
fn call_error(
    host: &Host,
    job: &Job,
    why: Why,
    info: &ErrorInfo,
    record: &Record,
    cause: &JsValue,
) -> JsValue {
    let sent = u32::try_from(record.attempts.len()).unwrap_or(u32::MAX);
    let last = record.attempts.last().map_or(0, |attempt| attempt.target);
    let mut message = job.redact(&ending::message(why, info, sent));
    if let Some(at) = info.retry_at {
        let at: js_sys::Date = date(at.0).unchecked_into();
        message = [&message, " Not before ", &String::from(at.to_iso_string()), "."].concat();
    }
    host.error(
        &name(ending::kind(why, info).as_str()),
        &message,
        &ending::advice(why, info),
        &job.redacted_info(info),
        &attempt_list(host, record, |target| job.model(target)),
        info.model.as_deref().map(|model| job.redact(model)).as_deref().or_else(|| job.model(last)),
        match job {
            Job::Picture(picture) => picture.possible_cost(record),
            Job::Function(_) | Job::ModelFunction(..) => 0.0,
        },
        cause,
    )
}
