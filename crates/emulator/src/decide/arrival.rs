//! The decision about a request that arrives: limits, money, faults, or an answer.

use crate::base::delay::Delay;
use crate::base::random::{Purpose, Random};
use crate::model::billing;
use crate::model::generated::without_fault;
use crate::model::generation::Generation;
use crate::model::limits::{Cost, Dimension, Violation};
use crate::model::quota::Quota;
use crate::parse::parsed::{Intent, Parsed};
use crate::plan::action::Action;
use crate::plan::fault::FaultContext;
use crate::plan::work::Work;
use crate::plan::{fault, replies};
use crate::service::{OpenRequest, Service};
use crate::settings::choices::{DailyHint, QuotaBody};
use crate::settings::config::Config;
use crate::settings::fault::Fault;
use crate::settings::fault_kind::FaultKind;
use crate::wire::quota_error::QuotaLine;
use crate::wire::refusal::Refusal;
use crate::wire::reply::Reply;
use crate::wire::{error, quota_error};

/// The answer to what is no request for a picture, or a wrong one.
fn immediate_reply(intent: &Intent) -> Reply {
    match intent {
        Intent::Preflight { allowed } => {
            Reply::typed(if *allowed { 200 } else { 403 }, "text/html", String::new())
        }
        Intent::Refused(Refusal { status, body }) if body.starts_with('<') => {
            Reply::typed(*status, "text/html; charset=UTF-8", body.clone())
        }
        Intent::Refused(Refusal { status, body }) => Reply::json(*status, body.clone()),
        Intent::Ready { body } => Reply::json(200, body.clone()),
        // Drawn when it is sent.
        Intent::Fetch(_) => Reply::typed(200, "image/png", String::new()),
        // Never asked: a picture takes its time.
        Intent::Generate(_) | Intent::Call(_) => Reply::json(500, String::new()),
    }
}

fn cost(generation: &Generation) -> Cost {
    Cost { tokens: generation.prompt_tokens, images: u64::from(generation.wants_image) }
}

/// Limits as the service counts them for a project's model.
fn new_quota(config: &Config, project: &str, model: &str, now: u64) -> Quota {
    let rules = config.limits_of(project, model);
    Quota::new(rules, config.discipline, config.rejected_count, now)
}

impl Service {
    /// Decides about a request that has just arrived.
    pub(crate) fn decide(&mut self, sequence: u64, open: &OpenRequest) -> Work {
        if let Some(fault) = &open.scripted {
            if let Intent::Generate(generation) = &open.parsed.intent {
                self.note_attempt(open, cost(generation));
            }
            return self.apply_fault(sequence, open, fault);
        }
        match &open.parsed.intent {
            Intent::Generate(generation) => self.admit(sequence, open, generation),
            Intent::Call(call) => match self.scheduled(sequence, &open.parsed) {
                Some(fault) => self.apply_fault(sequence, open, &fault),
                None => self.perform(sequence, open, call),
            },
            other => Work::reply(self.time, immediate_reply(other)),
        }
    }

    /// Limits first, then money, then what the schedule has in store.
    fn admit(&mut self, sequence: u64, open: &OpenRequest, generation: &Generation) -> Work {
        let (project, model) = (&open.parsed.project, &open.parsed.model);
        let now = self.own_clock();
        let cost = cost(generation);
        self.note_attempt(open, cost);
        let broken = self.quota(project, model).violations(now, cost);
        if let Some(first) = broken.first() {
            let label = format!("limit:{}", dimension_name(first.dimension));
            self.ledger.over_limit(project, model);
            self.reject(sequence, open, cost, label);
            let reply = self.over_limit(sequence, model, &broken);
            return Work::reply(self.time, reply);
        }
        let generated = without_fault(generation);
        let usage = billing::usage(self.config.seed, sequence, generation, &generated);
        let price = billing::price(generation, &generated, &usage);
        if let Some((label, reply)) = self.out_of_money(project, now, price) {
            self.reject(sequence, open, cost, label.into());
            return Work::reply(self.time, reply);
        }
        if let Some(fault) = self.scheduled(sequence, &open.parsed) {
            return self.apply_fault(sequence, open, &fault);
        }
        self.count(sequence, open, cost);
        self.work_on(sequence, open, generation, Action::Answer(generated), None, None)
    }

    /// The limit of money that another picture would break.
    fn out_of_money(
        &mut self,
        project: &str,
        now: u64,
        price: u64,
    ) -> Option<(&'static str, Reply)> {
        let account = self.config.account_of(project).to_owned();
        let account = self.accounts.entry(account).or_default();
        let prepaid = self.config.prepaid.map(Config::nano_usd);
        if prepaid.is_some_and(|balance| account.ever.saturating_add(price) > balance) {
            let body = error::plain(402, replies::PREPAID);
            return Some(("limit:prepaid", Reply::json(402, body)));
        }
        let limit = Config::nano_usd(self.config.spend_limit?);
        account.spend.room(now, price, limit).err()?;
        Some(("limit:spend", replies::spend_reply()))
    }

    fn scheduled(&self, sequence: u64, parsed: &Parsed) -> Option<Fault> {
        let since = self.scale.since_start(self.time);
        let mut random = self.random(sequence, Purpose::Fault);
        let hits = |fault: &&Fault| {
            // Each rule draws, whether it applies or not, so that one rule does not move another.
            let drawn = random.unit();
            fault.is_for(parsed.call, &parsed.model)
                && since >= fault.from.unwrap_or(0)
                && fault.to.is_none_or(|to| since < to)
                && drawn < fault.probability.unwrap_or(1.0)
        };
        self.config.faults.iter().find(hits).cloned()
    }

    fn apply_fault(&mut self, sequence: u64, open: &OpenRequest, fault: &Fault) -> Work {
        let (project, model) = (&open.parsed.project, &open.parsed.model);
        let limits = self.config.limits_of(project, model);
        let limit = |dimension: Dimension| match dimension {
            Dimension::Rpm => limits.rpm,
            Dimension::Tpm => limits.tpm,
            Dimension::Ipm => limits.ipm,
            Dimension::Rpd => limits.rpd,
        };
        let mut plan = fault::of_fault(
            fault,
            FaultContext { model, limit: &limit, random: self.random(sequence, Purpose::Hint) },
        );
        if fault.fault != FaultKind::Ok {
            self.ledger.edit(sequence, |record| record.fault = Some(fault.fault.name()));
        }
        let Intent::Generate(generation) = &open.parsed.intent else {
            let spoils = matches!(plan.action, Action::Answer(_) | Action::Cut(_));
            if let (Intent::Call(call), true) =
                (&open.parsed.intent, fault.applied.unwrap_or(spoils))
            {
                let done = self.perform(sequence, open, call);
                plan.action = match plan.action {
                    Action::Answer(_) => done.action,
                    Action::Cut(fraction) => done.action.cut(fraction),
                    lost => lost,
                };
            }
            // A wrong request has no picture to spoil: it is told what is wrong with it.
            if matches!(plan.action, Action::Answer(_) | Action::Cut(_)) {
                plan.action = Action::Reply(immediate_reply(&open.parsed.intent));
            }
            let after = plan.after.unwrap_or(0);
            let due = (plan.action != Action::Hang).then(|| self.time.saturating_add(after));
            return Work::unbilled(due, plan.action);
        };
        if fault.fault == FaultKind::Ok {
            plan.action = Action::Answer(without_fault(generation));
        }
        let counts = match &plan.action {
            Action::Reply(reply) => match reply.status {
                402 | 429 => self.quota(project, model).counts_rejected(),
                408 | 499.. => self.config.failures_count,
                400..=498 => false,
                _ => true,
            },
            Action::Reset | Action::Hang => self.config.failures_count,
            Action::Answer(_) | Action::Cut(_) | Action::Send(..) => true,
        };
        if fault.counted.unwrap_or(counts) {
            self.count(sequence, open, cost(generation));
        }
        let mut work =
            self.work_on(sequence, open, generation, plan.action, plan.after, fault.billed);
        work.image_bytes = fault.image_bytes.or(work.image_bytes);
        work
    }

    /// Sets the time and the price of an action, and books it.
    fn work_on(
        &mut self,
        sequence: u64,
        open: &OpenRequest,
        generation: &Generation,
        mut action: Action,
        after: Option<u64>,
        billed: Option<bool>,
    ) -> Work {
        let mut after =
            after.unwrap_or_else(|| self.latency(sequence, &open.parsed.model, generation));
        let made = matches!(action, Action::Answer(_) | Action::Cut(_));
        if let Some(deadline) = generation.deadline.filter(|deadline| made && *deadline < after) {
            after = deadline;
            action = Action::Reply(replies::deadline_reply());
            self.ledger.edit(sequence, |record| record.fault = Some("deadline".into()));
        }
        let due = (action != Action::Hang).then(|| self.time.saturating_add(after));
        let mut work = Work { image_bytes: generation.image_bytes, ..Work::unbilled(due, action) };
        let made = matches!(work.action, Action::Answer(_) | Action::Cut(_));
        if made || billed == Some(true) {
            let generated = work.generated();
            work.usage = billing::usage(self.config.seed, sequence, generation, &generated);
            work.price_nano = billing::price(generation, &generated, &work.usage);
        }
        if billed == Some(false) {
            work.price_nano = 0;
        }
        self.book(&open.parsed.project, work.price_nano);
        work
    }

    fn latency(&self, sequence: u64, model: &str, generation: &Generation) -> u64 {
        let mut random = self.random(sequence, Purpose::Latency);
        let (normal, unit) = (random.normal(), random.unit());
        self.config.latency.draw(model, generation.size.name(), normal, unit)
    }

    fn book(&mut self, project: &str, price: u64) {
        if price == 0 {
            return;
        }
        let now = self.own_clock();
        let name = self.config.account_of(project).to_owned();
        let account = self.accounts.entry(name.clone()).or_default();
        account.ever = account.ever.saturating_add(price);
        account.spend.take(now, price);
        self.ledger.spent(&name, account.spend.spent(now));
    }

    /// The time on the service's own clock.
    fn own_clock(&self) -> u64 {
        self.time.saturating_add_signed(self.clock_offset())
    }

    fn quota(&mut self, project: &str, model: &str) -> &mut Quota {
        let now = self.own_clock();
        let config = &self.config;
        let key = (project.to_owned(), model.to_owned());
        let quota =
            self.quotas.entry(key).or_insert_with(|| new_quota(config, project, model, now));
        let rules = config.limits_of(project, model);
        if !quota.follows(&rules, config.discipline, config.rejected_count) {
            quota.adopt(new_quota(config, project, model, now));
        }
        quota
    }

    fn note_attempt(&mut self, open: &OpenRequest, cost: Cost) {
        let now = self.own_clock();
        self.ledger.attempted(&open.parsed.project, &open.parsed.model, now, cost);
    }

    /// Takes of the limits.
    fn count(&mut self, sequence: u64, open: &OpenRequest, cost: Cost) {
        let (project, model) = (&open.parsed.project, &open.parsed.model);
        let now = self.own_clock();
        self.quota(project, model).take(now, cost);
        self.ledger.counted(project, model, now, cost);
        self.ledger.edit(sequence, |record| record.counted = true);
    }

    fn reject(&mut self, sequence: u64, open: &OpenRequest, cost: Cost, label: String) {
        self.ledger.edit(sequence, |record| record.fault = Some(label));
        if self.quota(&open.parsed.project, &open.parsed.model).counts_rejected() {
            self.count(sequence, open, cost);
        }
    }

    /// The 429 of limits that were really reached.
    fn over_limit(&mut self, sequence: u64, model: &str, broken: &[Violation]) -> Reply {
        let mut random = self.random(sequence, Purpose::Hint);
        let zero = broken.iter().any(|violation| violation.limit == 0);
        let short = fault::seeded_delay(&mut random, 5, 55);
        let misleads = match self.config.daily_hint {
            DailyHint::True => false,
            DailyHint::Short => true,
            DailyHint::Mixed => random.next() & 1 == 1,
        };
        let waits = broken.iter().map(|violation| {
            if zero || (misleads && violation.dimension == Dimension::Rpd) {
                short
            } else {
                self.hint(&mut random, violation.wait)
            }
        });
        let delay = waits.max_by_key(|delay| delay.nanos).unwrap_or(short);
        match self.config.quota_body {
            QuotaBody::Detailed => {
                let line = |violation: &Violation| QuotaLine {
                    dimension: violation.dimension,
                    limit: violation.limit,
                    free: violation.limit == 0,
                };
                let lines: Vec<QuotaLine> = broken.iter().map(line).collect();
                Reply::json(429, quota_error::quota(&lines, model, delay))
            }
            QuotaBody::Bare => Reply::json(429, error::plain(429, quota_error::BARE_429)),
            QuotaBody::Empty => Reply::json(429, String::new()),
            QuotaBody::Gateway => {
                let mut reply = Reply::json(429, error::plain(429, quota_error::BARE_429));
                let seconds = delay.nanos.div_ceil(1_000_000_000);
                reply.set("retry-after", &seconds.to_string());
                reply
            }
        }
    }

    /// A wait as a body tells it: on the caller's clock, with a fraction, never too short.
    fn hint(&self, random: &mut Random, wait: u64) -> Delay {
        let nanos = Delay::from_ms(self.scale.span(wait)).nanos;
        Delay { nanos: nanos.saturating_add(random.between(1, 999_999)) }
    }
}

fn dimension_name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Rpm => "rpm",
        Dimension::Tpm => "tpm",
        Dimension::Ipm => "ipm",
        Dimension::Rpd => "rpd",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_stream_gives_a_hint_that_is_not_short() {
        let service = Service::new(Config::default()).unwrap();
        let mut random = Random::keyed(1, 1, Purpose::Hint);
        for wait in [0, 1, 999, 60_000] {
            assert!(service.hint(&mut random, wait).nanos > wait * 1_000_000);
        }
    }
}
