//! The decision about a request that arrives: limits, money, faults, or an answer.

use crate::batch::calls::perform;
use crate::decide::fault::{apply, scheduled};
use crate::decide::money::out_of_money;
use crate::decide::over_limit::over_limit;
use crate::decide::start::{Start, work_on};
use crate::decide::state::State;
use crate::model::billing;
use crate::model::generated::without_fault;
use crate::model::generation::Generation;
use crate::model::limits::{Cost, Dimension};
use crate::parse::parsed::{Intent, Parsed};
use crate::plan::action::Action;
use crate::plan::replies::immediate_reply;
use crate::plan::work::Work;
use crate::settings::fault::Fault;

/// Decides about a request that has just arrived; a fault of the script goes before all limits.
pub(crate) fn decide(
    state: &mut State,
    sequence: u64,
    parsed: &Parsed,
    scripted: Option<&Fault>,
) -> Work {
    if let Some(fault) = scripted {
        if let Intent::Generate(generation) = &parsed.intent {
            state.note_attempt(parsed, Cost::of_generation(generation));
        }
        return apply(state, sequence, parsed, fault);
    }
    match &parsed.intent {
        Intent::Generate(generation) => admit(state, sequence, parsed, generation),
        Intent::Call(call) => match scheduled(state, sequence, parsed) {
            Some(fault) => apply(state, sequence, parsed, &fault),
            None => {
                let (store, context) = state.store_and_context(sequence, parsed);
                perform(store, context, call)
            }
        },
        other => Work::reply(state.time, immediate_reply(other)),
    }
}

/// Limits first, then money, then the schedule of faults.
fn admit(state: &mut State, sequence: u64, parsed: &Parsed, generation: &Generation) -> Work {
    let (project, model) = (&parsed.project, &parsed.model);
    let now = state.own_clock();
    let cost = Cost::of_generation(generation);
    state.note_attempt(parsed, cost);
    let broken = state.quota(project, model).violations(now, cost);
    if let Some(first) = broken.first() {
        let label = format!("limit:{}", dimension_name(first.dimension));
        state.ledger.over_limit(project, model);
        reject(state, sequence, parsed, cost, label);
        let reply = over_limit(state, sequence, model, &broken);
        return Work::reply(state.time, reply);
    }
    let generated = without_fault(generation);
    let usage = billing::usage(state.config.seed, sequence, generation, &generated);
    let price = billing::price(generation, &generated, &usage);
    if let Some((label, reply)) = out_of_money(state, project, now, price) {
        reject(state, sequence, parsed, cost, label.into());
        return Work::reply(state.time, reply);
    }
    if let Some(fault) = scheduled(state, sequence, parsed) {
        return apply(state, sequence, parsed, &fault);
    }
    state.count(sequence, parsed, cost);
    let start = Start { action: Action::Answer(generated), after: None, billed: None };
    work_on(state, sequence, parsed, generation, start)
}

fn reject(state: &mut State, sequence: u64, parsed: &Parsed, cost: Cost, label: String) {
    state.ledger.edit(sequence, |record| record.fault = Some(label));
    if state.quota(&parsed.project, &parsed.model).counts_rejected() {
        state.count(sequence, parsed, cost);
    }
}

fn dimension_name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Rpm => "rpm",
        Dimension::Tpm => "tpm",
        Dimension::Ipm => "ipm",
        Dimension::Rpd => "rpd",
    }
}
