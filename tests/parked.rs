//! Calls that wait for the next day of a budget, or for money that comes back before.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing
)]

use std::rc::Rc;

use proptest::prelude::*;
use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::{AttemptId, CallId, LaneId, ReplicaId};
use unexhausted::engine::input::{BACKGROUND, CallSpec, INTERACTIVE, Input, OnDailyLimit, Used};
use unexhausted::engine::lane::LaneSpec;
use unexhausted::engine::output::{Ending, Output};
use unexhausted::engine::state_machine::Engine;
use unexhausted::engine::target::Target;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::{Dimension, Kind};
use unexhausted::quota::limits::Limits;
use unexhausted::quota::window::Amounts;
use unexhausted::retry::ending::Why;
use unexhausted::retry::policy::Policy;

const NOON: u64 = 1_780_000_000_000;
const PER_DAY: u64 = 100;

/// A client with a budget for a day, and what its calls are told.
struct Client {
    engine: Engine,
    lanes: Vec<LaneId>,
    now: u64,
    sent: Vec<CallId>,
    failed: Vec<(CallId, Why, Rc<ErrorInfo>)>,
    ids: Vec<(CallId, AttemptId)>,
    ended: usize,
    /// Whether a call was to be tried again, and so lost its place.
    has_retries: bool,
    /// Those that have not ended, in the order of arrival, with the prices of their chains.
    alive: Vec<(CallId, i32, Vec<u64>)>,
}

impl Client {
    fn new(per_minute: Option<u64>, lanes: usize) -> Self {
        let mut engine = Engine::new(1);
        let none = Limits::default();
        engine.set_budget(&none.with(Dimension::BudgetPerDay, Some(PER_DAY)));
        let account = engine.open_account(&none, &none);
        let given = none.with(Dimension::RequestsPerMinute, per_minute);
        let open = |_| engine.open_lane(&LaneSpec { account, given, tier: none });
        let lanes = (0..lanes).map(open).collect();
        let (sent, failed, ids) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            engine,
            lanes,
            now: 1_000,
            sent,
            failed,
            ids,
            ended: 0,
            has_retries: false,
            alive: Vec::new(),
        }
    }

    const fn clock(&self) -> Now {
        Now { mono: Instant(self.now), wall: WallTime(NOON + self.now) }
    }

    fn poll(&mut self) {
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Send { call, attempt, .. } => {
                    self.sent.push(call);
                    self.ids.push((call, attempt));
                }
                Output::Abort { attempt, .. } => self.ids.retain(|(_, of)| *of != attempt),
                Output::Wait { .. } => self.has_retries = true,
                Output::Settle { call, ending, .. } => {
                    self.ids.retain(|(of, _)| *of != call);
                    self.ended += 1;
                    self.alive.retain(|(of, ..)| *of != call);
                    if let Ending::Failed { why, info } = ending {
                        self.failed.push((call, why, info));
                    }
                }
                _ => {}
            }
        }
    }

    fn start(&mut self, nanos: u64, change: impl Fn(&mut CallSpec)) -> CallId {
        self.start_in(&[(0, nanos)], change)
    }

    fn start_in(&mut self, chain: &[(usize, u64)], change: impl Fn(&mut CallSpec)) -> CallId {
        let target = |(lane, nanos): &(usize, u64)| {
            let cost = Amounts { requests: 1, tokens: 10, images: 1, nanos: *nanos };
            Target { lane: Some(self.lanes[*lane]), cost, ..Target::of_account(0) }
        };
        let targets: Rc<[Target]> = chain.iter().map(target).collect();
        let mut spec = CallSpec::new(Rc::new(Policy::GENERATE), targets);
        spec.on_daily_limit = OnDailyLimit::Wait;
        change(&mut spec);
        let priority = spec.priority;
        let call = self.engine.start(self.clock(), spec);
        let prices = chain.iter().map(|(_, nanos)| *nanos).collect();
        self.alive.push((call, priority, prices));
        self.poll();
        call
    }

    /// Something happens a second later, by when the requests before are taken in.
    fn handle(&mut self, input: Input) {
        self.now += 1_000;
        self.engine.handle(self.clock(), input);
        self.poll();
    }

    /// The service refuses what a call asks for, which costs nothing.
    fn refuse(&mut self, call: CallId) {
        self.fail(call, Kind::InvalidRequest);
    }

    fn fail(&mut self, call: CallId, kind: Kind) {
        let attempt = self.complete(call);
        let info = Rc::new(ErrorInfo::new(kind));
        self.handle(Input::Failed { call, attempt, info, verdict: None });
    }

    fn answer(&mut self, call: CallId, nanos: u64) {
        let attempt = self.complete(call);
        let used = Some(Used { nanos: Some(nanos), ..Used::default() });
        self.handle(Input::Answered { call, attempt, used });
    }

    /// The attempt of a call that is in flight, which lands now.
    fn complete(&mut self, call: CallId) -> AttemptId {
        let place = self.ids.iter().rposition(|(of, _)| *of == call);
        self.ids.remove(place.expect("it is in flight")).1
    }

    /// Time passes until something is due.
    fn wake(&mut self) {
        self.now = self.engine.next_wakeup().expect("something is due").0;
        self.engine.handle(self.clock(), Input::Woken);
        self.poll();
    }

    /// The rest of the day's money.
    fn left(&mut self) -> u64 {
        let usage = self.engine.usage(self.clock(), ReplicaId::Budget);
        PER_DAY.saturating_sub(usage.iter().map(|(usage, _)| usage.used).sum())
    }

    fn queued(&self, lane: usize) -> u64 {
        self.engine.load(self.lanes[lane]).expect("it is a lane").0
    }
}

fn plain(_: &mut CallSpec) {}

#[test]
fn who_came_first_goes_first_and_keeps_the_smaller_ones_until_the_next_day_at_most() {
    let mut client = Client::new(None, 1);
    let (first, second) = (client.start(60, plain), client.start(40, plain));
    let (large, small) = (client.start(100, plain), client.start(30, plain));
    assert_eq!(client.sent, [first, second]);
    client.refuse(first);
    assert_eq!(client.sent, [first, second], "60 are left, and the next wants 100");
    client.wake();
    assert!(client.now > 3_600_000, "nothing is due before the next day");
    assert_eq!(client.sent, [first, second, large]);
    client.answer(large, 70);
    assert_eq!(client.sent, [first, second, large, small]);
}

#[test]
fn no_more_are_woken_than_there_is_money_for() {
    let mut client = Client::new(Some(1), 1);
    let first = client.start(100, plain);
    let waiting: Vec<CallId> = (0..50).map(|_| client.start(40, plain)).collect();
    assert_eq!(client.queued(0), 0);
    client.refuse(first);
    assert_eq!(client.queued(0), 2, "two fit, and wait for the minute");
    client.wake();
    assert_eq!((client.sent.len(), client.queued(0)), (2, 1));
    client.answer(waiting[0], 20);
    assert_eq!(client.queued(0), 2, "what is left of the first makes room for a third");
    for _ in 0..2 {
        client.wake();
    }
    assert_eq!(client.sent[1..], waiting[..3]);
    assert_eq!(client.queued(0), 0);
    client.wake();
    assert!(client.now > 3_600_000);
    assert_eq!(client.sent[1..], waiting[..4]);
    assert_eq!(client.queued(0), 1, "of a new day, too");
}

#[test]
fn the_money_of_one_that_is_cancelled_after_it_was_woken_is_the_next_one_s() {
    let mut client = Client::new(Some(1), 1);
    let first = client.start(100, plain);
    let waiting: Vec<CallId> = (0..5).map(|_| client.start(60, plain)).collect();
    client.refuse(first);
    assert_eq!(client.queued(0), 1);
    client.handle(Input::Cancelled { call: waiting[0] });
    assert_eq!(client.queued(0), 1, "its money is the next one's");
    client.wake();
    assert_eq!(client.sent, [first, waiting[1]]);
}

#[test]
fn interactive_calls_go_before_those_of_the_background_which_get_a_tenth() {
    let mut client = Client::new(None, 1);
    let mut current = client.start(100, plain);
    let background = client.start(100, |spec| spec.priority = BACKGROUND);
    for _ in 0..20 {
        client.start(100, |spec| spec.priority = INTERACTIVE);
    }
    for _ in 0..12 {
        client.refuse(current);
        current = *client.sent.last().expect("one goes");
    }
    let turn = client.sent.iter().position(|call| *call == background);
    assert_eq!(turn, Some(10), "after nine others and the one in flight");
}

#[test]
fn who_is_cancelled_or_late_keeps_nobody() {
    let mut client = Client::new(None, 1);
    let (first, second) = (client.start(60, plain), client.start(40, plain));
    let large = client.start(90, plain);
    let day = 26 * 3_600_000;
    let late = client.start(50, |spec| spec.deadline = Some(Millis(day)));
    let hasty = client.start(50, |spec| spec.deadline = Some(Millis(1_000)));
    assert_eq!(client.failed.iter().map(|(call, ..)| *call).collect::<Vec<_>>(), [hasty]);
    client.refuse(first);
    assert_eq!(client.sent, [first, second]);
    client.handle(Input::Cancelled { call: large });
    assert_eq!(client.sent, [first, second, late]);
    client.refuse(late);
    let (large, late) = (client.start(100, plain), client.start(70, plain));
    client.now += day;
    client.handle(Input::Woken);
    assert_eq!(client.sent[3..], [large]);
    client.refuse(large);
    assert_eq!(client.sent[4..], [late]);
}

#[test]
fn what_costs_more_than_a_whole_day_fails_at_once() {
    let mut client = Client::new(None, 1);
    let call = client.start(PER_DAY + 1, plain);
    let (failed, why, info) = client.failed.pop().expect("it waits for no day");
    assert_eq!((failed, why, info.kind), (call, Why::OverBudget, Kind::OverBudget));
    assert_eq!((info.retry_at, info.retry_after), (None, None));
    assert!(!info.advice.contains("Wait"), "{}", info.advice);
}

#[test]
fn one_that_waits_for_its_model_keeps_no_other_model_from_the_rest_of_the_money() {
    let mut client = Client::new(Some(1), 2);
    let busy = client.start(10, plain);
    let first = client.start_in(&[(1, 90)], plain);
    let here = [client.start(30, plain), client.start(30, plain)];
    let there = client.start_in(&[(1, 30)], plain);
    // All but the ten of the one that is in flight comes back.
    client.now += 70_000;
    client.refuse(first);
    assert_eq!(client.sent, [busy, first, here[0], there]);
    assert_eq!(client.queued(0), 1);
}

#[test]
fn a_call_goes_to_a_cheaper_model_that_there_is_money_for() {
    let mut client = Client::new(None, 2);
    let (first, second) = (client.start(60, plain), client.start(40, plain));
    let both = client.start_in(&[(0, 90), (1, 50)], plain);
    client.refuse(first);
    assert_eq!(client.sent, [first, second, both]);
    assert_eq!(client.engine.target(both), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Start { chain: Vec<(usize, u64)>, background: bool, deadline: Option<u64>, waits: bool },
    Answer { attempt: usize, nanos: u64 },
    Fail { attempt: usize, kind: Kind },
    Cancel { call: u32 },
    Wake,
    Pass { millis: u64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    let chain = prop::collection::vec((0..2_usize, 0..110_u64), 1..3);
    let deadline = prop::option::weighted(0.3, 1_000..200_000_000_u64);
    let kinds: &[Kind] = &[Kind::Overloaded, Kind::NoImage, Kind::Network];
    let kinds = prop_oneof![20 => Just(Kind::InvalidRequest), 1 => prop::sample::select(kinds)];
    prop_oneof![
        6 => (chain, any::<bool>(), deadline, prop::bool::weighted(0.8)).prop_map(
            |(chain, background, deadline, waits)| Step::Start {
                chain,
                background,
                deadline,
                waits,
            }
        ),
        3 => (any::<usize>(), 0..110_u64).prop_map(|(attempt, nanos)| Step::Answer { attempt, nanos }),
        3 => (any::<usize>(), kinds).prop_map(|(attempt, kind)| Step::Fail { attempt, kind }),
        1 => (0..40_u32).prop_map(|call| Step::Cancel { call }),
        1 => Just(Step::Wake),
        1 => (0..90_000_000_u64).prop_map(|millis| Step::Pass { millis }),
    ]
}

impl Client {
    fn step(&mut self, step: &Step) {
        let of = |ids: &[(CallId, AttemptId)], index: usize| {
            ids.get(index % ids.len().max(1)).map(|(call, _)| *call)
        };
        match step {
            Step::Start { chain, background, deadline, waits } => {
                self.start_in(chain, |spec| {
                    spec.priority = if *background { BACKGROUND } else { INTERACTIVE };
                    spec.deadline = deadline.map(Millis);
                    if !waits {
                        spec.on_daily_limit = OnDailyLimit::Fail;
                    }
                });
            }
            Step::Answer { attempt, nanos } => {
                if let Some(call) = of(&self.ids, *attempt) {
                    self.answer(call, *nanos);
                }
            }
            Step::Fail { attempt, kind } => {
                if let Some(call) = of(&self.ids, *attempt) {
                    self.fail(call, *kind);
                }
            }
            Step::Cancel { call } => self.handle(Input::Cancelled { call: CallId(*call) }),
            Step::Wake if self.engine.next_wakeup().is_some() => self.wake(),
            Step::Wake => {}
            Step::Pass { millis } => {
                self.now += millis;
                self.handle(Input::Woken);
            }
        }
    }
}

proptest! {
    #[test]
    fn every_call_ends_in_few_steps(
        per_minute in prop::option::of(1..5_u64),
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut client = Client::new(per_minute, 2);
        for step in &steps {
            client.step(step);
        }
        let started = steps.iter().filter(|step| matches!(step, Step::Start { .. })).count();
        let mut left = 1_000;
        while client.ended < started {
            prop_assert!(left > 0, "{} of {} have ended", client.ended, started);
            left -= 1;
            match client.ids.last() {
                Some((call, _)) => client.answer(*call, 50),
                None => client.wake(),
            }
        }
        prop_assert_eq!(client.engine.next_wakeup(), None);
    }

    #[test]
    fn no_money_lies_idle_that_the_next_one_needs(
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut client = Client::new(None, 2);
        for step in &steps {
            client.step(step);
            let is_quiet = client.ids.is_empty() && client.queued(0) + client.queued(1) == 0;
            if !is_quiet || client.has_retries {
                continue;
            }
            let left = client.left();
            let first = |background: bool| {
                let is_it = |(_, priority, _): &&(_, i32, _)| (*priority == BACKGROUND) == background;
                client.alive.iter().find(is_it)
            };
            let heads = [first(false), first(true)].into_iter().flatten();
            let fits = heads.map(|(.., prices)| prices.iter().any(|price| *price <= left));
            let fits: Vec<bool> = fits.collect();
            prop_assert!(fits.is_empty() || fits.contains(&false), "{left} left for {:?}", client.alive);
        }
    }
}
