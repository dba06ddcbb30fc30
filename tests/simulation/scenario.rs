//! One scenario of the swarm, drawn from its seed: which features it has, and what they do when.
//!
//! Every feature is on or off by a draw of its own, so that each is often seen with few others:
//! a mistake that needs a storm and no deadline is not hidden by deadlines being always there.

use std::rc::Rc;

use serde_json::{Value as Json, json};
use unexhausted::base::time::Millis;
use unexhausted::engine::input::{BACKGROUND, INTERACTIVE, OnDailyLimit};
use unexhausted::errors::kind::Dimension;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::replica::OnStoreDown;
use unexhausted::retry::policy::Policy;

use crate::dice::Dice;

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// The models of a chain, in the order of preference.
pub(crate) const MODELS: [&str; 3] =
    ["gemini-3-pro-image", "gemini-3.1-flash-image", "gemini-2.5-flash-image"];

/// 2026-11-24 12:00:00 UTC, four in the morning in Los Angeles.
const NIGHT: u64 = 1_795_521_600_000;
/// Half past ten in the evening there.
const EVENING: u64 = 1_795_588_200_000;
/// The evenings before clocks are set forward (2026-03-08) and back (2026-11-01), at 22:30.
const BEFORE_SUMMER: u64 = 1_772_951_400_000;
const BEFORE_WINTER: u64 = 1_793_511_000_000;

/// The limits of one model as the service has them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) rpm: Option<u64>,
    pub(crate) tpm: Option<u64>,
    pub(crate) ipm: Option<u64>,
    pub(crate) rpd: Option<u64>,
}

impl Truth {
    /// As the service is configured.
    pub(crate) fn json(self) -> Json {
        json!({ "rpm": self.rpm, "tpm": self.tpm, "ipm": self.ipm, "rpd": self.rpd })
    }

    /// As the engine takes them, all times so many hundredths.
    pub(crate) fn limits(self, percent: u64) -> Limits {
        let times = |limit: Option<u64>| limit.map(|limit| (limit * percent / 100).max(1));
        Limits::default()
            .with(Dimension::RequestsPerMinute, times(self.rpm))
            .with(Dimension::TokensPerMinute, times(self.tpm))
            .with(Dimension::ImagesPerMinute, times(self.ipm))
            .with(Dimension::RequestsPerDay, times(self.rpd))
    }
}

/// The user's knowledge of the limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Known {
    True,
    TooHigh,
    /// The published limits of a tier, which may be others than the true ones.
    Tier,
    Nothing,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) at: u64,
    pub(crate) process: usize,
    pub(crate) priority: i32,
    pub(crate) deadline: Option<u64>,
    /// Indices of [`MODELS`], each with whether a smaller picture is asked of it.
    pub(crate) chain: Vec<(usize, bool)>,
    /// The most that it may cost, in billionths of a USD.
    pub(crate) max_cost: Option<u64>,
    /// Whether it keeps out of the hours of overload.
    pub(crate) avoids_peak: bool,
    pub(crate) policy: Rc<Policy>,
    pub(crate) on_daily: OnDailyLimit,
    pub(crate) prompt: String,
    /// When the caller aborts, from the start.
    pub(crate) cancel: Option<u64>,
}

/// An event beside the calls.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The service is configured anew.
    Configure(String),
    /// The wall clock of a process is set.
    SetWall(usize, i64),
    /// The computer of a process sleeps for so long.
    Sleep(usize, u64),
    /// A process is gone at once, and another one takes its place.
    Crash(usize),
    /// The module of a process traps: a new engine takes over what the old one had counted.
    Trap(usize),
    Close(usize),
    /// The store answers nothing for so long.
    StoreDown(u64),
    /// The store has lost everything.
    StoreEmpty,
    /// The store is back at an older state.
    StoreOlder,
    /// The store's clock is set.
    SetStore(i64),
    /// Somebody else's request.
    Tenant(usize),
    /// Somebody else asks the store for permits.
    Stranger(u64),
}

/// The store that the processes share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StorePlan {
    pub(crate) on_down: OnStoreDown,
    /// The longest way there, and back.
    pub(crate) latency: u64,
    /// In a hundred answers so many are lost after the work was done.
    pub(crate) lost: u64,
    /// So many updates run twice.
    pub(crate) conflicts: u64,
    /// So many are done only after the process has given up on them.
    pub(crate) late: u64,
    pub(crate) offset: i64,
}

/// All that is decided before the run begins.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) start: u64,
    pub(crate) models: usize,
    pub(crate) truth: Vec<Truth>,
    /// USD in ten minutes.
    pub(crate) spend: Option<f64>,
    /// The most that may be spent in all, in billionths of a USD.
    pub(crate) budget: Option<u64>,
    pub(crate) known: Known,
    /// The fake service's configuration.
    pub(crate) config: Json,
    pub(crate) plans: Vec<Plan>,
    pub(crate) events: Vec<(u64, Event)>,
    pub(crate) processes: usize,
    pub(crate) store: Option<StorePlan>,
    pub(crate) concurrency: Option<u64>,
    /// Whether callers know exactly how many tokens their prompts have.
    pub(crate) knows_tokens: bool,
    /// From when on nothing goes wrong any more.
    pub(crate) quiet: u64,
    /// How long it may take from then on until every call has ended.
    pub(crate) bound: u64,
    /// Whether no limit may ever refuse a request.
    pub(crate) is_clean: bool,
    /// Whether nothing but limits can keep a call, so that its turn can be foretold.
    pub(crate) is_plain: bool,
    /// The features that the seed has switched on, for a report of a failure.
    pub(crate) features: Vec<&'static str>,
}

/// The kind of scenario that is asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Bias {
    /// Any scenario, by the seed.
    #[default]
    None,
    /// Limits are known, and nobody but us can exceed them.
    Clean,
    /// As clean, and several processes share a store.
    Shared,
}

impl Scenario {
    pub(crate) fn new(seed: u64, bias: Bias) -> Self {
        Draw::new(seed, bias).scenario()
    }
}

struct Draw {
    dice: Dice,
    seed: u64,
    is_clean: bool,
    features: Vec<&'static str>,
}

impl Draw {
    fn new(seed: u64, bias: Bias) -> Self {
        let mut dice = Dice::new(seed);
        let clean = dice.chance(45);
        let mut features = Vec::new();
        if bias == Bias::Shared {
            features.push("shared");
        }
        Self { dice, seed, is_clean: clean || bias != Bias::None, features }
    }

    /// A feature, on so many times in a hundred.
    fn has(&mut self, name: &'static str, percent: u64) -> bool {
        let is_on = self.dice.chance(percent);
        if is_on {
            self.features.push(name);
        }
        is_on
    }

    /// A feature after which a refusal may be nobody's fault.
    fn has_dirty(&mut self, name: &'static str, percent: u64) -> bool {
        let is_on = self.dice.chance(percent) && !self.is_clean;
        if is_on {
            self.features.push(name);
        }
        is_on
    }

    fn scenario(mut self) -> Scenario {
        let models = self.dice.pick(&[1, 1, 1, 2, 3]);
        let is_shared = self.features.contains(&"shared") || self.has("shared", 30);
        let processes = if is_shared { self.dice.between(2, 5) as usize } else { 1 };
        let is_scarce = self.has("daily", 18);
        let truth: Vec<Truth> = (0..models).map(|_| self.truth(is_scarce)).collect();
        let spend = self.has("spend", 18).then(|| self.dice.between(3, 20) as f64);
        let known = match self.dice.between(0, 9) {
            _ if self.is_clean => Known::True,
            0..=1 => Known::True,
            2..=4 => Known::TooHigh,
            5 => Known::Tier,
            _ => Known::Nothing,
        };
        let start = self.dice.pick(&[NIGHT, NIGHT, EVENING, BEFORE_SUMMER, BEFORE_WINTER])
            + self.dice.between(0, HOUR);
        let length = self.dice.pick(&[2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR]);
        let store = is_shared.then(|| self.store());
        let plans = self.plans(models, processes, length);
        let (config, storm) = self.config(&truth, spend, length);
        let events = self.events(models, processes, length, &truth, store.as_ref());
        let last = plans.iter().map(|plan| plan.at).max().unwrap_or_default();
        let quiet = last.max(length).max(storm) + MINUTE;
        let has_timeouts = plans.iter().any(|plan| plan.policy.timeout.is_some());
        let troubles =
            ["storm", "cancels", "deadlines", "sleep", "crash", "close", "trap", "spend"];
        let is_plain = self.is_clean
            && !is_shared
            && !is_scarce
            && !troubles.iter().any(|name| self.features.contains(name))
            && !self.features.contains(&"concurrency")
            && !has_timeouts;
        let concurrency = self.features.contains(&"concurrency");
        let concurrency = concurrency.then(|| self.dice.between(1, 12));
        let knows_tokens = self.is_clean || self.dice.chance(30);
        let mut scenario = Scenario {
            seed: self.seed,
            start,
            models,
            truth,
            spend,
            budget: None,
            known,
            config,
            plans,
            events,
            processes,
            store,
            concurrency,
            knows_tokens,
            quiet,
            bound: 0,
            is_clean: self.is_clean,
            is_plain,
            features: self.features,
        };
        let dice = Dice::new(self.seed ^ 0xB0D6E7);
        allow(&mut scenario, dice);
        scenario.bound = bound(&scenario);
        scenario
    }

    fn truth(&mut self, is_scarce: bool) -> Truth {
        let mut truth = Truth::default();
        if self.has("rpm", 75) {
            truth.rpm = Some(self.dice.pick(&[1, 2, 5, 10, 20, 60, 200]));
        }
        if self.has("tpm", 25) {
            truth.tpm = Some(self.dice.pick(&[2_000, 10_000, 50_000, 5_000_000]));
        }
        if self.has("ipm", 15) {
            truth.ipm = Some(self.dice.between(2, 30));
        }
        if is_scarce {
            truth.rpd = Some(self.dice.between(5, 60));
        }
        truth
    }

    fn store(&mut self) -> StorePlan {
        let loses = self.has("lost answers", 25);
        let down = [OnStoreDown::Open, OnStoreDown::Closed, OnStoreDown::Local];
        // A process that goes on without the store may exceed a limit; one that does not, may not.
        let on_down = if self.is_clean { OnStoreDown::Closed } else { self.dice.pick(&down) };
        let offset = self.dice.pick(&[0, -240_000, 180_000, 3_600_000, -90_000]);
        // The day ends by the store's clock: shared usage has no other.
        let has_day = self.is_clean && self.features.contains(&"daily");
        let offset = if has_day { 0 } else { offset };
        StorePlan {
            on_down,
            latency: self.dice.pick(&[0, 5, 20, 50]),
            lost: if loses { self.dice.between(1, 20) } else { 0 },
            conflicts: if self.has("conflicts", 40) { self.dice.between(1, 60) } else { 0 },
            late: if self.has_dirty("late store", 15) { self.dice.between(1, 10) } else { 0 },
            offset,
        }
    }

    fn plans(&mut self, models: usize, processes: usize, length: u64) -> Vec<Plan> {
        let count = self.dice.pick(&[1, 4, 12, 30, 60, 120]) as usize;
        let arrivals = self.arrivals(count, length);
        let mixes = self.has("mixed priorities", 50);
        let (deadlines, cancels) = (self.has("deadlines", 25), self.has("cancels", 25));
        let policies = self.has("policies", 35);
        let concurrency = self.has("concurrency", 20);
        let long = self.has("long prompts", 30);
        let outages = self.dice.pick(&[None, None, Some(2 * MINUTE), Some(20 * MINUTE)]);
        let is_batch = self.dice.chance(50);
        let daily = [OnDailyLimit::Fail, OnDailyLimit::Fallback, OnDailyLimit::Wait];
        let daily = self.dice.pick(&daily);
        let timeout = self.dice.pick(&[None, Some(190_000), Some(40_000)]);
        let _ = concurrency;
        let mut dice = self.dice.split();
        let plan = |(number, at): (usize, u64)| {
            let priorities = [BACKGROUND, INTERACTIVE, BACKGROUND, INTERACTIVE, 5, -3, 40];
            let usual = if is_batch { BACKGROUND } else { INTERACTIVE };
            let priority = if mixes { dice.pick(&priorities) } else { usual };
            let policy = match dice.between(0, 3) {
                0 if policies => Policy::drop_in(dice.between(1, 6) as u32, Millis(2_000)),
                1 if policies => Policy::fallback(),
                2 if policies => Policy::RETRY,
                _ => Policy::GENERATE,
            };
            // Something may hang, and without a timeout nobody would notice.
            let timeout = timeout.or(Some(190_000)).map(Millis);
            let policy = Policy { timeout, max_outage: outages.map(Millis), ..policy };
            let deadline = (deadlines && dice.chance(60))
                .then(|| dice.pick(&[0, 500, 5_000, 30_000, 120_000, 900_000]));
            let first = if dice.chance(80) { 0 } else { dice.between(0, models as u64 - 1) };
            let length = if long { dice.between(200, 6_000) } else { 60 } as usize;
            let mut prompt = format!("[{number}] ");
            prompt.push_str(&"a paper boat on a calm lake at dusk, ".repeat(length / 37 + 1));
            prompt.truncate(length);
            let after = dice.pick(&[0, 100, 1_500, 12_000, 60_000, 400_000]);
            let cancel = (cancels && dice.chance(40)).then(|| at + dice.between(0, after));
            Plan {
                at,
                process: number % processes,
                priority,
                deadline,
                chain: (first as usize..models).map(|model| (model, false)).collect(),
                max_cost: None,
                avoids_peak: false,
                policy: Rc::new(policy),
                on_daily: daily,
                prompt,
                cancel,
            }
        };
        arrivals.into_iter().enumerate().map(plan).collect()
    }

    fn arrivals(&mut self, count: usize, length: u64) -> Vec<u64> {
        let pattern = self.dice.between(0, 3);
        self.features.push(["herd", "poisson", "bursts", "trickle"][pattern as usize]);
        let mut at = self.dice.between(0, 2_000);
        let mean = length / count as u64;
        let mut times: Vec<u64> = (0..count)
            .map(|number| {
                at += match pattern {
                    0 => 0,
                    1 => self.dice.pause(mean),
                    2 if number % 15 == 14 => self.dice.between(0, mean * 30),
                    2 => self.dice.between(0, 20),
                    _ => mean,
                };
                at.min(length)
            })
            .collect();
        times.sort_unstable();
        times
    }

    /// The configuration, and when the last storm is over.
    fn config(&mut self, truth: &[Truth], spend: Option<f64>, length: u64) -> (Json, u64) {
        let discipline = self.dice.pick(&["fixed", "sliding", "bucket"]);
        self.features.push(discipline);
        let body = self.dice.pick(&["detailed", "detailed", "bare", "gateway", "empty"]);
        let hint = self.dice.pick(&["true", "short", "mixed"]);
        let rejected = self.has("rejected count", 35);
        let tail = if self.has("long tail", 20) { 0.05 } else { 0.0 };
        let mut all = json!({
            "seed": self.seed, "pictureSize": 1, "discipline": discipline, "quotaBody": body,
            "dailyHint": hint, "rejectedCount": rejected, "spendLimit": spend,
            "latency": { "tail": tail, "median": self.dice.pick(&[2_000, 12_000, 30_000]) },
        });
        for (model, truth) in MODELS.iter().zip(truth) {
            all["limits"][*model] = truth.json();
        }
        let mut over = 0;
        if self.has("storm", 40) {
            let mut faults = Vec::new();
            for _ in 0..self.dice.between(1, 3) {
                let kinds = [
                    "503",
                    "503",
                    "503-high-demand",
                    "500",
                    "504",
                    "reset",
                    "hang",
                    "cut",
                    "502",
                    "429-bare",
                    "429-detailed",
                    "no-image",
                    "429-day",
                    "blocked",
                    "429-limit-zero",
                ];
                // A refusal for a quota has no place in a clean scenario.
                let kinds = if self.is_clean { &kinds[..9] } else { &kinds[..] };
                let from = self.dice.between(0, length);
                let long = self.dice.pick(&[MINUTE, 5 * MINUTE, 45 * MINUTE]);
                let to = from + self.dice.between(1_000, long);
                over = over.max(to);
                let percent = self.dice.pick(&[100, 100, 50, 10, 2]);
                let mut fault = json!({
                    "fault": self.dice.pick(kinds), "from": from, "to": to,
                    "probability": percent as f64 / 100.0,
                });
                if self.dice.chance(25) {
                    fault["retryAfter"] = json!(self.dice.between(1, 90).to_string());
                }
                if self.dice.chance(25) {
                    fault["model"] = json!(MODELS[0]);
                }
                faults.push(fault);
            }
            all["faults"] = json!(faults);
        }
        (all, over)
    }

    fn events(
        &mut self,
        models: usize,
        processes: usize,
        length: u64,
        truth: &[Truth],
        store: Option<&StorePlan>,
    ) -> Vec<(u64, Event)> {
        let mut events = Vec::new();
        let any = |draw: &mut Self| draw.dice.between(0, processes as u64 - 1) as usize;
        if self.has_dirty("limits change", 30) {
            for _ in 0..self.dice.between(1, 3) {
                let at = self.dice.between(0, length);
                let percent = self.dice.pick(&[30, 60, 150, 400]);
                let mut patch = json!({});
                for (model, truth) in MODELS.iter().zip(truth) {
                    let times = |limit: Option<u64>| limit.map(|l| (l * percent / 100).max(1));
                    let Truth { rpm, tpm, ipm, rpd } = *truth;
                    // A prompt that exceeds a limit all by itself is never served.
                    let tpm = times(tpm).map(|tpm| tpm.max(2_000));
                    let changed = Truth { rpm: times(rpm), tpm, ipm: times(ipm), rpd };
                    patch["limits"][*model] = changed.json();
                }
                events.push((at, Event::Configure(patch.to_string())));
            }
        }
        if self.has_dirty("tenants", 25) {
            let mean = self.dice.pick(&[1_000, 5_000, 30_000]);
            let mut at = 0;
            while at < length && events.len() < 400 {
                at += self.dice.pause(mean) + 1;
                let model = self.dice.between(0, models as u64 - 1) as usize;
                events.push((at, Event::Tenant(model)));
            }
        }
        if self.has("wall jumps", 25) {
            for _ in 0..self.dice.between(1, 4) {
                let by = [-3_600_000, 86_400_000, 2_000, -2_000, -500, 30_000, -86_400_000];
                let (process, by) = (any(self), self.dice.pick(&by));
                let at = self.dice.between(0, length);
                events.push((at, Event::SetWall(process, by)));
                // By a clock that stays wrong the day ends when it says: no process can know
                // better.
                if self.is_clean && self.features.contains(&"daily") {
                    let again = at + self.dice.between(1, 30 * MINUTE);
                    events.push((again, Event::SetWall(process, -by)));
                }
            }
        }
        if self.has("sleep", 15) {
            let long = self.dice.pick(&[5_000, 5 * MINUTE, 8 * HOUR]);
            events.push((self.dice.between(0, length), Event::Sleep(any(self), long)));
        }
        // The use that a process counted alone is lost with it.
        let may_crash = store.is_some() || !self.is_clean;
        if may_crash && self.has("crash", 15) {
            for _ in 0..self.dice.between(1, 2) {
                events.push((self.dice.between(0, length), Event::Crash(any(self))));
            }
        }
        if self.has("trap", 12) {
            events.push((self.dice.between(0, length), Event::Trap(any(self))));
        }
        if self.has("close", 8) {
            events.push((self.dice.between(0, length), Event::Close(any(self))));
        }
        if store.is_some() {
            if self.has("store down", 25) {
                let long = self.dice.pick(&[1_000, 20_000, 5 * MINUTE]);
                events.push((self.dice.between(0, length), Event::StoreDown(long)));
            }
            if self.has("store empty", 20) {
                events.push((self.dice.between(0, length), Event::StoreEmpty));
            }
            if self.has("store older", 15) {
                events.push((self.dice.between(0, length), Event::StoreOlder));
            }
            if self.has_dirty("store clock", 10) {
                let by = self.dice.pick(&[-600_000, 600_000, -2_000, 2_000]);
                events.push((self.dice.between(0, length), Event::SetStore(by)));
            }
            if self.has_dirty("strangers", 25) {
                for _ in 0..self.dice.between(20, 60) {
                    let event = Event::Stranger(self.dice.between(0, u64::MAX / 2));
                    events.push((self.dice.between(0, length), event));
                }
            }
        }
        events.sort_by_key(|(at, _)| *at);
        events
    }
}

/// Draws the bounds that callers set: money, smaller pictures, hours. They are drawn apart, so that
/// a seed's other draws stay as they are.
fn allow(scenario: &mut Scenario, mut dice: Dice) {
    if dice.chance(15) {
        scenario.features.push("budget");
        scenario.budget = Some(dice.between(100_000_000, 12_000_000_000));
    }
    let (degrades, is_dear) = (dice.chance(15), dice.chance(10));
    let avoids = dice.chance(8);
    for (name, is_on) in [("degrade", degrades), ("max cost", is_dear), ("peak", avoids)] {
        if is_on {
            scenario.features.push(name);
        }
    }
    for plan in &mut scenario.plans {
        if degrades && dice.chance(60) {
            let sizes = dice.between(1, 2) as usize;
            let all = |(model, _): &(usize, bool)| {
                core::iter::once((*model, false))
                    .chain((0..sizes).map(|_| (*model, true)))
                    .collect()
            };
            plan.chain = plan.chain.iter().flat_map(|place| -> Vec<_> { all(place) }).collect();
        }
        if is_dear && dice.chance(60) {
            plan.max_cost = Some(dice.between(50_000_000, 700_000_000));
        }
        plan.avoids_peak = avoids && dice.chance(60);
    }
    scenario.is_plain &= !avoids && !is_dear && scenario.budget.is_none();
}

/// How long the rest may take when nothing goes wrong any more: what the tightest limits let
/// through, with room for limits that are learned slowly, outages that are sat out, and days.
fn bound(scenario: &Scenario) -> u64 {
    let count = scenario.plans.len() as u64 + 5;
    let mut slowest = 0;
    for truth in &scenario.truth {
        let tokens = scenario.plans.iter().map(|plan| plan.prompt.len() as u64 / 3).max();
        let by_tokens = truth.tpm.map(|tpm| (tpm / tokens.unwrap_or(1).max(1)).max(1));
        let rate = [truth.rpm, truth.ipm, by_tokens].into_iter().flatten().min();
        slowest = slowest.max(count * MINUTE / rate.unwrap_or(600));
    }
    let money = scenario.spend.map_or(0, |usd| count * 10 * MINUTE / ((usd / 0.3) as u64).max(1));
    let least = scenario.truth.iter().filter_map(|truth| truth.rpd).min();
    let days = least.map_or(0, |rpd| (count / rpd + 2) * DAY);
    // The use of strangers may confirm a day that is said to be spent.
    let days = if scenario.features.contains(&"strangers") { days + 2 * DAY } else { days };
    let sleep = if scenario.features.contains(&"sleep") { 9 * HOUR } else { 0 };
    let peak = if scenario.features.contains(&"peak") { 4 * HOUR } else { 0 };
    4 * HOUR + 6 * (slowest + money) + days + sleep + peak
}
