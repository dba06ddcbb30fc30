//! The Batch API and the Files API: jobs, their rows, uploads, and what each call does.
//!
//! `calls` is the way in; `store` has all that is kept, and every call gets it with a `context`.

pub(crate) mod calls;
pub(crate) mod context;
pub(crate) mod create;
pub(crate) mod file;
pub(crate) mod file_calls;
pub(crate) mod files;
pub(crate) mod job;
pub(crate) mod job_calls;
pub(crate) mod list_page;
pub(crate) mod operation;
pub(crate) mod rows;
pub(crate) mod store;
pub(crate) mod upload;
