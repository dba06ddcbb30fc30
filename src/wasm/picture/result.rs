//! The result of a picture, and its cost.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::base::time::Millis;
use crate::engine::input::Used;
use crate::engine::output::{PastAttempt, Record};
use crate::errors::billed::may_be_billed;
use crate::protocol::need::Size;
use crate::quota::money::nanos;
use crate::wasm::attempt::list::attempt_list;
use crate::wasm::host::Host;
use crate::wasm::picture::call::{Picture, Wanted};
use crate::wasm::values::name::name;

impl Picture {
    /// The tokens and money that the answer took.
    pub(crate) fn used(&self) -> Option<Used> {
        // The answer of the drop-in is not read, so that the reserved amount stands.
        if self.wanted == Wanted::Answer {
            return None;
        }
        let (summary, index) = (self.past().summary.get(), self.past().answered.get());
        let target = self.targets.get(index)?;
        let served_by = self.past().served_by.borrow();
        let tier = self.tier(index);
        let usd = target.cost(self.size(index), &summary, tier, served_by.as_deref());
        let tokens = summary.usage.map(|usage| Millis::from_f64(usage.prompt).0);
        Some(Used { tokens, nanos: usd.map(nanos) })
    }

    /// The result in the form that the caller wants.
    pub(crate) fn result(&self, body: &JsValue, record: &Record, host: &Host) -> JsValue {
        let response = host.answer(body);
        if self.wanted == Wanted::Answer {
            return response;
        }
        let answered = record.attempts.iter().find(|attempt| attempt.answered());
        let index = answered.map_or(0, |attempt| attempt.target);
        let served_by = self.past().served_by.borrow();
        let served_by = served_by.as_deref();
        let model = served_by.or_else(|| self.model(index)).unwrap_or_default();
        let summary = self.past().summary.get();
        let size = self.size(index);
        let skipped = Array::new();
        for (target, skip) in &self.skipped {
            host.add_skipped(&skipped, &target.model, skip.lacks, &skip.reason);
        }
        let target = self.targets.get(index);
        let known = target.and_then(|target| target.catalog_row(model));
        let named = target.and_then(|target| target.name.as_deref());
        let named = named.unwrap_or_else(|| known.map_or(model, |known| known.name));
        host.result(
            &response,
            model,
            (self.wanted == Wanted::Fallback).then_some(named),
            self.request.model.as_deref().or_else(|| self.model(0)).unwrap_or_default(),
            target.and_then(|target| target.cost(size, &summary, self.tier(index), served_by)),
            self.possible_cost(record),
            &attempt_list(host, record, |index| self.model(index)),
            record.waited.as_f64(),
            &skipped,
            &self.switches(host, record),
            size.map(Size::as_str),
        )
    }

    /// The possible cost of answers that were lost, by the table.
    pub(crate) fn possible_cost(&self, record: &Record) -> f64 {
        let lost = |attempt: &&PastAttempt| match &attempt.info {
            Some(info) => may_be_billed(info),
            None => attempt.abandoned,
        };
        let price = |attempt: &PastAttempt| {
            let target = self.targets.get(attempt.target);
            let (size, tier) = (self.size(attempt.target), self.tier(attempt.target));
            target.map_or(0.0, |target| target.lost(size, tier))
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

    /// The label of a target: its name, else its model, with the size where that is smaller than
    /// the one that was asked for.
    fn called(&self, index: usize) -> String {
        let Some(target) = self.targets.get(index) else { return String::new() };
        let mut called = target.name.as_ref().unwrap_or(&target.model).clone();
        if let Some(size) = target.smaller {
            called.push_str(" at ");
            called.push_str(size.as_str());
        }
        called
    }
}
