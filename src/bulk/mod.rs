//! Batches and jobs of the Batch API; only `unexhausted-bulk` uses them.

pub mod batch;
pub mod disk;
pub mod file_name;
pub mod jobs;
pub mod journal;
pub mod rate;
