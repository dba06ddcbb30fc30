//! One clock, one service, some engines: everything that happens, in order, until all calls ended.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AttemptId, CallId};
use unexhausted::engine::input::{BACKGROUND, CallSpec, INTERACTIVE, Input};
use unexhausted::engine::lane::LaneSpec;
use unexhausted::engine::output::{Ending, Output};
use unexhausted::engine::state_machine::Engine;
use unexhausted::engine::target::Target;
use unexhausted::errors::kind::Dimension;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::window::Amounts;
use unexhausted::retry::policy::Policy;
use unexhausted_emulator::{
    Discipline, Input as ToService, Outcome, Output as FromService, Record, Service,
};

use crate::service::{self, Came};
use crate::situations::{MODEL, SECOND, Situation, Way};
use crate::trace::Trace;

/// No honest run of a cell takes so many steps.
const STEPS_MAX: usize = 1_000_000;
/// Nor so many without time passing.
const STILL_MAX: usize = 2_000;
/// The time that the driver gives an attempt: 180 s, and the grace before its own timer fires.
const TIMEOUT: Millis = Millis(190_000);
/// Tokens are guessed with so many hundredths of the usual count.
const TOKENS_PERCENT: u64 = 100;

/// One call and what became of it; moments are milliseconds from the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    pub(crate) at: u64,
    /// When the request was sent that brought the picture.
    pub(crate) served: Option<u64>,
    pub(crate) settled: Option<u64>,
    /// The model that it was served by.
    pub(crate) model: Option<&'static str>,
    /// How it failed, where it did.
    pub(crate) error: Option<String>,
}

/// A request as the service saw it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) model: String,
    /// When it arrived, from the start.
    pub(crate) at: u64,
    pub(crate) outcome: Outcome,
}

/// A request that is not answered yet.
#[derive(Debug)]
struct Open {
    process: usize,
    call: CallId,
    attempt: AttemptId,
    model: &'static str,
    number: usize,
    sent: u64,
}

/// One process: an engine, and the callers that wait for it.
#[derive(Debug)]
struct Process {
    engine: Engine,
    targets: Vec<(Target, &'static str)>,
    /// The number of each call that has not ended.
    alive: HashMap<u32, usize>,
    /// The moment by model before which the service said not to send.
    holds: HashMap<&'static str, u64>,
}

/// The service, the processes and all that is open between them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) calls: Vec<Watched>,
    /// The rules that an engine has broken.
    pub(crate) violations: Vec<String>,
    situation: Situation,
    texts: Vec<String>,
    arrivals: VecDeque<usize>,
    processes: Vec<Process>,
    service: Service,
    open: HashMap<u64, Open>,
    time: u64,
    wall: u64,
    mono: u64,
    trace: Trace,
}

impl World {
    pub(crate) fn new(
        situation: &Situation,
        discipline: Discipline,
        seed: u64,
        is_traced: bool,
    ) -> Self {
        let config = situation.config(discipline, seed);
        let service = Service::new(config).expect("a configuration");
        let wall = situation.start(seed);
        let trace = Trace::new(is_traced, wall.saturating_add_signed(service.clock_offset()));
        let processes = (0..situation.processes as u64).map(|process| {
            let mut engine = Engine::new(seed * 1_000 + process);
            let money = Dimension::Spend;
            let spend = situation.spend.map(|usd| (usd * 1e9) as u64);
            let account =
                engine.open_account(&Limits::default().with(money, spend), &Limits::default());
            let models: &[&str] = if situation.is_chain { &[MODEL, SECOND] } else { &[MODEL] };
            let target = |model: &&'static str| {
                let given = situation.given.limits();
                let lane = LaneSpec { account, given, tier: Limits::default() };
                let lane = Some(engine.open_lane(&lane)).filter(|_| situation.way != Way::Loop);
                (Target { lane, ..Target::of_account(0) }, *model)
            };
            let targets = models.iter().map(target).collect();
            Process { engine, targets, alive: HashMap::new(), holds: HashMap::new() }
        });
        let call = |number| Watched { at: situation.at(number), ..Watched::default() };
        Self {
            calls: (0..situation.prompts).map(call).collect(),
            violations: Vec::new(),
            texts: situation.texts(seed),
            arrivals: (0..situation.prompts).collect(),
            processes: processes.collect(),
            situation: situation.clone(),
            service,
            open: HashMap::new(),
            time: 0,
            wall,
            // The monotonic clock begins anywhere, and so does its phase.
            mono: 1_000_000 + seed * 777_777 % 3_600_000,
            trace,
        }
    }

    /// Runs until every call has ended.
    ///
    /// # Errors
    /// Why that does not come to be: nothing is due, time stands still, or it takes too long.
    pub(crate) fn run(&mut self, latest: u64) -> Result<(), String> {
        let mut still = 0;
        for _ in 0..STEPS_MAX {
            let waiting = self.calls.iter().filter(|call| call.settled.is_none()).count();
            if waiting == 0 {
                return Ok(());
            }
            let Some(next) = self.next() else {
                return Err(format!("at {} nothing is due, yet {waiting} calls wait", self.time));
            };
            if next > latest {
                return Err(format!("{waiting} calls have not ended after {latest} ms"));
            }
            still = if next > self.time { 0 } else { still + 1 };
            if still > STILL_MAX {
                return Err(format!("time stands still at {}", self.time));
            }
            self.time = self.time.max(next);
            self.step();
        }
        Err(format!("more than {STEPS_MAX} steps"))
    }

    /// The moments at which the service took requests in.
    pub(crate) fn taken(&self) -> Vec<u64> {
        let taken = |outcome: Outcome| outcome != Outcome::Rejected;
        let records = self.service.records().filter(|record| taken(record.outcome));
        let mut arrived: Vec<u64> =
            records.filter_map(|record| Some(record.arrived? - self.wall)).collect();
        arrived.sort_unstable();
        arrived
    }

    /// Every request that arrived, in order.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        let sent = |record: &Record| {
            let at = record.arrived?.saturating_sub(self.wall);
            Some(Sent { model: record.model.clone(), at, outcome: record.outcome })
        };
        self.service.records().filter_map(sent).collect()
    }

    /// Requests in all, those rejected, and those that failed otherwise.
    pub(crate) fn totals(&self) -> (usize, usize, usize) {
        let totals = self.service.totals();
        let failed = totals.failed + totals.refused + totals.hung + totals.lost;
        (totals.requests as usize, totals.rejected as usize, failed as usize)
    }

    fn now(&self) -> Now {
        Now { mono: Instant(self.mono + self.time), wall: WallTime(self.wall + self.time) }
    }

    fn next(&mut self) -> Option<u64> {
        let arrival = self.arrival();
        let service = self.service.next_wakeup().map(|at| at.saturating_sub(self.wall));
        let mono = self.mono;
        let engines = self.processes.iter_mut();
        let engine = engines.filter_map(|process| process.engine.next_wakeup()).min();
        let engine = engine.map(|at| at.0.saturating_sub(mono));
        [arrival, service, engine].into_iter().flatten().min()
    }

    /// When the next call is made, where that is known.
    fn arrival(&self) -> Option<u64> {
        let next = *self.arrivals.front()?;
        let is_free = self.processes.iter().all(|process| process.alive.is_empty());
        (is_free || !self.situation.is_sequential).then(|| self.calls[next].at)
    }

    fn step(&mut self) {
        while self.arrival().is_some_and(|at| at <= self.time)
            && let Some(number) = self.arrivals.pop_front()
        {
            self.start(number);
        }
        self.service.handle(self.wall + self.time, ToService::Tick);
        while let Some(output) = self.service.poll() {
            self.answer(&output);
        }
        let now = self.now();
        for index in 0..self.processes.len() {
            let process = &mut self.processes[index];
            if process.engine.next_wakeup().is_some_and(|at| at <= now.mono) {
                process.engine.handle(now, Input::Woken);
                self.drain(index);
            }
        }
    }

    fn start(&mut self, number: usize) {
        let now = self.now();
        let index = number % self.processes.len();
        let process = &mut self.processes[index];
        let tokens = (self.texts[number].len() as u64 * TOKENS_PERCENT).div_ceil(400);
        let targets = process.targets.iter().map(|(target, model)| Target {
            cost: Amounts { requests: 1, tokens, images: 1, nanos: service::price(model) },
            ..*target
        });
        let policy = match self.situation.way {
            Way::Generate => Policy::GENERATE,
            Way::DropIn | Way::Loop => Policy::drop_in(5, Millis(2_000)),
        };
        let policy = Rc::new(Policy { timeout: Some(TIMEOUT), ..policy });
        let spec = CallSpec {
            priority: if self.situation.is_batch { BACKGROUND } else { INTERACTIVE },
            on_daily_limit: self.situation.on_daily_limit,
            ..CallSpec::new(policy, targets.collect())
        };
        let call = process.engine.start(now, spec);
        if process.alive.insert(call.0, number).is_some() {
            self.violations.push(format!("call {} begins while another has its number", call.0));
        }
        self.drain(index);
    }

    fn drain(&mut self, index: usize) {
        while let Some(output) = self.processes[index].engine.poll() {
            self.output(index, &output);
        }
    }

    fn output(&mut self, index: usize, output: &Output) {
        let process = &mut self.processes[index];
        self.trace.said(self.time, index, output, &process.alive);
        match output {
            Output::Send { call, attempt, target, .. } => {
                let Some(number) = process.alive.get(&call.0).copied() else {
                    self.violations.push(format!("a call that has ended is sent: {output:?}"));
                    return;
                };
                let model = process.targets[*target].1;
                if process.holds.get(model).is_some_and(|until| self.time < *until) {
                    self.violations.push(format!("{}: sent before the server's time", self.time));
                }
                let id = id(index, *attempt);
                let sent = self.time;
                let (call, attempt) = (*call, *attempt);
                self.open.insert(id, Open { process: index, call, attempt, model, number, sent });
                let request = service::request(id, model, &self.texts[number]);
                self.service.handle(self.wall + self.time, ToService::Request(request));
            }
            Output::Abort { attempt, .. } => {
                let id = id(index, *attempt);
                self.open.remove(&id);
                self.service.handle(self.wall + self.time, ToService::Disconnect { id });
            }
            Output::Settle { call, ending, .. } => {
                let Some(number) = process.alive.remove(&call.0) else {
                    self.violations.push(format!("settled twice: {output:?}"));
                    return;
                };
                let watched = &mut self.calls[number];
                watched.settled = Some(self.time);
                watched.error = match ending {
                    Ending::Answered(_) => None,
                    Ending::Failed { why, info } => Some(format!("{why:?} {}", info.kind.as_str())),
                    Ending::Cancelled | Ending::Closed => Some(format!("{ending:?}")),
                };
            }
            Output::Transact { .. } => {
                self.violations.push(format!("there is no store, yet: {output:?}"));
            }
            Output::Wait { .. }
            | Output::Hold { .. }
            | Output::Notice(_)
            | Output::Switch { .. } => {}
        }
    }

    fn answer(&mut self, output: &FromService) {
        let Some(open) = self.open.remove(&output.id()) else { return };
        let now = self.now();
        let Open { process: index, call, attempt, .. } = open;
        let came = service::read(output, open.model, now.wall);
        self.trace.heard(self.time, index, open.number, attempt, self.time - open.sent, &came);
        let process = &mut self.processes[index];
        let input = match came {
            Came::Picture(used) => {
                let watched = &mut self.calls[open.number];
                // An answer after the first settles nothing.
                if watched.settled.is_none() {
                    watched.served = Some(open.sent);
                    watched.model = Some(open.model);
                }
                Input::Answered { call, attempt, used: Some(used) }
            }
            Came::Error(info) => {
                let is_limit = info.dimension.is_some_and(Dimension::is_per_minute);
                if let Some(wait) = info.retry_after.filter(|_| is_limit) {
                    let until = process.holds.entry(open.model).or_default();
                    *until = (self.time + wait.0).max(*until);
                }
                Input::Failed { call, attempt, info: Rc::new(*info), verdict: None }
            }
        };
        process.engine.handle(now, input);
        self.drain(index);
    }
}

/// The number of a request with the service, where several engines count from one.
fn id(process: usize, attempt: AttemptId) -> u64 {
    (process as u64) << 32 | u64::from(attempt.0)
}
