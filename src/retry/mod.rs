//! Retries: the waits, the fallback, the retry budget, and the decision that combines them.

pub mod backoff;
pub mod ending;
pub mod fallback;
pub mod policy;
pub mod retry_budget;
