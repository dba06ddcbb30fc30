//! A chain is never weaker than its parts: one call over a chain beside the same call over each of
//! its targets alone, with the same faults and the same draws.
//!
//! If the call over one target delivers at some moment, the call over the chain delivers no later
//! than that, plus the moment at which it first asked that target, plus the time that its requests
//! to others were in flight after that.
//!
//! That is checked where each target has one fault until it answers. If faults change, a request
//! that comes later may meet another one, whose wait is longer: such scripts are counted beside.

use std::collections::BTreeMap;
use std::rc::Rc;

use unexhausted::base::time::{Instant, Millis, Now, WallTime};
use unexhausted::engine::ids::AttemptId;
use unexhausted::engine::input::{CallSpec, Input};
use unexhausted::engine::lane::LaneSpec;
use unexhausted::engine::output::{Ending, Output, PastAttempt};
use unexhausted::engine::state_machine::Engine;
use unexhausted::engine::target::Target;
use unexhausted::errors::billed::may_be_billed;
use unexhausted::errors::info::ErrorInfo;
use unexhausted::errors::kind::Kind;
use unexhausted::quota::limits::Limits;
use unexhausted::retry::policy::Policy;

use crate::dice::Dice;

const NOON: u64 = 1_795_521_600_000;
/// How many scripts an ordinary run tries.
const SCRIPTS: u64 = 500;
/// No call lasts longer: then a checker is wrong, or an engine.
const LONGEST: u64 = 40 * 3_600_000;

/// The behaviour of a target until a moment, and from then on.
#[derive(Clone, Debug)]
struct Script {
    phases: Vec<(u64, Fault)>,
    /// When it begins to answer, which it then goes on doing; `None` for never.
    answers: Option<u64>,
    /// How long an answer takes, and how long an error.
    takes: (u64, u64),
}

#[derive(Clone, Debug)]
struct Fault {
    kind: Kind,
    /// How long the service asks to wait: until the fault is over, or for this long.
    hint: Option<u64>,
}

impl Script {
    fn draw(dice: &mut Dice, faults: u64) -> Self {
        const LASTING: [Kind; 5] = [
            Kind::RateLimited,
            Kind::Overloaded,
            Kind::ServerError,
            Kind::Network,
            // No answer at all.
            Kind::Timeout,
        ];
        const FINAL: [Kind; 5] =
            [Kind::NotInTier, Kind::ModelNotFound, Kind::DailyQuota, Kind::Billing, Kind::NoImage];
        let mut phases = Vec::new();
        let mut at = 0;
        for _ in 0..dice.between(0, faults) {
            at += dice.between(500, 60_000);
            let kind = LASTING[dice.between(0, 4) as usize];
            let hint = dice.chance(25).then(|| dice.between(200, 40_000));
            phases.push((at, Fault { kind, hint }));
        }
        let answers = dice.chance(70).then_some(at);
        if answers.is_none() && dice.chance(50) {
            let kind = FINAL[dice.between(0, 4) as usize];
            phases.push((u64::MAX, Fault { kind, hint: None }));
        }
        // An answer comes within the time of an attempt: a call has one late attempt, and only five
        // that may be lost and billed, whatever would come after them.
        Self { phases, answers, takes: (dice.between(500, 4_500), dice.between(20, 900)) }
    }

    /// The result of a request that is sent at a moment, and when it comes.
    fn reply(&self, at: u64) -> (u64, Option<ErrorInfo>) {
        if self.answers.is_some_and(|answers| at >= answers) {
            return (at + self.takes.0, None);
        }
        let phase = self.phases.iter().find(|(until, _)| at < *until);
        let Some((_, fault)) = phase.or(self.phases.last()) else {
            return (at + self.takes.1, Some(ErrorInfo::new(Kind::Overloaded)));
        };
        if fault.kind == Kind::Timeout {
            return (2 * LONGEST, None);
        }
        let info = ErrorInfo {
            retry_after: fault.hint.map(Millis),
            // An error of the service's own is not billed.
            status: (fault.kind != Kind::Network).then_some(503),
            unsent: fault.kind == Kind::Network,
            ..ErrorInfo::new(fault.kind)
        };
        (at + self.takes.1, Some(info))
    }
}

/// How a call went.
#[derive(Debug)]
struct Went {
    /// When it ended, and whether with an answer.
    at: u64,
    delivered: bool,
    ending: String,
    /// Attempts that may have been billed although nothing came of them.
    risked: usize,
    /// Each request: which script it asked, when, and until when it was in flight.
    sent: Vec<(usize, u64, u64)>,
}

impl Went {
    fn first(&self, script: usize) -> Option<u64> {
        self.sent.iter().find(|(of, ..)| *of == script).map(|(_, at, _)| *at)
    }

    /// How much later than alone the call may deliver by this target.
    fn shift(&self, script: usize) -> u64 {
        let first = self.first(script).unwrap_or(self.at);
        let others = self.sent.iter().filter(|(of, ..)| *of != script);
        // Two may be in flight at a time; the time is counted once.
        let mut spans: Vec<(u64, u64)> =
            others.map(|(_, from, to)| (*from.max(&first), *to.max(&first))).collect();
        spans.sort_unstable();
        let (mut sum, mut end) = (0, first);
        for (from, to) in spans {
            sum += to.saturating_sub(from.max(end));
            end = end.max(to);
        }
        first + sum
    }
}

/// One call of an idle client over these scripts.
fn go(seed: u64, scripts: &[(usize, &Script)], policy: &Policy, deadline: Option<u64>) -> Went {
    let mut engine = Engine::new(seed);
    let with_lanes = seed.is_multiple_of(2);
    let targets = scripts.iter().map(|(tag, _)| {
        let account = u32::try_from(*tag).expect("few");
        if !with_lanes {
            return Target::of_account(account);
        }
        let id = engine.open_account(&Limits::default(), &Limits::default());
        let spec = LaneSpec { account: id, given: Limits::default(), tier: Limits::default() };
        Target { lane: Some(engine.open_lane(&spec)), ..Target::of_account(account) }
    });
    let targets: Rc<[Target]> = targets.collect();
    let spec = CallSpec {
        deadline: deadline.map(Millis),
        ..CallSpec::new(Rc::new(policy.clone()), targets)
    };
    let clock = |at: u64| Now { mono: Instant(at), wall: WallTime(NOON + at) };
    let call = engine.start(clock(0), spec);
    let mut went =
        Went { at: 0, delivered: false, ending: String::new(), risked: 0, sent: Vec::new() };
    // By attempt: when it comes back, with which error, and its place in `sent`.
    let mut open: BTreeMap<u32, (u64, Option<ErrorInfo>, usize)> = BTreeMap::new();
    let mut now = 0;
    loop {
        while let Some(output) = engine.poll() {
            match output {
                Output::Send { attempt, target, .. } => {
                    let (tag, script) = scripts[target];
                    let (back, reply) = script.reply(now);
                    open.insert(attempt.0, (back, reply, went.sent.len()));
                    went.sent.push((tag, now, back));
                }
                Output::Abort { attempt, .. } => {
                    if let Some((.., place)) = open.remove(&attempt.0) {
                        went.sent[place].2 = now;
                    }
                }
                Output::Settle { ending, record, .. } => {
                    // No picture is made in two seconds.
                    let risked = |tried: &&PastAttempt| {
                        let info = tried.info.as_deref().filter(|info| may_be_billed(info));
                        info.is_some_and(|info| {
                            info.kind != Kind::Network || info.lost || tried.took >= Millis(2_000)
                        })
                    };
                    went.risked = record.attempts.iter().filter(risked).count();
                    went.at = now;
                    went.delivered = matches!(ending, Ending::Answered(_));
                    went.ending = format!("{ending:?}");
                    return went;
                }
                _ => {}
            }
        }
        let reply = open.values().map(|(back, ..)| *back).min();
        let wake = engine.next_wakeup().map(|at| at.0);
        let Some(next) = [reply, wake].into_iter().flatten().min().filter(|at| *at < LONGEST)
        else {
            went.at = LONGEST;
            went.ending = "it never ends".to_owned();
            return went;
        };
        now = now.max(next);
        let due = open.iter().find(|(_, (back, ..))| *back <= now).map(|(attempt, _)| *attempt);
        let due = due.and_then(|attempt| Some((AttemptId(attempt), open.remove(&attempt)?)));
        match due {
            Some((attempt, (_, None, _))) => {
                engine.handle(clock(now), Input::Answered { call, attempt, used: None });
            }
            Some((attempt, (_, Some(info), _))) => {
                let failed = Input::Failed { call, attempt, info: Rc::new(info), verdict: None };
                engine.handle(clock(now), failed);
            }
            None => engine.handle(clock(now), Input::Woken),
        }
    }
}

/// The complaint about a seed: the chain's call was weaker than one of its parts.
pub(crate) fn weaker(seed: u64, faults: u64) -> Option<String> {
    let mut dice = Dice::new(seed);
    let scripts: Vec<Script> =
        (0..dice.between(2, 4)).map(|_| Script::draw(&mut dice, faults)).collect();
    let deadline = dice.chance(50).then(|| dice.between(2_000, 400_000));
    let policy = match dice.between(0, 2) {
        0 => Policy { timeout: Some(Millis(dice.between(5_000, 30_000))), ..Policy::GENERATE },
        1 => Policy { timeout: Some(Millis(180_000)), ..Policy::GENERATE },
        _ => Policy {
            max_attempts: 8,
            uses_deadline: false,
            timeout: Some(Millis(60_000)),
            ..Policy::GENERATE
        },
    };
    let tagged: Vec<(usize, &Script)> = scripts.iter().enumerate().collect();
    let chain = go(seed, &tagged, &policy, deadline);
    for (tag, script) in &tagged {
        let alone = go(seed, &[(*tag, *script)], &policy, deadline);
        if !alone.delivered {
            continue;
        }
        let latest = alone.at + chain.shift(*tag);
        // The chain's call has the same deadline: what is shifted beyond it need not come.
        let is_due = deadline.is_none_or(|deadline| latest < deadline);
        // Money wins: no call risks more than five pictures.
        let is_due = is_due && chain.risked < 5;
        if is_due && (!chain.delivered || chain.at > latest) {
            return Some(format!(
                "seed {seed}: alone target {tag} delivers at {}, the chain by {latest} at the latest, \
                 but it ends at {} ({}) within {deadline:?}\n{scripts:#?}\n{:?}",
                alone.at,
                chain.at,
                chain.ending,
                (&chain.sent, &alone.sent)
            ));
        }
    }
    None
}

/// How many seeds are tried; `SCRIPTS` says otherwise.
fn count() -> u64 {
    let count = std::env::var("SCRIPTS").ok().and_then(|count| count.parse().ok());
    count.unwrap_or(SCRIPTS)
}

#[test]
fn a_chain_is_never_weaker_than_its_parts() {
    for seed in 1..=count() {
        if let Some(what) = weaker(seed, 1) {
            panic!("{what}");
        }
    }
    let changing = (1..=count()).filter(|seed| weaker(*seed, 3).is_some()).count();
    println!("{} scripts: no chain is weaker than one of its parts", count());
    println!("{changing} of as many whose faults change meet a longer wait in the chain");
}
