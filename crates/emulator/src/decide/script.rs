//! Faults that are used up one request each.

use std::collections::VecDeque;

use crate::settings::fault::Fault;

/// Faults that are used up one request each, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    queue: VecDeque<Fault>,
}

impl Script {
    pub(crate) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.queue.extend(faults.into_iter().filter(|fault| fault.times != Some(0)));
    }

    /// The first fault that is meant for this call and model.
    pub(crate) fn next(&mut self, call: &str, model: &str) -> Option<Fault> {
        let at = self.queue.iter().position(|fault| fault.is_for(call, model))?;
        let fault = self.queue.get_mut(at)?;
        match fault.times {
            Some(times) if times > 1 => {
                fault.times = Some(times.saturating_sub(1));
                Some(fault.clone())
            }
            _ => self.queue.remove(at),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}
