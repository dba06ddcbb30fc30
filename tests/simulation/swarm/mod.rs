//! The swarm: thousands of virtual users of one to five processes, drawn from a seed, against the
//! fake service, with checkers after every step.

pub(crate) mod scenario;
mod store;
mod watch;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use unexhausted::book::OnStoreDown;
use unexhausted::chain::Target;
use unexhausted::engine::Engine;
use unexhausted::exchange::{BookId, ExchangeId};
use unexhausted::input::{CallId, CallSpec, FlightId, Input};
use unexhausted::kind::Dimension;
use unexhausted::lane::{LaneId, LaneSpec};
use unexhausted::ledger::{Ledger, Reply};
use unexhausted::output::Output;
use unexhausted::quota::{Clock, Limits};
use unexhausted::retry::Policy;
use unexhausted::time::{Instant, Millis, Now, WallTime};
use unexhausted::window::Amounts;
use unexhausted_emulator::{Input as ToService, Output as FromService, Service};

use crate::dice::Dice;
use crate::service::{self, Came};
use crate::situations::{MODEL, SECOND};
use scenario::{Event, Manner, Order, Scenario};
use store::Store;
use watch::Watch;

/// No honest run takes so many steps, nor so many without time passing.
const STEPS_MAX: usize = 400_000;
const STILL_MAX: usize = 3_000;
/// However late the storm, by then everybody has an answer that does not wait for more days.
const LATEST: u64 = 60 * 3_600_000;
const TIMEOUT: Millis = Millis(190_000);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<String>,
    /// Virtual milliseconds.
    pub(crate) took: u64,
    /// Of everything that was said, in order.
    pub(crate) trace: u64,
    pub(crate) pictures: usize,
}

struct Open {
    process: usize,
    life: u64,
    call: CallId,
    flight: FlightId,
    model: &'static str,
}

struct Process {
    engine: Engine,
    life: u64,
    lanes: Vec<(LaneId, &'static str)>,
    watch: Watch,
    numbers: HashMap<usize, CallId>,
}

struct Exchange {
    process: usize,
    life: u64,
    id: ExchangeId,
    reply: Option<Reply>,
}

/// Runs a scenario, with a deliberate bug where one is named.
pub(crate) fn run(seed: u64, spoil: &dyn Fn(&mut Engine)) -> Outcome {
    let scenario = Scenario::draw(seed);
    let service = Service::new(scenario.config()).expect("a configuration");
    let mut swarm = Swarm {
        dice: Dice::new(seed ^ 0xD1CE),
        store: Store::new(scenario.store.clone()),
        wall: scenario.start,
        service_start: scenario.start,
        mono: 5_000_000 + seed * 777_777 % 3_600_000,
        processes: Vec::new(),
        open: HashMap::new(),
        exchanges: BTreeMap::new(),
        exchanged: 0,
        next_order: 0,
        next_event: 0,
        time: 0,
        slept: 0,
        lives: 0,
        left: scenario.orders.len(),
        pictures: 0,
        violations: Vec::new(),
        trace: DefaultHasher::new(),
        spoil,
        service,
        scenario,
    };
    for index in 0..swarm.scenario.processes {
        let process = swarm.process(index);
        swarm.processes.push(process);
    }
    swarm.all();
    swarm.finish()
}

struct Swarm<'a> {
    scenario: Scenario,
    dice: Dice,
    store: Store,
    service: Service,
    processes: Vec<Process>,
    open: HashMap<u64, Open>,
    /// By when they are answered, then by number.
    exchanges: BTreeMap<(u64, u64), Exchange>,
    exchanged: u64,
    next_order: usize,
    next_event: usize,
    time: u64,
    /// The wall clock's and the service's start; the wall clock may be set.
    wall: u64,
    service_start: u64,
    mono: u64,
    slept: u64,
    lives: u64,
    left: usize,
    pictures: usize,
    violations: Vec<String>,
    trace: DefaultHasher,
    spoil: &'a dyn Fn(&mut Engine),
}

impl Swarm<'_> {
    fn process(&mut self, index: usize) -> Process {
        self.lives += 1;
        let mut engine = Engine::new(self.scenario.seed * 1_000 + index as u64 + self.lives * 31);
        (self.spoil)(&mut engine);
        let none = Limits::default();
        let account = engine.open_account(&none, &none);
        if let Some(most) = self.scenario.concurrency {
            engine.set_concurrency(most);
        }
        let models: &[&str] = if self.scenario.is_chain { &[MODEL, SECOND] } else { &[MODEL] };
        let mut lanes = Vec::new();
        for model in models {
            let given = if *model == MODEL { self.scenario.limits() } else { none };
            let lane = engine.open_lane(&LaneSpec { account, given, tier: none });
            if self.scenario.is_shared {
                engine.share(BookId::Lane(lane), OnStoreDown::Local);
            }
            lanes.push((lane, *model));
        }
        let (watch, numbers) = (Watch::default(), HashMap::new());
        Process { engine, life: self.lives, lanes, watch, numbers }
    }

    fn now(&self) -> Now {
        let mono = Instant(self.mono + self.time - self.slept);
        Now { mono, wall: WallTime(self.wall + self.time) }
    }

    fn all(&mut self) {
        let mut still = 0;
        for _ in 0..STEPS_MAX {
            if self.left == 0 {
                return;
            }
            let Some(next) = self.next() else {
                let left = self.left;
                self.violations
                    .push(format!("something is due: not at {}, {left} wait", self.time));
                return;
            };
            still = if next > self.time { 0 } else { still + 1 };
            if still > STILL_MAX {
                self.violations.push(format!("time passes: not at {}", self.time));
                return;
            }
            let days = self.scenario.orders.len() as u64 / self.scenario.rpd.unwrap_or(u64::MAX);
            if next > LATEST + days * 24 * 3_600_000 {
                let left = self.left;
                let lane = self.processes[0].engine.lane(self.processes[0].lanes[0].0);
                let quota = lane.map(|quota| quota.usage().collect::<Vec<_>>());
                self.violations
                    .push(format!("all settles: {left} calls have not ended: {quota:?}"));
                return;
            }
            self.time = self.time.max(next);
            self.step();
            self.check();
            if !self.violations.is_empty() {
                return;
            }
        }
        self.violations.push("time passes: too many steps".to_owned());
    }

    fn next(&mut self) -> Option<u64> {
        let order = self.scenario.orders.get(self.next_order).map(|order| order.at);
        let event = self.scenario.events.get(self.next_event).map(|(at, _)| *at);
        let start = self.service_start;
        let service = self.service.next_wakeup().map(|at| at.saturating_sub(start));
        let exchange = self.exchanges.keys().next().map(|(at, _)| *at);
        let offset = self.slept;
        let mono = self.mono;
        let engines = self.processes.iter_mut().filter_map(|process| process.engine.next_wakeup());
        let engine = engines.min().map(|at| (at.0 + offset).saturating_sub(mono));
        let cancels = self.processes.iter().flat_map(|process| process.watch.calls.values());
        let cancel = cancels.filter_map(|seen| seen.order.cancel_at).min();
        // An event is no work: without any, nothing more happens.
        let work = [order, service, exchange, engine, cancel].into_iter().flatten().min()?;
        Some(event.map_or(work, |event| work.min(event)))
    }

    fn step(&mut self) {
        while let Some((at, event)) = self.scenario.events.get(self.next_event).copied()
            && at <= self.time
        {
            self.next_event += 1;
            self.happens(event);
        }
        while let Some(order) = self.scenario.orders.get(self.next_order).cloned()
            && order.at <= self.time
        {
            self.next_order += 1;
            self.start(self.next_order, &order);
        }
        self.cancel_due();
        while let Some((key, _)) = self.exchanges.first_key_value()
            && key.0 <= self.time
        {
            let Some((_, exchange)) = self.exchanges.pop_first() else { break };
            let now = self.now();
            let process = &mut self.processes[exchange.process];
            if process.life == exchange.life {
                let Exchange { id, reply, .. } = exchange;
                process.engine.handle(now, Input::Transacted { id, reply });
                self.drain(exchange.process);
            }
        }
        self.service.handle(self.service_start + self.time, ToService::Tick);
        while let Some(output) = self.service.poll() {
            self.answer(&output);
        }
        let now = self.now();
        for index in 0..self.processes.len() {
            let engine = &mut self.processes[index].engine;
            if engine.next_wakeup().is_some_and(|at| at <= now.mono) {
                engine.handle(now, Input::Woken);
                self.drain(index);
            }
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::ClockSet(by) => self.wall = self.wall.saturating_add_signed(by),
            Event::Sleep(long) => {
                // The service goes on; answers wait in the machine's buffers.
                self.time += long;
                self.slept += long;
            }
            Event::NewLimit(rpm) => {
                let patch = format!("{{\"limits\":{{\"{MODEL}\":{{\"rpm\":{rpm}}}}}}}");
                self.service.configure(self.service_start + self.time, &patch).expect("a patch");
            }
            Event::Crash(index) => {
                let fresh = self.process(index);
                let dead = std::mem::replace(&mut self.processes[index], fresh);
                self.left -= dead.watch.calls.len();
                self.violations.extend(dead.watch.violations);
                let life = dead.life;
                let gone = self.open.iter().filter(|(_, open)| open.life == life);
                for id in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
                    self.open.remove(&id);
                    let now = self.service_start + self.time;
                    self.service.handle(now, ToService::Disconnect { id });
                }
            }
        }
    }

    fn start(&mut self, number: usize, order: &Order) {
        let now = self.now();
        let process = &mut self.processes[order.process];
        let targets = process.lanes.iter().map(|(lane, _)| Target {
            account: 0,
            lane: Some(*lane),
            want: Amounts { requests: 1, tokens: order.tokens, images: 1, nanos: 134_000_000 },
        });
        let policy = match order.manner {
            Manner::Generate => Policy { timeout: Some(TIMEOUT), ..Policy::GENERATE },
            Manner::DropIn => Policy::drop_in(5, Millis(2_000)),
            Manner::Fallback => Policy { timeout: Some(TIMEOUT), ..Policy::fallback() },
        };
        let targets = if order.manner == Manner::DropIn {
            targets.take(1).collect()
        } else {
            targets.collect()
        };
        let spec = CallSpec {
            deadline: order.deadline.map(Millis),
            priority: order.priority,
            on_daily_limit: order.on_daily_limit,
            ..CallSpec::new(Rc::new(policy), targets)
        };
        let call = process.engine.start(now, spec);
        process.watch.starts(self.time, call.0, order);
        process.numbers.insert(number, call);
        self.drain(order.process);
    }

    fn cancel_due(&mut self) {
        let (time, now) = (self.time, self.now());
        for index in 0..self.processes.len() {
            let calls = self.processes[index].watch.calls.iter_mut();
            let due = calls.filter(|(_, seen)| seen.order.cancel_at.is_some_and(|at| at <= time));
            let due: Vec<u32> = due
                .map(|(call, seen)| {
                    seen.order.cancel_at = None;
                    seen.is_over = Some("abort");
                    *call
                })
                .collect();
            for call in due {
                self.processes[index].engine.handle(now, Input::Cancelled { call: CallId(call) });
                self.drain(index);
            }
        }
    }

    fn drain(&mut self, index: usize) {
        while let Some(output) = self.processes[index].engine.poll() {
            self.said(index, output);
        }
    }

    fn said(&mut self, index: usize, output: Output) {
        let (time, process) = (self.time, &mut self.processes[index]);
        (time, index, std::mem::discriminant(&output)).hash(&mut self.trace);
        match output {
            Output::Send { call, flight, target, attempt } => {
                (call.0, flight.0, target, attempt).hash(&mut self.trace);
                let model = process.lanes[target].1;
                let is_first = target == 0;
                process.watch.sends(time, &self.scenario, call.0, flight.0, model, is_first);
                let id = process.life << 32 | u64::from(flight.0);
                let tokens = process.watch.calls.get(&call.0).map_or(12, |seen| seen.order.tokens);
                let open = Open { process: index, life: process.life, call, flight, model };
                self.open.insert(id, open);
                let request =
                    service::request(id, model, &"a boat ".repeat(tokens as usize * 4 / 7));
                self.service.handle(self.service_start + time, ToService::Request(request));
            }
            Output::Abort { flight, .. } => {
                process.watch.lands(flight.0);
                let id = process.life << 32 | u64::from(flight.0);
                self.open.remove(&id);
                self.service.handle(self.service_start + time, ToService::Disconnect { id });
            }
            Output::Settle { call, .. } => {
                process.watch.settles(time, call.0);
                self.left = self.left.saturating_sub(1);
            }
            Output::Transact { id, book, request } => {
                let key = match book {
                    BookId::Lane(lane) => u64::from(lane.0),
                    BookId::Account(account) => 1 << 32 | u64::from(account.0),
                };
                let wall = self.service_start;
                let (reply, takes) = self.store.transact(key, time, wall, &request, &mut self.dice);
                self.exchanged += 1;
                let life = process.life;
                let exchange = Exchange { process: index, life, id, reply };
                self.exchanges.insert((time + takes, self.exchanged), exchange);
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
        let came = service::read(output, open.model, now.wall);
        let process = &mut self.processes[open.process];
        if process.life != open.life {
            return;
        }
        process.watch.lands(open.flight.0);
        let (call, flight) = (open.call, open.flight);
        let input = match came {
            Came::Picture(used) => {
                self.pictures += 1;
                Input::Answered { call, flight, used: Some(used) }
            }
            Came::Error(info) => {
                let is_limit = info.dimension.is_some_and(Dimension::is_per_minute);
                if let Some(wait) = info.retry_after.filter(|_| is_limit) {
                    // The engine's clock stands still while the computer sleeps.
                    let until = process.watch.holds.entry(open.model).or_default();
                    *until = (self.time + wait.0).max(*until);
                }
                Input::Failed { call, flight, info: Rc::new(*info), verdict: None }
            }
        };
        process.engine.handle(now, input);
        self.drain(open.process);
    }

    /// What must hold now.
    fn check(&mut self) {
        let now = self.now();
        for process in &mut self.processes {
            let plain = !self.scenario.is_shared && self.slept == 0;
            if let Some(quota) = process.engine.lane(process.lanes[0].0).filter(|_| plain) {
                let at = quota.at_moment().saturating_sub(self.mono);
                let counted = quota.used(Dimension::RequestsPerMinute);
                process.watch.check_ledger(self.time, counted, at);
            }
            self.violations.append(&mut process.watch.violations);
        }
        self.violations.append(&mut self.store.violations);
        if self.time % 7 == 0 {
            self.check_snapshot(now);
        }
    }

    /// A quota that is written and read decides as before.
    fn check_snapshot(&mut self, now: Now) {
        let process = &self.processes[0];
        let Some(original) = process.engine.lane(process.lanes[0].0) else { return };
        let written = Ledger { quota: original.clone(), ..Ledger::default() }.write();
        let Some(read) = Ledger::read(&written) else {
            self.violations.push("snapshot: it cannot be read".to_owned());
            return;
        };
        let (mut one, mut other) = (original.clone(), read.quota);
        one.set_limits(&self.scenario.limits(), &Limits::default());
        other.set_limits(&self.scenario.limits(), &Limits::default());
        let want = Amounts { requests: 1, tokens: 12, images: 1, nanos: 0 };
        for step in 0..8_u64 {
            let later = step * 9_973;
            let from = one.at_moment().max(1);
            let clock = Clock { now: from + later, wall: now.wall.0 + later };
            let (here, there) = (one.check(clock, &want), other.check(clock, &want));
            if here != there {
                self.violations.push(format!("snapshot: {here:?} became {there:?}"));
                return;
            }
        }
    }

    fn finish(mut self) -> Outcome {
        let refused: u64 = self.service.ledger().usage.iter().map(|usage| usage.over_limit).sum();
        if refused > 0 && self.scenario.is_exact() && !self.scenario.is_chain {
            self.violations.push(format!("within limits: {refused} were refused"));
        }
        Outcome {
            violations: self.violations,
            took: self.time,
            trace: self.trace.finish(),
            pictures: self.pictures,
        }
    }
}
