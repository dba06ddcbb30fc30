//! The queue of a lane: by priority, then first come.

use crate::engine::ids::CallId;
use std::collections::VecDeque;

/// Calls that go before one of the lowest priority, which so gets a tenth.
const TURNS: u32 = 9;
/// Calls that go before the oldest of the lower priorities, if there are several.
const TURNS_OF_MANY: u32 = 4;

/// A place in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) call: CallId,
    /// Its number in the order of arrival.
    pub(crate) serial: u64,
}

/// The calls that wait for a target, by priority. Tickets of calls that have left are skipped when
/// they are met, so that leaving costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// The classes, the highest priority first.
    classes: VecDeque<Class>,
    /// Calls that went in a row while others of a lower priority waited.
    turns: u32,
    /// Calls that went in a row while others of the lowest priority waited.
    turns_of_lowest: u32,
    /// The place of the class whose first ticket goes next.
    next: usize,
}

/// The calls of one priority.
#[derive(Debug)]
struct Class {
    priority: i32,
    /// The tickets, by serial.
    waiting: VecDeque<Ticket>,
    /// The number of tickets whose call has not left.
    live: u64,
}

impl Queue {
    /// The number of calls that wait.
    pub(crate) fn len(&self) -> u64 {
        self.classes.iter().fold(0, |sum, class| sum.saturating_add(class.live))
    }

    /// The number of waiting calls that go before a new one of this priority.
    pub(crate) fn ahead_of(&self, priority: i32) -> u64 {
        let ahead = self.classes.iter().filter(|class| class.priority >= priority);
        ahead.fold(0, |sum, class| sum.saturating_add(class.live))
    }

    /// Puts a call at its place; one that waited before has an older serial and goes first.
    pub(crate) fn push(&mut self, priority: i32, ticket: Ticket) {
        if self.class(priority).is_none() {
            let place = self.classes.partition_point(|class| class.priority > priority);
            self.classes.insert(place, Class { priority, waiting: VecDeque::new(), live: 0 });
        }
        let Some(class) = self.class(priority) else { return };
        class.live = class.live.saturating_add(1);
        let before = |other: &Ticket| other.serial < ticket.serial;
        if class.waiting.back().is_none_or(before) {
            class.waiting.push_back(ticket);
        } else {
            let place = class.waiting.partition_point(before);
            class.waiting.insert(place, ticket);
        }
    }

    /// Notes that a call of this priority has left; its ticket is skipped later.
    pub(crate) fn leave(&mut self, priority: i32) {
        if let Some(class) = self.class(priority) {
            class.live = class.live.saturating_sub(1);
        }
    }

    /// The ticket that goes next, of those for which `waits` holds. It stays in the queue.
    pub(crate) fn peek(&mut self, waits: impl Fn(Ticket) -> bool) -> Option<Ticket> {
        for class in &mut self.classes {
            while class.first().is_some_and(|ticket| !waits(ticket)) {
                class.waiting.pop_front();
            }
        }
        self.classes.retain(|class| !class.waiting.is_empty());
        self.next = self.turn();
        self.classes.get(self.next)?.first()
    }

    /// The place of the class that has its turn.
    fn turn(&self) -> usize {
        let lower = 1..self.classes.len();
        if self.turns_of_lowest >= TURNS {
            return lower.last().unwrap_or_default();
        }
        if lower.len() < 2 || self.turns < TURNS_OF_MANY {
            return 0;
        }
        let serial = |place: &usize| {
            self.classes.get(*place).and_then(Class::first).map(|ticket| ticket.serial)
        };
        lower.min_by_key(serial).unwrap_or_default()
    }

    /// Takes out the ticket that [`Queue::peek`] gave.
    pub(crate) fn pop(&mut self) {
        let count = |is_reset: bool, turns: u32| if is_reset { 0 } else { turns.saturating_add(1) };
        let lowest = self.classes.len().saturating_sub(1);
        self.turns = count(lowest == 0 || self.next != 0, self.turns);
        self.turns_of_lowest = count(self.next == lowest, self.turns_of_lowest);
        if mutant!(StarvesBackground) {
            (self.turns, self.turns_of_lowest) = (0, 0);
        }
        if let Some(class) = self.classes.get_mut(self.next)
            && class.waiting.pop_front().is_some()
        {
            class.live = class.live.saturating_sub(1);
        }
    }

    /// The waiting calls in the order in which they go, apart from the turns of lower priorities;
    /// for looking ahead.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Ticket> {
        self.classes.iter().flat_map(|class| class.waiting.iter().copied())
    }

    fn class(&mut self, priority: i32) -> Option<&mut Class> {
        self.classes.iter_mut().find(|class| class.priority == priority)
    }
}

impl Class {
    fn first(&self) -> Option<Ticket> {
        self.waiting.front().copied()
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
                // The ticket is older than the background's, as that of a call that comes back is.
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
