//! The targets of a client, and those of a call in order.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::models::catalog;
use crate::wasm::host::Host;
use crate::wasm::options::read::Settings;
use crate::wasm::request::checked::Request;
use crate::wasm::request::http_options::HttpOptions;
use crate::wasm::target::context::Context;
use crate::wasm::target::resolved::Target;
use crate::wasm::target::resolver::{resolve, resolve_all};
use crate::wasm::target::token::TokenSources;

/// Targets of models that requests name, which are kept, at most.
const BY_MODEL_MAX: usize = 32;

/// The client's own targets, made once for each time that the service is told.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    cache: RefCell<Option<Cached>>,
    /// Those of models that requests name.
    by_model: RefCell<Vec<ModelTarget>>,
    tokens: TokenSources,
}

#[derive(Debug)]
struct Cached {
    server_secs: Option<u64>,
    targets: Rc<[Rc<Target>]>,
}

#[derive(Debug)]
struct ModelTarget {
    server_secs: Option<u64>,
    model: String,
    target: Rc<Target>,
}

impl Targets {
    /// The chain of a call, in order: the model that its request names first, then the call's own
    /// models, else the client's, else the default chain.
    ///
    /// # Errors
    /// A `TypeError` for a wrong target, a `GenerateError` for a missing key.
    pub(crate) fn chain(
        &self,
        own: Option<&JsValue>,
        request: &Request,
        server_secs: Option<u64>,
        settings: &Settings,
        host: &Host,
    ) -> Result<Rc<[Rc<Target>]>, JsValue> {
        let none = HttpOptions::default();
        let http = request.http.as_deref().unwrap_or(&none);
        let context = Context { settings, host, http, server_secs, tokens: &self.tokens };
        let targets = if own.is_some() || !http.is_empty() {
            resolve_all(own, &context)?.into()
        } else {
            self.cached(&context)?
        };
        let Some(model) = &request.model else { return Ok(targets) };
        let model = context.current_id(catalog::bare(model).to_owned(), false);
        let (mut chain, rest): (Vec<_>, Vec<_>) =
            targets.iter().cloned().partition(|target| target.model == model);
        if chain.is_empty() {
            chain.push(self.of_model(&context, model)?);
        }
        chain.extend(rest);
        Ok(chain.into())
    }

    /// The target of a model that a request names beside those of the chain.
    fn of_model(&self, context: &Context<'_>, model: String) -> Result<Rc<Target>, JsValue> {
        let resolve = || resolve(&model.as_str().into(), None, context).map(Rc::new);
        if !context.http.is_empty() {
            return resolve();
        }
        let server_secs = context.server_secs;
        let is_it = |kept: &&ModelTarget| kept.server_secs == server_secs && kept.model == model;
        if let Some(kept) = self.by_model.borrow().iter().find(is_it) {
            return Ok(Rc::clone(&kept.target));
        }
        let target = resolve()?;
        let mut kept = self.by_model.borrow_mut();
        if kept.len() >= BY_MODEL_MAX {
            kept.clear();
        }
        kept.push(ModelTarget { server_secs, model, target: Rc::clone(&target) });
        Ok(target)
    }

    fn cached(&self, context: &Context<'_>) -> Result<Rc<[Rc<Target>]>, JsValue> {
        let server_secs = context.server_secs;
        if let Some(cached) = &*self.cache.borrow()
            && cached.server_secs == server_secs
        {
            return Ok(Rc::clone(&cached.targets));
        }
        let targets: Rc<[Rc<Target>]> = resolve_all(None, context)?.into();
        self.cache.replace(Some(Cached { server_secs, targets: Rc::clone(&targets) }));
        Ok(targets)
    }
}
