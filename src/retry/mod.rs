//! Again and when, elsewhere, or the end: the waits, the fallback, the retry budget.

pub mod backoff;
pub mod ending;
pub mod fallback;
pub mod policy;
pub mod retry_budget;
