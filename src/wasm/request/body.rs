//! The body of a request, kept as small as it came.

use js_sys::{Array, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::protocol::need::Size;
use crate::wasm::request::contents::content;
use crate::wasm::values::name::name;
use crate::wasm::values::object::Fields;

/// The body that is sent. A prompt is kept as its text, since a hundred thousand may wait.
#[derive(Debug)]
pub(super) enum Body {
    /// A prompt, for a picture of our default size.
    Prompt(JsString),
    /// The same, said in more than one text.
    Contents(JsValue),
    /// The body of the REST API.
    Object(Object),
}

impl Default for Body {
    fn default() -> Self {
        Self::Object(Object::new())
    }
}

impl Body {
    pub(super) fn object(&self) -> Object {
        match self {
            Self::Object(object) => object.clone(),
            Self::Prompt(text) => of_prompt(&Array::of1(&content(text))),
            Self::Contents(contents) => of_prompt(contents),
        }
    }
}

/// The body that asks for a picture of our default size.
fn of_prompt(contents: &JsValue) -> Object {
    let image = Fields::new().set("imageSize", name(Size::K1.as_str())).done();
    let generation = Fields::new()
        .set("responseModalities", Array::of1(&name("IMAGE")))
        .set("imageConfig", image);
    let body = Fields::new().set("contents", contents).set("generationConfig", generation.done());
    body.done().unchecked_into()
}
