//! One call for a picture: its request, its targets, and its history.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use js_sys::JsString;

use crate::errors::redact::Redactor;
use crate::models::service_tier::ServiceTier;
use crate::protocol::need::Size;
use crate::wasm::answer::summary::Summary;
use crate::wasm::attempt::admission_hook::AdmissionHook;
use crate::wasm::request::checked::Request;
use crate::wasm::target::resolved::Target;

/// The form in which the caller gets an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// The answer itself, with or without a picture, as the hand-rolled loop gives it.
    Answer,
    /// `GenerateResult`.
    Result,
    /// The result of the guide's `generateWithFallback`.
    Fallback,
}

/// The reason for which a target was left out of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Skip {
    /// The need of the request that it cannot meet, in a word.
    pub(crate) lacks: Option<&'static str>,
    /// The reason in words.
    pub(crate) reason: String,
}

/// One call for a picture.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) request: Request,
    /// The chain, in order.
    pub(crate) targets: Rc<[Rc<Target>]>,
    /// The request as each target is to get it, where targets have a `config`.
    pub(super) own: Box<[Option<Request>]>,
    /// The seconds that the service is told for `flex`, which takes longer than others.
    pub(super) flex_secs: Option<u64>,
    pub(crate) wanted: Wanted,
    /// The targets that were left out of the chain.
    pub(crate) skipped: Box<[(Rc<Target>, Skip)]>,
    /// The hook that admits each request.
    pub(super) hook: Option<AdmissionHook>,
    /// Its history, apart and made late, since a hundred thousand may wait that have none.
    past: OnceCell<Box<Past>>,
}

/// The history of a call for a picture since it was sent.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The text sent last, with its target: a retry sends the same.
    pub(super) text: RefCell<Option<(usize, JsString)>>,
    /// The texts that errors must not show, gathered once an attempt has failed.
    pub(super) redactor: OnceCell<Redactor>,
    /// The bearer tokens that were sent, which must not show either.
    pub(super) tokens: RefCell<Vec<String>>,
    /// The summary of the answer that settles the call: the first with a picture.
    pub(super) summary: Cell<Summary>,
    /// The target that gave it.
    pub(super) answered: Cell<usize>,
    /// Whether signatures of thoughts are replaced, since the service has refused them.
    pub(super) is_unsigned: Cell<bool>,
    /// The model that made it, where that is another one than was asked.
    pub(super) served_by: RefCell<Option<String>>,
}

impl Picture {
    pub(crate) const fn new(
        request: Request,
        targets: Rc<[Rc<Target>]>,
        own: Box<[Option<Request>]>,
        flex_secs: Option<u64>,
        wanted: Wanted,
        skipped: Box<[(Rc<Target>, Skip)]>,
        hook: Option<AdmissionHook>,
    ) -> Self {
        Self { request, targets, own, flex_secs, wanted, skipped, hook, past: OnceCell::new() }
    }

    pub(super) fn past(&self) -> &Past {
        self.past.get_or_init(Box::default)
    }

    /// The request as a target is to get it.
    pub(super) fn request(&self, index: usize) -> &Request {
        self.own.get(index).and_then(Option::as_ref).unwrap_or(&self.request)
    }

    /// The tier of service that a target is asked for.
    pub(super) fn tier(&self, index: usize) -> ServiceTier {
        let target = self.targets.get(index);
        target.map_or_else(ServiceTier::default, |target| target.tier(self.request(index)))
    }

    /// The size that a target is asked for; `None` where the request names none.
    pub(super) fn size(&self, index: usize) -> Option<Size> {
        let smaller = self.targets.get(index).and_then(|target| target.smaller);
        smaller.or(self.request(index).need.size)
    }

    /// The model of a target.
    pub(crate) fn model(&self, index: usize) -> Option<&str> {
        self.targets.get(index).map(|target| target.model.as_str())
    }

    /// The model that answered in place of the one that was asked, where the answer says so.
    pub(crate) fn served_by(&self) -> Option<String> {
        self.past().served_by.borrow().clone()
    }
}
