//! One target: a model, with its address, headers and account.

use std::rc::Rc;

use js_sys::{JSON, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::models::known::Catalog;
use crate::models::model::{Model, Size};
use crate::models::price::Price;
use crate::protocol::Protocol;
use crate::wasm::request::checked::Request;
use crate::wasm::target::token::TokenSource;

/// One place to ask.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) model: String,
    pub(crate) url: JsString,
    pub(crate) headers: Object,
    /// What must not show up in errors and events.
    pub(crate) secrets: Vec<String>,
    /// What tells accounts at one address apart: the key, or the project where tokens are used.
    pub(crate) key: Option<String>,
    pub(crate) base: String,
    /// Whether Google, who is asked, no longer serves it.
    pub(crate) retired: bool,
    pub(crate) protocol: Protocol,
    /// What `modelUsed` shows, where the target says it.
    pub(crate) name: Option<String>,
    /// What a picture costs, where the target says it.
    pub(crate) price: Option<Price>,
    /// Where its bearer tokens come from.
    pub(crate) token: Option<Rc<TokenSource>>,
    /// What is to be said to it beside or instead of what a request says, as a part of a body.
    pub(super) config: Option<Object>,
    /// Whether it is at the one address for the world, where Vertex AI has `flex` alone.
    pub(super) is_global: bool,
    pub(super) catalog: Rc<Catalog>,
    /// The smaller size that it is asked for after it has timed out.
    pub(crate) smaller: Option<Size>,
}

impl Target {
    /// Whether this asks the same of the same account at the same place.
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

    /// The request as this target is to get it, where that is not as it was made.
    pub(crate) fn own(&self, request: &Request) -> Result<Option<Request>, JsValue> {
        self.config.as_ref().map(|config| request.over(config)).transpose()
    }

    /// Its model, and the name that the target may have.
    pub(crate) fn called(&self) -> (&str, Option<&str>) {
        (&self.model, self.name.as_deref())
    }

    /// What the catalogue knows of its model.
    pub(crate) fn known(&self) -> Option<Model<'_>> {
        self.catalog.find(&self.model)
    }

    /// The id that may have been meant, of a model that nobody knows.
    pub(crate) fn meant(&self) -> Option<String> {
        let nearest = || self.catalog.nearest(&self.model).map(|model| model.id.to_owned());
        if self.known().is_none() { nearest() } else { None }
    }

    /// What the catalogue knows of a model that may not be its own.
    pub(crate) fn catalog_row(&self, model: &str) -> Option<Model<'_>> {
        self.catalog.find(model)
    }
}
