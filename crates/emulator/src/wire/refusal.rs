//! A refusal of a request that is wrong.

use crate::wire::error;

/// The answer to a request that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, body: String) -> Self {
        Self { status, body }
    }
}

pub(crate) fn refuse<T>(status: u16, message: &str) -> Result<T, Refusal> {
    Err(Refusal::new(status, error::plain(status, message)))
}
