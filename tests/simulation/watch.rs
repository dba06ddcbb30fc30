//! The checkers: what an engine must never do, judged by what goes in and comes out alone.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use unexhausted::base::time::WallTime;
use unexhausted::engine::ids::AttemptId;
use unexhausted::engine::input::{CallSpec, OnDailyLimit, Used};
use unexhausted::engine::output::{Notice, Output};
use unexhausted::engine::peak;
use unexhausted::errors::billed::may_be_billed;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::Kind;
use unexhausted::quota::window::Amounts;
use unexhausted::retry::policy::names_minute;

/// The name of a checker.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Rule {
    /// A call settles exactly once.
    Once,
    /// No more requests than the policy allows; the service's waits are free 20 times in a row.
    Allowed,
    /// One probe at a time goes to a target that has an outage, and none after `max_outage`.
    Probes,
    /// Nothing goes before the server's time.
    Hinted,
    /// Nothing goes after cancel, close or deadline, and a call ends with its deadline.
    Over,
    /// The service refuses nothing for a limit that was known.
    Overspent,
    /// First come first served within a priority.
    Order,
    /// The background gets a tenth.
    Tenth,
    /// Something is due while work remains.
    Due,
    /// Time does not stand still.
    Still,
    /// When faults stop everything settles in bounded time.
    Settles,
    /// Reserved = used + refunded + expired.
    Conserved,
    /// No more in flight than the caller allows.
    InFlight,
    /// A state is ASCII and short.
    State,
    /// A state that was written and read decides as before.
    Restored,
    /// No more is spent than the client's budget and a call's own price allow.
    Afforded,
    /// No target is passed over without a reason, and only timeouts lead to a smaller picture.
    Chain,
    /// A background call keeps out of the hours that it avoids.
    Peak,
    /// A target that fails rests before it is probed, and between two probes.
    Rests,
}

/// Waits on a per-minute limit that cost no attempt, in a row.
const FREE_ROW: u32 = 20;
/// So many go in a row at most while the background waits: its turn is one in ten, and one that
/// comes when the turn has just been another lower priority's waits for the next.
const ROW: u32 = 11;
/// A request that is kept by tokens goes when all of the minute before it have left the window.
const TOKENS_LEAVE: u64 = 61_000;

/// How long a wait is believed at most that is longer than callers sit through, and no quota's.
const DOUBTED: u64 = 300_000;
/// A refusal comes within so long, or not at all.
const HEARD: u64 = 600;
/// How long a target rests at least, by what is wrong; the end of a day may come sooner than a
/// probe.
const RESTS: [(Kind, u64); 4] = [
    (Kind::Overloaded, 30_000),
    (Kind::RateLimited, 2_000),
    (Kind::Network, 1_000),
    (Kind::ServerError, 1_000),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Queued { since: u64 },
    Waiting { until: u64 },
    Flying,
}

/// How late the first requests to a target may arrive.
const LATE: u64 = 2_000;

/// One call as the rules see it. Moments are of its process's monotonic clock.
#[derive(Debug)]
struct Tally {
    engine: u32,
    number: usize,
    spec: CallSpec,
    /// The lane of each target.
    lanes: Vec<usize>,
    deadline: Option<u64>,
    target: usize,
    /// Targets that it has asked, or left: it may come back to them after the first round.
    seen: Vec<usize>,
    /// Targets that it has sent a request to.
    asked: Vec<usize>,
    /// When it came to its target.
    came: u64,
    phase: Phase,
    /// Its place in the order of arrival, and the one before it went to the end.
    arrival: u64,
    arrived: u64,
    counted: u32,
    row: u32,
    current: Option<AttemptId>,
    late: Vec<AttemptId>,
    /// Until when the target is not to be asked again.
    hint: Option<(usize, u64)>,
    overtaken: Option<u64>,
    /// The possible cost of its attempts whose answers are on their way or lost.
    committed: u64,
    /// Whether its attempt has just failed.
    has_failed: bool,
    /// Whether it left for another target in the moment in which it may have lost its place.
    is_unsure: bool,
}

#[derive(Clone, Copy, Debug)]
struct Spent {
    at: u64,
    /// Whether nothing of its target had come back by then: it may have been two seconds on its
    /// way.
    is_first: bool,
    lane: usize,
    nanos: u64,
}

#[derive(Debug, Default)]
struct Lane {
    hold: u64,
    /// Since when it has an outage, and whether that is a day that is said to be spent.
    rested: Option<(u64, bool)>,
    /// Whether it rests after 429s without details: what is not refused at once ends that.
    is_load: bool,
    /// When it last failed in this outage, and how long it rests at least.
    rests: Option<(u64, u64)>,
    row: u32,
    /// When a 429 without details was the last, and whose the first of them was.
    bare: Option<(u64, u32)>,
    /// When it refused a second call like that.
    crowded: Option<u64>,
    has_landed: bool,
    /// Until when the first requests may be on their way.
    late_until: u64,
}

/// All rules, and what broke them.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) violations: Vec<(Rule, String)>,
    calls: BTreeMap<(u32, u32), Tally>,
    lanes: HashMap<(u32, usize), Lane>,
    /// By engine and attempt.
    spent: BTreeMap<(u32, u32), Spent>,
    arrivals: u64,
    /// Whether the turn of a call can be foretold.
    pub(crate) is_plain: bool,
    /// Whether limits count sizes, so that the small may overtake the large.
    pub(crate) by_size: bool,
    /// Whether all calls hold back in an outage.
    pub(crate) all_ride: bool,
    pub(crate) sends: u64,
    /// The most that all may spend, where that cannot be exceeded, and whether each process has it
    /// for itself.
    pub(crate) budget: Option<u64>,
    pub(crate) is_alone: bool,
    /// The wall clock of the process that speaks.
    pub(crate) wall: WallTime,
    /// The true time, by which the server's waits end: a computer that sleeps has waited too.
    pub(crate) truth: u64,
}

impl Watch {
    pub(crate) fn report(&mut self, rule: Rule, what: String) {
        if self.violations.len() < 20 {
            self.violations.push((rule, what));
        }
    }

    pub(crate) fn started(
        &mut self,
        engine: u32,
        call: u32,
        number: usize,
        now: u64,
        (spec, lanes): (&CallSpec, &[usize]),
    ) {
        self.arrivals += 1;
        let tally = Tally {
            engine,
            number,
            deadline: spec.deadline.map(|deadline| now + deadline.0),
            spec: spec.clone(),
            lanes: lanes.to_vec(),
            target: 0,
            phase: Phase::Queued { since: now },
            arrival: self.arrivals,
            arrived: self.arrivals,
            counted: 0,
            row: 0,
            seen: Vec::new(),
            asked: Vec::new(),
            came: now,
            current: None,
            late: Vec::new(),
            hint: None,
            overtaken: None,
            committed: 0,
            has_failed: false,
            is_unsure: false,
        };
        if let Some(other) = self.calls.insert((engine, call), tally) {
            let number = other.number;
            self.report(Rule::Once, format!("call {number} lives, and its number is given away"));
        }
    }

    /// An engine is gone with everything in it; gives the numbers of its calls.
    pub(crate) fn lost(&mut self, engine: u32) -> Vec<usize> {
        let of_it = |tally: &&Tally| tally.engine == engine;
        let numbers = self.calls.values().filter(of_it).map(|tally| tally.number).collect();
        self.calls.retain(|_, tally| tally.engine != engine);
        numbers
    }

    /// A new engine goes on with the replicas of an old one.
    pub(crate) fn inherited(&mut self, old: u32, new: u32) {
        let moved: Vec<_> = self.spent.range((old, 0)..=(old, u32::MAX)).collect();
        let moved: Vec<_> =
            moved.into_iter().map(|((_, attempt), spent)| (*attempt, *spent)).collect();
        for (attempt, spent) in moved {
            // Numbers begin anew; those of the old ones are moved out of their way.
            self.spent.remove(&(old, attempt));
            self.spent.insert((new, attempt | 1 << 31), spent);
        }
    }

    pub(crate) fn alive(&self, engine: u32) -> usize {
        self.calls.values().filter(|tally| tally.engine == engine).count()
    }

    pub(crate) fn in_flight(&self, engine: u32) -> usize {
        let of_it = self.calls.values().filter(|tally| tally.engine == engine);
        of_it.map(|tally| tally.late.len() + usize::from(tally.current.is_some())).sum()
    }

    /// Takes in an output of an engine; `nanos` is the money that is reserved for a request.
    pub(crate) fn said(&mut self, engine: u32, now: u64, output: &Output) {
        match output {
            Output::Send { call, attempt, target, .. } => {
                self.sends += 1;
                self.sent(engine, call.0, *attempt, *target, now);
            }
            Output::Abort { call, attempt, timed_out } => {
                if let Some(tally) = self.calls.get_mut(&(engine, call.0)) {
                    if tally.current == Some(*attempt) {
                        tally.current = None;
                        tally.counted += u32::from(*timed_out);
                    }
                    tally.late.retain(|other| other != attempt);
                }
            }
            Output::Wait { call, wait, .. } => {
                if let Some(tally) = self.calls.get_mut(&(engine, call.0)) {
                    tally.go_on();
                    tally.arrival = tally.arrived;
                    tally.phase = Phase::Waiting { until: now + wait.0 };
                }
            }
            Output::Switch { call, from, to, info } => {
                let Some(tally) = self.calls.get_mut(&(engine, call.0)) else { return };
                tally.go_on();
                tally.is_unsure |= tally.arrival != tally.arrived;
                tally.arrival = tally.arrived;
                tally.phase = Phase::Queued { since: now };
                let (number, is_wrong) = (tally.number, tally.target != *from || to == from);
                tally.seen.push(*from);
                let returns = tally.seen.contains(to);
                tally.target = *to;
                tally.came = now;
                tally.row = 0;
                tally.overtaken = None;
                let targets = Rc::clone(&tally.spec.targets);
                let has_failed = core::mem::take(&mut tally.has_failed);
                let is_new =
                    |index: &usize| !targets[*index].is_smaller && !tally.seen.contains(index);
                let in_order = (*from + 1..targets.len()).find(is_new);
                let is_small = targets.get(*to).is_some_and(|target| target.is_smaller);
                // A target that is too dear for the call is passed over.
                let is_dear = info.kind == Kind::OverBudget || tally.spec.max_cost.is_some();
                let is_next = match in_order {
                    _ if is_small => *to == from + 1,
                    // A target that was passed over has its turn as well.
                    None => true,
                    Some(next) => *to == next,
                };
                let may_be_small = info.kind == Kind::Timeout || is_dear;
                // A call that goes back into the queue goes where it can start at once, or sooner
                // where it waits for the day.
                let waits = tally.spec.on_daily_limit == OnDailyLimit::Wait;
                let is_back =
                    tally.spec.is_background() || (info.kind == Kind::DailyQuota && waits);
                let passes = has_failed && !is_next && !is_dear && !is_back && !returns;
                if passes || (is_small && !may_be_small && !returns) {
                    let kind = info.kind;
                    let what =
                        format!("at {now}: call {number} goes from {from} to {to}: {kind:?}");
                    self.report(Rule::Chain, what);
                }
                if is_wrong {
                    self.report(Rule::Allowed, format!("call {number} goes from {from} to {to}"));
                }
            }
            Output::Settle { call, .. } => {
                if self.calls.remove(&(engine, call.0)).is_none() {
                    self.report(Rule::Once, format!("at {now}: settled twice: {call:?}"));
                }
            }
            Output::Notice(Notice::CircuitOpened { lane, info, .. }) => {
                let is_day = info.kind == Kind::DailyQuota;
                let rests = RESTS.iter().find(|(kind, _)| *kind == info.kind);
                let state = self.lanes.entry((engine, lane.0 as usize)).or_default();
                state.rested = Some((now, is_day));
                state.is_load = info.kind == Kind::RateLimited;
                state.rests = rests.map(|(_, least)| (now, *least));
            }
            Output::Hold { call, wait, .. } => {
                // One that keeps out of some hours may wait beside the queue.
                if let Some(tally) = self.calls.get_mut(&(engine, call.0))
                    && tally.spec.avoid.is_some()
                {
                    tally.phase = Phase::Waiting { until: now + wait.0 };
                }
            }
            Output::Notice(_) | Output::Transact { .. } => {}
        }
    }

    fn sent(&mut self, engine: u32, call: u32, attempt: AttemptId, target: usize, now: u64) {
        let truth = self.truth;
        let Some(tally) = self.calls.get_mut(&(engine, call)) else {
            self.report(Rule::Over, format!("at {now}: a call that has ended is sent"));
            return;
        };
        tally.go_on();
        let mut broken = Vec::new();
        let number = tally.number;
        let most = tally.most();
        if tally.counted >= most {
            let counted = tally.counted;
            let what = format!("at {now}: call {number} has used {counted} attempts of {most}");
            broken.push((Rule::Allowed, what));
        }
        let open = usize::from(tally.spec.policy.keeps_late_attempts);
        if tally.late.len() > open || target != tally.target {
            broken.push((Rule::Allowed, format!("at {now}: call {number} is sent once too often")));
        }
        if tally.deadline.is_some_and(|deadline| deadline <= now) {
            broken
                .push((Rule::Over, format!("at {now}: call {number} is sent after its deadline")));
        }
        if tally.hint.is_some_and(|(of, until)| of == target && truth < until) {
            let until = tally.hint;
            broken.push((Rule::Hinted, format!("at {now}: call {number} was to wait: {until:?}")));
        }
        let (priority, arrival) = (tally.spec.priority, tally.arrival);
        let is_unsure = tally.is_unsure;
        let cost = tally.cost();
        let rides = tally.spec.policy.rides_outages;
        let lane = tally.lanes[target];
        let (started, longest) = (tally.came, tally.spec.max_outage().0);
        let nanos = cost.nanos;
        tally.committed += nanos;
        if let Some(most) = tally.spec.max_cost.filter(|most| tally.committed > *most) {
            let committed = tally.committed;
            let what = format!("at {now}: call {number} may cost {committed} of {most}");
            broken.push((Rule::Afforded, what));
        }
        let is_background = tally.spec.is_background();
        let hour = peak::hour_of(self.wall);
        let avoids = tally.spec.avoid.is_some_and(|hours| hours.has(hour)) && is_background;
        if avoids && tally.deadline.is_none() {
            broken.push((Rule::Peak, format!("at {now}: call {number} goes in hour {hour}")));
        }
        // The drop-in tries again when the loop would, whoever waits.
        let insists = !rides && tally.asked.contains(&target);
        tally.asked.push(target);
        tally.current = Some(attempt);
        tally.phase = Phase::Flying;
        tally.overtaken = None;
        // Those that follow at once count with them.
        let state = self.lanes.entry((engine, lane)).or_default();
        if !state.has_landed {
            state.late_until = now + LATE;
        }
        let is_first = now < state.late_until;
        self.spent.insert((engine, attempt.0), Spent { at: now, is_first, lane, nanos });
        if let Some(most) = self.budget {
            let of_it = |key: &(u32, u32)| !self.is_alone || key.0 == engine;
            let all = self.spent.iter().filter(|(key, _)| of_it(key));
            let all: u64 = all.map(|(_, spent)| spent.nanos).sum();
            if all > most {
                broken.push((Rule::Afforded, format!("at {now}: {all} are spent of {most}")));
            }
        }

        let on_lane = |tally: &Tally| tally.engine == engine && tally.lanes[tally.target] == lane;
        let mut waits_behind = false;
        for tally in self.calls.values_mut().filter(|tally| on_lane(tally)) {
            if !tally.is_waiting_at(now) {
                continue;
            }
            waits_behind |= tally.spec.is_background();
            let is_behind = tally.spec.priority != priority || tally.arrival > arrival;
            if is_behind || insists || tally.is_unsure || is_unsure {
                continue;
            }
            let its = tally.cost();
            let is_smaller = cost.tokens < its.tokens || cost.images < its.images;
            let earliest = *tally.overtaken.get_or_insert(now);
            // One that tokens keep may be overtaken by a smaller one that does not delay it: it
            // still goes when all that was before it has left the minute.
            if !(self.by_size && is_smaller) {
                let other = tally.number;
                broken.push((Rule::Order, format!("at {now}: call {number} overtakes {other}")));
            } else if self.is_plain && now > earliest + TOKENS_LEAVE {
                let other = tally.number;
                broken.push((Rule::Order, format!("at {now}: call {number} delays {other}")));
            }
        }
        let all_ride = self.all_ride;
        let is_taken = |since: u64| {
            self.calls.values().filter(|tally| on_lane(tally)).any(|tally| {
                let sent = tally.current.and_then(|attempt| self.spent.get(&(engine, attempt.0)));
                sent.is_some_and(|spent| spent.at > since && now >= spent.at + HEARD)
            })
        };
        let known = self.lanes.get(&(engine, lane));
        let ends = known.filter(|lane| lane.is_load).and_then(|lane| lane.rested);
        let ends = ends.is_some_and(|(since, _)| is_taken(since));
        let state = self.lanes.entry((engine, lane)).or_default();
        if ends {
            (state.rested, state.rests) = (None, None);
        }
        if priority > 0 && waits_behind {
            state.row += 1;
        } else {
            state.row = 0;
        }
        if state.row > ROW && !self.by_size {
            let row = state.row;
            broken.push((Rule::Tenth, format!("at {now}: {row} went while the background waits")));
        }
        if truth < state.hold {
            let hold = state.hold;
            broken.push((Rule::Hinted, format!("at {now}: call {number}, all wait until {hold}")));
        }
        if state.rested.is_some()
            && is_background
            && rides
            && let Some((failed, pause)) = state.rests
            && now < failed + pause
        {
            let what = format!("at {now}: it failed at {failed} and rests for {pause}");
            broken.push((Rule::Rests, what));
        }
        if let Some((since, is_day)) = state.rested.filter(|_| rides && all_ride) {
            let probes = self.calls.values().filter(|tally| {
                on_lane(tally)
                    && tally.current.is_some_and(|attempt| {
                        self.spent.get(&(engine, attempt.0)).is_some_and(|spent| spent.at > since)
                    })
            });
            let count = probes.count();
            if count > 1 {
                broken.push((Rule::Probes, format!("at {now}: {count} probes at a time")));
            }
            // A call that waits for a new day is not bound by that.
            if now >= since.max(started) + longest && !is_day {
                let what = format!("at {now}: call {number} sits an outage out since {since}");
                broken.push((Rule::Probes, what));
            }
        }
        self.violations.extend(broken);
    }

    /// Takes in an answer to an attempt, before the engine does.
    pub(crate) fn answered(&mut self, engine: u32, call: u32, attempt: AttemptId, used: &Used) {
        if let Some(tally) = self.calls.get_mut(&(engine, call))
            && tally.has(attempt)
        {
            tally.complete(attempt);
            let lane = self.spent.get(&(engine, attempt.0)).map(|spent| spent.lane);
            if let Some(lane) = lane {
                let state = self.lanes.entry((engine, lane)).or_default();
                state.has_landed = true;
                (state.rested, state.rests) = (None, None);
                // A target that has just made a picture is there: who went back into its queue
                // need not wait for the moment that was named while it was not.
                for other in self.calls.values_mut() {
                    let of_lane = other.engine == engine && other.lanes[other.target] == lane;
                    if of_lane && matches!(other.phase, Phase::Queued { .. }) {
                        other.hint = None;
                    }
                }
            }
            if let (Some(spent), Some(nanos)) =
                (self.spent.get_mut(&(engine, attempt.0)), used.nanos)
            {
                spent.nanos = nanos;
            }
        }
    }

    /// As [`Watch::answered`], of one that failed.
    pub(crate) fn failed(
        &mut self,
        engine: u32,
        call: u32,
        attempt: AttemptId,
        now: u64,
        info: &Rc<ErrorInfo>,
    ) {
        let truth = self.truth;
        let Some(tally) = self.calls.get_mut(&(engine, call)).filter(|tally| tally.has(attempt))
        else {
            return;
        };
        let was_current = tally.current == Some(attempt);
        tally.complete(attempt);
        let keys = (engine, attempt.0);
        let lane = self.spent.get(&keys).map_or(0, |spent| spent.lane);
        if !may_be_billed(info)
            && let Some(spent) = self.spent.get_mut(&keys)
        {
            tally.committed -= spent.nanos;
            spent.nanos = 0;
        }
        tally.has_failed = was_current;
        let state = self.lanes.entry((engine, lane)).or_default();
        state.has_landed = true;
        let lasting = [
            Kind::Overloaded,
            Kind::Network,
            Kind::ServerError,
            Kind::DailyQuota,
            Kind::Timeout,
            Kind::Cancelled,
        ];
        if !lasting.contains(&info.kind) {
            (state.rested, state.rests) = (None, None);
        } else if let (Some((since, _)), Some((failed, _))) = (state.rested, &mut state.rests)
            && self.spent.get(&keys).is_some_and(|spent| spent.at > since)
            && was_current
            && tally.spec.policy.rides_outages
            && info.kind != Kind::Timeout
        {
            *failed = now;
        }
        if let Some((_, is_day)) = &mut state.rested
            && info.kind == Kind::DailyQuota
        {
            // A probe found the day spent: what follows is waited for like that.
            *is_day = true;
        }
        if let Some(wait) = info.retry_after {
            if names_minute(info) {
                state.hold = state.hold.max(truth + wait.0);
            }
            // A false report of a spent day is probed, whatever it says.
            if info.kind != Kind::DailyQuota && was_current {
                // A wait that is longer than callers sit through, and no quota's, is cut short by a
                // probe.
                let is_doubted =
                    wait > tally.spec.policy.max_server_delay && info.dimension.is_none();
                let wait = if is_doubted { wait.0.min(DOUBTED) } else { wait.0 };
                tally.hint = Some((tally.target, truth + wait));
            }
        }
        if !was_current {
            return;
        }
        let is_background = tally.spec.is_background();
        let outage = [Kind::Overloaded, Kind::Network, Kind::ServerError, Kind::RateLimited];
        let goes_back = is_background
            && tally.spec.policy.rides_outages
            && outage.contains(&info.kind)
            && !names_minute(info);
        let moves_on = [Kind::DailyQuota, Kind::SpendLimited, Kind::NotInTier, Kind::ModelNotFound];
        // A refusal that others get as well within a minute is no one request's fault.
        let is_bare = info.kind == Kind::RateLimited && info.dimension.is_none();
        if is_bare {
            let first = state.bare.filter(|(at, other)| at + 60_000 >= now && *other != call);
            state.bare = Some((now, first.map_or(call, |(_, first)| first)));
            state.crowded = first.map(|_| now).or(state.crowded);
        }
        let is_crowded = state.crowded.is_some_and(|at| at + 60_000 >= now);
        let is_free = if names_minute(info) || (is_bare && is_crowded) {
            tally.row += 1;
            tally.spec.policy.free_quota_waits && tally.row <= FREE_ROW
        } else {
            tally.row = 0;
            goes_back
                || (moves_on.contains(&info.kind)
                    && !(info.kind == Kind::SpendLimited && !is_background))
        };
        tally.counted += u32::from(!is_free);
        // If nothing else is said of it, it has gone back into the queue, each in its turn.
        self.arrivals += 1;
        if info.kind != Kind::DailyQuota && info.kind != Kind::SpendLimited {
            tally.arrival = self.arrivals;
        }
        tally.phase = Phase::Queued { since: now };
        tally.overtaken = None;
    }

    /// All that an engine had to say about an input has been said.
    pub(crate) fn said_all(&mut self, engine: u32, call: u32) {
        if let Some(tally) = self.calls.get_mut(&(engine, call)) {
            tally.arrived = tally.arrival;
            tally.has_failed = false;
        }
    }

    /// Checks the rules that hold between two steps.
    pub(crate) fn between(&mut self, engine: u32, now: u64) {
        let late = |tally: &&Tally| {
            tally.engine == engine && tally.deadline.is_some_and(|deadline| deadline < now)
        };
        if let Some(number) = self.calls.values().find(late).map(|tally| tally.number) {
            self.report(Rule::Over, format!("at {now}: call {number} is past its deadline"));
        }
    }

    /// The money that an engine has spent, with the reservations for requests in flight.
    pub(crate) fn spent(&self, engine: u32) -> u64 {
        let of_it = self.spent.range((engine, 0)..=(engine, u32::MAX));
        of_it.map(|(_, spent)| spent.nanos).sum()
    }

    pub(crate) fn is_alive(&self, engine: u32, call: u32) -> bool {
        self.calls.contains_key(&(engine, call))
    }

    /// The requests and the money that a window can hold that remembers for `span` and is kept by
    /// `step`: at least, and at most.
    pub(crate) fn in_window(
        &self,
        engine: u32,
        lane: Option<usize>,
        now: u64,
        (span, step): (u64, u64),
    ) -> ((u64, u64), (u64, u64)) {
        let of_lane = |spent: &&Spent| lane.is_none_or(|lane| lane == spent.lane);
        let all = || self.spent.range((engine, 0)..=(engine, u32::MAX)).map(|(_, spent)| spent);
        let sum = |span: u64, late: u64| {
            let ends = |spent: &Spent| spent.at + span + late * u64::from(spent.is_first);
            let of = all().filter(of_lane).filter(|spent| ends(spent) > now);
            of.fold((0, 0), |(count, nanos), spent| (count + 1, nanos + spent.nanos))
        };
        (sum(span, 0), sum(span + step, LATE))
    }
}

impl Tally {
    fn cost(&self) -> Amounts {
        self.spec.targets[self.target].cost
    }

    fn has(&self, attempt: AttemptId) -> bool {
        self.current == Some(attempt) || self.late.contains(&attempt)
    }

    fn complete(&mut self, attempt: AttemptId) {
        self.current = self.current.filter(|current| *current != attempt);
        self.late.retain(|other| *other != attempt);
    }

    /// The call goes on though its attempt has not come back: it is a late attempt from now on.
    fn go_on(&mut self) {
        if let Some(attempt) = self.current.take() {
            self.late.push(attempt);
            self.counted += 1;
        }
    }

    /// Attempts that may fail before it ends.
    fn most(&self) -> u32 {
        let attempts = self.spec.policy.attempts(self.spec.lasts());
        attempts.saturating_mul(self.lanes.len() as u32)
    }

    /// Whether it has waited for its turn before this moment.
    const fn is_waiting_at(&self, now: u64) -> bool {
        match self.phase {
            Phase::Queued { since } => since < now,
            Phase::Waiting { until } => until < now,
            Phase::Flying => false,
        }
    }
}
