//! Batches and jobs for JavaScript: JSON in, JSON out.

pub mod batch;
pub mod job_options;
pub mod jobs;
