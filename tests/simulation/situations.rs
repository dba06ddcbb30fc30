//! The situations of the table, one a row: what the service does and what the user knows of it.
//!
//! They are those of `bench/goodput`, with the same numbers; the one that needs a shared store is
//! left out here.

use serde_json::{Value as Json, json};
use unexhausted::engine::input::OnDailyLimit;
use unexhausted::errors::kind::Dimension;
use unexhausted::quota::limits::Limits;
use unexhausted_emulator::{Config, Discipline};

use crate::dice::Dice;

pub(crate) const MODEL: &str = "gemini-3-pro-image";
pub(crate) const SECOND: &str = "gemini-3.1-flash-image";
pub(crate) const DISCIPLINES: [Discipline; 3] =
    [Discipline::Fixed, Discipline::Sliding, Discipline::Bucket];

const MINUTE: u64 = 60_000;
/// 2026-11-24 12:00:00 UTC, four in the morning in Los Angeles.
const NIGHT: u64 = 1_795_521_600_000;
/// Half past ten in the evening there, and the midnight after it.
const EVENING: u64 = 1_795_588_200_000;
pub(crate) const MIDNIGHT: u64 = EVENING + 90 * MINUTE;
/// The characters of a token, by the service's count, about.
const CHARACTERS: u64 = 4;
const SUBJECT: &str = "a paper boat on a calm lake at dusk, in watercolours, ";
/// Tokens that a minute takes, so that twelve prompts of the middle length fit.
const TPM: u64 = 12 * 4_100;

/// A limit; `None` where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) rpm: Option<u64>,
    pub(crate) tpm: Option<u64>,
    pub(crate) rpd: Option<u64>,
}

impl Bounds {
    /// As the engine takes them.
    pub(crate) fn limits(self) -> Limits {
        Limits::default()
            .with(Dimension::RequestsPerMinute, self.rpm)
            .with(Dimension::TokensPerMinute, self.tpm)
            .with(Dimension::RequestsPerDay, self.rpd)
    }
}

/// How well the engine has to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// A ratio, and rejected requests per picture.
    Ratio(f64, f64),
    /// Seconds to the request that brings the picture, at the 95th percentile.
    Start(f64),
    /// Seconds until all have failed, and requests in all.
    Ends(f64, usize),
}

/// How the calls are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Generate,
    /// `generateWithRetry`, through the client's queue.
    DropIn,
    /// The loop that the drop-in replaces: its waits and tries, and nothing else.
    Loop,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Situation {
    pub(crate) id: usize,
    pub(crate) title: &'static str,
    pub(crate) prompts: usize,
    /// How many of them can be made.
    pub(crate) pictures: usize,
    pub(crate) processes: usize,
    pub(crate) is_batch: bool,
    pub(crate) way: Way,
    /// Whether each call begins when the one before it has ended.
    pub(crate) is_sequential: bool,
    /// How long after each other the calls come; `None` for all at once, but for those of a chain.
    pub(crate) every: Option<u64>,
    /// Whether there is a second model to go to.
    pub(crate) is_chain: bool,
    /// The true limits.
    pub(crate) truth: Bounds,
    /// The limits that the user believes in.
    pub(crate) given: Bounds,
    /// USD in ten minutes, true and given.
    pub(crate) spend: Option<f64>,
    pub(crate) on_daily_limit: OnDailyLimit,
    /// The shortest and the longest prompt.
    pub(crate) tokens: Option<(u64, u64)>,
    /// When the service is down, from the start.
    pub(crate) outage: Option<(u64, u64)>,
    start: u64,
    /// More of the service's options.
    service: Json,
    pub(crate) retry_budgets: &'static [Budget],
}

impl Situation {
    /// When it begins: with each seed at another point of a minute, far from those of the others,
    /// or minutes of the clock would look longer or shorter than they are.
    pub(crate) fn start(&self, seed: u64) -> u64 {
        self.start + (seed as f64 * 0.618_034 % 1.0 * MINUTE as f64).round() as u64
    }

    /// When the call of a number is made, from the start.
    pub(crate) fn at(&self, number: usize) -> u64 {
        // The first calls use the minute up; the others come one a second.
        match self.every {
            Some(every) => number as u64 * every,
            None if self.is_chain && number >= 20 => (number as u64 - 15) * 1_000,
            None => 0,
        }
    }

    /// The calls whose waits count, from this number on.
    pub(crate) const fn waits_from(&self) -> Option<usize> {
        if self.is_chain { Some(20) } else { None }
    }

    /// The fake service's configuration.
    pub(crate) fn config(&self, discipline: Discipline, seed: u64) -> Config {
        let mut all = json!({ "pictureSize": 8, "seed": seed, "discipline": discipline });
        let Bounds { rpm, tpm, rpd } = self.truth;
        all["limits"][MODEL] = json!({ "rpm": rpm, "tpm": tpm, "rpd": rpd });
        all["spendLimit"] = json!(self.spend);
        let fields = all.as_object_mut().expect("an object");
        fields.extend(self.service.as_object().expect("an object").clone());
        Config::from_json(&all.to_string()).expect("a configuration")
    }

    /// The prompts.
    pub(crate) fn texts(&self, seed: u64) -> Vec<String> {
        let mut dice = Dice::new(seed);
        let text = |number: usize| {
            let mut text = format!("[{number}] {SUBJECT}");
            if let Some((least, most)) = self.tokens {
                let length = (dice.between(least, most) * CHARACTERS) as usize;
                text = text + &SUBJECT.repeat(length / SUBJECT.len() + 1);
                text.truncate(length);
            }
            text
        };
        (0..self.prompts).map(text).collect()
    }
}

const fn rpm(rpm: u64) -> Bounds {
    Bounds { rpm: Some(rpm), tpm: None, rpd: None }
}

const NOTHING: Bounds = Bounds { rpm: None, tpm: None, rpd: None };

/// Calls for one model without a limit that anybody was told of, all at once.
pub(crate) fn unlimited(calls: usize, service: Json) -> Situation {
    let mut situation = interactive(calls, 0, NOTHING, service);
    situation.is_chain = false;
    situation
}

/// Calls that come evenly, and go to a second model where the first has no room or no capacity.
pub(crate) fn interactive(calls: usize, every: u64, truth: Bounds, service: Json) -> Situation {
    let [like, ..] = &situations()[..] else { panic!("there is a first row") };
    Situation {
        prompts: calls,
        pictures: calls,
        is_batch: false,
        is_chain: true,
        every: Some(every),
        truth,
        given: truth,
        service,
        retry_budgets: &[],
        ..like.clone()
    }
}

/// All of them, in the order of the issue.
pub(crate) fn situations() -> Vec<Situation> {
    use Budget::{Ends, Ratio, Start};
    let batch = Situation {
        id: 0,
        title: "",
        prompts: 300,
        pictures: 300,
        processes: 1,
        is_batch: true,
        way: Way::Generate,
        is_sequential: false,
        every: None,
        is_chain: false,
        truth: rpm(20),
        given: rpm(20),
        spend: None,
        on_daily_limit: OnDailyLimit::Fallback,
        tokens: None,
        outage: None,
        start: NIGHT,
        service: json!({}),
        retry_budgets: &[],
    };
    let calls = Situation {
        prompts: 500,
        pictures: 500,
        is_batch: false,
        truth: rpm(60),
        given: rpm(60),
        ..batch.clone()
    };
    let of_the_day = Bounds { rpd: Some(100), ..rpm(20) };
    let evening = Situation {
        prompts: 150,
        pictures: 150,
        start: EVENING,
        truth: of_the_day,
        given: of_the_day,
        ..batch.clone()
    };
    let of_tokens = Bounds { tpm: Some(TPM), ..rpm(20) };
    let (from, to) = (7 * MINUTE, 52 * MINUTE);
    let row = |id: usize,
               title: &'static str,
               retry_budgets: &'static [Budget],
               like: Situation| { Situation { id, title, retry_budgets, ..like } };
    vec![
        row(1, "300 prompts, 20 RPM known", &[Ratio(1.03, 0.0)], batch.clone()),
        row(
            2,
            ".. not told, 429 detailed",
            &[Ratio(1.06, 0.05)],
            Situation { given: NOTHING, ..batch.clone() },
        ),
        row(
            3,
            ".. not told, 429 bare",
            &[Ratio(1.08, 0.10)],
            Situation { given: NOTHING, service: json!({ "quotaBody": "bare" }), ..batch.clone() },
        ),
        row(
            4,
            ".. not told, bare, rejected count",
            &[Ratio(1.10, 0.05)],
            Situation {
                given: NOTHING,
                service: json!({ "quotaBody": "bare", "rejectedCount": true }),
                ..batch.clone()
            },
        ),
        row(
            5,
            "real limit is 60 % of given",
            &[Ratio(1.05, 0.03)],
            Situation { truth: rpm(12), ..batch.clone() },
        ),
        row(6, "500 calls, 60 RPM known", &[Ratio(1.09, 0.0), Ratio(1.03, 0.01)], calls.clone()),
        row(
            7,
            ".. not told, rejected count",
            &[Ratio(1.15, 0.05)],
            Situation { given: NOTHING, service: json!({ "rejectedCount": true }), ..calls },
        ),
        row(
            8,
            "2 % 500, 1 % reset, 3 % 504, tail",
            &[Ratio(1.08, 0.07)],
            Situation {
                service: json!({
                    "latency": { "tail": 0.02 },
                    "faults": [
                        { "fault": "500", "probability": 0.02 },
                        { "fault": "reset", "probability": 0.01 },
                        { "fault": "504", "probability": 0.03, "after": MINUTE },
                    ],
                }),
                ..batch.clone()
            },
        ),
        row(
            9,
            "token-bound, 200 to 8,000 tokens",
            &[Ratio(1.08, 0.02)],
            Situation {
                truth: of_tokens,
                given: of_tokens,
                tokens: Some((200, 8_000)),
                ..batch.clone()
            },
        ),
        row(
            10,
            "100 a day, 150 at 22:30, wait",
            &[Ratio(1.01, 0.02)],
            Situation { on_daily_limit: OnDailyLimit::Wait, ..evening.clone() },
        ),
        row(
            11,
            ".. fail",
            &[Ratio(1.06, 0.02)],
            Situation { on_daily_limit: OnDailyLimit::Fail, pictures: 100, ..evening },
        ),
        row(
            13,
            "$10 in ten minutes, 200 Pro pictures",
            &[Ratio(1.05, 0.02)],
            Situation { prompts: 200, pictures: 200, spend: Some(10.0), ..batch.clone() },
        ),
        row(
            14,
            "four processes unaware of each other",
            &[Ratio(1.05, 0.20)],
            Situation { processes: 4, ..batch.clone() },
        ),
        row(
            15,
            "45 minutes of 503 in a batch of 300",
            &[Ratio(1.10, 0.10)],
            Situation {
                service: json!({ "faults": [{ "fault": "503", "from": from, "to": to }] }),
                outage: Some((from, to)),
                ..batch.clone()
            },
        ),
        row(
            16,
            "interactive, second model free",
            &[Start(6.0)],
            Situation {
                prompts: 70,
                pictures: 70,
                is_batch: false,
                is_chain: true,
                given: NOTHING,
                ..batch.clone()
            },
        ),
        row(
            17,
            "limit: 0, 20 calls at once",
            &[Ends(1.0, 2)],
            Situation {
                prompts: 20,
                pictures: 0,
                is_batch: false,
                truth: Bounds { rpm: Some(0), tpm: None, rpd: Some(0) },
                given: NOTHING,
                ..batch
            },
        ),
    ]
}
