//! The service: it takes inputs, keeps the requests that are open, and gives outputs when they are
//! due. The decisions are made in `decide`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::random::Purpose;
use crate::decide::arrival::decide;
use crate::decide::ending::Ending;
use crate::decide::script::Script;
use crate::decide::state::State;
use crate::exchange::{Input, Output};
use crate::parse::parsed::Parsed;
use crate::parse::request::Request;
use crate::parse::route;
use crate::plan::action::Action;
use crate::plan::work::Work;
use crate::records::ledger::Completion;
use crate::records::record::{Outcome, Record};
use crate::records::snapshot::{FileSums, Snapshot};
use crate::records::totals::Totals;
use crate::settings::config::Config;
use crate::settings::error::ConfigError;
use crate::settings::fault::Fault;

/// A request that has not ended.
#[derive(Clone, Debug)]
struct OpenRequest {
    id: u64,
    parsed: Parsed,
    scripted: Option<Fault>,
    stage: Stage,
    /// Whether the caller went away.
    gone: bool,
}

#[derive(Clone, Debug)]
enum Stage {
    Travelling { due: u64 },
    Working(Work),
}

/// The fake service.
///
/// It holds no clock, opens no socket and draws no randomness but from its seed: the same inputs
/// at the same times give the same outputs. After every [`Service::handle`], take all outputs by
/// [`Service::poll`] and call [`Service::handle`] with [`Input::Tick`] at
/// [`Service::next_wakeup`].
#[derive(Clone, Debug)]
pub struct Service {
    state: State,
    sequence: u64,
    /// By sequence number.
    open: BTreeMap<u64, OpenRequest>,
    /// The sequence number of each request whose caller waits.
    waiting: BTreeMap<u64, u64>,
    /// When something is due, for which request.
    events: BTreeSet<(u64, u64)>,
    outputs: VecDeque<Output>,
    script: Script,
}

impl Service {
    /// A service that has seen nothing yet. Its start, from which schedules count, is the time of
    /// its first input.
    ///
    /// # Errors
    /// A value out of range.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let mut script = Script::default();
        script.extend(config.script.iter().cloned());
        Ok(Self {
            state: State::new(config),
            sequence: 0,
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            events: BTreeSet::new(),
            outputs: VecDeque::new(),
            script,
        })
    }

    /// Tells the service what happens at `now`, in milliseconds since 1970 (daily limits end at
    /// midnight Pacific). A `now` before an earlier one counts as the same moment.
    pub fn handle(&mut self, now: u64, input: Input) {
        let time = self.state.scale.service_time(now);
        self.run(time);
        self.state.time = time;
        match input {
            Input::Request(request) => self.begin(&request),
            Input::Disconnect { id } => self.disconnect(id),
            Input::Tick => {}
        }
        self.run(time);
    }

    /// The next thing that the service does, if any is due.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When it wants a [`Input::Tick`], on the caller's clock.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<u64> {
        let (due, _) = self.events.first()?;
        Some(self.state.scale.caller_time(*due))
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.state.config
    }

    /// Appends faults to the script.
    ///
    /// # Errors
    /// A fault with a value out of range; then none is taken.
    pub fn script(&mut self, faults: Vec<Fault>) -> Result<(), ConfigError> {
        for fault in &faults {
            fault.check_scripted().map_err(ConfigError)?;
        }
        self.script.extend(faults);
        Ok(())
    }

    /// Changes the configuration from `now` on by a JSON object of the keys to change; `null`
    /// brings a default back, and a `script` is appended. Usage so far is kept where the
    /// discipline stays the same.
    ///
    /// # Errors
    /// As [`Config::from_json`]; then nothing changes.
    pub fn configure(&mut self, now: u64, patch: &str) -> Result<(), ConfigError> {
        let mut config = self.state.config.patched(patch)?;
        let scripted: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(patch).unwrap_or_default();
        if scripted.contains_key("script") {
            self.script.extend(config.script.iter().cloned());
            config.script.clone_from(&self.state.config.script);
        }
        if scripted.contains_key("batch") {
            self.state.store.courses = config.batch.jobs.iter().cloned().collect();
        }
        self.state.scale.set_factor(now, config.time_scale);
        self.state.ledger.set_max_records(config.max_records);
        self.state.config = config;
        Ok(())
    }

    /// Forgets everything but the configuration. Open requests are reset.
    pub fn reset(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut outputs = std::mem::take(&mut self.outputs);
        if let Ok(fresh) = Self::new(self.state.config.clone()) {
            *self = fresh;
        }
        outputs.extend(waiting.into_keys().map(|id| Output::Reset { id }));
        self.outputs = outputs;
    }

    /// Requests that wait for an answer, those that hang included.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        self.waiting.len()
    }

    /// The sums of the ledger.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        self.state.ledger.totals()
    }

    /// The requests that the ledger remembers, oldest first.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.state.ledger.records()
    }

    /// A copy of the whole ledger.
    #[must_use]
    pub fn ledger(&self) -> Snapshot {
        let rules = |project: &str, model: &str| {
            let limits = self.state.config.limits_of(project, model);
            let discipline = limits.discipline.unwrap_or(self.state.config.discipline);
            (limits, discipline)
        };
        let (files, bytes) = self.state.store.files.sums();
        Snapshot {
            totals: self.state.ledger.totals().clone(),
            usage: self.state.ledger.usage(rules),
            spend_peaks: self.state.ledger.spend_peaks(),
            script_left: self.script.len(),
            clock_offset: self.clock_offset(),
            now: self.state.time,
            requests: self.state.ledger.records().cloned().collect(),
            jobs: self.state.store.job_records(self.state.time),
            files: FileSums { count: files, bytes },
        }
    }

    /// How far the service's clock is ahead of the truth, in milliseconds.
    #[must_use]
    pub fn clock_offset(&self) -> i64 {
        self.state.clock_offset()
    }

    /// Does everything that is due up to `time`, in order.
    fn run(&mut self, time: u64) {
        while let Some((due, sequence)) = self.events.first().copied() {
            if due > time {
                break;
            }
            self.events.pop_first();
            self.state.time = due;
            // Out of the map while it is worked on; an arrival puts it back.
            if let Some(open) = self.open.remove(&sequence) {
                match open.stage {
                    Stage::Travelling { .. } => self.arrive(sequence, open),
                    Stage::Working(ref work) => self.finish(sequence, &open, work),
                }
            }
        }
    }

    fn begin(&mut self, request: &Request) {
        let id = request.id;
        // Two open requests of one id cannot be told apart: the first one's caller is gone.
        self.disconnect(id);
        self.sequence = self.sequence.saturating_add(1);
        let sequence = self.sequence;
        let parsed = route::parse(&self.state.config, request, self.state.time);
        let scripted = self.script.next(parsed.call, &parsed.model);
        let transit = self.state.config.transit;
        let travel =
            self.state.random(sequence, Purpose::Transit).between(transit.low, transit.high);
        let due = self.state.time.saturating_add(travel);
        self.state.ledger.open(Record {
            sequence,
            id,
            call: parsed.call.to_owned(),
            model: parsed.model.clone(),
            project: parsed.project.clone(),
            sent: self.state.time,
            ..Record::default()
        });
        let stage = Stage::Travelling { due };
        self.open.insert(sequence, OpenRequest { id, parsed, scripted, stage, gone: false });
        self.waiting.insert(id, sequence);
        self.events.insert((due, sequence));
    }

    fn arrive(&mut self, sequence: u64, mut open: OpenRequest) {
        self.state.ledger.arrived(sequence, self.state.time, open.parsed.is_generate());
        let work = decide(&mut self.state, sequence, &open.parsed, open.scripted.as_ref());
        if let Some(due) = work.due {
            self.events.insert((due, sequence));
        }
        open.stage = Stage::Working(work);
        self.open.insert(sequence, open);
    }

    fn disconnect(&mut self, id: u64) {
        let Some(sequence) = self.waiting.remove(&id) else { return };
        let Some(open) = self.open.get_mut(&sequence) else { return };
        open.gone = true;
        self.state.ledger.edit(sequence, |record| record.disconnected = true);
        let (completion, arrived) = match &open.stage {
            Stage::Travelling { due } => {
                self.events.remove(&(*due, sequence));
                (Completion { outcome: Outcome::Lost, ..Completion::default() }, false)
            }
            Stage::Working(work) if work.action == Action::Hang => {
                (Completion { outcome: Outcome::Hung, ..work.completion() }, true)
            }
            Stage::Working(_) => return,
        };
        let generate = open.parsed.is_generate();
        self.open.remove(&sequence);
        self.state.ledger.close(sequence, self.state.time, arrived, generate, &completion);
    }

    fn finish(&mut self, sequence: u64, open: &OpenRequest, work: &Work) {
        let ending = Ending { id: open.id, sequence, parsed: &open.parsed, work };
        let (completion, output) = ending.outputs(&self.state);
        let generate = open.parsed.is_generate();
        self.state.ledger.close(sequence, self.state.time, true, generate, &completion);
        if !open.gone {
            self.waiting.remove(&open.id);
            self.outputs.push_back(output);
        }
    }
}
