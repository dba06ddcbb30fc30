//! The time and the price of an action.

use crate::base::random::Purpose;
use crate::decide::money::book;
use crate::decide::state::State;
use crate::model::billing;
use crate::model::generation::Generation;
use crate::parse::parsed::Parsed;
use crate::plan::action::Action;
use crate::plan::replies;
use crate::plan::work::Work;

/// An action whose time and price are still open.
pub(crate) struct Start {
    pub(crate) action: Action,
    /// Milliseconds from arrival; `None` for the latency of a picture.
    pub(crate) after: Option<u64>,
    /// Whether it is billed; `None` where that follows from the action.
    pub(crate) billed: Option<bool>,
}

/// Sets the time and the price of an action, and books it.
pub(crate) fn work_on(
    state: &mut State,
    sequence: u64,
    parsed: &Parsed,
    generation: &Generation,
    start: Start,
) -> Work {
    let Start { mut action, after, billed } = start;
    let mut after = after.unwrap_or_else(|| latency(state, sequence, &parsed.model, generation));
    let made = matches!(action, Action::Answer(_) | Action::Cut(_));
    if let Some(deadline) = generation.deadline.filter(|deadline| made && *deadline < after) {
        after = deadline;
        action = Action::Reply(replies::deadline_reply());
        state.ledger.edit(sequence, |record| record.fault = Some("deadline".into()));
    }
    let due = (action != Action::Hang).then(|| state.time.saturating_add(after));
    let mut work = Work { image_bytes: generation.image_bytes, ..Work::unbilled(due, action) };
    let made = matches!(work.action, Action::Answer(_) | Action::Cut(_));
    if made || billed == Some(true) {
        let generated = work.generated();
        work.usage = billing::usage(state.config.seed, sequence, generation, &generated);
        work.price_nano = billing::price(generation, &generated, &work.usage);
    }
    if billed == Some(false) {
        work.price_nano = 0;
    }
    book(state, &parsed.project, work.price_nano);
    work
}

fn latency(state: &State, sequence: u64, model: &str, generation: &Generation) -> u64 {
    let mut random = state.random(sequence, Purpose::Latency);
    let (normal, unit) = (random.normal(), random.unit());
    state.config.latency.draw(model, generation.size.name(), normal, unit)
}
