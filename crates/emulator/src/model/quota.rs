//! All limits of one project and model together.

use crate::model::limits::{Cost, Dimension, Discipline, Limits, Violation};
use crate::model::window::Window;

/// All limits of one project and model.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    rules: Limits,
    discipline: Discipline,
    rejected_count: bool,
    windows: Vec<(Dimension, Window)>,
}

impl Quota {
    /// Nothing used yet. `now` is on the service's clock, as everywhere here.
    pub(crate) fn new(
        rules: Limits,
        discipline: Discipline,
        rejected_count: bool,
        now: u64,
    ) -> Self {
        let discipline = rules.discipline.unwrap_or(discipline);
        let rejected_count = rules.rejected_count.unwrap_or(rejected_count);
        let listed = [
            (Dimension::Rpm, rules.rpm),
            (Dimension::Tpm, rules.tpm),
            (Dimension::Ipm, rules.ipm),
            (Dimension::Rpd, rules.rpd),
        ];
        let windows = listed
            .into_iter()
            .filter_map(|(dimension, limit)| {
                Some((dimension, Window::new(dimension, limit?, discipline, now)))
            })
            .collect();
        Self { rules, discipline, rejected_count, windows }
    }

    /// Whether it was made from these rules.
    pub(crate) fn follows(
        &self,
        rules: &Limits,
        discipline: Discipline,
        rejected_count: bool,
    ) -> bool {
        self.rules == *rules
            && self.discipline == rules.discipline.unwrap_or(discipline)
            && self.rejected_count == rules.rejected_count.unwrap_or(rejected_count)
    }

    /// Every limit that the request would break, the day first. Nothing is taken yet.
    pub(crate) fn violations(&mut self, now: u64, cost: Cost) -> Vec<Violation> {
        let mut broken = Vec::new();
        for (dimension, window) in self.windows.iter_mut().rev() {
            let limit = window.limit();
            if let Err(wait) = window.room(now, cost.of(*dimension)) {
                broken.push(Violation { dimension: *dimension, limit, wait });
            }
        }
        broken
    }

    /// Counts a request, whether it fits or not.
    pub(crate) fn take(&mut self, now: u64, cost: Cost) {
        for (dimension, window) in &mut self.windows {
            window.take(now, cost.of(*dimension));
        }
    }

    /// Whether rejected calls count too.
    pub(crate) fn counts_rejected(&self) -> bool {
        self.rejected_count
    }

    /// Takes new rules over; a window whose discipline stays keeps what was used of it.
    pub(crate) fn adopt(&mut self, mut new: Self) {
        for (dimension, window) in &mut new.windows {
            if let Some((_, old)) = self.windows.iter().find(|(known, _)| known == dimension) {
                window.inherit(old);
            }
        }
        *self = new;
    }
}
