//! The work of a call.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::engine::input::Used;
use crate::errors::info::ErrorInfo;
use crate::models::known::Catalog;
use crate::wasm::answer::used::used_by_answer;
use crate::wasm::errors::info::error_info;
use crate::wasm::picture::call::Picture;

/// The work of one attempt.
#[derive(Clone)]
pub(crate) enum Job {
    /// Calls the caller's function.
    Function(Function),
    /// Calls the caller's function, which asks this model.
    ModelFunction(Function, Rc<str>),
    /// Asks the service for a picture.
    Picture(Rc<Picture>),
}

/// The last error, as it came.
#[derive(Clone)]
pub(super) enum Thrown {
    Own(JsValue),
    Copied(Rc<Value>),
}

impl Job {
    /// The model that a target asks.
    pub(crate) fn model(&self, target: usize) -> Option<&str> {
        match self {
            Self::Function(_) => None,
            Self::ModelFunction(_, model) => Some(model),
            Self::Picture(picture) => picture.model(target),
        }
    }

    /// The tokens and money that an answer took, as far as it says so.
    pub(super) fn used(&self, answer: &JsValue, catalog: &Catalog) -> Option<Used> {
        match self {
            Self::Function(_) => None,
            Self::ModelFunction(_, model) => used_by_answer(answer, catalog.find(model).as_ref()),
            Self::Picture(picture) => picture.used(),
        }
    }

    /// A text without keys and prompts.
    pub(crate) fn redact(&self, text: &str) -> String {
        match self {
            Self::Function(_) | Self::ModelFunction(..) => text.to_owned(),
            Self::Picture(picture) => picture.redact(text),
        }
    }

    /// The description of an error, without keys and prompts.
    pub(super) fn redacted_info(&self, info: &ErrorInfo) -> JsValue {
        // Names are copied from the answer too, and may hold a prompt.
        error_info(&ErrorInfo {
            message: self.redact(&info.message),
            summary: self.redact(&info.summary),
            ..info.with_names(&|name| Some(self.redact(name)))
        })
    }

    /// The last error as listeners and `cause` show it.
    pub(super) fn redacted_error(&self, thrown: Option<&Thrown>) -> JsValue {
        match (self, thrown) {
            (_, None) => JsValue::UNDEFINED,
            (_, Some(Thrown::Own(error))) => error.clone(),
            (Self::Picture(picture), Some(Thrown::Copied(value))) => picture.redacted(value),
            (Self::Function(_) | Self::ModelFunction(..), Some(Thrown::Copied(_))) => {
                JsValue::UNDEFINED
            }
        }
    }
}
