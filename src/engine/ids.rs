//! The numbers of calls, attempts, lanes, accounts, quotas and questions to a store.

/// A call, from its start until it is settled; the number is used again afterwards.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CallId(pub u32);

/// One attempt in flight; the number is never used again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttemptId(pub u32);

/// A lane of an engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaneId(pub u32);

/// An account of an engine: base URL and key, which share money.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccountId(pub u32);

/// A quota of an engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplicaId {
    /// The client's budget.
    Budget,
    /// The money of an account.
    Account(AccountId),
    /// A project and model.
    Lane(LaneId),
}

/// A question to the store that is not answered yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ExchangeId(pub u64);

/// The lane in this place.
pub(crate) fn lane_id(index: usize) -> LaneId {
    LaneId(u32::try_from(index).unwrap_or(u32::MAX))
}
