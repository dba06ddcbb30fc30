//! Recent use: sums over the last minute or ten, kept in short steps and not request by request.

use crate::base::time::Millis;

/// A unit that is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Meter {
    /// Requests.
    Requests,
    /// Input tokens.
    Tokens,
    /// Pictures.
    Images,
    /// Money, in billionths of a USD.
    Nanos,
}

/// An amount of each [`Meter`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Amounts {
    /// Requests.
    pub requests: u64,
    /// Input tokens.
    pub tokens: u64,
    /// Pictures.
    pub images: u64,
    /// Billionths of a USD.
    pub nanos: u64,
}

impl Amounts {
    /// The money apart from the rest: it counts in ten minutes and on the account, the rest in one
    /// minute and on the lane.
    pub(crate) const fn split(&self) -> (Self, Self) {
        let minute = Self { nanos: 0, ..*self };
        (minute, Self { requests: 0, tokens: 0, images: 0, nanos: self.nanos })
    }

    /// The amount of one meter.
    #[must_use]
    pub const fn of(&self, meter: Meter) -> u64 {
        match meter {
            Meter::Requests => self.requests,
            Meter::Tokens => self.tokens,
            Meter::Images => self.images,
            Meter::Nanos => self.nanos,
        }
    }

    /// Each meter's sum.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.saturating_add(other.tokens),
            images: self.images.saturating_add(other.images),
            nanos: self.nanos.saturating_add(other.nanos),
        }
    }

    /// Each meter's difference, at least zero.
    #[must_use]
    pub const fn minus(&self, other: &Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            tokens: self.tokens.saturating_sub(other.tokens),
            images: self.images.saturating_sub(other.images),
            nanos: self.nanos.saturating_sub(other.nanos),
        }
    }

    /// The larger of each meter.
    #[must_use]
    pub fn max(&self, other: &Self) -> Self {
        Self {
            requests: self.requests.max(other.requests),
            tokens: self.tokens.max(other.tokens),
            images: self.images.max(other.images),
            nanos: self.nanos.max(other.nanos),
        }
    }

    /// Whether all meters are zero.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.requests == 0 && self.tokens == 0 && self.images == 0 && self.nanos == 0
    }
}

/// How much longer than its span a window remembers. A request takes up to 420 ms to arrive, and
/// the service counts it then: of two requests a minute apart the first may have been slow and the
/// second quick.
pub const MARGIN: Millis = Millis(500);

/// The use within one step of a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The last moment of use in this step: all of it is remembered until that one is forgotten.
    pub last: u64,
    /// Amounts used.
    pub used: Amounts,
    /// Requests that the service refused for a quota.
    pub refused: u64,
}

/// Sums over a rolling span of time. Moments are milliseconds of one clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Window {
    span: Millis,
    step: u64,
    entries: Vec<Entry>,
    total: Amounts,
}

impl Window {
    /// A window of 60 s, in steps of 0.1 s; if `small`, of 1 s, so that its text is short.
    #[must_use]
    pub const fn minute(small: bool) -> Self {
        Self::new(Millis(60_000), if small { 1_000 } else { 100 })
    }

    /// A window of 600 s, in which money counts, in steps of 1 s; if `small`, of 5 s.
    #[must_use]
    pub const fn ten_minutes(small: bool) -> Self {
        Self::new(Millis(600_000), if small { 5_000 } else { 1_000 })
    }

    const fn new(span: Millis, step: u64) -> Self {
        let total = Amounts { requests: 0, tokens: 0, images: 0, nanos: 0 };
        Self { span, step, entries: Vec::new(), total }
    }

    /// Amounts used and not forgotten.
    #[must_use]
    pub const fn total(&self) -> &Amounts {
        &self.total
    }

    /// Requests used that the service did not refuse.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        let left = |entry: &Entry| entry.used.requests.saturating_sub(entry.refused);
        self.entries.iter().map(left).fold(0, u64::saturating_add)
    }

    /// Requests used from a moment on.
    #[must_use]
    pub fn requests_since(&self, at: u64) -> u64 {
        let later = self.entries.iter().filter(|entry| entry.last >= at);
        later.fold(0, |sum, entry| sum.saturating_add(entry.used.requests))
    }

    /// Whether its steps are long, so that its text is short.
    #[must_use]
    pub const fn is_small(&self) -> bool {
        self.step >= 1_000
    }

    /// The steps, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Forgets the steps that are older than the span and its margin.
    pub fn forget(&mut self, now: u64) {
        let old = |entry: &Entry| self.leaves(entry) <= now;
        if !self.entries.first().is_some_and(old) {
            return;
        }
        let kept = |entry: &Entry| !old(entry);
        self.entries = self.entries.iter().copied().filter(kept).collect();
        self.recount();
    }

    /// Counts a use. A late one counts with the next step if its own step has no other use; it is
    /// then remembered longer.
    pub fn add(&mut self, at: u64, used: &Amounts) {
        let step = self.step_of(at);
        // A clock that was set may leave two entries in one step: the later one grows, and all stay
        // in their order.
        let later = self.entries.partition_point(|entry| self.step_of(entry.last) <= step);
        let last = later.checked_sub(1).and_then(|index| self.entries.get(index));
        let is_in_step = last.is_some_and(|entry| self.step_of(entry.last) == step);
        let index = later.saturating_sub(usize::from(is_in_step));
        self.total = self.total.plus(used);
        match self.entries.get_mut(index) {
            Some(entry) => {
                entry.last = entry.last.max(at);
                entry.used = entry.used.plus(used);
            }
            None => self.entries.push(Entry { last: at, used: *used, refused: 0 }),
        }
    }

    /// Takes back a use counted at this moment, unless it is forgotten: from its step, or from the
    /// next if it was counted late.
    pub fn take_back(&mut self, now: u64, at: u64, amounts: &Amounts) {
        if at.saturating_add((self.span + MARGIN).0) <= now {
            return;
        }
        let step = self.step_of(at);
        let from = self.entries.partition_point(|entry| self.step_of(entry.last) < step);
        let mut left = *amounts;
        for entry in self.entries.iter_mut().skip(from) {
            let before = entry.used;
            entry.used = before.minus(&left);
            let taken = before.minus(&entry.used);
            left = left.minus(&taken);
            // Returned requests were not refused: no step has more refused ones than it has
            // requests.
            entry.refused = entry.refused.min(entry.used.requests);
            self.total = self.total.minus(&taken);
        }
    }

    /// Notes that the service refused a request counted at this moment, unless it is forgotten.
    pub fn refuse(&mut self, now: u64, at: u64) {
        if at.saturating_add((self.span + MARGIN).0) <= now {
            return;
        }
        let step = self.step_of(at);
        let from = self.entries.partition_point(|entry| self.step_of(entry.last) < step);
        let mut later = self.entries.iter_mut().skip(from);
        if let Some(entry) = later.find(|entry| entry.refused < entry.used.requests) {
            entry.refused = entry.refused.saturating_add(1);
        }
    }

    /// When no more than `most` of a meter is left of the amount counted now; `None` if nothing is
    /// counted.
    #[must_use]
    pub fn falls_to(&self, meter: Meter, most: u64) -> Option<u64> {
        let mut left = self.total.of(meter);
        for entry in &self.entries {
            left = left.saturating_sub(entry.used.of(meter));
            if left <= most {
                return Some(self.leaves(entry));
            }
        }
        None
    }

    /// The amount of a meter, of that counted now, which is left at a later moment.
    #[must_use]
    pub fn left_at(&self, meter: Meter, at: u64) -> u64 {
        let left = self.entries.iter().filter(|entry| self.leaves(entry) > at);
        left.fold(0, |sum, entry| sum.saturating_add(entry.used.of(meter)))
    }

    /// Moves all moments by the same time: the clock was set.
    pub fn shift(&mut self, by: i64) {
        for entry in &mut self.entries {
            entry.last = entry.last.saturating_add_signed(by);
        }
    }

    /// Takes the larger of two records of the same uses, step by step.
    pub fn merge(&mut self, other: &Self) {
        let mut ours = self.entries.iter().copied().peekable();
        let mut merged = Vec::with_capacity(self.entries.len());
        for theirs in &other.entries {
            let step = self.step_of(theirs.last);
            while let Some(entry) = ours.next_if(|entry| self.step_of(entry.last) < step) {
                merged.push(entry);
            }
            let same = ours.next_if(|entry| self.step_of(entry.last) == step);
            merged.push(same.map_or(*theirs, |ours| Entry {
                last: ours.last.max(theirs.last),
                used: ours.used.max(&theirs.used),
                refused: ours.refused.max(theirs.refused),
            }));
        }
        merged.extend(ours);
        self.entries = merged;
        self.recount();
    }

    /// Restores a step that was written. Steps come oldest first; one out of order, as in a damaged
    /// state, counts as late as the one before.
    pub fn restore(&mut self, entry: Entry) {
        let last = entry.last.max(self.entries.last().map_or(0, |before| before.last));
        let entry = Entry { last, refused: entry.refused.min(entry.used.requests), ..entry };
        self.total = self.total.plus(&entry.used);
        self.entries.push(entry);
    }

    fn recount(&mut self) {
        self.total = Amounts::default();
        for entry in &self.entries {
            self.total = self.total.plus(&entry.used);
        }
    }

    fn step_of(&self, at: u64) -> u64 {
        at.checked_div(self.step).unwrap_or_default()
    }

    fn leaves(&self, entry: &Entry) -> u64 {
        entry.last.saturating_add((self.span + MARGIN).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn requests(requests: u64) -> Amounts {
        Amounts { requests, tokens: 0, images: 0, nanos: 0 }
    }

    #[test]
    fn two_entries_of_one_step_stay_in_their_order() {
        let mut window = Window::ten_minutes(true);
        window.add(9_000, &requests(1));
        window.add(11_000, &requests(1));
        window.shift(1_000);
        window.add(14_000, &requests(1));
        let lasts: Vec<u64> = window.entries().map(|entry| entry.last).collect();
        assert_eq!(lasts, [10_000, 14_000]);
    }

    #[test]
    fn a_use_is_remembered_for_the_span_and_its_margin() {
        let mut window = Window::minute(true);
        window.add(10_000, &requests(3));
        window.forget(70_499);
        assert_eq!(window.total().requests, 3);
        window.forget(70_500);
        assert_eq!(window.total().requests, 0);
    }

    #[test]
    fn uses_of_one_second_leave_together_with_the_last_of_them() {
        let mut window = Window::minute(true);
        window.add(10_000, &requests(1));
        window.add(10_900, &requests(1));
        window.add(11_000, &requests(1));
        assert_eq!(window.falls_to(Meter::Requests, 2), Some(71_400));
        assert_eq!(window.falls_to(Meter::Requests, 0), Some(71_500));
        assert_eq!(window.entries().count(), 2);
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs() {
        let mut window = Window::minute(true);
        window.add(10_000, &requests(1));
        window.add(20_000, &requests(1));
        window.add(10_300, &requests(1));
        assert_eq!(window.falls_to(Meter::Requests, 1), Some(70_800));
        window.add(15_000, &requests(1));
        assert_eq!(window.falls_to(Meter::Requests, 2), Some(70_800));
        assert_eq!(window.falls_to(Meter::Requests, 0), Some(80_500), "with the next step");
        window.take_back(20_000, 10_000, &requests(1));
        assert_eq!(window.total().requests, 3);
        window.take_back(20_000, 15_000, &requests(9));
        assert_eq!(window.total().requests, 1, "no more comes back than was counted");
        window.take_back(70_500, 10_000, &requests(1));
        assert_eq!(window.total().requests, 1, "what is forgotten does not come back");
    }

    #[test]
    fn refused_requests_stay_counted_and_are_told_apart() {
        let mut window = Window::minute(true);
        window.add(0, &requests(3));
        window.refuse(10, 0);
        assert_eq!((window.total().requests, window.accepted()), (3, 2));
        for _ in 0..9 {
            window.refuse(10, 0);
        }
        assert_eq!(window.accepted(), 0);
        window.add(30_000, &requests(4));
        window.take_back(30_000, 0, &requests(2));
        assert_eq!(window.accepted(), 4, "what was refused and given back is no other's refusal");
        window.restore(Entry { last: 30_100, used: requests(1), refused: 1_000 });
        window.add(30_200, &requests(1));
        assert_eq!(window.accepted(), 5, "nor is what nobody wrote");
        window.forget(200_000);
        window.add(60_000, &requests(1));
        window.refuse(60_500, 0);
        window.forget(60_500);
        assert_eq!(window.accepted(), 1, "what is forgotten was no later request");
    }

    #[test]
    fn two_records_of_the_same_uses_become_the_larger_of_each_step() {
        let mut window = Window::minute(true);
        window.add(0, &requests(3));
        window.add(2_000, &requests(1));
        let mut other = Window::minute(true);
        other.add(500, &requests(2));
        other.add(1_500, &requests(4));
        window.merge(&other);
        assert_eq!(window.total().requests, 8);
        assert_eq!(window.entries().next().map(|entry| entry.last), Some(500));
    }
}
