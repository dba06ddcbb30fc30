//! Who goes next: by priority, then first come.

use std::collections::VecDeque;

use crate::input::CallId;

/// So many go before one of the lowest priority does, which so gets a tenth.
const TURNS: u32 = 9;
/// Where there are several lower priorities, so many go before the oldest of them does.
const TURNS_OF_MANY: u32 = 4;

/// A place in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) call: CallId,
    /// Its number in the order of arrival.
    pub(crate) serial: u64,
}

/// The calls that wait for a target, by priority. Tickets of calls that have left are skipped where
/// they are met, so that leaving costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// With their priorities, the highest first, and of one priority by serial.
    waiting: VecDeque<(i32, Ticket)>,
    /// How many went in a row while others of a lower priority waited.
    turns: u32,
    /// How many went in a row while others of the lowest priority waited.
    turns_of_lowest: u32,
    /// The place of the ticket that goes next.
    next: usize,
    len: u64,
    /// How many of each priority wait, of those that have not left.
    live: Vec<(i32, u64)>,
}

impl Queue {
    /// How many wait.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// How many wait that go before a new call of this priority.
    pub(crate) fn ahead_of(&self, priority: i32) -> u64 {
        let ahead = self.live.iter().filter(|(other, _)| *other >= priority);
        ahead.fold(0, |sum, (_, live)| sum.saturating_add(*live))
    }

    /// Puts a call at its place; one that waited before has an older serial and goes first.
    pub(crate) fn push(&mut self, priority: i32, ticket: Ticket) {
        let before = |other: &(i32, Ticket)| {
            other.0 > priority || (other.0 == priority && other.1.serial < ticket.serial)
        };
        let is_last = self.waiting.back().is_none_or(before);
        if is_last {
            self.waiting.push_back((priority, ticket));
        } else {
            let place = self.waiting.partition_point(before);
            self.waiting.insert(place, (priority, ticket));
        }
        self.len = self.len.saturating_add(1);
        match self.live.iter_mut().find(|(other, _)| *other == priority) {
            Some((_, live)) => *live = live.saturating_add(1),
            None => self.live.push((priority, 1)),
        }
    }

    /// A call of this priority has left; its ticket is skipped later.
    pub(crate) fn leave(&mut self, priority: i32) {
        self.len = self.len.saturating_sub(1);
        for (other, live) in &mut self.live {
            if *other == priority {
                *live = live.saturating_sub(1);
            }
        }
        self.live.retain(|(_, live)| *live > 0);
    }

    /// The call that goes next, of those for which `waits` holds. It stays where it is.
    pub(crate) fn peek(&mut self, waits: impl Fn(Ticket) -> bool) -> Option<Ticket> {
        self.next = 0;
        let first = self.first_from(0, &waits)?;
        if self.turns < TURNS_OF_MANY && self.turns_of_lowest < TURNS {
            return Some(first.1);
        }
        let (mut oldest, mut lowest, mut classes) = (None::<(usize, Ticket)>, None, 0_u32);
        let mut priority = first.0;
        loop {
            let place = self.end_of(priority);
            let Some((lower, ticket)) = self.first_from(place, &waits) else { break };
            if oldest.is_none_or(|(_, oldest)| ticket.serial < oldest.serial) {
                oldest = Some((place, ticket));
            }
            lowest = Some((place, ticket));
            classes = classes.saturating_add(1);
            priority = lower;
        }
        let chosen = match self.turns_of_lowest >= TURNS {
            true => lowest,
            false => oldest.filter(|_| classes > 1 && self.turns >= TURNS_OF_MANY),
        };
        let Some((place, ticket)) = chosen else { return Some(first.1) };
        self.next = place;
        Some(ticket)
    }

    /// Takes the call out that [`Queue::peek`] gave.
    pub(crate) fn pop(&mut self) {
        let priority_at = |place: usize| self.waiting.get(place).map(|(priority, _)| *priority);
        let (highest, chosen) = (priority_at(0), priority_at(self.next));
        let lowest = self.waiting.back().map(|(priority, _)| *priority);
        let count = |is_reset: bool, turns: u32| if is_reset { 0 } else { turns.saturating_add(1) };
        self.turns = count(highest == lowest || chosen != highest, self.turns);
        self.turns_of_lowest = count(chosen == lowest, self.turns_of_lowest);
        #[cfg(feature = "canary")]
        if crate::canary::is(crate::canary::Canary::StarvesBackground) {
            (self.turns, self.turns_of_lowest) = (0, 0);
        }
        if let Some((priority, _)) = self.waiting.remove(self.next) {
            self.leave(priority);
        }
    }

    /// Those who wait, in the order in which they go, but for the turns of lower priorities; for
    /// looking ahead.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Ticket> {
        self.waiting.iter().map(|(_, ticket)| *ticket)
    }

    fn end_of(&self, priority: i32) -> usize {
        self.waiting.partition_point(|(other, _)| *other >= priority)
    }

    /// The first ticket from a place on that still waits; those before it are dropped.
    fn first_from(
        &mut self,
        place: usize,
        waits: &impl Fn(Ticket) -> bool,
    ) -> Option<(i32, Ticket)> {
        loop {
            let (priority, ticket) = *self.waiting.get(place)?;
            if waits(ticket) {
                return Some((priority, ticket));
            }
            self.waiting.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &mut Queue, left: &[u32]) -> Vec<u32> {
        let mut order = Vec::new();
        while let Some(ticket) = queue.peek(|ticket| !left.contains(&ticket.call.0)) {
            queue.pop();
            order.push(ticket.call.0);
        }
        order
    }

    fn ticket(call: u32) -> Ticket {
        Ticket { call: CallId(call), serial: call.into() }
    }

    #[test]
    fn priority_goes_before_order_and_order_before_return() {
        let mut queue = Queue::default();
        for (priority, call) in [(0, 1), (10, 2), (0, 3), (10, 5), (10, 4)] {
            queue.push(priority, ticket(call));
        }
        assert_eq!((queue.len(), queue.ahead_of(10), queue.ahead_of(0)), (5, 3, 5));
        assert_eq!(drain(&mut queue, &[]), [2, 4, 5, 1, 3]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn the_background_gets_every_tenth_turn() {
        let mut queue = Queue::default();
        for call in 0..40 {
            queue.push(if call % 2 == 0 { 10 } else { 0 }, ticket(call));
        }
        let order = drain(&mut queue, &[]);
        assert_eq!(order.iter().take(20).filter(|call| *call % 2 == 1).count(), 2);
        assert_eq!(order.get(9), Some(&1));
    }

    #[test]
    fn the_lowest_gets_its_tenth_whoever_comes_between() {
        let mut queue = Queue::default();
        for call in 0..20 {
            queue.push(10, ticket(call));
        }
        queue.push(0, ticket(100));
        let mut order = Vec::new();
        for turn in 0..12 {
            if turn == 8 {
                // Older than the background's, as one that comes back is.
                queue.push(5, ticket(50));
            }
            let next = queue.peek(|_| true).map(|ticket| ticket.call.0);
            queue.pop();
            order.extend(next);
        }
        assert_eq!(order.iter().position(|call| *call == 100), Some(9), "{order:?}");
        assert!(order.contains(&50), "{order:?}");
    }

    #[test]
    fn who_has_left_is_skipped() {
        let mut queue = Queue::default();
        for call in 0..4 {
            queue.push(0, ticket(call));
        }
        queue.leave(0);
        queue.leave(0);
        assert_eq!(queue.len(), 2);
        assert_eq!(drain(&mut queue, &[0, 2]), [1, 3]);
        assert_eq!(queue.len(), 0);
    }
}
