//! A log of all that happens, line by line, for a search for lost time.

use std::collections::HashMap;

use unexhausted::engine::ids::{AttemptId, CallId};
use unexhausted::engine::output::{Ending, Notice, Output};

use crate::service::Came;

const MINUTE: u64 = 60_000;

/// Prints, or does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace {
    is_on: bool,
    /// The service's clock at the start.
    clock: u64,
}

impl Trace {
    pub(crate) const fn new(is_on: bool, clock: u64) -> Self {
        Self { is_on, clock }
    }

    fn line(self, time: u64, process: usize, what: &str) {
        // The second of the service's own minute, and the number of that minute.
        let clock = self.clock + time;
        let minute = clock / MINUTE - self.clock / MINUTE;
        let second = (clock % MINUTE) as f64 / 1e3;
        println!("{:>9.3} m{minute}:{second:06.3} p{process} {what}", time as f64 / 1e3);
    }

    /// Prints an output of an engine.
    pub(crate) fn said(
        self,
        time: u64,
        process: usize,
        output: &Output,
        alive: &HashMap<u32, usize>,
    ) {
        if !self.is_on {
            return;
        }
        let name = |call: &CallId| alive.get(&call.0).map_or(-1, |number| *number as i64);
        let what = match output {
            Output::Send { call, attempt, number, target } => {
                let call = name(call);
                format!("send   call {call} try {number} attempt {} to {target}", attempt.0)
            }
            Output::Abort { call, attempt, timed_out } => {
                format!("abort  call {} attempt {} timed_out {timed_out}", name(call), attempt.0)
            }
            Output::Wait { call, wait, info, .. } => {
                let (call, kind) = (name(call), info.kind.as_str());
                format!("wait   call {call} {:.3} s, {kind}", wait.0 as f64 / 1e3)
            }
            Output::Hold { call, wait, info, .. } => {
                let (call, kind) = (name(call), info.kind.as_str());
                format!("hold   call {call} {:.3} s at least, {kind}", wait.0 as f64 / 1e3)
            }
            Output::Switch { call, from, to, info } => {
                format!("switch call {} {from} -> {to}, {}", name(call), info.kind.as_str())
            }
            Output::Transact { .. } => format!("STORE  {output:?}"),
            Output::Notice(notice) => match notice {
                Notice::Store { .. } => format!("NOTICE {notice:?}"),
                Notice::Learned { learned, .. } => {
                    let dimension = learned.dimension.as_str();
                    format!("NOTICE learned {dimension} {:?}", learned.change)
                }
                Notice::Alert { alert, .. } | Notice::Budget(alert) => {
                    format!("NOTICE alert {alert:?}")
                }
                Notice::Exhausted { dimension, limit, until, .. } => {
                    let dimension = dimension.as_str();
                    format!("NOTICE exhausted {dimension} {limit:?} until {}", until.0)
                }
                Notice::CircuitClosed { .. } => "NOTICE circuit closed".to_owned(),
                Notice::CircuitOpened { until, info, .. } => {
                    format!("NOTICE circuit open until {}, {}", until.0, info.kind.as_str())
                }
            },
            Output::Settle { call, ending, .. } => {
                let ending = match ending {
                    Ending::Answered(_) => "answered".to_owned(),
                    Ending::Failed { why, info } => format!("{why:?} {}", info.kind.as_str()),
                    Ending::Cancelled | Ending::Closed => format!("{ending:?}"),
                };
                format!("settle call {} {ending}", name(call))
            }
        };
        self.line(time, process, &what);
    }

    /// Prints what comes back from the service.
    pub(crate) fn heard(
        self,
        time: u64,
        process: usize,
        number: usize,
        attempt: AttemptId,
        took: u64,
        came: &Came,
    ) {
        if !self.is_on {
            return;
        }
        let came = match came {
            Came::Picture(used) => format!("picture {:?} tokens", used.tokens.unwrap_or_default()),
            Came::Error(info) => {
                let (kind, status) = (info.kind.as_str(), info.status.unwrap_or_default());
                let dimension = info.dimension.map_or("", |dimension| dimension.as_str());
                let after = info.retry_after.map(|wait| wait.0);
                let limit = info.quota_limit;
                format!("{status} {kind} {dimension} limit {limit:?} after {after:?}")
            }
        };
        let what = format!(
            "reply  call {number} attempt {} in {:.3} s: {came}",
            attempt.0,
            took as f64 / 1e3
        );
        self.line(time, process, &what);
    }
}

/// Prints how far the engine is behind the best schedule, request by request.
pub(crate) fn print_lag(taken: &[u64], slots: &[u64]) {
    println!("the k-th request taken in: ours, the best schedule's, how far behind (s)");
    let seconds = |ms: u64| ms as f64 / 1e3;
    for (index, (ours, best)) in taken.iter().zip(slots).enumerate() {
        let number = index + 1;
        if number % 10 == 0 || number == 1 || number == taken.len() {
            let lag = seconds(*ours) - seconds(*best);
            println!("{number:>5} {:>9.3} {:>9.3} {lag:>+8.3}", seconds(*ours), seconds(*best));
        }
    }
}
