//! A fault that hits a request: what it lets happen, what it counts, and what it costs.

use crate::base::random::Purpose;
use crate::batch::calls::perform;
use crate::decide::start::{Start, work_on};
use crate::decide::state::State;
use crate::model::generated::without_fault;
use crate::model::limits::{Cost, Dimension};
use crate::parse::parsed::{Intent, Parsed};
use crate::plan::action::Action;
use crate::plan::fault::{Plan, of_fault};
use crate::plan::fault_context::FaultContext;
use crate::plan::replies::immediate_reply;
use crate::plan::work::Work;
use crate::settings::fault::Fault;
use crate::settings::fault_kind::FaultKind;

/// The fault that the schedule has for a request at this moment.
pub(crate) fn scheduled(state: &State, sequence: u64, parsed: &Parsed) -> Option<Fault> {
    let since = state.scale.since_start(state.time);
    let mut random = state.random(sequence, Purpose::Fault);
    let hits = |fault: &&Fault| {
        // Each rule draws, whether it applies or not, so that one rule does not move another.
        let drawn = random.unit();
        fault.is_for(parsed.call, &parsed.model)
            && since >= fault.from.unwrap_or(0)
            && fault.to.is_none_or(|to| since < to)
            && drawn < fault.probability.unwrap_or(1.0)
    };
    state.config.faults.iter().find(hits).cloned()
}

/// Works on a request as a fault has it.
pub(crate) fn apply(state: &mut State, sequence: u64, parsed: &Parsed, fault: &Fault) -> Work {
    let mut plan = plan_of(state, sequence, parsed, fault);
    if fault.fault != FaultKind::Ok {
        state.ledger.edit(sequence, |record| record.fault = Some(fault.fault.name()));
    }
    let Intent::Generate(generation) = &parsed.intent else {
        return apply_to_call(state, sequence, parsed, fault, plan);
    };
    if fault.fault == FaultKind::Ok {
        plan.action = Action::Answer(without_fault(generation));
    }
    let counts = counts(state, parsed, &plan.action);
    if fault.counted.unwrap_or(counts) {
        state.count(sequence, parsed, Cost::of_generation(generation));
    }
    let start = Start { action: plan.action, after: plan.after, billed: fault.billed };
    let mut work = work_on(state, sequence, parsed, generation, start);
    work.image_bytes = fault.image_bytes.or(work.image_bytes);
    work
}

fn plan_of(state: &State, sequence: u64, parsed: &Parsed, fault: &Fault) -> Plan {
    let limits = state.config.limits_of(&parsed.project, &parsed.model);
    let limit = |dimension: Dimension| match dimension {
        Dimension::Rpm => limits.rpm,
        Dimension::Tpm => limits.tpm,
        Dimension::Ipm => limits.ipm,
        Dimension::Rpd => limits.rpd,
    };
    let random = state.random(sequence, Purpose::Hint);
    of_fault(fault, FaultContext { model: &parsed.model, limit: &limit, random })
}

/// A fault of a request that is not for a picture.
fn apply_to_call(
    state: &mut State,
    sequence: u64,
    parsed: &Parsed,
    fault: &Fault,
    mut plan: Plan,
) -> Work {
    let spoils = matches!(plan.action, Action::Answer(_) | Action::Cut(_));
    if let (Intent::Call(call), true) = (&parsed.intent, fault.applied.unwrap_or(spoils)) {
        let (store, context) = state.store_and_context(sequence, parsed);
        let done = perform(store, context, call);
        plan.action = match plan.action {
            Action::Answer(_) => done.action,
            Action::Cut(fraction) => done.action.cut(fraction),
            lost => lost,
        };
    }
    // A wrong request has no picture to spoil, so its answer says that it is wrong.
    if matches!(plan.action, Action::Answer(_) | Action::Cut(_)) {
        plan.action = Action::Reply(immediate_reply(&parsed.intent));
    }
    let after = plan.after.unwrap_or(0);
    let due = (plan.action != Action::Hang).then(|| state.time.saturating_add(after));
    Work::unbilled(due, plan.action)
}

/// Whether an action takes of the limits, where the fault itself does not say.
fn counts(state: &mut State, parsed: &Parsed, action: &Action) -> bool {
    match action {
        Action::Reply(reply) => match reply.status {
            402 | 429 => state.quota(&parsed.project, &parsed.model).counts_rejected(),
            408 | 499.. => state.config.failures_count,
            400..=498 => false,
            _ => true,
        },
        Action::Reset | Action::Hang => state.config.failures_count,
        Action::Answer(_) | Action::Cut(_) | Action::Send(..) => true,
    }
}
