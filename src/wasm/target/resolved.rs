//! One target: a model, with its address, headers and account.

use std::rc::Rc;

use js_sys::{JSON, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::models::known::Catalog;
use crate::models::model::Model;
use crate::models::price::Price;
use crate::protocol::Protocol;
use crate::protocol::need::Size;
use crate::wasm::request::checked::Request;
use crate::wasm::target::token::TokenSource;

/// One target, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) model: String,
    pub(crate) url: JsString,
    pub(crate) headers: Object,
    /// Texts that must not show up in errors and events.
    pub(crate) secrets: Vec<String>,
    /// The account at its address: the key, or the project where tokens are used.
    pub(crate) key: Option<String>,
    pub(crate) base: String,
    /// Whether it is asked at Google, where the model is no longer served.
    pub(crate) retired: bool,
    pub(crate) protocol: Protocol,
    /// The name that `modelUsed` shows in place of the model.
    pub(crate) name: Option<String>,
    /// The price of a picture, in place of the catalogue's.
    pub(crate) price: Option<Price>,
    /// The source of its bearer tokens.
    pub(crate) token: Option<Rc<TokenSource>>,
    /// The part of a body that goes over the body of each request.
    pub(super) config: Option<Object>,
    /// Whether it is at the global address: Vertex AI has `flex` there alone.
    pub(super) is_global: bool,
    pub(super) catalog: Rc<Catalog>,
    /// The smaller size that it is asked for after it has timed out.
    pub(crate) smaller: Option<Size>,
}

impl Target {
    /// Whether both ask the same of the same account at the same address.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.url == other.url
            && self.key == other.key
            && self.protocol == other.protocol
            && self.secrets == other.secrets
            && self.name == other.name
            && self.config_text() == other.config_text()
    }

    fn config_text(&self) -> Option<String> {
        self.config.as_ref().and_then(|config| JSON::stringify(config).ok()).map(String::from)
    }

    /// The request with the `config` of this target; `None` where it has no `config`.
    pub(crate) fn own(&self, request: &Request) -> Result<Option<Request>, JsValue> {
        self.config.as_ref().map(|config| request.over(config)).transpose()
    }

    /// Its model, and the name that the target may have.
    pub(crate) fn called(&self) -> (&str, Option<&str>) {
        (&self.model, self.name.as_deref())
    }

    /// The row of its model in the catalogue.
    pub(crate) fn known(&self) -> Option<Model<'_>> {
        self.catalog.find(&self.model)
    }

    /// The id that may have been meant, where the catalogue does not have the model.
    pub(crate) fn meant(&self) -> Option<String> {
        let nearest = || self.catalog.nearest(&self.model).map(|model| model.id.to_owned());
        if self.known().is_none() { nearest() } else { None }
    }

    /// The row of a model in the catalogue, which may not be its own.
    pub(crate) fn catalog_row(&self, model: &str) -> Option<Model<'_>> {
        self.catalog.find(model)
    }
}
