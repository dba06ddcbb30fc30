//! The state that decisions depend on, and that they change.

use std::collections::BTreeMap;

use crate::base::random::{Purpose, Random};
use crate::base::time_scale::TimeScale;
use crate::batch::context::Context;
use crate::batch::store::Store;
use crate::model::account::Account;
use crate::model::limits::Cost;
use crate::model::quota::Quota;
use crate::parse::parsed::Parsed;
use crate::records::ledger::Ledger;
use crate::settings::config::Config;

/// The state of the service, but for the requests that are open.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) scale: TimeScale,
    /// Milliseconds of the service's time.
    pub(crate) time: u64,
    /// By project and model.
    quotas: BTreeMap<(String, String), Quota>,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) ledger: Ledger,
    pub(crate) store: Store,
}

impl State {
    /// The state of a service that has seen nothing yet.
    pub(crate) fn new(config: Config) -> Self {
        Self {
            scale: TimeScale::new(config.time_scale),
            time: 0,
            quotas: BTreeMap::new(),
            accounts: BTreeMap::new(),
            ledger: Ledger::new(config.max_records),
            store: Store::new(&config.batch),
            config,
        }
    }

    pub(crate) fn random(&self, sequence: u64, purpose: Purpose) -> Random {
        Random::keyed(self.config.seed, sequence, purpose)
    }

    /// How far the service's clock is ahead of the truth, in milliseconds.
    pub(crate) fn clock_offset(&self) -> i64 {
        self.config.clock_offset.unwrap_or_else(|| {
            let drawn = self.random(0, Purpose::ClockOffset).between(0, 3_000);
            i64::try_from(drawn).unwrap_or(0).saturating_sub(1_500)
        })
    }

    /// The time on the service's own clock.
    pub(crate) fn own_clock(&self) -> u64 {
        self.time.saturating_add_signed(self.clock_offset())
    }

    /// The limits of a project's model, by the configuration of this moment.
    pub(crate) fn quota(&mut self, project: &str, model: &str) -> &mut Quota {
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

    pub(crate) fn note_attempt(&mut self, parsed: &Parsed, cost: Cost) {
        let now = self.own_clock();
        self.ledger.attempted(&parsed.project, &parsed.model, now, cost);
    }

    /// Takes of the limits.
    pub(crate) fn count(&mut self, sequence: u64, parsed: &Parsed, cost: Cost) {
        let (project, model) = (&parsed.project, &parsed.model);
        let now = self.own_clock();
        self.quota(project, model).take(now, cost);
        self.ledger.counted(project, model, now, cost);
        self.ledger.edit(sequence, |record| record.counted = true);
    }

    /// The store of files and jobs, and the context of a call to it.
    pub(crate) fn store_and_context<'s>(
        &'s mut self,
        sequence: u64,
        parsed: &'s Parsed,
    ) -> (&'s mut Store, Context<'s>) {
        let context = Context {
            config: &self.config,
            ledger: &mut self.ledger,
            now: self.time,
            sequence,
            parsed,
        };
        (&mut self.store, context)
    }
}

fn new_quota(config: &Config, project: &str, model: &str, now: u64) -> Quota {
    let rules = config.limits_of(project, model);
    Quota::new(rules, config.discipline, config.rejected_count, now)
}
