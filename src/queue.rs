//! Who goes next: by priority, then first come.

use std::collections::VecDeque;

use crate::input::CallId;

/// So many go before the oldest of a lower priority does, which so gets a tenth.
const TURNS: u32 = 9;

/// A place in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ticket {
    pub(crate) call: CallId,
    /// Its number in the order of arrival.
    pub(crate) serial: u64,
}

#[derive(Debug)]
struct Class {
    priority: i32,
    waiting: VecDeque<Ticket>,
}

/// The calls that wait for a target, by priority. Tickets of calls that have left are skipped where
/// they are met, so that leaving costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// The highest priority first.
    classes: VecDeque<Class>,
    /// How many went in a row while others of a lower priority waited.
    turns: u32,
    /// The class that goes next.
    next: usize,
    len: u64,
}

impl Queue {
    /// How many wait.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// How many wait that go before a new call of this priority.
    pub(crate) fn ahead_of(&self, priority: i32) -> u64 {
        let ahead = self.classes.iter().filter(|class| class.priority >= priority);
        let waiting: usize = ahead.map(|class| class.waiting.len()).sum();
        u64::try_from(waiting).unwrap_or(u64::MAX).min(self.len)
    }

    /// Puts a call at its place; one that waited before has an older serial and goes first.
    pub(crate) fn push(&mut self, priority: i32, ticket: Ticket) {
        let index = self.classes.partition_point(|class| class.priority > priority);
        let waiting = match self.classes.get_mut(index) {
            Some(class) if class.priority == priority => &mut class.waiting,
            _ => {
                self.classes.insert(index, Class { priority, waiting: VecDeque::new() });
                match self.classes.get_mut(index) {
                    Some(class) => &mut class.waiting,
                    None => return,
                }
            }
        };
        let place = match waiting.back() {
            Some(last) if last.serial > ticket.serial => {
                waiting.partition_point(|other| other.serial < ticket.serial)
            }
            _ => waiting.len(),
        };
        waiting.insert(place, ticket);
        self.len = self.len.saturating_add(1);
    }

    /// A call has left; its ticket is skipped later.
    pub(crate) const fn leave(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    /// The call that goes next, of those for which `waits` holds. It stays where it is.
    pub(crate) fn peek(&mut self, waits: impl Fn(Ticket) -> bool) -> Option<Ticket> {
        self.drop_left(&waits);
        self.next = 0;
        if self.turns >= TURNS {
            let lower = self.classes.iter().enumerate().skip(1);
            let oldest = lower.min_by_key(|(_, class)| class.waiting.front().map(|t| t.serial));
            self.next = oldest.map_or(0, |(index, _)| index);
        }
        self.classes.get(self.next)?.waiting.front().copied()
    }

    /// Takes the call out that [`Queue::peek`] gave.
    pub(crate) fn pop(&mut self) {
        let is_alone = self.classes.len() < 2;
        self.turns = if is_alone || self.next > 0 { 0 } else { self.turns.saturating_add(1) };
        if let Some(class) = self.classes.get_mut(self.next) {
            class.waiting.pop_front();
            self.len = self.len.saturating_sub(1);
        }
    }

    /// Those who wait, roughly in the order in which they go; for looking ahead.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Ticket> {
        self.classes.iter().flat_map(|class| class.waiting.iter().copied())
    }

    fn drop_left(&mut self, waits: &impl Fn(Ticket) -> bool) {
        for class in &mut self.classes {
            while class.waiting.front().is_some_and(|ticket| !waits(*ticket)) {
                class.waiting.pop_front();
            }
        }
        self.classes.retain(|class| !class.waiting.is_empty());
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
    fn who_has_left_is_skipped() {
        let mut queue = Queue::default();
        for call in 0..4 {
            queue.push(0, ticket(call));
        }
        queue.leave();
        queue.leave();
        assert_eq!(queue.len(), 2);
        assert_eq!(drain(&mut queue, &[0, 2]), [1, 3]);
        assert_eq!(queue.len(), 0);
    }
}
