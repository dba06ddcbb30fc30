//! A request as far as it is understood.

use crate::model::generation::Generation;
use crate::model::picture::Picture;
use crate::model::protocol::{Protocol, is_generate};
use crate::parse::call::Call;
use crate::wire::refusal::Refusal;

/// The thing that a request asks for.
#[derive(Clone, Debug)]
pub(crate) enum Intent {
    /// A preflight; whether it may pass.
    Preflight { allowed: bool },
    /// Nothing, since the request is wrong.
    Refused(Refusal),
    /// A body that is known already.
    Ready { body: String },
    /// A picture that was made before.
    Fetch(Picture),
    /// Something about files or jobs.
    Call(Call),
    /// A picture, probably.
    Generate(Generation),
}

/// A request as far as it can be understood without a clock.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    /// `generateContent`, `predict`, `images`, `chat`, `countTokens`, `models`, `picture`,
    /// `preflight`, `unknown`, or that of a [`Call`].
    pub(crate) call: &'static str,
    pub(crate) protocol: Protocol,
    /// The name under which the caller knows the service.
    pub(crate) host: String,
    pub(crate) model: String,
    pub(crate) project: String,
    pub(crate) origin: Option<String>,
    /// Whether it is about an upload, preflights included.
    pub(crate) is_upload: bool,
    pub(crate) intent: Intent,
}

impl Parsed {
    /// Whether it is for a picture.
    pub(crate) fn is_generate(&self) -> bool {
        is_generate(self.call)
    }
}
