//! A virtual clock around the engine, scripted outcomes, and a checker of what came out.
//!
//! The checker is written from the rules of a call's life, not from the engine: it sees inputs,
//! outputs and times alone, and says in words what is wrong with them.

// Each test crate uses a part of the harness.
#![allow(dead_code)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AttemptId, CallId};
use unexhausted::engine::input::{CallSpec, Input};
use unexhausted::engine::output::{Ending, Output, Record as CallRecord};
use unexhausted::engine::state_machine::Engine;
use unexhausted::engine::target::Target;
use unexhausted::errors::billed::may_be_billed;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind};
use unexhausted::retry::backoff::Hint;
use unexhausted::retry::ending::Why;
use unexhausted::retry::policy::{Policy, Verdict, names_minute};

/// The wall clock when the virtual clock shows zero.
pub(crate) const EPOCH: u64 = 1_780_000_000_000;

/// No honest run of a test takes so many steps.
const STEPS_MAX: usize = 20_000;

/// How one attempt goes.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Milliseconds in flight; `None` for an attempt that never comes back.
    pub(crate) takes: Option<u64>,
    /// `None` for an answer.
    pub(crate) info: Option<Rc<ErrorInfo>>,
    pub(crate) verdict: Option<Verdict>,
}

impl Step {
    pub(crate) fn taking(mut self, ms: u64) -> Self {
        self.takes = Some(ms);
        self
    }

    pub(crate) fn verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = Some(verdict);
        self
    }
}

pub(crate) fn answer() -> Step {
    Step { takes: Some(100), info: None, verdict: None }
}

pub(crate) fn hang() -> Step {
    Step { takes: None, info: None, verdict: None }
}

pub(crate) fn fail(info: ErrorInfo) -> Step {
    Step { takes: Some(100), info: Some(Rc::new(info)), verdict: None }
}

pub(crate) fn of(kind: Kind) -> Step {
    fail(ErrorInfo::new(kind))
}

/// A 429 that names a limit per minute, and perhaps a wait.
pub(crate) fn per_minute(hint: Option<u64>) -> Step {
    fail(ErrorInfo {
        dimension: Some(Dimension::RequestsPerMinute),
        retry_after: hint.map(Millis),
        ..ErrorInfo::new(Kind::RateLimited)
    })
}

pub(crate) fn hinted(kind: Kind, ms: u64) -> Step {
    fail(ErrorInfo { retry_after: Some(Millis(ms)), ..ErrorInfo::new(kind) })
}

pub(crate) fn with_timeout(policy: Policy, ms: u64) -> Policy {
    Policy { timeout: Some(Millis(ms)), ..policy }
}

/// A call to targets of these accounts.
pub(crate) fn spec(policy: Policy, accounts: &[u32], deadline: Option<u64>) -> CallSpec {
    let targets = accounts.iter().copied().map(Target::of_account).collect();
    CallSpec { deadline: deadline.map(Millis), ..CallSpec::new(Rc::new(policy), targets) }
}

/// One line of a trace.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) event: Event,
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    Started {
        call: CallId,
        spec: CallSpec,
    },
    In(Input),
    Out(Output),
    /// All outputs are polled; `woken` where time was taken note of, not only a call taken in.
    Idle {
        wakeup: Option<Instant>,
        woken: bool,
    },
}

/// The outputs of one call, as a caller sees them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// Time, attempt, target.
    pub(crate) sends: Vec<(u64, u32, usize)>,
    pub(crate) ids: Vec<AttemptId>,
    pub(crate) waits: Vec<u64>,
    /// The number of the attempt, and whether its own time was over.
    pub(crate) aborts: Vec<(u32, bool)>,
    pub(crate) switches: Vec<(usize, usize)>,
    pub(crate) settled: Option<(u64, Ending, CallRecord)>,
}

impl Life {
    pub(crate) fn times(&self) -> Vec<u64> {
        self.sends.iter().map(|&(at, ..)| at).collect()
    }

    pub(crate) fn targets(&self) -> Vec<usize> {
        self.sends.iter().map(|&(.., target)| target).collect()
    }

    pub(crate) fn settled_at(&self) -> u64 {
        self.settled.as_ref().expect("the call has settled").0
    }

    pub(crate) fn ending(&self) -> &Ending {
        &self.settled.as_ref().expect("the call has settled").1
    }

    pub(crate) fn record(&self) -> &CallRecord {
        &self.settled.as_ref().expect("the call has settled").2
    }

    /// Why the call failed, and the kind of its last error.
    pub(crate) fn failure(&self) -> (Why, Kind) {
        match self.ending() {
            Ending::Failed { why, info } => (*why, info.kind),
            other => panic!("the call did not fail but ended as {other:?}"),
        }
    }

    /// The number of the attempt that answered.
    pub(crate) fn answered_by(&self) -> u32 {
        match self.ending() {
            Ending::Answered(attempt) => {
                let index = self.ids.iter().position(|seen| seen == attempt);
                self.sends[index.expect("an attempt of this call")].1
            }
            other => panic!("the call was not answered but ended as {other:?}"),
        }
    }
}

#[derive(Debug)]
struct Delivery {
    call: CallId,
    attempt: AttemptId,
    step: Step,
}

/// An engine, a clock, and a service that does what the scripts say.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) trace: Vec<Entry>,
    pub(crate) lives: Vec<Life>,
    /// Whether attempts that were stopped come back all the same.
    pub(crate) stale: bool,
    clock: u64,
    scripts: Vec<Vec<Step>>,
    /// The life that a call's number stands for now.
    live: HashMap<u32, usize>,
    /// The number of each attempt.
    numbers: HashMap<u32, u32>,
    deliveries: BTreeMap<(u64, u32), Delivery>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self::at(seed, 0)
    }

    pub(crate) fn at(seed: u64, clock: u64) -> Self {
        Self {
            engine: Engine::new(seed),
            trace: Vec::new(),
            lives: Vec::new(),
            stale: false,
            clock,
            scripts: Vec::new(),
            live: HashMap::new(),
            numbers: HashMap::new(),
            deliveries: BTreeMap::new(),
        }
    }

    pub(crate) fn clock(&self) -> u64 {
        self.clock
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono: Instant(self.clock), wall: WallTime(EPOCH.saturating_add(self.clock)) }
    }

    pub(crate) fn calls_alive(&self) -> usize {
        self.live.len()
    }

    fn note(&mut self, event: Event) {
        self.trace.push(Entry { at: Instant(self.clock), event });
    }

    /// Starts a call whose attempts go as the script says; beyond its end its last step is
    /// repeated, and without any step attempts hang.
    pub(crate) fn start(&mut self, spec: CallSpec, script: &[Step]) -> CallId {
        let call = self.engine.start(self.now(), spec.clone());
        let taken = self.live.insert(call.0, self.lives.len());
        assert!(taken.is_none(), "{call:?} is the number of a call that is alive");
        self.lives.push(Life::default());
        self.scripts.push(script.to_vec());
        self.note(Event::Started { call, spec });
        self.drain(false);
        call
    }

    pub(crate) fn feed(&mut self, input: Input) {
        self.feed_at(self.now(), input);
    }

    /// Feeds an input with a time that may lie in the past, as a host whose clock went back would.
    pub(crate) fn feed_at(&mut self, now: Now, input: Input) {
        self.note(Event::In(input.clone()));
        self.engine.handle(now, input);
        self.drain(true);
    }

    fn drain(&mut self, woken: bool) {
        let mut steps = 0;
        while let Some(output) = self.engine.poll() {
            steps += 1;
            assert!(steps < STEPS_MAX, "outputs without end");
            self.note(Event::Out(output.clone()));
            self.take_note(output);
        }
        let wakeup = self.engine.next_wakeup();
        self.note(Event::Idle { wakeup, woken });
    }

    fn take_note(&mut self, output: Output) {
        let clock = self.clock;
        let life_of = |live: &HashMap<u32, usize>, call: CallId| live.get(&call.0).copied();
        match output {
            Output::Send { call, attempt, number, target } => {
                let Some(index) = life_of(&self.live, call) else { return };
                let life = &mut self.lives[index];
                life.sends.push((clock, number, target));
                life.ids.push(attempt);
                self.numbers.insert(attempt.0, number);
                let script = &self.scripts[index];
                let nth = life.sends.len() - 1;
                if let Some(step) = script.get(nth).or(script.last())
                    && let Some(takes) = step.takes
                {
                    let due = (clock.saturating_add(takes), attempt.0);
                    self.deliveries.insert(due, Delivery { call, attempt, step: step.clone() });
                }
            }
            Output::Abort { call, attempt, timed_out } => {
                if let Some(index) = life_of(&self.live, call) {
                    let number = self.numbers.get(&attempt.0).copied().unwrap_or(0);
                    self.lives[index].aborts.push((number, timed_out));
                }
                if !self.stale {
                    self.deliveries.retain(|_, delivery| delivery.attempt != attempt);
                }
            }
            Output::Wait { call, wait, .. } => {
                if let Some(index) = life_of(&self.live, call) {
                    self.lives[index].waits.push(wait.0);
                }
            }
            Output::Switch { call, from, to, .. } => {
                if let Some(index) = life_of(&self.live, call) {
                    self.lives[index].switches.push((from, to));
                }
            }
            Output::Hold { .. } | Output::Notice(_) | Output::Transact { .. } => {}
            Output::Settle { call, ending, record } => {
                if let Some(index) = self.live.remove(&call.0) {
                    self.lives[index].settled = Some((clock, ending, record));
                }
            }
        }
    }

    /// The next moment at which anything happens.
    fn next_event(&mut self) -> Option<u64> {
        let delivery = self.deliveries.keys().next().map(|&(at, _)| at);
        let wakeup = self.engine.next_wakeup().map(|at| at.0);
        [delivery, wakeup].into_iter().flatten().min().map(|at| at.max(self.clock))
    }

    /// Hands over what the service sent until now, else lets the engine look at the clock.
    fn happen(&mut self) {
        let due = self.deliveries.first_entry().filter(|entry| entry.key().0 <= self.clock);
        let Some(due) = due else { return self.feed(Input::Woken) };
        let Delivery { call, attempt, step } = due.remove();
        self.feed(match step.info {
            None => Input::Answered { call, attempt, used: None },
            Some(info) => Input::Failed { call, attempt, info, verdict: step.verdict },
        });
    }

    /// Runs until every call has settled or nothing but hanging attempts is left.
    pub(crate) fn run(&mut self) {
        self.run_until(u64::MAX);
    }

    /// Runs up to this moment and leaves the clock there.
    pub(crate) fn run_until(&mut self, until: u64) {
        let mut steps = 0;
        while let Some(at) = self.next_event().filter(|&at| at <= until) {
            steps += 1;
            assert!(steps < STEPS_MAX, "the engine does not come to rest");
            self.clock = at;
            self.happen();
        }
        if until < u64::MAX {
            self.clock = self.clock.max(until);
        }
    }

    /// The host sleeps: the clock moves on and nothing is told. What came in meanwhile is handed
    /// over by the next `run`, before the engine looks at the clock.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.clock = self.clock.saturating_add(ms);
    }

    pub(crate) fn cancel(&mut self, call: CallId) {
        self.feed(Input::Cancelled { call });
    }

    /// The life of the call that was started as number `index`, once the trace has been checked.
    #[track_caller]
    pub(crate) fn life(&self, index: usize) -> Life {
        self.assert_lawful();
        self.lives[index].clone()
    }

    #[track_caller]
    pub(crate) fn assert_lawful(&self) {
        let violations = check(&self.trace, false);
        assert!(violations.is_empty(), "{violations:#?}\n{}", show(&self.trace));
    }

    #[track_caller]
    pub(crate) fn assert_complete(&self) {
        let violations = check(&self.trace, true);
        assert!(violations.is_empty(), "{violations:#?}\n{}", show(&self.trace));
    }
}

/// Runs one call to its end.
#[track_caller]
pub(crate) fn live(
    policy: Policy,
    accounts: &[u32],
    deadline: Option<u64>,
    script: &[Step],
) -> Life {
    let mut world = World::new(1);
    world.start(spec(policy, accounts, deadline), script);
    world.run();
    world.assert_complete();
    world.life(0)
}

pub(crate) fn show(trace: &[Entry]) -> String {
    let line = |entry: &Entry| format!("{:>9} {:?}\n", entry.at.0, entry.event);
    trace.iter().map(line).collect()
}

/// An attempt in flight, as the checker knows it.
#[derive(Clone, Debug)]
struct Open {
    attempt: AttemptId,
    number: u32,
    target: usize,
    at: Instant,
    /// Whether a late attempt was open beside it when it was sent.
    is_beside: bool,
}

/// An attempt that is over.
#[derive(Clone, Debug)]
struct Over {
    open: Open,
    at: Instant,
    answered: bool,
    failed: bool,
    abandoned: bool,
    /// Whether its answer is lost and likely billed: no picture is made in two seconds.
    risked: bool,
}

/// A call, as the checker knows it.
#[derive(Clone, Debug)]
struct Watched {
    spec: CallSpec,
    started: Instant,
    target: usize,
    /// Since when it asks that target.
    here: Instant,
    /// The targets that were asked, and those that are not to be asked again.
    seen: HashSet<usize>,
    over: HashSet<usize>,
    /// Targets of an account whose spending rate was used up: their turn in the first round is
    /// over.
    held: HashSet<usize>,
    /// Whether it has just come to its target from another one.
    moved: bool,
    sends: u32,
    tries: u32,
    current: Option<Open>,
    late: Option<Open>,
    ended: Vec<Over>,
    /// When the wait began, and when it may end.
    waits: Option<(Instant, Instant)>,
    /// Whether a late attempt told a wait meanwhile, by which this one may grow.
    may_grow: bool,
    waited: Millis,
    /// The server's time, for each target.
    floors: HashMap<usize, Instant>,
    /// The failure that the next decision is about, and whether it was made.
    last: Option<(Rc<ErrorInfo>, Option<Verdict>)>,
    decided: bool,
    /// For each target: failures that count, refusals for the minute in a row, and answers without
    /// a picture.
    used: HashMap<usize, u32>,
    minutes: HashMap<usize, u32>,
    empty: HashMap<usize, u32>,
    /// Targets whose next attempt is a retry that was not paid for where it left them; with the
    /// moment of that where it may have been after all.
    owes: HashMap<usize, Option<Instant>>,
    /// Free refusals of the target that is asked now, since it came there.
    free_here: u32,
    /// Why nothing but the end may follow.
    must_end: Option<&'static str>,
    answered: Option<AttemptId>,
}

impl Watched {
    fn deadline(&self) -> Option<Instant> {
        self.spec.deadline.map(|deadline| self.started + deadline)
    }

    /// Whether a target's turn in the first round is to come.
    fn is_new(&self, index: usize) -> bool {
        !self.seen.contains(&index) && !self.over.contains(&index) && !self.held.contains(&index)
    }

    /// Whether there is a target to go to after the last failure.
    fn has_next(&self) -> bool {
        let stays = matches!(self.last, Some((_, Some(Verdict::Stay))));
        let leaves = matches!(self.last, Some((_, Some(Verdict::Leave))));
        let last = self.last.as_ref().filter(|_| !leaves);
        let is_account_s =
            last.is_some_and(|(info, _)| info.kind == Kind::SpendLimited || is_account_s(info));
        let elsewhere =
            |index: usize| !is_account_s || self.account(index) != self.account(self.target);
        !stays && self.next_new(elsewhere)
    }

    /// Whether a target's turn in the first round is to come of which that is true.
    fn next_new(&self, is_it: impl Fn(usize) -> bool) -> bool {
        let mut later = self.target + 1..self.spec.targets.len();
        later.any(|index| self.is_new(index) && is_it(index))
    }

    /// When the time of an attempt is over: its own, or its target's half of what was left of the
    /// deadline, a quarter of what is left at least.
    fn ends(&self, open: &Open) -> Option<Instant> {
        let own = self.spec.policy.timeout.map(|timeout| open.at + timeout);
        let is_free = !open.is_beside;
        let shares = self.spec.policy.keeps_late_attempts && is_free && self.next_new(|_| true);
        let share = self.deadline().filter(|_| shares).map(|deadline| {
            let part = |from: Instant, by: u64| from + Millis((deadline - from).0 / by);
            part(self.here, 2).max(part(open.at, 4))
        });
        [own, share].into_iter().flatten().min()
    }

    fn due(&self) -> Option<Instant> {
        let expires = self.current.as_ref().and_then(|open| self.ends(open));
        let wait = self.waits.map(|(_, until)| until);
        // The service itself ends a request after ten minutes.
        let late = self.late.as_ref().map(|open| open.at + Millis(600_000));
        [wait, expires, late, self.deadline()].into_iter().flatten().min()
    }

    fn account(&self, index: usize) -> Option<u32> {
        self.spec.targets.get(index).map(|target| target.account)
    }

    /// The targets of the account of the one that is asked now.
    fn of_account(&self) -> Vec<usize> {
        let own = self.account(self.target);
        (0..self.spec.targets.len()).filter(|&index| self.account(index) == own).collect()
    }

    /// Applies a failure to its target and its account, once the call goes on after it.
    fn take_to_heart(&mut self) {
        let Some((info, said)) = self.last.clone().filter(|_| !self.decided) else { return };
        // The verdict to stay with a target, or to leave it, does not say that it is of use.
        let leaves = said == Some(Verdict::Leave);
        let verdict = said.filter(|said| !matches!(said, Verdict::Leave | Verdict::Stay));
        self.decided = true;
        let (target, policy) = (self.target, Rc::clone(&self.spec.policy));
        let minutes = self.minutes.entry(target).or_default();
        let is_minute = names_minute(&info);
        let is_free = policy.free_quota_waits && is_minute && *minutes < 20;
        *minutes = if is_minute { *minutes + 1 } else { 0 };
        self.free_here += u32::from(is_free);
        let is_account_s = verdict.is_none() && is_account_s(&info);
        let is_stopped = leaves && STOPS.contains(&info.kind);
        let is_spent = info.kind == Kind::SpendLimited;
        let is_long = info.retry_after.is_some_and(|hint| hint > policy.max_server_delay);
        let goes_elsewhere = self.has_next();
        let is_waited_for = verdict.is_some()
            || (info.retry_after.is_some() && !is_long)
            || (policy.waits_for_spend && !goes_elsewhere);
        let is_refused = verdict.is_none() && AT_ONCE.contains(&info.kind);
        let is_left = verdict.is_none() && is_spent && (goes_elsewhere || !is_waited_for);
        if !(is_free || is_account_s || is_refused || is_left || is_stopped) {
            *self.used.entry(target).or_default() += 1;
        }
        let empty = self.empty.entry(target).or_default();
        let is_missing = info.kind == Kind::NoImage && verdict.is_none() && *empty > 0;
        *empty += u32::from(info.kind == Kind::NoImage);
        let is_account_over = is_account_s || (is_spent && !is_waited_for);
        if is_account_over && !leaves {
            self.over.extend(self.of_account());
        } else if is_spent && !is_account_over {
            self.held.extend(self.of_account());
        }
        let is_obeyed = matches!(verdict, Some(Verdict::RetryAfter(_)));
        if is_account_over || is_refused || is_stopped || is_missing || (is_long && !is_obeyed) {
            self.over.insert(target);
        }
    }

    /// An open attempt stays behind: that is allowed to one whose time is over, once at a time.
    fn leave_behind(&mut self, at: Instant, complain: &mut dyn FnMut(String)) {
        let Some(open) = self.current.take() else { return };
        let number = open.number;
        let expired = self.ends(&open).is_some_and(|ends| ends <= at);
        if !expired || !self.spec.policy.keeps_late_attempts || self.late.is_some() {
            complain(format!("attempt {number} was left in flight without a right to overtime"));
        }
        self.late = Some(open);
        self.fails(Rc::new(ErrorInfo::new(Kind::Timeout)), None);
    }

    fn fails(&mut self, info: Rc<ErrorInfo>, verdict: Option<Verdict>) {
        self.last = Some((info, verdict));
        self.decided = false;
    }

    fn close(&mut self, attempt: AttemptId) -> Option<(Open, bool)> {
        let is_it = |open: &mut Open| open.attempt == attempt;
        if let Some(open) = self.current.take_if(is_it) {
            return Some((open, true));
        }
        self.late.take_if(is_it).map(|open| (open, false))
    }
}

/// Kinds after which a target is not asked again in the same call.
const AT_ONCE: [Kind; 3] = [Kind::DailyQuota, Kind::NotInTier, Kind::ModelNotFound];

/// Whether no target of the account is asked again in the same call.
fn is_account_s(info: &ErrorInfo) -> bool {
    info.foreign || matches!(info.kind, Kind::Billing | Kind::Unauthenticated | Kind::Forbidden)
}

/// Kinds after which the chain's table says stop.
const STOPS: [Kind; 5] =
    [Kind::InvalidRequest, Kind::TooLarge, Kind::Blocked, Kind::Unknown, Kind::Cancelled];

/// All faults of a trace; with `complete`, every call must have ended too.
pub(crate) fn check(trace: &[Entry], complete: bool) -> Vec<String> {
    let mut checker = Checker::default();
    for entry in trace {
        checker.entry(entry);
    }
    if complete {
        for (call, _) in std::mem::take(&mut checker.alive) {
            checker.violations.push(format!("call {call} never settled"));
        }
    }
    checker.violations
}

#[derive(Default)]
struct Checker {
    alive: BTreeMap<u32, Watched>,
    ids: HashSet<u32>,
    /// When calls first asked a target of an account.
    starts: HashMap<Option<u32>, Vec<Instant>>,
    /// Since when at the latest the budget of such a target has paid for each of its retries.
    grants: HashMap<Option<u32>, Vec<Instant>>,
    /// Whether the client takes nothing more.
    drains: bool,
    violations: Vec<String>,
}

impl Checker {
    fn entry(&mut self, entry: &Entry) {
        let at = entry.at;
        match &entry.event {
            Event::Started { call, spec } => {
                let watched = Watched {
                    spec: spec.clone(),
                    started: at,
                    target: 0,
                    here: at,
                    sends: 0,
                    tries: 0,
                    current: None,
                    late: None,
                    seen: HashSet::new(),
                    over: HashSet::new(),
                    held: HashSet::new(),
                    moved: false,
                    ended: Vec::new(),
                    waits: None,
                    may_grow: false,
                    waited: Millis::ZERO,
                    floors: HashMap::new(),
                    last: None,
                    decided: false,
                    used: HashMap::new(),
                    minutes: HashMap::new(),
                    empty: HashMap::new(),
                    owes: HashMap::new(),
                    free_here: 0,
                    must_end: None,
                    answered: None,
                };
                if self.alive.insert(call.0, watched).is_some() {
                    self.violations.push(format!("the number of call {} is taken", call.0));
                }
            }
            Event::In(input) => self.input(at, input),
            Event::Out(output) => self.output(at, output),
            Event::Idle { wakeup, woken } => self.idle(at, *wakeup, *woken),
        }
    }

    fn input(&mut self, at: Instant, input: &Input) {
        match input {
            Input::Answered { call, attempt, .. } => {
                let Some(watched) = self.alive.get_mut(&call.0) else { return };
                let Some((open, _)) = watched.close(*attempt) else { return };
                watched.ended.push(Over {
                    open,
                    at,
                    answered: true,
                    failed: false,
                    abandoned: false,
                    risked: false,
                });
                watched.answered = Some(*attempt);
                watched.must_end = Some("it was answered");
            }
            Input::Failed { call, attempt, info, verdict } => {
                let Some(watched) = self.alive.get_mut(&call.0) else { return };
                let Some((open, current)) = watched.close(*attempt) else { return };
                let target = open.target;
                let took = at - open.at;
                let is_cut = info.kind == Kind::Network && !info.lost;
                watched.ended.push(Over {
                    open,
                    at,
                    answered: false,
                    failed: true,
                    abandoned: false,
                    risked: may_be_billed(info) && !(is_cut && took < Millis(2_000)),
                });
                // A late attempt does not decide what comes next.
                if !current {
                    watched.may_grow |= info.retry_after.is_some() && watched.waits.is_some();
                    return;
                }
                let overruled = matches!(verdict, Some(Verdict::RetryAfter(_)));
                if let Some(hint) = info.retry_after.filter(|_| !overruled) {
                    watched.floors.insert(target, at + hint);
                    let is_obeyed = hint <= watched.spec.policy.max_server_delay;
                    if info.kind == Kind::SpendLimited && is_obeyed {
                        let floors =
                            watched.of_account().into_iter().map(|index| (index, at + hint));
                        watched.floors.extend(floors);
                    }
                }
                // A verdict to leave counts for nothing where there is no other target.
                let is_last = self.drains || !watched.next_new(|_| true);
                let verdict = verdict.filter(|said| *said != Verdict::Leave || !is_last);
                if verdict == Some(Verdict::Stop) {
                    watched.must_end = Some("the caller said stop");
                } else if verdict.is_none_or(|verdict| verdict == Verdict::Stay)
                    && STOPS.contains(&info.kind)
                    && !info.foreign
                {
                    watched.must_end = Some("the error is final");
                }
                watched.fails(Rc::clone(info), verdict);
            }
            Input::Cancelled { call } => {
                if let Some(watched) = self.alive.get_mut(&call.0) {
                    watched.must_end = Some("the caller aborted");
                }
            }
            Input::Closed => {
                for watched in self.alive.values_mut() {
                    watched.must_end = Some("the client was closed");
                }
            }
            Input::Draining => {
                self.drains = true;
                for watched in self.alive.values_mut() {
                    if watched.current.is_none() && watched.late.is_none() {
                        watched.must_end = Some("the client takes nothing more");
                    }
                    if let Some((since, _)) = watched.waits.take() {
                        watched.waited = watched.waited + (at - since);
                    }
                }
            }
            Input::Transacted { .. } | Input::Woken => {}
        }
    }

    fn output(&mut self, at: Instant, output: &Output) {
        let (Output::Send { call, .. }
        | Output::Abort { call, .. }
        | Output::Wait { call, .. }
        | Output::Switch { call, .. }
        | Output::Settle { call, .. }) = output
        else {
            self.violations.push(format!("a call without a queue leads to {output:?}"));
            return;
        };
        let id = call.0;
        let mut said = Vec::new();
        let mut complain = |what: String| said.push(format!("call {id} at {}: {what}", at.0));
        let Some(mut watched) = self.alive.remove(&id) else {
            complain(format!("it is not alive, yet: {output:?}"));
            self.violations.append(&mut said);
            return;
        };
        if let Some(reason) = watched.must_end
            && !matches!(output, Output::Abort { .. } | Output::Settle { .. })
        {
            complain(format!("{reason}, yet: {output:?}"));
        }
        if self.drains && !matches!(output, Output::Abort { .. } | Output::Settle { .. }) {
            complain(format!("the client takes nothing more, yet: {output:?}"));
        }
        let mut ended = false;
        match output {
            Output::Send { attempt, number, target, .. } => {
                watched.leave_behind(at, &mut complain);
                if !self.ids.insert(attempt.0) {
                    complain(format!("the id {} was sent before", attempt.0));
                }
                watched.sends += 1;
                watched.tries += 1;
                watched.moved = false;
                if watched.seen.insert(*target) {
                    self.starts.entry(watched.account(*target)).or_default().push(at);
                }
                if *number != watched.sends {
                    complain(format!("attempt {} is numbered {number}", watched.sends));
                }
                if *target != watched.target || *target >= watched.spec.targets.len() {
                    complain(format!("sent to target {target} instead of {}", watched.target));
                }
                let policy = &watched.spec.policy;
                let attempts = policy.attempts(watched.spec.lasts()).max(1);
                let used = watched.used.get(target).copied().unwrap_or(0);
                if used >= attempts {
                    complain(format!(
                        "{used} attempts at {target} have failed, and one more is sent"
                    ));
                }
                let risked = watched.ended.iter().filter(|over| over.risked).count();
                if risked >= policy.max_attempts.max(5) as usize {
                    complain(format!("sent after {risked} that are lost and likely billed"));
                }
                let tries_max = policy.tries_per_target.min(attempts);
                if watched.has_next() && watched.tries > tries_max + watched.free_here {
                    complain(format!("try {} of a target that has a next one", watched.tries));
                }
                if watched.floors.get(target).is_some_and(|&floor| at < floor) {
                    complain("sent before the server's time".to_owned());
                }
                if watched.deadline().is_some_and(|deadline| deadline <= at) {
                    complain("sent when the deadline was over".to_owned());
                }
                watched.may_grow = false;
                if let Some((since, until)) = watched.waits.take() {
                    watched.waited = watched.waited + (at - since);
                    if at < until {
                        complain("sent before its wait was over".to_owned());
                    }
                }
                let is_beside = watched.late.is_some();
                watched.current = Some(Open {
                    attempt: *attempt,
                    number: *number,
                    target: *target,
                    at,
                    is_beside,
                });
            }
            Output::Abort { attempt, timed_out, .. } => match watched.close(*attempt) {
                None => complain(format!("the id {} is not open, yet it is aborted", attempt.0)),
                Some((open, current)) => {
                    // A late attempt's own time was over when it was left behind.
                    let expired = watched.ends(&open).is_some_and(|ends| ends <= at);
                    if *timed_out && !expired && current {
                        complain(format!("attempt {} had time left", open.number));
                    }
                    if *timed_out && current {
                        watched.fails(Rc::new(ErrorInfo::new(Kind::Timeout)), None);
                    }
                    let failed = *timed_out;
                    watched.ended.push(Over {
                        open,
                        at,
                        answered: false,
                        failed,
                        abandoned: true,
                        risked: true,
                    });
                }
            },
            Output::Wait { number, wait, until, .. } => {
                watched.leave_behind(at, &mut complain);
                self.wait(at, &mut watched, *number, *wait, *until, &mut complain);
            }
            Output::Switch { from, to, .. } => {
                watched.leave_behind(at, &mut complain);
                if *from != watched.target || to == from || *to >= watched.spec.targets.len() {
                    complain(format!("switched from {from} to {to}, at {}", watched.target));
                }
                watched.take_to_heart();
                if watched.over.contains(to) {
                    complain(format!("comes back to {to}, which has refused for good"));
                }
                let returns = watched.seen.contains(to);
                if returns && watched.has_next() {
                    complain(format!("comes back to {to} in the first round"));
                }
                let last = watched.last.clone();
                if let Some((info, verdict)) = &last {
                    let is_spent = info.kind == Kind::SpendLimited;
                    let is_account_s = is_spent || (verdict.is_none() && is_account_s(info));
                    let leaves = *verdict == Some(Verdict::Leave);
                    if is_account_s && !leaves && watched.account(*from) == watched.account(*to) {
                        complain(format!("{:?} led to a target of the same account", info.kind));
                    }
                    if watched.spec.policy.budgeted && !names_minute(info) {
                        // It is paid for at once where another is sooner ready, else once it
                        // returns.
                        let is_sooner = returns || watched.seen.len() > 1;
                        watched.owes.insert(*from, is_sooner.then_some(at));
                    }
                }
                if let Some(since) = watched.owes.remove(to) {
                    self.grant(since.unwrap_or(at), at, watched.account(*to), &mut complain);
                }
                watched.moved = true;
                watched.target = *to;
                watched.here = at;
                watched.tries = 0;
                watched.free_here = 0;
            }
            Output::Hold { .. } | Output::Notice(_) | Output::Transact { .. } => {}
            Output::Settle { ending, record, .. } => {
                ended = true;
                settle(at, &mut watched, ending, record, &mut complain);
            }
        }
        if !ended {
            self.alive.insert(id, watched);
        }
        self.violations.append(&mut said);
    }

    fn wait(
        &mut self,
        at: Instant,
        watched: &mut Watched,
        number: u32,
        wait: Millis,
        until: WallTime,
        complain: &mut dyn FnMut(String),
    ) {
        let policy = Rc::clone(&watched.spec.policy);
        if number != watched.sends {
            complain(format!("waits after attempt {} named {number}", watched.sends));
        }
        if watched.waits.replace((at, at + wait)).is_some() && !watched.may_grow {
            complain("waits twice at a time".to_owned());
        }
        if until < WallTime(EPOCH) + wait {
            complain(format!("the wait ends on a day of the past: {}", until.0));
        }
        if watched.deadline().is_some_and(|deadline| at + wait >= deadline) {
            complain("waits beyond the deadline".to_owned());
        }
        if watched.moved {
            // A wait that the target named before is a floor of the next request to it.
            let target = watched.target;
            if !watched.seen.contains(&target) && !watched.held.contains(&target) {
                complain(format!("waits for {target}, which has not been asked"));
            }
            return;
        }
        let is_asked = matches!(watched.last, Some((_, Some(Verdict::RetryAfter(_)))));
        if watched.has_next() && !is_asked && wait > policy.max_wait_per_target {
            complain(format!("waits {} ms for a target that has a next one", wait.0));
        }
        let Some((info, verdict)) = watched.last.clone() else {
            return complain("waits without a failure".to_owned());
        };
        match (verdict, info.retry_after.filter(|hint| hint.0 > 0)) {
            (Some(Verdict::RetryAfter(asked)), _) if wait != asked => {
                complain(format!("waits {} ms where the caller said {}", wait.0, asked.0));
            }
            (Some(Verdict::RetryAfter(_)), _) => {}
            (_, Some(hint)) => {
                if wait < hint {
                    complain(format!("waits {} ms where the server said {}", wait.0, hint.0));
                }
                if hint > policy.max_server_delay {
                    complain(format!("obeys {} ms, more than allowed", hint.0));
                }
                if policy.hint == Hint::Replaces && wait > hint + Millis(hint.0 / 5) {
                    complain(format!("waits {} ms, too long after {}", wait.0, hint.0));
                }
            }
            _ => {}
        }
        watched.take_to_heart();
        if policy.budgeted && !names_minute(&info) {
            self.grant(at, at, watched.account(watched.target), complain);
        }
    }

    /// A retry was taken from the budget of an account's targets, now or at some moment since then.
    fn grant(
        &mut self,
        since: Instant,
        at: Instant,
        account: Option<u32>,
        complain: &mut dyn FnMut(String),
    ) {
        let grants = self.grants.entry(account).or_default();
        grants.push(since);
        // The budget counts in slots of five seconds, so a minute may be seen as 55 s.
        let recent = || grants.iter().filter(|&&since| at - since < Millis(55_000));
        let latest = recent().max().map_or(at, |&since| since);
        let starts = self.starts.entry(account).or_default();
        let calls = starts.iter().filter(|&&start| latest - start < Millis(60_000)).count();
        if recent().count() > 10 + calls / 5 {
            complain("retries beyond the target's budget".to_owned());
        }
    }

    fn idle(&mut self, at: Instant, wakeup: Option<Instant>, woken: bool) {
        let mut violations = Vec::new();
        // Nothing is sent or waited for after an attempt that runs late, which would tell of it.
        for watched in self.alive.values_mut().filter(|_| self.drains) {
            let ends = watched.current.as_ref().and_then(|open| watched.ends(open));
            if woken && ends.is_some_and(|ends| ends <= at) {
                watched.leave_behind(at, &mut |what| violations.push(what));
            }
        }
        for (id, watched) in &self.alive {
            if let Some(reason) = watched.must_end {
                violations.push(format!("call {id} at {}: {reason}, yet it goes on", at.0));
            }
            let flies = watched.current.is_some();
            // Of a client that takes nothing more a late attempt may be all that is left.
            let is_late = self.drains && watched.late.is_some();
            if flies == watched.waits.is_some() && (flies || !is_late) {
                violations.push(format!(
                    "call {id} at {}: {}",
                    at.0,
                    if flies { "waits while it flies" } else { "nothing is due or in flight" }
                ));
            }
        }
        let due = self.alive.values().filter_map(Watched::due).min();
        let may_grow = self.alive.values().any(|watched| watched.may_grow);
        if wakeup != due && !(may_grow && wakeup > due) {
            violations.push(format!("at {}: wakes at {wakeup:?} instead of {due:?}", at.0));
        }
        if woken && wakeup.is_some_and(|wakeup| wakeup <= at) {
            violations.push(format!("at {}: what was due was not done", at.0));
        }
        self.violations.append(&mut violations);
    }
}

fn settle(
    at: Instant,
    watched: &mut Watched,
    ending: &Ending,
    record: &CallRecord,
    complain: &mut dyn FnMut(String),
) {
    if watched.current.is_some() || watched.late.is_some() {
        complain("settled with an attempt in flight".to_owned());
    }
    if let Some((since, _)) = watched.waits {
        watched.waited = watched.waited + (at - since);
    }
    match ending {
        Ending::Answered(attempt) if watched.answered != Some(*attempt) => {
            complain(format!("settled with attempt {}, which did not answer", attempt.0));
        }
        Ending::Failed { why: Why::Deadline, .. } if watched.spec.deadline.is_none() => {
            complain("a deadline that was not set is over".to_owned());
        }
        Ending::Failed { .. } | Ending::Cancelled | Ending::Closed
            if watched.answered.is_some() =>
        {
            complain("an answer was lost".to_owned());
        }
        _ => {}
    }

    let sends = watched.sends as usize;
    if record.attempts.len() != sends {
        complain(format!("sent {sends} times, recorded {}", record.attempts.len()));
    }
    if record.waited != watched.waited {
        complain(format!("waited {} ms, recorded {}", watched.waited.0, record.waited.0));
    }
    let mut numbers: Vec<u32> = record.attempts.iter().map(|attempt| attempt.number).collect();
    numbers.sort_unstable();
    if !numbers.iter().copied().eq(1..=watched.sends) {
        complain(format!("recorded attempts {numbers:?}"));
    }
    for (attempt, over) in record.attempts.iter().zip(&watched.ended) {
        let same = attempt.number == over.open.number
            && attempt.target == over.open.target
            && attempt.took == over.at - over.open.at
            && attempt.abandoned == over.abandoned
            && (!over.answered || attempt.info.is_none())
            && (!over.failed || attempt.info.is_some());
        if !same {
            complain(format!("recorded {attempt:?} of {over:?}"));
        }
    }
    let waited = record.attempts.iter().fold(Millis::ZERO, |sum, attempt| sum + attempt.waited);
    if waited > record.waited {
        complain(format!("attempts waited {} ms of {}", waited.0, record.waited.0));
    }
}
