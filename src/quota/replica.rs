//! The quota of a lane or account as the engine uses it: its own, or a copy of one that is shared.

use std::rc::Rc;

use crate::base::time::{Instant, Millis, Now};
use crate::quota::clock::Clock;
use crate::quota::denial::Denial;
use crate::quota::limits::Limits;
use crate::quota::refusal::{Learned, Refusal};
use crate::quota::shared::{Delta, Reply, Request, SharedUsage};
use crate::quota::usage::Usage;
use crate::quota::window::Amounts;

/// Behaviour while the store is down.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnStoreDown {
    /// Go on as if nobody else used the quota.
    Open,
    /// Send nothing.
    Closed,
    /// Go on with an equal share of it, once what the others used before has left the window.
    #[default]
    Local,
}

/// The longest time for a store's answer; a store that takes longer is down.
pub(crate) const STORE_TIMEOUT: Millis = Millis(2_500);
/// The shortest and the longest pause between two questions to a store that is down.
const DOWN_FIRST: Millis = Millis(500);
const DOWN_LONGEST: Millis = Millis(5_000);
/// The longest delay before a change that others need not know at once is told to them.
const FLUSH: Millis = Millis(1_000);
/// How long the uses of others stay in the window: a minute, and the way of a request.
const UNKNOWN: Millis = Millis(60_500);
/// The longest delay at which a permit is used without being counted again at a later moment.
const PROMPT: Millis = Millis(50);
/// The most changes that are kept for a store that is down; beyond that only uses are kept.
const DELTAS_MAX: usize = 1_000;

/// The way in which a quota counts a request; the last argument is the number of equal parts.
type Take = fn(&mut Usage, Clock, &Amounts, u64) -> Result<(), Denial>;

/// The quota of a lane, an account or the budget.
#[derive(Debug)]
pub(crate) struct Replica {
    /// The usage, or a copy of it as it was seen last.
    pub(crate) usage: Usage,
    /// Whether nothing is decided here before the store was reached once: a budget is a hard stop.
    pub(crate) is_strict: bool,
    /// How long requests may be on their way to the service, which counts them when they arrive.
    pub(crate) transit_slack: Millis,
    given: Limits,
    tier: Limits,
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    peer: u64,
    seq: u64,
    on_down: OnStoreDown,
    /// How far the store's clock is ahead of the monotonic one; `None` before the first answer.
    ahead: Option<i128>,
    /// Whether the store's clock is a monotonic one, beside which the wall clock tells the day.
    has_wall: bool,
    seen: Option<Rc<SharedUsage>>,
    /// When the store answered last.
    answered: Instant,
    /// The moment until which the service said to wait: a newer copy may not have it yet.
    held: Instant,
    deltas: Vec<Delta>,
    /// When the changes are to be told, even if no request goes.
    flush: Option<Instant>,
    /// An unanswered request, which is sent again unchanged: it may have been applied.
    unanswered: Option<Rc<Request>>,
    down: Option<Down>,
}

#[derive(Clone, Copy, Debug)]
struct Down {
    since: Instant,
    again: Instant,
    pause: Millis,
}

impl Replica {
    /// A quota that is not shared.
    pub(crate) fn new(given: &Limits, tier: &Limits) -> Self {
        let usage = Usage::new(given, tier).finely();
        let (given, tier) = (*given, *tier);
        Self { usage, is_strict: false, transit_slack: Millis::ZERO, given, tier, shared: None }
    }

    /// Shares the quota with other processes.
    pub(crate) fn share(&mut self, peer: u64, on_down: OnStoreDown) {
        self.shared = Some(Shared {
            peer,
            seq: 0,
            on_down,
            ahead: None,
            has_wall: false,
            seen: None,
            answered: Instant::default(),
            held: Instant::default(),
            deltas: Vec::new(),
            flush: None,
            unanswered: None,
            down: None,
        });
    }

    /// The quota as text.
    pub(crate) fn state(&self) -> String {
        SharedUsage { usage: self.usage.clone(), ..SharedUsage::default() }.write()
    }

    /// Whether permits come from a store.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The times that the usage's clocks show.
    pub(crate) fn clock(&self, now: Now) -> Clock {
        match &self.shared {
            None => Clock { now: now.mono.0, wall: now.wall.0 },
            Some(shared) => {
                let time = match shared.ahead {
                    Some(ahead) => i128::from(now.mono.0).saturating_add(ahead),
                    None => now.wall.0.into(),
                };
                let time = u64::try_from(time).unwrap_or_default();
                Clock { now: time, wall: if shared.has_wall { now.wall.0 } else { time } }
            }
        }
    }

    /// The time that the store's clock shows now, as far as is known.
    pub(crate) fn expects(&self, now: Now) -> Option<u64> {
        let ahead = self.shared.as_ref()?.ahead?;
        u64::try_from(i128::from(now.mono.0).saturating_add(ahead)).ok()
    }

    /// The moment of the monotonic clock at which the usage's clock shows `at`.
    pub(crate) fn moment(&self, now: Now, at: u64) -> Instant {
        now.mono + Millis(at.saturating_sub(self.clock(now).now))
    }

    /// Whether requests are decided here: always if the quota is not shared; while the store is
    /// down, unless the caller wants nothing sent then.
    pub(crate) fn decides(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| {
            let may_guess = match shared.on_down {
                OnStoreDown::Open => true,
                OnStoreDown::Local => !self.is_strict || shared.seen.is_some(),
                OnStoreDown::Closed => false,
            };
            shared.down.is_some() && may_guess
        })
    }

    /// Counts a request if it may go by what is known here.
    pub(crate) fn take(&mut self, now: Now, cost: &Amounts) -> Result<u64, Denial> {
        self.take_by(now, cost, Usage::take_part)
    }

    /// As [`Replica::take`], but ignores limits that are only guessed.
    pub(crate) fn insist(&mut self, now: Now, cost: &Amounts) -> Result<u64, Denial> {
        self.take_by(now, cost, Usage::insist)
    }

    fn take_by(&mut self, now: Now, cost: &Amounts, take: Take) -> Result<u64, Denial> {
        let clock = self.clock(now);
        if let Some(denial) = self.told(now).filter(|denial| denial.until > clock.now) {
            return Err(denial);
        }
        let parts = match &self.shared {
            Some(shared) if shared.on_down == OnStoreDown::Local => shared.peers(),
            _ => 1,
        };
        take(&mut self.usage, clock, cost, parts)?;
        if let Some(shared) = &mut self.shared {
            shared.tell(Delta::Record { at: clock.now, used: *cost });
            return Ok(clock.now);
        }
        let at = clock.now.saturating_add(self.transit_slack.0);
        if at > clock.now {
            self.usage.minute.take_back(clock.now, clock.now, cost);
            self.usage.minute.add(at, cost);
        }
        Ok(at)
    }

    /// Takes back a request that was just counted and does not go after all.
    pub(crate) fn untake(&mut self, at: u64, cost: &Amounts) {
        self.usage.settle(at, cost, &Amounts::default());
        let shared = self.shared.as_mut();
        if let Some(Delta::Record { used, .. }) = shared.and_then(|shared| shared.deltas.last_mut())
        {
            *used = used.minus(cost);
        }
    }

    /// Settles a counted request that took another amount than was reserved.
    pub(crate) fn settle(&mut self, now: Now, at: u64, reserved: &Amounts, used: &Amounts) {
        if reserved == used {
            return;
        }
        self.usage.settle(at, reserved, used);
        let (more, less) = (used.minus(reserved), reserved.minus(used));
        self.change(now, Delta::Settle { at, more, less }, FLUSH);
    }

    /// Notes that the service refused a request.
    pub(crate) fn refuse(
        &mut self,
        now: Now,
        at: u64,
        reserved: &Amounts,
        said: &Refusal,
    ) -> Option<Learned> {
        let learned = self.usage.refuse(self.clock(now), at, reserved, said);
        let said_at = self.clock(now).now;
        if let (Some(shared), Some(wait)) = (&mut self.shared, said.wait) {
            let is_short = said.dimension.is_none_or(|dimension| !dimension.is_per_day());
            let until = if is_short { now.mono + wait } else { now.mono };
            shared.held = shared.held.max(until);
        }
        let delta = Delta::Refuse { at, said_at, reserved: *reserved, said: *said };
        self.change(now, delta, Millis::ZERO);
        learned
    }

    /// Notes that a request was refused because of a limit that another usage keeps.
    pub(crate) fn refuse_elsewhere(&mut self, now: Now, at: u64, reserved: &Amounts) {
        self.usage.settle_refused(at, reserved);
        self.change(now, Delta::RefuseElsewhere { at, reserved: *reserved }, FLUSH);
    }

    /// Marks the day as spent.
    pub(crate) fn end_day(&mut self, now: Now) {
        self.usage.end_day();
        let at = self.clock(now).now;
        self.change(now, Delta::EndDay { at }, Millis::ZERO);
    }

    /// Corrects a day that was not spent.
    pub(crate) fn correct_day(&mut self, now: Now) {
        self.usage.correct_day(self.clock(now));
        let at = self.clock(now).now;
        self.change(now, Delta::CorrectDay { at }, Millis::ZERO);
    }

    /// Ends a day that was in doubt and is over, as the service has shown.
    pub(crate) fn end_doubt(&mut self, now: Now) {
        let clock = self.clock(now);
        self.usage.end_doubt(clock);
        self.change(now, Delta::EndDoubt { at: clock.now }, Millis::ZERO);
    }

    fn change(&mut self, now: Now, delta: Delta, within: Millis) {
        if let Some(shared) = &mut self.shared {
            shared.tell(delta);
            let due = now.mono + within;
            shared.flush = Some(shared.flush.map_or(due, |flush| flush.min(due)));
        }
    }

    /// When the store is to be asked although no call needs it: there are changes to tell, or it
    /// was down.
    pub(crate) fn due(&self) -> Option<Instant> {
        let shared = self.shared.as_ref()?;
        shared.down.map_or(shared.flush, |down| Some(down.again))
    }

    /// The request for the store.
    pub(crate) fn request(
        &mut self,
        costs: Vec<Amounts>,
        waiting: u64,
        epoch: u64,
    ) -> Option<Rc<Request>> {
        let shared = self.shared.as_mut()?;
        shared.flush = None;
        if let Some(request) = &shared.unanswered {
            return Some(Rc::clone(request));
        }
        shared.seq = shared.seq.saturating_add(1);
        let request = Rc::new(Request {
            peer: shared.peer,
            seq: shared.seq,
            given: self.given,
            tier: self.tier,
            seen: shared.seen.clone(),
            deltas: core::mem::take(&mut shared.deltas),
            costs,
            waiting,
            epoch,
        });
        shared.unanswered = Some(Rc::clone(&request));
        Some(request)
    }

    /// Takes in the store's answer to a question of `asked`. Returns how many permits may be used,
    /// and the moment at which they are counted.
    pub(crate) fn answered(&mut self, now: Now, asked: Now, reply: &Reply) -> (usize, u64) {
        let granted = (reply.granted, reply.now);
        let Some(shared) = &mut self.shared else { return granted };
        let request = shared.unanswered.take();
        shared.down = None;
        shared.seen = Some(Rc::clone(&reply.shared));
        shared.answered = now.mono;
        shared.has_wall = reply.has_wall;
        // By the end of the exchange the store's time may be later than it was, but not earlier: a
        // wait is over when this clock says so.
        let ahead = i128::from(reply.shared.usage.at).saturating_sub(now.mono.0.into());
        if shared.ahead.replace(ahead).is_none() {
            // The wall clock stood for the store's until now.
            let by = i128::from(reply.shared.usage.at).saturating_sub(now.wall.0.into());
            let by = i64::try_from(by).unwrap_or_default();
            let deltas = core::mem::take(&mut shared.deltas).into_iter();
            shared.deltas = deltas.map(|delta| delta.shifted(by)).collect();
        }
        if !shared.deltas.is_empty() {
            // Uses from the time when the store was away are told even if nothing else is to be.
            shared.flush = Some(now.mono);
        }
        self.usage = reply.shared.usage.clone();
        self.usage.set_limits(&self.given, &self.tier);
        let since = reply.shared.usage.at.saturating_sub(reply.now);
        let late = (now.mono - asked.mono) + Millis(since);
        // The monotonic clock may stand still while a computer sleeps, and the other may be set:
        // the age of the permits is unknown then, and they are asked for again.
        let by_wall = Millis(now.wall.0.saturating_sub(asked.wall.0));
        let has_slept = by_wall - (now.mono - asked.mono) > PROMPT;
        if reply.granted == 0 || (late <= PROMPT && !has_slept) {
            return granted;
        }
        let used = request.iter().flat_map(|request| request.costs.iter().take(reply.granted));
        let used = used.fold(Amounts::default(), |sum, cost| sum.plus(cost));
        let back = Delta::Settle { at: reply.now, more: Amounts::default(), less: used };
        if has_slept {
            // The next question to the store tells it.
            self.change(now, back, FLUSH);
            return (0, reply.now);
        }
        self.change(now, back, Millis::ZERO);
        // The permits are used later than they were counted, so that they are counted again.
        let at = reply.now.saturating_add(late.0);
        self.change(now, Delta::Record { at, used }, Millis::ZERO);
        (reply.granted, at)
    }

    /// Notes that the store failed, or took too long.
    pub(crate) fn failed(&mut self, now: Now) {
        let Some(shared) = &mut self.shared else { return };
        let pause = shared.down.map_or(DOWN_FIRST, |down| down.pause.times(2).min(DOWN_LONGEST));
        let is_new = shared.down.is_none();
        let since = shared.down.map_or(now.mono, |down| down.since);
        shared.down = Some(Down { since, again: now.mono + pause, pause });
        let is_bound = self.usage.is_limited();
        if is_new && is_bound && shared.on_down == OnStoreDown::Local && shared.seen.is_some() {
            // The uses of the others since the last answer are unknown, and may be all that was
            // left. When they have left the window, each process has its share.
            let until = shared.answered + UNKNOWN;
            let wait = until - now.mono;
            let from = self.clock(now).now;
            self.usage.hold(from.saturating_add(wait.0), None);
        }
    }

    /// Whether a question to the store was not answered.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.unanswered.is_some())
    }

    /// Whether there are changes that the store and other processes must not miss.
    pub(crate) fn owes(&self) -> bool {
        self.shared
            .as_ref()
            .is_some_and(|shared| !shared.deltas.is_empty() || shared.unanswered.is_some())
    }

    /// Whether a store that has been down for a short time is asked again: a process that has
    /// changes to tell waits for that before it ends.
    pub(crate) fn may_be_back(&self) -> bool {
        let down = self.shared.as_ref().and_then(|shared| shared.down);
        down.is_none_or(|down| down.again - down.since <= DOWN_LONGEST)
    }

    /// The wait that the service named, as far as it is known here, and its end.
    pub(crate) fn held(&self, now: Now) -> Option<Denial> {
        let both = [self.told(now), self.usage.block].into_iter().flatten();
        let longest = both.max_by_key(|denial| denial.until);
        longest.filter(|denial| denial.until > self.clock(now).now)
    }

    /// The wait that a request of ours was told, on the usage's clock.
    fn told(&self, now: Now) -> Option<Denial> {
        let wait = self.shared.as_ref()?.held - now.mono;
        let until = self.clock(now).now.saturating_add(wait.0);
        Some(Denial { until, dimension: None, is_named: true })
    }

    /// Whether the store is down.
    pub(crate) fn is_down(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.down.is_some())
    }
}

impl Shared {
    /// The number of processes that share the quota, as far as is known.
    fn peers(&self) -> u64 {
        let Some(seen) = &self.seen else { return 1 };
        let others = seen.peers.iter().filter(|peer| peer.id != self.peer).count();
        (others as u64).saturating_add(1)
    }

    fn tell(&mut self, delta: Delta) {
        // Uses of one second are kept as one, so that a store may be down for long.
        let is_full = self.deltas.len() >= DELTAS_MAX;
        match (&delta, self.deltas.last_mut()) {
            (Delta::Record { at, used }, Some(Delta::Record { at: last, used: sum }))
                if at.abs_diff(*last) < 1_000 || is_full =>
            {
                *last = (*last).max(*at);
                *sum = sum.plus(used);
            }
            (Delta::Settle { more, less, .. }, Some(Delta::Record { used: sum, .. }))
                if is_full =>
            {
                *sum = sum.plus(more).minus(less);
            }
            (_, Some(_)) if is_full && !matches!(delta, Delta::Record { .. }) => {}
            _ => self.deltas.push(delta),
        }
    }
}
