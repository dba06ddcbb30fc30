//! The Batch API and the Files API: jobs, their rows, uploads, and what each call does.

pub(crate) mod calls;
pub(crate) mod file;
pub(crate) mod files;
pub(crate) mod job;
pub(crate) mod list_page;
pub(crate) mod rows;
