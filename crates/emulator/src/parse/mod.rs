//! The reading of a request, from its route to the last field of its body. It depends on the
//! configuration and on no earlier request.

pub(crate) mod batch_rows;
pub(crate) mod call;
pub(crate) mod cors;
pub(crate) mod field_names;
pub(crate) mod files_and_batches;
pub(crate) mod generate_content;
pub(crate) mod generation;
pub(crate) mod key;
pub(crate) mod models;
pub(crate) mod new_batch;
pub(crate) mod openai;
pub(crate) mod parsed;
pub(crate) mod predict;
pub(crate) mod prompt;
pub(crate) mod request;
pub(crate) mod review;
pub(crate) mod route;
pub(crate) mod vertex;
