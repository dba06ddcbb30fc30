//! The quotas of a client: one for each account, and for each model there.

use std::cell::RefCell;

use crate::engine::ids::ReplicaId;
use crate::engine::ids::{AccountId, LaneId};

/// An account of a client: base URL and key.
#[derive(Debug)]
struct Account {
    id: AccountId,
    base: String,
    key: Option<String>,
}

/// The quota of a model at an account.
#[derive(Debug)]
pub(crate) struct ModelQuota {
    pub(crate) lane: LaneId,
    pub(crate) model: String,
    pub(crate) account: AccountId,
}

/// The quotas of a client. Each is added when a target is first asked.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    accounts: RefCell<Vec<Account>>,
    pub(crate) models: RefCell<Vec<ModelQuota>>,
}

impl Quotas {
    /// The account of a base URL and key, once it was added.
    pub(crate) fn account(&self, base: &str, key: Option<&str>) -> Option<AccountId> {
        let is_it = |account: &&Account| account.base == base && account.key.as_deref() == key;
        self.accounts.borrow().iter().find(is_it).map(|account| account.id)
    }

    /// Adds the account of a base URL and key.
    pub(crate) fn add_account(&self, id: AccountId, base: &str, key: Option<&str>) {
        let (base, key) = (base.to_owned(), key.map(str::to_owned));
        self.accounts.borrow_mut().push(Account { id, base, key });
    }

    /// The lane of a model at an account, once it was added.
    pub(crate) fn lane(&self, account: AccountId, model: &str) -> Option<LaneId> {
        let is_it = |quota: &&ModelQuota| quota.account == account && quota.model == model;
        self.models.borrow().iter().find(is_it).map(|quota| quota.lane)
    }

    /// Adds the lane of a model at an account.
    pub(crate) fn add_lane(&self, lane: LaneId, account: AccountId, model: &str) {
        self.models.borrow_mut().push(ModelQuota { lane, model: model.to_owned(), account });
    }

    /// The identity of a quota among those of a store: base URL and key, which are hashed before
    /// they leave the process, and the model.
    pub(crate) fn identity(&self, replica: ReplicaId) -> Option<(String, String)> {
        let models = self.models.borrow();
        let (account, model) = match replica {
            ReplicaId::Budget => return None,
            ReplicaId::Account(id) => (id, "spend"),
            ReplicaId::Lane(id) => {
                let quota = models.iter().find(|quota| quota.lane == id)?;
                (quota.account, quota.model.as_str())
            }
        };
        let accounts = self.accounts.borrow();
        let account = accounts.iter().find(|row| row.id == account)?;
        Some((account_identity(&account.base, account.key.as_deref()), model.to_owned()))
    }

    /// The model of a lane.
    pub(crate) fn model(&self, lane: LaneId) -> Option<String> {
        let models = self.models.borrow();
        Some(models.iter().find(|quota| quota.lane == lane)?.model.clone())
    }
}

/// Base URL and key as one text.
pub(crate) fn account_identity(base: &str, key: Option<&str>) -> String {
    [base, "\n", key.unwrap_or_default()].concat()
}
