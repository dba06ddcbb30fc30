//! The world of a scenario: engines, the service, a store and other people, on clocks that differ.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AccountId, AttemptId, CallId, ExchangeId, LaneId, ReplicaId};
use unexhausted::engine::input::{CallSpec, Input};
use unexhausted::engine::lane::LaneSpec;
use unexhausted::engine::output::Output;
use unexhausted::engine::peak;
use unexhausted::engine::state_machine::Engine;
use unexhausted::engine::target::Target;
use unexhausted::errors::kind::Dimension;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::replica::OnStoreDown;
use unexhausted::quota::shared::{Reply, Request};
use unexhausted::quota::tier::{self, Tier};
use unexhausted::quota::window::Amounts;
use unexhausted_emulator::{Config, Input as ToService, Output as FromService, Service};

use crate::dice::Dice;
use crate::scenario::{DAY, Event, Known, MODELS, Scenario};
use crate::service::{self, Came};
use crate::store::Store;
use crate::watch::{Rule, Watch};

/// No honest run takes so many steps.
const STEPS_MAX: usize = 2_000_000;
/// Nor so many without time passing.
const STILL_MAX: usize = 3_000;
/// How long after the last call the store has been told everything.
const FLUSHED: u64 = 10_000;
/// Requests of others have numbers from here on.
const STRANGE: u64 = 1 << 62;

#[derive(Debug)]
pub(crate) enum What {
    Arrive(usize),
    Cancel(usize),
    Happens(usize),
    Wake(usize),
    Ask { process: usize, engine: u32, id: ExchangeId, replica: ReplicaId, request: Rc<Request> },
    Tell { process: usize, engine: u32, id: ExchangeId, reply: Option<Reply> },
    Mail { process: usize, output: FromService },
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) engine: Engine,
    /// The number of the engine: another one after each crash.
    pub(crate) id: u32,
    pub(crate) account: AccountId,
    pub(crate) lanes: Vec<LaneId>,
    pub(crate) mono_base: u64,
    /// For how long the monotonic clock stood still.
    pub(crate) lag: u64,
    pub(crate) wall: i64,
    pub(crate) asleep: Option<u64>,
    pub(crate) is_closed: bool,
    /// The engine's number of each call that has not ended.
    pub(crate) alive: BTreeMap<usize, CallId>,
    /// Whether the audit knows what the replicas hold.
    pub(crate) is_audited: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    process: usize,
    engine: u32,
    call: CallId,
    attempt: AttemptId,
    model: usize,
}

/// The results of a run.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) violations: Vec<(Rule, String)>,
    /// A hash of all that happened.
    pub(crate) hash: u64,
    /// How long it took, in virtual milliseconds.
    pub(crate) time: u64,
    pub(crate) requests: u64,
    pub(crate) longest_state: usize,
}

#[derive(Debug)]
pub(crate) struct Realm<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) watch: Watch,
    pub(crate) service: Service,
    pub(crate) store: Option<Store>,
    pub(crate) processes: Vec<Process>,
    pub(crate) open: HashMap<u64, Open>,
    pub(crate) events: BTreeMap<(u64, u64), What>,
    pub(crate) tokens: Vec<u64>,
    pub(crate) settled: Vec<bool>,
    pub(crate) engines: u32,
    pub(crate) order: u64,
    pub(crate) time: u64,
    pub(crate) dice: Dice,
    pub(crate) hash: u64,
    pub(crate) is_shown: bool,
    /// When the first wall clock was set, or the first computer slept.
    pub(crate) clock_set: Option<u64>,
    pub(crate) steps: usize,
}

impl<'a> Realm<'a> {
    pub(crate) fn new(scenario: &'a Scenario, is_shown: bool) -> Self {
        let config = Config::from_json(&scenario.config.to_string()).expect("a configuration");
        let mut dice = Dice::new(scenario.seed ^ 0xD1CE);
        let mut watch = Watch::default();
        let sizes = |truth: &crate::scenario::Truth| truth.tpm.is_some() || truth.ipm.is_some();
        watch.by_size = scenario.truth.iter().any(sizes) || scenario.known != Known::True;
        watch.is_plain = scenario.is_plain;
        // A process that goes on without a store, or with one that has forgotten, may spend too
        // much.
        let forgets = ["store empty", "store older"];
        let is_sure = scenario.store.is_none_or(|store| store.on_down == OnStoreDown::Closed)
            && !forgets.iter().any(|name| scenario.features.contains(name));
        watch.budget = scenario.budget.filter(|_| is_sure);
        watch.is_alone = scenario.store.is_none();
        watch.all_ride = scenario.plans.iter().all(|plan| plan.policy.rides_outages);
        let store = scenario.store.map(|plan| Store::new(plan, dice.split()));
        let mut realm = Self {
            watch,
            service: Service::new(config).expect("a configuration"),
            store,
            processes: Vec::new(),
            open: HashMap::new(),
            events: BTreeMap::new(),
            tokens: tokens(scenario),
            settled: vec![false; scenario.plans.len()],
            engines: 0,
            order: 0,
            time: 0,
            dice,
            hash: 0xCBF2_9CE4_8422_2325,
            is_shown,
            clock_set: None,
            steps: 0,
            scenario,
        };
        for _ in 0..scenario.processes {
            let process = realm.process();
            realm.processes.push(process);
        }
        for (number, plan) in scenario.plans.iter().enumerate() {
            realm.at(plan.at, What::Arrive(number));
            if let Some(at) = plan.cancel {
                realm.at(at, What::Cancel(number));
            }
        }
        for (index, (at, _)) in scenario.events.iter().enumerate() {
            realm.at(*at, What::Happens(index));
        }
        realm
    }

    fn process(&mut self) -> Process {
        let scenario = self.scenario;
        self.engines += 1;
        let id = self.engines;
        let mut engine = Engine::new(scenario.seed.wrapping_mul(1_000) + u64::from(id));
        let none = Limits::default();
        let nanos = scenario.spend.map(|usd| (usd * 1e9) as u64);
        let money =
            |percent: u64| none.with(Dimension::Spend, nanos.map(|nanos| nanos * percent / 100));
        let (given, tier) = match scenario.known {
            Known::True => (money(100), none),
            Known::TooHigh => (money(200), none),
            Known::Tier => (none, tier::spend(Tier::Two)),
            Known::Nothing => (none, none),
        };
        let account = engine.open_account(&given, &tier);
        let lane = |(index, truth): (usize, &crate::scenario::Truth)| {
            let (given, tier) = match scenario.known {
                Known::True => (truth.limits(100), none),
                Known::TooHigh => (truth.limits(170), none),
                Known::Tier => (none, tier::limits(Tier::Two, MODELS[index])),
                Known::Nothing => (none, none),
            };
            LaneSpec { account, given, tier }
        };
        let specs: Vec<LaneSpec> = scenario.truth.iter().enumerate().map(lane).collect();
        let lanes: Vec<LaneId> = specs.iter().map(|spec| engine.open_lane(spec)).collect();
        if let Some(most) = scenario.concurrency {
            engine.set_concurrency(most);
        }
        let none = Limits::default();
        if scenario.budget.is_some() {
            engine.set_budget(&none.with(Dimension::Budget, scenario.budget));
        }
        if let Some(store) = &scenario.store {
            engine.share(ReplicaId::Budget, store.on_down);
            engine.share(ReplicaId::Account(account), store.on_down);
            for lane in &lanes {
                engine.share(ReplicaId::Lane(*lane), store.on_down);
            }
        }
        Process {
            engine,
            id,
            account,
            lanes,
            mono_base: self.dice.between(1_000_000, 5_000_000),
            lag: 0,
            wall: 0,
            asleep: None,
            is_closed: false,
            alive: BTreeMap::new(),
            is_audited: scenario.store.is_none(),
        }
    }

    fn at(&mut self, time: u64, what: What) {
        self.order += 1;
        self.events.insert((time.max(self.time), self.order), what);
    }

    pub(crate) fn mono(&self, process: usize) -> u64 {
        let process = &self.processes[process];
        (process.mono_base + self.time).saturating_sub(process.lag)
    }

    pub(crate) fn now(&self, process: usize) -> Now {
        let wall = self.wall().saturating_add_signed(self.processes[process].wall);
        Now { mono: Instant(self.mono(process)), wall: WallTime(wall) }
    }

    /// The true time.
    pub(crate) const fn wall(&self) -> u64 {
        self.scenario.start + self.time
    }

    /// Runs until every call has ended, and the store has been told.
    pub(crate) fn run(mut self) -> Ran {
        let latest = self.scenario.quiet + self.scenario.bound;
        let mut still = 0;
        let mut done = None;
        loop {
            self.steps += 1;
            let waits = self.settled.iter().any(|settled| !settled);
            if !waits && done.is_none() {
                done = Some(self.time + FLUSHED);
            }
            let Some(next) = self.next() else {
                if waits {
                    let what = format!("at {} nothing is due, yet calls wait", self.time);
                    self.watch.report(Rule::Due, what);
                }
                break;
            };
            if done.is_some_and(|done| next > done) {
                break;
            }
            if next > latest {
                let left = self.settled.iter().filter(|settled| !**settled).count();
                let what = format!("{left} calls have not ended {latest} ms after the start");
                self.watch.report(Rule::Settles, what);
                break;
            }
            still = if next > self.time { 0 } else { still + 1 };
            if still > STILL_MAX || self.steps > STEPS_MAX {
                let what = format!("time stands still at {} ({} steps)", self.time, self.steps);
                self.watch.report(Rule::Still, what);
                break;
            }
            self.time = self.time.max(next);
            self.watch.truth = self.time;
            self.step();
            self.check();
            if !self.watch.violations.is_empty() {
                break;
            }
        }
        if done.is_some() && self.watch.violations.is_empty() {
            self.balance();
            self.check_doubts();
        }
        let requests = self.service.totals().requests;
        Ran {
            violations: self.watch.violations,
            hash: self.hash,
            time: self.time,
            requests,
            longest_state: self.store.map_or(0, |store| store.longest),
        }
    }

    fn next(&mut self) -> Option<u64> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let start = self.scenario.start;
        let service = self.service.next_wakeup().map(|at| at.saturating_sub(start));
        let awake = self.processes.iter_mut().filter(|process| process.asleep.is_none());
        let engine = awake.filter_map(|process| {
            let at = wakes(&mut process.engine)?.0;
            Some((at + process.lag).saturating_sub(process.mono_base))
        });
        [event, service, engine.min()].into_iter().flatten().min()
    }

    fn step(&mut self) {
        for _ in 0..STILL_MAX {
            let first = self.events.first_entry();
            let Some(entry) = first.filter(|entry| entry.key().0 <= self.time) else { break };
            let what = entry.remove();
            self.happens(what);
        }
        if self.events.first_key_value().is_some_and(|((at, _), _)| *at <= self.time) {
            let what = format!("at {}: there is no end to what is due", self.time);
            self.watch.report(Rule::Still, what);
            return;
        }
        self.service.handle(self.wall(), ToService::Tick);
        while let Some(output) = self.service.poll() {
            let Some(open) = self.open.get(&output.id()).copied() else { continue };
            match self.processes[open.process].asleep {
                // Connections seldom outlive the sleep of a computer.
                Some(until) => {
                    let id = output.id();
                    let output =
                        if self.dice.chance(50) { FromService::Reset { id } } else { output };
                    self.at(until, What::Mail { process: open.process, output });
                }
                None => self.answer(&output),
            }
        }
        for index in 0..self.processes.len() {
            if self.processes[index].asleep.is_some() {
                continue;
            }
            let now = self.now(index);
            let process = &mut self.processes[index];
            if wakes(&mut process.engine).is_some_and(|at| at <= now.mono) {
                process.engine.handle(now, Input::Woken);
                self.drain(index);
            }
        }
    }

    /// An event for a process that sleeps is put off until it wakes.
    fn sleeps(&mut self, process: usize, what: What) -> Option<What> {
        match self.processes[process].asleep {
            Some(until) => {
                self.at(until, what);
                None
            }
            None => Some(what),
        }
    }

    fn happens(&mut self, what: What) {
        match what {
            What::Arrive(number) => {
                let process = self.scenario.plans[number].process;
                if self.sleeps(process, What::Arrive(number)).is_some() {
                    self.start(process, number);
                }
            }
            What::Cancel(number) => {
                let process = self.scenario.plans[number].process;
                if self.sleeps(process, What::Cancel(number)).is_some() {
                    self.cancel(process, number);
                }
            }
            What::Wake(index) => {
                if let Some(until) = self.processes[index].asleep
                    && until <= self.time
                {
                    self.processes[index].asleep = None;
                }
            }
            What::Mail { process, output } => {
                if let Some(What::Mail { output, .. }) =
                    self.sleeps(process, What::Mail { process, output })
                {
                    self.answer(&output);
                }
            }
            What::Ask { process, engine, id, replica, request } => {
                self.ask(process, engine, id, replica, &request);
            }
            What::Tell { process, engine, id, reply } => {
                let what = self.sleeps(process, What::Tell { process, engine, id, reply });
                let Some(What::Tell { reply, .. }) = what else { return };
                if self.processes[process].id != engine {
                    return;
                }
                let now = self.now(process);
                self.note(&[5, id.0, reply.as_ref().map_or(99, |reply| reply.granted as u64)]);
                self.processes[process].engine.handle(now, Input::Transacted { id, reply });
                self.drain(process);
            }
            What::Happens(index) => {
                let event = self.scenario.events[index].1.clone();
                if self.is_shown {
                    println!("{:>9.3} EVENT {event:?}", self.time as f64 / 1e3);
                }
                self.event(event);
            }
        }
    }

    fn start(&mut self, index: usize, number: usize) {
        let plan = &self.scenario.plans[number];
        if self.processes[index].is_closed {
            // A call to a closed client is refused; nothing more is learned from it.
            self.settled[number] = true;
            return;
        }
        let tokens = self.tokens[number];
        let generous = if self.scenario.is_clean { 3 } else { 2 };
        let target = |&(ref model, is_smaller): &(usize, bool)| Target {
            account: 0,
            lane: self.processes[index].lanes.get(*model).copied(),
            cost: Amounts {
                requests: 1,
                tokens,
                images: 1,
                nanos: service::price(MODELS[*model]) * generous / 2,
            },
            is_smaller,
            timeout: None,
        };
        let targets: Vec<Target> = plan.chain.iter().map(target).collect();
        let spec = CallSpec {
            deadline: plan.deadline.map(Millis),
            priority: plan.priority,
            on_daily_limit: plan.on_daily,
            max_cost: plan.max_cost,
            avoid: plan.avoids_peak.then(peak::known),
            ..CallSpec::new(Rc::clone(&plan.policy), targets.into())
        };
        let now = self.now(index);
        let process = &mut self.processes[index];
        let call = process.engine.start(now, spec.clone());
        process.alive.insert(number, call);
        let id = process.id;
        self.note(&[1, number as u64, self.time]);
        let models: Vec<usize> = plan.chain.iter().map(|(model, _)| *model).collect();
        self.watch.started(id, call.0, number, now.mono.0, (&spec, &models));
        self.drain(index);
    }

    fn cancel(&mut self, index: usize, number: usize) {
        let now = self.now(index);
        let process = &mut self.processes[index];
        let Some(call) = process.alive.get(&number).copied() else { return };
        let id = process.id;
        process.engine.handle(now, Input::Cancelled { call });
        self.drain(index);
        if self.watch.is_alive(id, call.0) && self.processes[index].alive.contains_key(&number) {
            let what = format!("at {}: call {number} is cancelled and goes on", self.time);
            self.watch.report(Rule::Over, what);
        }
    }

    fn ask(
        &mut self,
        process: usize,
        engine: u32,
        id: ExchangeId,
        replica: ReplicaId,
        request: &Request,
    ) {
        let (time, wall) = (self.time, self.wall());
        let Some(store) = &mut self.store else { return };
        let back = self.dice.between(0, store.plan.latency);
        if time < store.down_until {
            // Half of the time nobody says so.
            if self.dice.chance(50) {
                self.at(time + back, What::Tell { process, engine, id, reply: None });
            }
            return;
        }
        let reply = store.transact(replica, wall, request);
        if self.is_shown {
            let (granted, denial) = (reply.granted, reply.denial);
            let costs = request.costs.len();
            println!(
                "{:>9.3} STORE {replica:?} peer {:x} seq {} costs {costs} granted {granted} {denial:?} day {} spent {}",
                time as f64 / 1e3,
                request.peer % 0xFFFF,
                request.seq,
                reply.shared.usage.used(Dimension::RequestsPerDay),
                reply.shared.usage.used(Dimension::Budget),
            );
        }
        if self.dice.chance(store.plan.lost) {
            // Done, and the answer is lost: the process hears of a failure, or nothing.
            if self.dice.chance(50) {
                self.at(time + back, What::Tell { process, engine, id, reply: None });
            }
            return;
        }
        self.at(time + back, What::Tell { process, engine, id, reply: Some(reply) });
    }

    fn event(&mut self, event: Event) {
        let time = self.time;
        if matches!(event, Event::SetWall(..) | Event::Sleep(..) | Event::SetStore(..)) {
            self.clock_set = self.clock_set.or(Some(self.wall()));
        }
        match event {
            Event::Configure(patch) => {
                let wall = self.wall();
                self.service.handle(wall, ToService::Tick);
                self.service.configure(wall, &patch).expect("a configuration");
            }
            Event::SetWall(index, by) => self.processes[index].wall += by,
            Event::Sleep(index, long) => {
                let process = &mut self.processes[index];
                if process.asleep.is_none() {
                    // The clock stands from now on: what it lags behind is known at once.
                    process.asleep = Some(time + long);
                    process.lag += long;
                    self.at(time + long, What::Wake(index));
                }
            }
            Event::Crash(index) => self.crash(index, false),
            Event::Trap(index) => self.crash(index, true),
            Event::Close(index) => {
                if self.processes[index].asleep.is_some() {
                    return;
                }
                let now = self.now(index);
                let process = &mut self.processes[index];
                process.is_closed = true;
                let id = process.id;
                process.engine.handle(now, Input::Closed);
                self.drain(index);
                if self.watch.alive(id) > 0 {
                    self.watch.report(Rule::Over, format!("at {time}: calls live after close"));
                }
            }
            Event::StoreDown(long) => {
                if let Some(store) = &mut self.store {
                    store.down_until = time + long;
                }
            }
            Event::StoreEmpty => self.store.iter_mut().for_each(Store::forget),
            Event::StoreOlder => self.store.iter_mut().for_each(Store::go_back),
            Event::SetStore(by) => {
                if let Some(store) = &mut self.store {
                    store.offset += by;
                }
            }
            Event::Tenant(model) => {
                self.order += 1;
                let id = STRANGE + self.order;
                let request = service::request(id, MODELS[model], "somebody else's");
                self.service.handle(self.wall(), ToService::Request(request));
            }
            Event::Stranger(peer) => {
                let wall = self.wall();
                let truth = self.scenario.truth[0].limits(100);
                let large =
                    Amounts { requests: 9, tokens: 900_000, images: 9, nanos: 9_999_999_999 };
                let request = Request {
                    peer,
                    seq: peer,
                    given: truth,
                    tier: Limits::default(),
                    seen: None,
                    deltas: Vec::new(),
                    costs: vec![large; 3],
                    waiting: 100_000,
                    epoch: peer,
                };
                let lane = ReplicaId::Lane(self.processes[0].lanes[0]);
                if let Some(store) = &mut self.store {
                    let _ = store.transact(lane, wall, &request);
                }
            }
        }
    }

    /// The engine is gone with its attempts. After a trap the same computer goes on with what the
    /// old one had counted; after a crash another process begins.
    fn crash(&mut self, index: usize, is_trap: bool) {
        if self.processes[index].asleep.is_some() || self.processes[index].is_closed {
            return;
        }
        let now = self.now(index);
        let old = &self.processes[index];
        let (id, replicas) = (old.id, old.engine.own_replicas());
        let (base, lag, wall, audited) = (old.mono_base, old.lag, old.wall, old.is_audited);
        for number in self.watch.lost(id) {
            self.settled[number] = true;
        }
        let gone: Vec<u64> =
            self.open.iter().filter(|(_, open)| open.engine == id).map(|(id, _)| *id).collect();
        for attempt in gone {
            self.open.remove(&attempt);
            self.service.handle(self.wall(), ToService::Disconnect { id: attempt });
        }
        let mut process = self.process();
        process.wall = wall;
        if is_trap {
            (process.mono_base, process.lag, process.is_audited) = (base, lag, audited);
            for (replica, state) in replicas {
                process.engine.recall(now, replica, &state);
            }
            self.watch.inherited(id, process.id);
        } else {
            process.lag = self.time;
        }
        self.processes[index] = process;
    }

    fn drain(&mut self, index: usize) {
        while let Some(output) = self.processes[index].engine.poll() {
            self.output(index, output);
        }
    }

    fn output(&mut self, index: usize, output: Output) {
        let mono = self.mono(index);
        let id = self.processes[index].id;
        if self.is_shown {
            let text = format!("{output:?}");
            let text: String = text.chars().take(260).collect();
            println!("{:>9.3} e{id} {text}", self.time as f64 / 1e3);
        }
        self.watch.wall = self.now(index).wall;
        self.watch.said(id, mono, &output);
        match output {
            Output::Send { call, attempt, target, .. } => {
                self.note(&[2, call.0.into(), attempt.0.into(), target as u64, self.time]);
                let process = &self.processes[index];
                let number = process.alive.iter().find(|(_, other)| **other == call);
                let Some(number) = number.map(|(number, _)| *number) else { return };
                let plan = &self.scenario.plans[number];
                let model = plan.chain[target].0;
                let key = u64::from(id) << 32 | u64::from(attempt.0);
                self.open.insert(key, Open { process: index, engine: id, call, attempt, model });
                let request = service::request(key, MODELS[model], &plan.prompt);
                self.service.handle(self.wall(), ToService::Request(request));
            }
            Output::Abort { attempt, .. } => {
                let key = u64::from(id) << 32 | u64::from(attempt.0);
                self.open.remove(&key);
                self.service.handle(self.wall(), ToService::Disconnect { id: key });
            }
            Output::Settle { call, .. } => {
                self.note(&[3, call.0.into(), self.time]);
                let alive = &mut self.processes[index].alive;
                let number = alive.iter().find(|(_, other)| **other == call);
                if let Some(number) = number.map(|(number, _)| *number) {
                    alive.remove(&number);
                    self.settled[number] = true;
                }
            }
            Output::Transact { id: exchange, replica, request } => {
                self.note(&[4, exchange.0, request.costs.len() as u64, self.time]);
                let Some(store) = &self.store else { return };
                let there = self.dice.between(0, store.plan.latency);
                let late = self.dice.chance(store.plan.late);
                let there = if late { there + 2_000 + self.dice.between(0, 4_000) } else { there };
                let what = What::Ask { process: index, engine: id, id: exchange, replica, request };
                self.at(self.time + there, what);
            }
            Output::Wait { call, until, .. } => self.note(&[6, call.0.into(), until.0]),
            Output::Switch { call, to, .. } => self.note(&[7, call.0.into(), to as u64]),
            Output::Hold { .. } | Output::Notice(_) => {}
        }
    }

    fn answer(&mut self, output: &FromService) {
        let Some(open) = self.open.remove(&output.id()) else { return };
        let Open { process: index, engine, call, attempt, model } = open;
        if self.processes[index].id != engine {
            return;
        }
        let now = self.now(index);
        let came = service::read(output, MODELS[model], now.wall);
        if self.is_shown {
            let text: String = format!("{came:?}").chars().take(330).collect();
            println!("{:>9.3} e{engine} <- {attempt:?} {text}", self.time as f64 / 1e3);
        }
        let input = match came {
            Came::Picture(used) => {
                self.watch.answered(engine, call.0, attempt, &used);
                Input::Answered { call, attempt, used: Some(used) }
            }
            Came::Error(info) => {
                let info = Rc::new(*info);
                self.watch.failed(engine, call.0, attempt, now.mono.0, &info);
                Input::Failed { call, attempt, info, verdict: None }
            }
        };
        self.processes[index].engine.handle(now, input);
        self.drain(index);
        self.watch.said_all(engine, call.0);
    }

    /// Mixes what happens into the trace (FNV-1a, by words).
    fn note(&mut self, words: &[u64]) {
        for word in words {
            self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(5);
        }
    }
}

/// The caller's count of each prompt's tokens: a quarter of the letters, or the service's own
/// count, where he has asked for it.
fn tokens(scenario: &Scenario) -> Vec<u64> {
    let guess = || scenario.plans.iter().map(|plan| plan.prompt.len() as u64 / 4 + 1).collect();
    if !scenario.knows_tokens || scenario.truth.iter().all(|truth| truth.tpm.is_none()) {
        return guess();
    }
    let mut service = Service::new(Config::default()).expect("a configuration");
    for (number, plan) in scenario.plans.iter().enumerate() {
        let request = service::request(number as u64, MODELS[0], &plan.prompt);
        service.handle(scenario.start, ToService::Request(request));
    }
    service.handle(scenario.start + DAY, ToService::Tick);
    service.records().map(|record| record.prompt_tokens).collect()
}

/// When an engine is woken by its host, which lives on whether or not anybody waits.
fn wakes(engine: &mut Engine) -> Option<Instant> {
    [engine.next_wakeup(), engine.next_idle_wakeup()].into_iter().flatten().min()
}
