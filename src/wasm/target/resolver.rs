//! Makes targets from the client's settings, the environment and the options of a request.

use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::models::catalog;
use crate::models::model::Status;
use crate::protocol::Address;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::request::checked::Request;
use crate::wasm::request::target_config::target_config;
use crate::wasm::target::context::Context;
use crate::wasm::target::credentials::Credentials;
use crate::wasm::target::entry::Entry;
use crate::wasm::target::headers::request_headers;
use crate::wasm::target::home::is_google;
use crate::wasm::target::location::Location;
use crate::wasm::target::position::{with_model, with_position};
use crate::wasm::target::resolved::Target;
use crate::wasm::target::secrets::header_secrets;

/// The targets of `models` in order: the call's own, else the client's, else the default chain.
///
/// # Errors
/// A `TypeError` for a wrong target, a `GenerateError` for a missing key.
pub(super) fn resolve_all(
    own: Option<&JsValue>,
    context: &Context<'_>,
) -> Result<Vec<Rc<Target>>, JsValue> {
    let models = match own.or(context.settings.models.as_ref()) {
        Some(models) => models.unchecked_ref::<Array>().to_vec(),
        None => catalog::DEFAULT_CHAIN.iter().map(|&model| model.into()).collect(),
    };
    let mut targets: Vec<Rc<Target>> = Vec::with_capacity(models.len());
    for (entry, position) in models.iter().zip(1..) {
        let target = match resolve(entry, Some(position), context) {
            Err(fault) if models.len() > 1 => return Err(with_position(&fault, position)),
            target => target?,
        };
        if targets.iter().any(|other| other.is_same(&target)) {
            let target = with_model(position, &target.model);
            context.host.warn(&[&target, "is in `models` before, and is left out"].concat());
            continue;
        }
        targets.push(Rc::new(target));
    }
    Ok(targets)
}

/// The target of one entry, with its place in `models` from 1.
///
/// # Errors
/// A `TypeError` that names the mistake, a `GenerateError` for a missing key.
pub(super) fn resolve(
    entry: &JsValue,
    position: Option<u64>,
    context: &Context<'_>,
) -> Result<Target, JsValue> {
    let mut entry = Entry::read(entry, position, context)?;
    let location = Location::of(&mut entry, context)?;
    let credentials = Credentials::of(&mut entry, &location, context)?;
    let target = target(entry, location, credentials, context)?;
    if target.config.is_some() {
        let own = target.own(&Request::default())?;
        if let Some(tier) = own.and_then(|own| own.tier).filter(|tier| !target.has(*tier)) {
            return Err(type_error(&target.without(tier)));
        }
    }
    Ok(target)
}

fn target(
    entry: Entry,
    location: Location<'_>,
    credentials: Credentials<'_>,
    context: &Context<'_>,
) -> Result<Target, JsValue> {
    let Entry { options, model, protocol, is_vertex, .. } = entry;
    let (base, cloud_location) = (location.base, options.location.as_deref());
    let address = Address {
        base: &base,
        version: location.version.as_deref(),
        model: &model,
        project: options.project.as_deref(),
        location: cloud_location,
    };
    let Some(url) = protocol.url(&address) else {
        return Err(type_error("`project` and `location` must be names, such as us-central1"));
    };
    let headers = credentials.headers();
    let mut secrets: Vec<String> = credentials.key.iter().cloned().collect();
    secrets.extend(headers.iter().flat_map(|more| header_secrets(more)));
    let (header, scheme) = protocol.key_header();
    let credential = credentials.key.as_ref().map(|key| (header, [scheme, key].concat()));
    let server_secs = context.server_secs.filter(|_| protocol.is_gemini());
    let headers = request_headers(credential, server_secs, &headers);
    let config = options
        .config
        .map(|config| target_config(config.unchecked_ref(), context.host))
        .transpose()?;
    let catalog = context.settings.catalog();
    let is_retired = catalog.find(&model).is_some_and(|known| known.status == Status::Retired);
    Ok(Target {
        retired: is_retired && is_google(&base),
        url: url.as_str().into(),
        headers,
        secrets,
        is_global: cloud_location.is_none_or(|location| location == "global"),
        model: model.strip_prefix("models/").map(str::to_owned).unwrap_or(model),
        // Tokens come and go; their project stays.
        key: credentials.key.or_else(|| options.project.filter(|_| is_vertex)),
        base,
        protocol,
        name: options.name,
        price: options.price,
        token: credentials.token,
        config,
        catalog,
        smaller: None,
    })
}
