//! The JavaScript side of a caller's options.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::base::value::Value;
use crate::options::source::{Fault, Source};
use crate::wasm::host::{self, Host};
use crate::wasm::values::copy::copy;

/// The values of a caller's that stay in JavaScript, by their numbers.
pub(super) struct Caller<'a> {
    pub(super) host: &'a Host,
    pub(super) kept: Array,
}

impl Source for Caller<'_> {
    type Kept = JsValue;

    fn open(&mut self, at: u32, are_headers: bool) -> Result<String, Fault<JsValue>> {
        self.host.flat(&self.kept.get(at), &self.kept, are_headers).map_err(Fault::Thrown)
    }

    fn data(&mut self, at: u32) -> Value {
        copy(&self.kept.get(at))
    }

    fn kept(&mut self, at: u32) -> JsValue {
        self.kept.get(at)
    }

    fn wall(&self) -> f64 {
        host::now().wall.0 as f64
    }
}
