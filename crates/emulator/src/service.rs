//! The service: requests in, answers out, and nothing in between that is not decided here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::random::{Purpose, Random};
use crate::base::time_scale::TimeScale;
use crate::batch::files::Files;
use crate::batch::job::Job;
use crate::decide::script::Script;
use crate::exchange::{Input, Output};
use crate::model::account::Account;
use crate::model::picture::Picture;
use crate::model::protocol::Protocol;
use crate::model::quota::Quota;
use crate::model::{billing, protocol};
use crate::parse::cors::with_origin;
use crate::parse::parsed::{Intent, Parsed};
use crate::parse::request::Request;
use crate::parse::route;
use crate::plan::action::Action;
use crate::plan::work::Work;
use crate::records::ledger::{Completion, Ledger};
use crate::records::record;
use crate::records::record::{Outcome, Record};
use crate::records::snapshot::{FileSums, Snapshot};
use crate::records::totals::Totals;
use crate::settings::batch::Course;
use crate::settings::config::Config;
use crate::settings::error::ConfigError;
use crate::settings::fault::Fault;
use crate::wire::answer::Answer;
use crate::wire::body::Body;
use crate::wire::reply::Reply;
use crate::wire::{gemini, protocols};

/// A request that has not ended.
#[derive(Clone, Debug)]
pub(crate) struct OpenRequest {
    id: u64,
    pub(crate) parsed: Parsed,
    pub(crate) scripted: Option<Fault>,
    stage: Stage,
    /// Whether the caller went away.
    gone: bool,
}

impl OpenRequest {
    fn is_generate(&self) -> bool {
        protocol::is_generate(self.parsed.call)
    }
}

#[derive(Clone, Debug)]
enum Stage {
    Travelling { due: u64 },
    Working(Work),
}

/// The fake service.
///
/// It generated no clock, opens no socket and draws no randomness but from its seed: the same inputs
/// at the same times give the same outputs. After every [`Service::handle`], take all outputs by
/// [`Service::poll`] and call [`Service::handle`] with [`Input::Tick`] at
/// [`Service::next_wakeup`].
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) config: Config,
    pub(crate) scale: TimeScale,
    pub(crate) time: u64,
    sequence: u64,
    /// By sequence number.
    open: BTreeMap<u64, OpenRequest>,
    /// The sequence number of each request whose caller waits.
    waiting: BTreeMap<u64, u64>,
    /// When something is due, for which request.
    events: BTreeSet<(u64, u64)>,
    outputs: VecDeque<Output>,
    script: Script,
    pub(crate) quotas: BTreeMap<(String, String), Quota>,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) ledger: Ledger,
    pub(crate) files: Files,
    /// By the sequence numbers of the requests that made them.
    pub(crate) jobs: BTreeMap<u64, Job>,
    /// What is in store for the next jobs.
    pub(crate) courses: VecDeque<Course>,
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
            scale: TimeScale::new(config.time_scale),
            time: 0,
            sequence: 0,
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            events: BTreeSet::new(),
            outputs: VecDeque::new(),
            script,
            quotas: BTreeMap::new(),
            accounts: BTreeMap::new(),
            ledger: Ledger::new(config.max_records),
            files: Files::default(),
            jobs: BTreeMap::new(),
            courses: config.batch.jobs.iter().cloned().collect(),
            config,
        })
    }

    /// Tells the service what happens at `now`, in milliseconds since 1970 (daily limits end at
    /// midnight Pacific). A `now` before an earlier one counts as the same moment.
    pub fn handle(&mut self, now: u64, input: Input) {
        let time = self.scale.service_time(now);
        self.run(time);
        self.time = time;
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
        Some(self.scale.caller_time(*due))
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
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
        let mut config = self.config.patched(patch)?;
        let scripted: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(patch).unwrap_or_default();
        if scripted.contains_key("script") {
            self.script.extend(config.script.iter().cloned());
            config.script.clone_from(&self.config.script);
        }
        if scripted.contains_key("batch") {
            self.courses = config.batch.jobs.iter().cloned().collect();
        }
        self.scale.set_factor(now, config.time_scale);
        self.ledger.set_max_records(config.max_records);
        self.config = config;
        Ok(())
    }

    /// Forgets everything but the configuration. Open requests are reset.
    pub fn reset(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut outputs = std::mem::take(&mut self.outputs);
        if let Ok(fresh) = Self::new(self.config.clone()) {
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
        self.ledger.totals()
    }

    /// The requests that the ledger remembers, oldest first.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.ledger.records()
    }

    /// A copy of the whole ledger.
    #[must_use]
    pub fn ledger(&self) -> Snapshot {
        let rules = |project: &str, model: &str| {
            let limits = self.config.limits_of(project, model);
            let discipline = limits.discipline.unwrap_or(self.config.discipline);
            (limits, discipline)
        };
        let (files, bytes) = self.files.sums();
        Snapshot {
            totals: self.ledger.totals().clone(),
            usage: self.ledger.usage(rules),
            spend_peaks: self.ledger.spend_peaks(),
            script_left: self.script.len(),
            clock_offset: self.clock_offset(),
            now: self.time,
            requests: self.ledger.records().cloned().collect(),
            jobs: self.job_records(),
            files: FileSums { count: files, bytes },
        }
    }

    /// How far the service's clock is ahead of the truth, in milliseconds.
    #[must_use]
    pub fn clock_offset(&self) -> i64 {
        self.config.clock_offset.unwrap_or_else(|| {
            let drawn = self.random(0, Purpose::ClockOffset).between(0, 3_000);
            i64::try_from(drawn).unwrap_or(0).saturating_sub(1_500)
        })
    }

    pub(crate) fn random(&self, sequence: u64, purpose: Purpose) -> Random {
        Random::keyed(self.config.seed, sequence, purpose)
    }

    /// Does everything that is due up to `time`, in order.
    fn run(&mut self, time: u64) {
        while let Some((due, sequence)) = self.events.first().copied() {
            if due > time {
                break;
            }
            self.events.pop_first();
            self.time = due;
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
        let parsed = route::parse(&self.config, request, self.time);
        let scripted = self.script.next(parsed.call, &parsed.model);
        let transit = self.config.transit;
        let travel = self.random(sequence, Purpose::Transit).between(transit.low, transit.high);
        let due = self.time.saturating_add(travel);
        self.ledger.open(Record {
            sequence,
            id,
            call: parsed.call.to_owned(),
            model: parsed.model.clone(),
            project: parsed.project.clone(),
            sent: self.time,
            ..Record::default()
        });
        let stage = Stage::Travelling { due };
        self.open.insert(sequence, OpenRequest { id, parsed, scripted, stage, gone: false });
        self.waiting.insert(id, sequence);
        self.events.insert((due, sequence));
    }

    fn arrive(&mut self, sequence: u64, mut open: OpenRequest) {
        self.ledger.arrived(sequence, self.time, open.is_generate());
        let work = self.decide(sequence, &open);
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
        self.ledger.edit(sequence, |record| record.disconnected = true);
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
        let generate = open.is_generate();
        self.open.remove(&sequence);
        self.ledger.close(sequence, self.time, arrived, generate, &completion);
    }

    fn finish(&mut self, sequence: u64, open: &OpenRequest, work: &Work) {
        let mut completion = work.completion();
        let output = match &work.action {
            Action::Reply(reply) => {
                let reply =
                    protocols::error(reply.clone(), open.parsed.protocol, &open.parsed.model);
                let status = reply.status;
                completion.status = Some(status);
                completion.outcome = record::outcome(status);
                let body = match open.parsed.intent {
                    Intent::Fetch(picture) => Body::file(picture),
                    _ => Body::from(reply.body.clone()),
                };
                Output::Reply { id: open.id, status, headers: with_origin(reply, open), body }
            }
            Action::Send(reply, body) => {
                completion.status = Some(reply.status);
                completion.outcome =
                    if body.breaks_off() { Outcome::Failed } else { record::outcome(reply.status) };
                let headers = with_origin(reply.clone(), open);
                Output::Reply { id: open.id, status: reply.status, headers, body: body.clone() }
            }
            Action::Answer(_) | Action::Cut(_) => {
                let (reply, body) = self.answer(sequence, open, work);
                let status = reply.status;
                completion.status = Some(status);
                let headers = with_origin(reply, open);
                if let Action::Cut(fraction) = work.action {
                    completion.outcome = Outcome::Failed;
                    cut(open.id, headers, &body, fraction)
                } else {
                    completion.outcome = record::outcome(status);
                    Output::Reply { id: open.id, status, headers, body }
                }
            }
            Action::Reset | Action::Hang => {
                completion.outcome = Outcome::Failed;
                Output::Reset { id: open.id }
            }
        };
        self.ledger.close(sequence, self.time, true, open.is_generate(), &completion);
        if !open.gone {
            self.waiting.remove(&open.id);
            self.outputs.push_back(output);
        }
    }

    fn answer(&self, sequence: u64, open: &OpenRequest, work: &Work) -> (Reply, Body) {
        let Intent::Generate(generation) = &open.parsed.intent else {
            // Only a valid request is given an answer.
            return (Reply::json(200, String::new()), Body::default());
        };
        let picture = Picture {
            hash: generation.prompt_hash,
            side: self.config.picture_size,
            bytes: work.image_bytes,
        };
        let asked = &open.parsed.model;
        let known = self.config.models.contains_key(asked);
        let version = if known { asked.as_str() } else { generation.model.name };
        let generated = work.generated();
        if open.parsed.protocol != Protocol::Gemini {
            let usage = billing::usage(self.config.seed, sequence, generation, &generated);
            let answer = Answer { generated: &generated, usage, model: asked, picture, sequence };
            let host = &open.parsed.host;
            return protocols::answer(open.parsed.protocol, &answer, host, self.config.picture_as);
        }
        let body =
            gemini::body(self.config.seed, sequence, generation, version, &generated, picture);
        let mut reply = Reply::json(200, String::new());
        if !generation.is_vertex {
            reply.set("x-gemini-service-tier", generation.tier);
        }
        (reply, body)
    }
}

fn cut(id: u64, headers: Vec<(String, String)>, body: &Body, fraction: f64) -> Output {
    let mut bytes = body.to_bytes();
    let content_length = bytes.len() as u64;
    // At least one byte is missing, or it would be no cut.
    let most = bytes.len().saturating_sub(1);
    bytes.truncate(((bytes.len() as f64 * fraction) as usize).min(most));
    Output::Cut { id, status: 200, headers, content_length, body_prefix: bytes }
}
