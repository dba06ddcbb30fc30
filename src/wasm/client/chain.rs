//! The targets of a call that can make its picture.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::base::text::join;
use crate::protocol::need::Size;
use crate::wasm::errors::retired::{retired_error, retired_reason};
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host::Host;
use crate::wasm::picture::call::Skip;
use crate::wasm::request::checked::Request;
use crate::wasm::target::resolved::Target;

/// A chain, and the targets that were left out of it.
pub(super) type Usable = (Rc<[Rc<Target>]>, Box<[(Rc<Target>, Skip)]>);

/// Leaves out the targets that cannot make the picture. The catalogue is asked only where `checks`.
///
/// # Errors
/// A `TypeError` where no target is left, a `GenerateError` where all are retired.
pub(super) fn usable(
    chain: Rc<[Rc<Target>]>,
    request: &Request,
    checks: bool,
    host: &Host,
) -> Result<Usable, JsValue> {
    let skipped: Box<[_]> = chain
        .iter()
        .filter_map(|target| Some((Rc::clone(target), skip(target, request, checks)?)))
        .collect();
    if skipped.is_empty() {
        return Ok((chain, skipped));
    }
    if skipped.len() == chain.len() {
        let first = chain.first().and_then(|target| target.known());
        if let Some(first) = first.filter(|_| chain.iter().all(|target| target.retired)) {
            return Err(retired_error(host, &first));
        }
        let names = skipped
            .iter()
            .flat_map(|(target, skip)| [target.model.as_str(), skip.lacks.unwrap_or("retired")]);
        let message = "no model of the chain can do what the request asks: ";
        return Err(type_error(&[message, &join(names, ", ")].concat()));
    }
    let is_left =
        |target: &&Rc<Target>| !skipped.iter().any(|(other, _)| Rc::ptr_eq(other, target));
    Ok((chain.iter().filter(is_left).cloned().collect(), skipped))
}

/// The reason to leave out a target; `None` for one that can make the picture.
fn skip(target: &Target, request: &Request, checks: bool) -> Option<Skip> {
    if target.retired {
        let reason = target.known().map(|known| retired_reason(&known));
        return Some(Skip { lacks: None, reason: reason.unwrap_or_default() });
    }
    let own = target.own(request).ok().flatten();
    let lacks = target.lacks(own.as_ref().unwrap_or(request), checks)?;
    let reason = ["it cannot do the ", lacks, " that the request asks for"].concat();
    Some(Skip { lacks: Some(lacks), reason })
}

/// The chain with each target again for the smaller sizes that the caller allows.
pub(super) fn with_smaller(
    chain: &[Rc<Target>],
    request: &Request,
    sizes: &[Size],
) -> Rc<[Rc<Target>]> {
    let with_smaller = |target: &Rc<Target>| {
        let own = target.own(request).ok().flatten();
        let smaller = target.smaller(own.as_ref().unwrap_or(request), sizes);
        core::iter::once(Rc::clone(target)).chain(smaller).collect::<Vec<_>>()
    };
    chain.iter().flat_map(with_smaller).collect()
}

/// The request as each target is to get it; none where no target has a `config`.
///
/// # Errors
/// A `TypeError` for a `config` that does not go with the request, and for a tier of service that
/// no target has.
pub(super) fn own_requests(
    chain: &[Rc<Target>],
    request: &Request,
) -> Result<Box<[Option<Request>]>, JsValue> {
    let own = chain.iter().map(|target| target.own(request));
    let own: Box<[Option<Request>]> = own.collect::<Result<_, _>>()?;
    if own.iter().any(Option::is_some) {
        return Ok(own);
    }
    if let Some(tier) = request.tier
        && let Some(first) = chain.first().filter(|_| chain.iter().all(|to| !to.has(tier)))
    {
        return Err(type_error(&first.without(tier)));
    }
    Ok(Box::default())
}
