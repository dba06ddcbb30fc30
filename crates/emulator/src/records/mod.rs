//! The ledger: the truth about every request and job, for tests to compare with what a client
//! believes.

pub(crate) mod job;
pub(crate) mod ledger;
pub(crate) mod peaks;
pub(crate) mod record;
pub(crate) mod snapshot;
pub(crate) mod totals;
