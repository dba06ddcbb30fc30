//! The surroundings of a client in these tests: its host, its caller, and the global `fetch`.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use unexhausted::wasm::Core;
use wasm_bindgen::prelude::*;

const DOUBLE: &str = include_str!("double.mjs");
const DECLARED: &str = include_str!("../../src/wasm/host.rs");

/// A host without a client.
pub(crate) fn host() -> JsValue {
    // The text is that of a module, and this is a function's body.
    let script = [&DOUBLE.replace("export function", "function"), "return double;"].concat();
    let double: Function = eval(&script).dyn_into().expect("it is a function");
    double.call1(&JsValue::UNDEFINED, &DECLARED.into()).expect("it fits what is declared")
}

pub(crate) fn eval(body: &str) -> JsValue {
    Function::new_no_args(body).call0(&JsValue::UNDEFINED).expect("the script runs")
}

pub(crate) fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).expect("it is an object")
}

pub(crate) fn options(json: &str) -> JsValue {
    JSON::parse(json).expect("it is JSON")
}

/// A client whose host brings back what functions give, as the package's does.
pub(crate) fn client(options: &JsValue, host: &JsValue) -> Rc<Core> {
    let core = Rc::new(Core::new(options, host.clone()).expect("the options are known"));
    let back = Object::new();
    let (answered, threw) = (Rc::clone(&core), Rc::clone(&core));
    let answered = Closure::<dyn Fn(u32, u32, JsValue)>::new(move |call, attempt, answer| {
        answered.answered(call, attempt, answer);
    });
    let threw = Closure::<dyn Fn(u32, u32, JsValue)>::new(move |call, attempt, error| {
        threw.threw(call, attempt, error);
    });
    for (name, closure) in [("answered", answered), ("threw", threw)] {
        Reflect::set(&back, &name.into(), &closure.into_js_value()).expect("it is plain");
    }
    Reflect::set(host, &"core".into(), &back).expect("it is plain");
    core
}

/// Starts a call and gives its promise.
pub(crate) fn promise(start: impl FnOnce(JsValue) -> Result<u32, JsValue>) -> Promise {
    begin(start).1
}

/// Starts a call and gives its number and its promise.
pub(crate) fn begin(start: impl FnOnce(JsValue) -> Result<u32, JsValue>) -> (u32, Promise) {
    let (mut start, call) = (Some(start), Cell::new(u32::MAX));
    let promise = Promise::new(&mut |resolve, reject| {
        let caller = Object::new();
        Reflect::set(&caller, &"resolve".into(), &resolve).expect("it is plain");
        Reflect::set(&caller, &"reject".into(), &reject).expect("it is plain");
        let start = start.take().expect("the executor runs once");
        match start(caller.into()) {
            Ok(number) => call.set(number),
            Err(error) => {
                reject.call1(&JsValue::UNDEFINED, &error).expect("rejecting does not throw");
            }
        }
    });
    (call.get(), promise)
}

/// The global `fetch`, replaced until this is dropped. It answers by a list of functions, the last
/// for all further requests, and keeps what it was asked.
pub(crate) struct Answers {
    before: JsValue,
    pub(crate) asked: Array,
}

impl Answers {
    /// `list` is the source of the functions, each from `init` to an answer.
    pub(crate) fn of(list: &str) -> Self {
        let script = [
            "const asked = [];
             const reply = (status, body) => new Response(JSON.stringify(body), { status });
             const picture = () => reply(200, { candidates: [{ finishReason: 'STOP', content: {
                 parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } }] });
             const never = () => new Promise(() => {});
             const answers = [",
            list,
            "];
             const before = globalThis.fetch;
             globalThis.fetch = async (url, init) => {
                 asked.push({ url, init });
                 return answers[Math.min(asked.length, answers.length) - 1](init);
             };
             return { before, asked };",
        ];
        let made = eval(&script.concat());
        Self { before: get(&made, "before"), asked: get(&made, "asked").unchecked_into() }
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.asked.iter().filter_map(|asked| get(&asked, "url").as_string()).collect()
    }

    pub(crate) fn signal_of(&self, request: u32) -> JsValue {
        get(&get(&self.asked.get(request), "init"), "signal")
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        Reflect::set(&js_sys::global(), &"fetch".into(), &self.before).expect("it is writable");
    }
}
