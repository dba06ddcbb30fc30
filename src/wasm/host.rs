//! The host: clocks, timers, random bits, `fetch`, and the JavaScript side of the package.

use gloo_timers::callback::Timeout;
use js_sys::{Array, Function, JsString, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{RequestInit, Response};

use crate::base::time::{Instant, Millis, Now, WallTime};

/// The longest timer of the host: above 2^31-1 ms they fire at once.
const TIMER_MAX: u64 = 2_147_483_647;

#[wasm_bindgen]
extern "C" {
    /// The JavaScript side of one client: it settles promises, makes errors and emits events. The
    /// names below are the contract: `js/host/host.ts` has them all, and the host of the tests is made
    /// of them.
    pub(crate) type Host;

    /// Fulfils the call's promise.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn resolve(this: &Host, caller: &JsValue, value: &JsValue);
    /// Rejects the call's promise.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn reject(this: &Host, caller: &JsValue, error: &JsValue);
    /// Makes the error that callers see.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn error(
        this: &Host,
        kind: &JsValue,
        message: &str,
        advice: &str,
        info: &JsValue,
        attempts: &JsValue,
        model: Option<&str>,
        possible_cost: f64,
        cause: &JsValue,
    ) -> JsValue;
    /// Remembers what is known of an error that the caller's own function threw.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn remember(this: &Host, error: &JsValue, info: &JsValue);
    /// Calls `Core.wake` after `delay` ms, unless the process has ended by then, which is not kept
    /// alive.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn nap(this: &Host, delay: f64);
    /// Makes the context of an attempt of the caller's function.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn context(this: &Host, attempt: u32) -> JsValue;
    /// Makes something that can stop a `fetch`: it has a `signal`.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn canceller(this: &Host) -> JsValue;
    /// Calls the caller's function, and `Core.answered` or `Core.threw` with what comes of it. A
    /// future here would make two closures and two microtasks of each call.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn call(this: &Host, work: &Function, context: &JsValue, call: u32, attempt: u32);
    /// Aborts the signal of a context or canceller.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn abort(this: &Host, context: &JsValue, timed_out: bool);
    /// Gives a body the accessors of the SDK's answer.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn answer(this: &Host, body: &JsValue) -> JsValue;
    /// Makes the result of `generate`, or of `generateWithFallback` where `name` is given.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn result(
        this: &Host,
        response: &JsValue,
        model: &str,
        name: Option<&str>,
        requested_model: &str,
        cost: Option<f64>,
        possible_cost: f64,
        attempts: &JsValue,
        waited: f64,
        skipped: &JsValue,
        switches: &JsValue,
        size: Option<&str>,
    ) -> JsValue;
    /// Adds a target that was left to a list.
    #[wasm_bindgen(method, structural, js_name = addSwitch)]
    pub(crate) fn add_switch(
        this: &Host,
        list: &JsValue,
        from: &str,
        to: &str,
        kind: &JsValue,
        reason: &str,
    );
    /// Adds an attempt to a list.
    #[wasm_bindgen(method, structural, js_name = addAttempt)]
    pub(crate) fn add_attempt(
        this: &Host,
        list: &JsValue,
        attempt: u32,
        model: Option<&str>,
        took: f64,
        waited: f64,
        kind: &JsValue,
        status: Option<u16>,
    );
    /// Adds a model that was left out to a list.
    #[wasm_bindgen(method, structural, js_name = addSkipped)]
    pub(crate) fn add_skipped(
        this: &Host,
        list: &JsValue,
        model: &str,
        lacks: Option<&str>,
        reason: &str,
    );
    /// Reads the JSON of an answer; gives `undefined` where it is longer than `maxBodyBytes`.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn body(this: &Host, response: &Response) -> Promise;
    /// Reads the body of an error, no more than `most` bytes of it: it may never end.
    #[wasm_bindgen(method, structural, js_name = errorText)]
    pub(crate) fn error_text(this: &Host, response: &Response, most: u32) -> Promise;
    /// Fetches a file by a link of the service at `home`. Gives `{ status, data }`, with its bytes
    /// as base64, which is empty where there are more than `most`.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn download(
        this: &Host,
        own: &JsValue,
        url: &str,
        init: &Object,
        home: &JsString,
        most: u32,
    ) -> Promise;
    /// Tells listeners that a request goes out.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn sends(this: &Host, call: u32, attempt: u32, model: Option<&str>);
    /// Tells listeners, and the call's own `onRetry`, that it waits.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn waits(
        this: &Host,
        call: u32,
        attempt: u32,
        delay: f64,
        until: f64,
        model: Option<&str>,
        info: &JsValue,
        error: &JsValue,
        on_retry: &JsValue,
    );
    /// Tells listeners that a call waits in the queue.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn holds(
        this: &Host,
        call: u32,
        attempt: u32,
        delay: f64,
        until: f64,
        model: Option<&str>,
        info: &JsValue,
    );
    /// Asks the caller's `fallbackOn` about an error.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn leaves(this: &Host, fallback_on: &JsValue, info: &JsValue) -> JsValue;
    /// Tells listeners that the call leaves a model for another.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn switches(this: &Host, call: u32, from: &str, model: &str, info: &JsValue);
    /// Tells listeners that the call succeeded.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn succeeds(this: &Host, call: u32, attempts: u32, waited: f64);
    /// Tells listeners that the call failed.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn fails(this: &Host, call: u32, error: &JsValue);
    /// Asks the caller's `shouldRetry`; `undefined` where it throws.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn ask(
        this: &Host,
        should_retry: &JsValue,
        error: &JsValue,
        info: &JsValue,
        attempt: u32,
        delay: Option<f64>,
    ) -> JsValue;
    /// Tells listeners of something about a quota.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn notice(this: &Host, name: &str, event: &JsValue);
    /// Runs `update` over a state of the store. `identity` is hashed where there is no `project`.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn transact(
        this: &Host,
        store: &Object,
        project: Option<&str>,
        identity: &str,
        replica: &str,
        update: &JsValue,
    ) -> Promise;
    /// Keeps a quota in case this instance fails.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn keep(this: &Host, name: &str, state: &str);
    /// The kept state of a quota.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn kept(this: &Host, name: &str) -> Option<String>;
    /// Prints a warning, once for each text.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn warn(this: &Host, text: &str);
    /// The fault of an address; `undefined` where it has none.
    #[wasm_bindgen(method, structural, js_name = addressFault)]
    pub(crate) fn address_fault(this: &Host, address: &str) -> Option<String>;
    /// Whether two addresses are of one origin.
    #[wasm_bindgen(method, structural, js_name = isSameOrigin)]
    pub(crate) fn is_same_origin(this: &Host, one: &str, other: &str) -> bool;
    /// The settings of the environment: `apiKey`, `baseUrl` and `vertexUrl`.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn environment(this: &Host) -> JsValue;
    /// The wrapper that lifts the time limits of Node's own `fetch`; `undefined` elsewhere.
    #[wasm_bindgen(method, structural)]
    pub(crate) fn dispatcher(this: &Host) -> JsValue;
    /// Tells the properties of an object, or the items of a list, in the text that
    /// `src/options/given.rs` reads, and adds to `kept` what it tells by number. Of `headers` it
    /// tells the entries, where they have such. The text is empty for anything else.
    #[wasm_bindgen(method, structural, catch)]
    pub(crate) fn flat(
        this: &Host,
        value: &JsValue,
        kept: &Array,
        headers: bool,
    ) -> Result<String, JsValue>;
    /// Whether this is a page, where only headers that Google's CORS accepts may be sent.
    #[wasm_bindgen(method, structural, getter)]
    pub(crate) fn browser(this: &Host) -> bool;
    /// Whether anybody listens to events.
    #[wasm_bindgen(method, structural, getter)]
    pub(crate) fn listening(this: &Host) -> bool;

    /// The `fetch` of the global scope, which all runtimes have. That of `web_sys::Window` is in
    /// pages alone, and not in Node, Deno, Bun, workers and at the edge.
    #[wasm_bindgen(js_name = fetch, catch)]
    fn global_fetch(url: &JsString, init: &RequestInit) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// The time of both clocks.
pub(crate) fn now() -> Now {
    Now { mono: Instant(whole(performance_now())), wall: WallTime(whole(js_sys::Date::now())) }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
const fn whole(ms: f64) -> u64 {
    // The cast saturates, and rounds down: a moment is never said to have come too early.
    ms as u64
}

/// Calls back after `delay`, or sooner where that is longer than a timer can be: on waking, trust
/// the clock and not the timer.
pub(crate) fn timer(delay: Millis, callback: impl FnOnce() + 'static) -> Timeout {
    Timeout::new(u32::try_from(delay.0.min(TIMER_MAX)).unwrap_or_default(), callback)
}

/// A seed from the host's random source; the time where there is none.
pub(crate) fn seed() -> u64 {
    getrandom::u64().unwrap_or_else(|_| js_sys::Date::now().to_bits())
}

/// Calls the caller's `fetch`, else the global one.
pub(crate) fn fetch(
    own: Option<&Function>,
    url: &JsString,
    init: &RequestInit,
) -> Result<Promise, JsValue> {
    match own {
        None => Ok(Promise::resolve(&global_fetch(url, init)?)),
        Some(fetch) => {
            let answer = fetch.call2(&JsValue::UNDEFINED, url, init)?;
            Ok(Promise::resolve(&answer))
        }
    }
}
