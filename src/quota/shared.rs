//! A quota that several processes share: one short text in a store, and the changes that a process
//! makes to it.
//!
//! A store knows nothing of quotas. It gives the text and its own time, and stores the result of
//! [`apply`], which may run more than once.

use std::rc::Rc;

use crate::base::pacific::next_midnight;
use crate::base::time::{Millis, WallTime};
use crate::errors::kind::Dimension;
use crate::quota::clock::Clock;
use crate::quota::denial::Denial;
use crate::quota::limits::Limits;
use crate::quota::refusal::{Learned, Refusal};
use crate::quota::state::{Reader, Writer};
use crate::quota::usage::Usage;
use crate::quota::window::Amounts;

/// The most processes that a usage remembers; beyond that, the one that is silent longest is
/// forgotten.
const PEERS_MAX: usize = 24;
/// How long a silent process is remembered: the service ends a request after ten minutes.
const SILENT: Millis = Millis(600_000);
/// How long a silent process that waits counts as waiting.
const WAITS: Millis = Millis(5_000);
/// The time over which the permits of a process are counted to be fair.
const MINUTE: Millis = Millis(60_000);
/// The pause after which a process that took its share comes back for what the others left.
const AGAIN: Millis = Millis(100);
/// How long nothing goes after the store has forgotten: a minute, and the way of a request.
const FORGOTTEN: Millis = Millis(60_500);
/// A store's clock that is ahead of a process's expectation by more was set; less is the time that
/// it takes to hear from the store.
const STEP: Millis = Millis(3_000);

/// A process that shares the usage.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Peer {
    /// The number of the process, drawn at random.
    pub id: u64,
    /// The time of its last request.
    pub seen: u64,
    /// The number of its calls that wait.
    pub waiting: u64,
    /// The number of its last request: if the answer was lost, it is given again.
    pub seq: u64,
    /// Permits granted to that request.
    pub granted: u64,
    /// The moment at which the next call that it waits for may go.
    pub due: u64,
    /// Permits granted to it since `since`.
    pub taken: u64,
    /// When that count began; it begins anew each minute.
    pub since: u64,
}

/// The shared state.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SharedUsage {
    /// A number drawn at random when the store was empty; another one means that the store has
    /// forgotten.
    pub epoch: u64,
    /// The number of changes.
    pub version: u64,
    /// The moment until which nothing goes, since the store had forgotten; 0 if it never has.
    pub held: u64,
    /// The usage itself.
    pub usage: Usage,
    /// The processes that use it.
    pub peers: Vec<Peer>,
}

/// A change in a request that the usage has counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delta {
    /// It took another amount than was reserved.
    Settle {
        /// When it was counted.
        at: u64,
        /// Amounts taken beyond those reserved.
        more: Amounts,
        /// Amounts reserved and not taken.
        less: Amounts,
    },
    /// A request that was sent without asking, while the store was down.
    Record {
        /// When it was sent.
        at: u64,
        /// Amounts that it took.
        used: Amounts,
    },
    /// The service refused it.
    Refuse {
        /// When it was counted.
        at: u64,
        /// When the service said so.
        said_at: u64,
        /// Amounts that were reserved.
        reserved: Amounts,
        /// The refusal as the service stated it.
        said: Refusal,
    },
    /// It was refused because of a limit that another usage keeps.
    RefuseElsewhere {
        /// When it was counted.
        at: u64,
        /// Amounts that were reserved.
        reserved: Amounts,
    },
    /// The day is spent.
    EndDay {
        /// When that became known.
        at: u64,
    },
    /// The day was not spent.
    CorrectDay {
        /// When that became known.
        at: u64,
    },
    /// The day is over, where that was in doubt.
    EndDoubt {
        /// When that became known.
        at: u64,
    },
}

/// The clocks while a request is applied.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The store's clock.
    pub now: u64,
    /// The wall clock, where the store's is a monotonic one.
    pub wall: Option<u64>,
    /// The time that the store's clock would show if it had not been set; `None` if that is
    /// unknown.
    pub expected: Option<u64>,
}

impl From<u64> for Times {
    fn from(now: u64) -> Self {
        Self { now, wall: None, expected: None }
    }
}

impl Delta {
    const fn at(&self) -> u64 {
        match self {
            Self::Settle { at, .. }
            | Self::Record { at, .. }
            | Self::Refuse { at, .. }
            | Self::RefuseElsewhere { at, .. }
            | Self::EndDay { at }
            | Self::EndDoubt { at }
            | Self::CorrectDay { at } => *at,
        }
    }

    /// The same change by another clock, which is ahead by so much.
    pub(crate) fn shifted(mut self, by: i64) -> Self {
        let shift = |at: &mut u64| *at = at.saturating_add_signed(by);
        match &mut self {
            Self::Refuse { at, said_at, .. } => {
                shift(at);
                shift(said_at);
            }
            Self::Settle { at, .. }
            | Self::Record { at, .. }
            | Self::RefuseElsewhere { at, .. }
            | Self::EndDay { at }
            | Self::EndDoubt { at }
            | Self::CorrectDay { at } => shift(at),
        }
        self
    }
}

/// A process's request to a shared usage.
#[derive(Clone, Debug)]
pub struct Request {
    /// The process.
    pub peer: u64,
    /// The number of this request among its own.
    pub seq: u64,
    /// The limits that its caller gave.
    pub given: Limits,
    /// The published limits of its caller's tier.
    pub tier: Limits,
    /// The state that it saw last: it restores the usage of a store that has forgotten.
    pub seen: Option<Rc<SharedUsage>>,
    /// Changes since its last request.
    pub deltas: Vec<Delta>,
    /// The costs of the requests that it would send now, in order.
    pub costs: Vec<Amounts>,
    /// The number of its calls that wait in all.
    pub waiting: u64,
    /// The epoch of a new usage.
    pub epoch: u64,
}

/// The answer to a process.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The usage's time, under which the permits are counted.
    pub now: u64,
    /// Whether the day was told by a wall clock beside the store's.
    pub has_wall: bool,
    /// How many of the costs are granted.
    pub granted: usize,
    /// The reason why the next one is not granted.
    pub denial: Option<Denial>,
    /// Limits that were learned from this request.
    pub learned: Vec<Learned>,
    /// A copy of the usage.
    pub shared: Rc<SharedUsage>,
}

/// Applies a request to the state of a store at the store's time; gives the new state.
#[must_use]
pub fn apply(state: Option<&str>, times: impl Into<Times>, request: &Request) -> (String, Reply) {
    let times = times.into();
    let now = times.now;
    let clock = Clock { now, wall: times.wall.unwrap_or(now) };
    let mut shared = match state.and_then(SharedUsage::read) {
        Some(shared) => shared,
        None => SharedUsage { epoch: request.epoch, ..SharedUsage::default() },
    };
    shared.follow_clock(&times);
    // A clock that was set back would hold all processes until it has caught up.
    shared.held = shared.held.min(now.saturating_add(FORGOTTEN.0));
    shared.mend(now, request);
    shared.usage.set_limits(&request.given, &request.tier);
    shared.usage.advance(clock);
    let before = shared.peers.iter().find(|peer| peer.id == request.peer).copied();
    let mut reply = Reply {
        now,
        has_wall: times.wall.is_some(),
        granted: 0,
        denial: None,
        learned: Vec::new(),
        shared: Rc::default(),
    };
    match before.filter(|peer| peer.seq == request.seq) {
        // The request was applied before, and its answer was lost.
        Some(peer) => {
            reply.now = peer.seen;
            let granted = usize::try_from(peer.granted).unwrap_or(usize::MAX);
            reply.granted = granted.min(request.costs.len());
        }
        None => {
            let deltas = request.deltas.iter();
            reply.learned = deltas.filter_map(|delta| shared.amend(clock, delta)).collect();
            (reply.granted, reply.denial) = shared.grant(clock, request);
            let granted = u64::try_from(reply.granted).unwrap_or_default();
            let waiting = request.waiting.saturating_sub(granted);
            let before = before.unwrap_or_default();
            let is_same = before.since.saturating_add(MINUTE.0) > now;
            let (taken, since) = if is_same { (before.taken, before.since) } else { (0, now) };
            shared.meet(Peer {
                id: request.peer,
                seen: now,
                waiting,
                seq: request.seq,
                granted,
                due: reply.denial.map_or(now, |denial| denial.until),
                taken: taken.saturating_add(granted),
                since,
            });
        }
    }
    shared.version = shared.version.saturating_add(1);
    let text = shared.write();
    reply.shared = Rc::new(shared);
    (text, reply)
}

impl SharedUsage {
    /// Moves the usage with a store's clock that was set forward: else all of a minute would be
    /// free at once. A process that slept cannot tell; then this costs a minute.
    fn follow_clock(&mut self, times: &Times) {
        // Another process may have moved it already.
        let since = times.now.saturating_sub(self.usage.at);
        let ahead = times.expected.map_or(0, |expected| times.now.saturating_sub(expected));
        let by = ahead.min(since);
        if by < STEP.0 || self.usage.at == 0 {
            return;
        }
        self.usage.set_forward(by);
        for peer in &mut self.peers {
            peer.seen = peer.seen.saturating_add(by);
            peer.due = peer.due.saturating_add(by);
            peer.since = peer.since.saturating_add(by);
        }
        if self.held > 0 {
            self.held = self.held.saturating_add(by);
        }
    }

    /// Takes over the state that a process saw last, if the store has forgotten it.
    fn mend(&mut self, now: u64, request: &Request) {
        let Some(seen) = &request.seen else { return };
        if seen.epoch == self.epoch && seen.version <= self.version {
            return;
        }
        self.usage.merge(&seen.usage);
        self.version = self.version.max(seen.version);
        if self.held == 0 || seen.epoch == self.epoch {
            // The requests that others have sent meanwhile are known only when they have been here
            // too.
            self.held = now.saturating_add(FORGOTTEN.0);
        }
    }

    fn amend(&mut self, clock: Clock, delta: &Delta) -> Option<Learned> {
        // A change of the day before that is told after midnight does not count for this day.
        let day = self.usage.day;
        let is_today = next_midnight(WallTime(delta.at())).0 == day.ends;
        let mut learned = None;
        match delta {
            Delta::Settle { at, more, less } => self.usage.settle(*at, less, more),
            Delta::Record { at, used } => self.usage.record(clock, *at, used),
            Delta::Refuse { at, said_at, reserved, said } => {
                let passed = Millis(clock.now.saturating_sub(*said_at));
                let said = Refusal { wait: said.wait.map(|wait| wait - passed), ..*said };
                learned = self.usage.refuse(clock, *at, reserved, &said);
            }
            Delta::RefuseElsewhere { at, reserved } => self.usage.settle_refused(*at, reserved),
            Delta::EndDay { .. } => self.usage.end_day(),
            Delta::EndDoubt { .. } => {
                self.usage.end_doubt(clock);
                return None;
            }
            Delta::CorrectDay { .. } if is_today => self.usage.correct_day(clock),
            Delta::CorrectDay { .. } => {}
        }
        if !is_today {
            self.usage.day = day;
        }
        learned
    }

    /// Counts as many of the requests as may go.
    fn grant(&mut self, clock: Clock, request: &Request) -> (usize, Option<Denial>) {
        if self.held > clock.now {
            return (0, Some(Denial::counted(self.held, None)));
        }
        let share = self.share(clock, request);
        for (index, cost) in request.costs.iter().enumerate() {
            if index >= share {
                // The limit itself says when to come back if it is in the way.
                let again = Denial::counted(clock.now.saturating_add(AGAIN.0), None);
                return (index, Some(self.usage.check(clock, cost).err().unwrap_or(again)));
            }
            if let Err(denial) = self.usage.take(clock, cost) {
                return (index, Some(denial));
            }
        }
        (request.costs.len(), None)
    }

    /// The number of permits that a process may take at once while others wait too: as many as make
    /// it equal to each of them in this minute.
    fn share(&self, clock: Clock, request: &Request) -> usize {
        let is_fresh = |peer: &&Peer| peer.since.saturating_add(MINUTE.0) > clock.now;
        let waits = |peer: &&Peer| {
            let last = peer.seen.max(peer.due.min(clock.now));
            let is_there = last.saturating_add(WAITS.0) > clock.now;
            peer.id != request.peer && peer.waiting > 0 && is_there
        };
        let others = self.peers.iter().filter(waits).count();
        let dimension = Dimension::RequestsPerMinute;
        let Some(limit) = self.usage.estimator(dimension).limit().filter(|_| others > 0) else {
            return usize::MAX;
        };
        let taken = |peer: &Peer| if is_fresh(&peer) { peer.taken } else { 0 };
        let own = self.peers.iter().find(|peer| peer.id == request.peer).map_or(0, taken);
        let theirs = self.peers.iter().filter(waits).map(taken);
        let free = limit.saturating_sub(self.usage.used(dimension));
        let pot = theirs.fold(free.saturating_add(own), u64::saturating_add);
        let all = u64::try_from(others).unwrap_or(u64::MAX).saturating_add(1);
        let share = pot.div_ceil(all.max(1)).saturating_sub(own);
        usize::try_from(share).unwrap_or(usize::MAX)
    }

    fn meet(&mut self, peer: Peer) {
        self.peers
            .retain(|other| other.id != peer.id && other.seen.saturating_add(SILENT.0) > peer.seen);
        if self.peers.len() >= PEERS_MAX {
            let oldest = self.peers.iter().map(|other| other.seen).min();
            let mut found = false;
            self.peers.retain(|other| {
                let drop = !found && Some(other.seen) == oldest;
                found |= drop;
                !drop
            });
        }
        self.peers.push(peer);
    }

    /// Reads a state; `None` if the text is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::new(text)?;
        let (epoch, version, held) = (reader.number()?, reader.number()?, reader.number()?);
        let usage = Usage::read(&mut reader)?;
        let mut peers = Vec::new();
        for _ in 0..reader.number()?.min(PEERS_MAX as u64) {
            peers.push(Peer {
                id: reader.number()?,
                seen: reader.past(usage.at)?,
                waiting: reader.number()?,
                seq: reader.number()?,
                granted: reader.number()?,
                due: reader.moment(usage.at)?,
                taken: reader.number()?,
                since: reader.past(usage.at)?,
            });
        }
        reader.is_done().then_some(Self { epoch, version, held, usage, peers })
    }

    /// Writes a state: ASCII, less than 4 KiB for any limits.
    #[must_use]
    pub fn write(&self) -> String {
        let mut writer = Writer::default();
        writer.number(self.epoch);
        if mutant!(WritesLong) {
            (0..5_000).for_each(|_| writer.number(0));
        }
        writer.number(self.version);
        writer.number(self.held);
        self.usage.write(&mut writer);
        writer.number(self.peers.len() as u64);
        for peer in &self.peers {
            writer.number(peer.id);
            writer.moment(self.usage.at, peer.seen);
            writer.number(peer.waiting);
            writer.number(peer.seq);
            writer.number(peer.granted);
            writer.moment(self.usage.at, peer.due);
            writer.number(peer.taken);
            writer.moment(self.usage.at, peer.since);
        }
        writer.finish()
    }
}
