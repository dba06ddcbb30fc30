//! A question to the store that is not answered yet, and its purpose.

use std::rc::Rc;

use crate::base::time::Now;
use crate::engine::call::ChargedAt;
use crate::engine::ids::{AccountId, ExchangeId, ReplicaId};
use crate::quota::shared::Request;
use crate::quota::window::Amounts;

#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) id: ExchangeId,
    pub(crate) replica: ReplicaId,
    pub(crate) asked: Now,
    pub(crate) purpose: Purpose,
}

#[derive(Debug)]
pub(crate) enum Purpose {
    /// The money of a lane's requests, asked of one payer; the next payer is asked after it.
    Money { lane: usize, costs: Vec<Amounts>, charged_at: ChargedAt, payer: Payer },
    /// The permits for a lane's requests, and when their money was counted.
    Permits { lane: usize, costs: Vec<Amounts>, charged_at: ChargedAt },
    /// The report of changes; permits granted to an earlier question go back.
    Tell { request: Rc<Request>, lane: Option<usize> },
}

impl Purpose {
    /// The lane that waits for the answer.
    pub(crate) const fn lane(&self) -> Option<usize> {
        match self {
            Self::Money { lane, .. } | Self::Permits { lane, .. } => Some(*lane),
            Self::Tell { lane, .. } => *lane,
        }
    }
}

/// The quotas that count money, in the order in which they are asked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Payer {
    Budget,
    Account,
}

impl Payer {
    pub(crate) const ALL: [Self; 2] = [Self::Budget, Self::Account];

    pub(crate) const fn replica(self, account: AccountId) -> ReplicaId {
        match self {
            Self::Budget => ReplicaId::Budget,
            Self::Account => ReplicaId::Account(account),
        }
    }
}

impl ChargedAt {
    pub(crate) const fn of(self, payer: Payer) -> u64 {
        match payer {
            Payer::Budget => self.budget,
            Payer::Account => self.account,
        }
    }

    pub(crate) const fn set(&mut self, payer: Payer, at: u64) {
        match payer {
            Payer::Budget => self.budget = at,
            Payer::Account => self.account = at,
        }
    }
}

/// The number of permits, and when they were counted.
#[derive(Clone, Copy)]
pub(crate) struct Granted {
    pub(crate) count: usize,
    pub(crate) at: u64,
    pub(crate) charged_at: ChargedAt,
}
