//! Whole calls through the `fetch` of the global scope, which is another one in each host.

use std::rc::Rc;

use js_sys::{Array, Promise};
use unexhausted::wasm::{Core, classify_error};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use super::host::{Answers, begin, client, eval, get, host, options};

/// Two models; waits of our own are a few milliseconds.
const QUICK: &str = r#"{
    "apiKey": "a-key-of-nobody", "models": ["gemini-3-pro-image", "gemini-nano-banana-2.1"],
    "retry": { "baseDelay": 5, "jitter": 0 }
}"#;

const BUSY: &str = "() => reply(503, { error: { code: 503, status: 'UNAVAILABLE',
    message: 'The model is overloaded. Please try again later.' } })";

/// Asks for a picture; gives the number of the call and its promise.
fn ask(core: &Rc<Core>, call: &str) -> (u32, Promise) {
    begin(|caller| core.generate(caller, &"a boat".into(), &options(call), &JsValue::UNDEFINED))
}

/// One field of each item of a list.
fn each(list: &JsValue, key: &str) -> Vec<JsValue> {
    Array::from(list).iter().map(|item| get(&item, key)).collect()
}

fn model_of(url: &str) -> &str {
    url.rsplit_once('/').map_or("", |(_, last)| last.trim_end_matches(":generateContent"))
}

async fn pause(ms: u32) {
    let timer = format!("return new Promise((resolve) => setTimeout(resolve, {ms}));");
    JsFuture::from(eval(&timer).unchecked_into::<Promise>()).await.expect("timers do not fail");
}

#[wasm_bindgen_test]
async fn a_503_is_waited_out_and_the_picture_comes() {
    let answers = Answers::of(&[BUSY, ", picture"].concat());
    let core = client(&options(QUICK), &host());
    let result = JsFuture::from(ask(&core, "{}").1).await.expect("the second request succeeds");
    let models: Vec<_> = answers.urls().iter().map(|url| model_of(url).to_owned()).collect();
    assert_eq!(models, ["gemini-3-pro-image", "gemini-3-pro-image"]);
    assert_eq!(get(&result, "model"), "gemini-3-pro-image");
    assert_eq!(each(&get(&result, "attempts"), "kind"), ["overloaded".into(), JsValue::UNDEFINED]);
    let waited = get(&result, "waited").as_f64().expect("it is a number");
    assert!((5.0..5_000.0).contains(&waited), "waited {waited} ms");
    let candidate = Array::from(&get(&get(&result, "response"), "candidates")).get(0);
    let part = Array::from(&get(&get(&candidate, "content"), "parts")).get(0);
    assert_eq!(get(&get(&part, "inlineData"), "data"), "AAAA");
}

#[wasm_bindgen_test]
async fn the_wait_that_a_429_names_is_kept() {
    let answers = Answers::of(
        "() => reply(429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'slow down',
            details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '0.3s' }] } }),
         picture",
    );
    let core = client(&options(QUICK), &host());
    let result = JsFuture::from(ask(&core, "{}").1).await.expect("the second request succeeds");
    assert_eq!(answers.asked.length(), 2);
    assert_eq!(
        each(&get(&result, "attempts"), "kind"),
        ["rate_limited".into(), JsValue::UNDEFINED]
    );
    let waited = get(&result, "waited").as_f64().expect("it is a number");
    assert!((300.0..5_000.0).contains(&waited), "waited {waited} ms");
}

#[wasm_bindgen_test]
async fn a_model_that_is_gone_is_left_for_the_next() {
    let answers = Answers::of(
        "() => reply(404, { error: { code: 404, status: 'NOT_FOUND',
            message: 'models/gemini-3-pro-image is not found for API version v1beta' } }),
         picture",
    );
    let core = client(&options(QUICK), &host());
    let result = JsFuture::from(ask(&core, "{}").1).await.expect("the other model succeeds");
    assert_eq!(answers.asked.length(), 2);
    assert_eq!(get(&result, "model"), "gemini-nano-banana-2.1");
    assert_eq!(get(&result, "requestedModel"), "gemini-3-pro-image");
    assert_eq!(each(&get(&result, "switches"), "kind"), ["model_not_found"]);
}

#[wasm_bindgen_test]
async fn what_cannot_succeed_is_asked_once() {
    let answers = Answers::of(
        "() => reply(400, { error: { code: 400, status: 'INVALID_ARGUMENT', message: 'no' } })",
    );
    let core = client(&options(QUICK), &host());
    let error = JsFuture::from(ask(&core, "{}").1).await.expect_err("400 is not retried");
    assert_eq!(answers.asked.length(), 1);
    assert_eq!(get(&error, "kind"), "invalid_request");
    assert_eq!(get(&get(&error, "info"), "status"), 400);
}

#[wasm_bindgen_test]
async fn an_abort_reaches_the_request_and_nothing_is_sent_after_it() {
    let answers = Answers::of("never");
    let core = client(&options(QUICK), &host());
    let (call, promise) = ask(&core, "{}");
    pause(5).await;
    let signal = answers.signal_of(0);
    assert_eq!(get(&signal, "aborted"), false);
    core.cancel(call);
    JsFuture::from(promise).await.expect_err("the call has ended");
    assert_eq!(get(&signal, "aborted"), true);
    pause(30).await;
    assert_eq!(answers.asked.length(), 1);
}

#[wasm_bindgen_test]
async fn an_attempt_that_takes_too_long_is_made_again() {
    let answers = Answers::of("never, picture");
    let core = client(&options(QUICK), &host());
    let (_, promise) = ask(&core, r#"{ "timeout": 30 }"#);
    let result = JsFuture::from(promise).await.expect("the second request succeeds");
    assert_eq!(answers.asked.length(), 2);
    // Told in the order in which they ended: the first went on until there was a picture.
    assert_eq!(each(&get(&result, "attempts"), "attempt"), [2, 1]);
    assert_eq!(each(&get(&result, "attempts"), "kind"), [JsValue::UNDEFINED, "timeout".into()]);
    assert_eq!(get(&answers.signal_of(0), "aborted"), true, "the first is not left running");
}

#[wasm_bindgen_test]
async fn the_errors_of_this_hosts_own_fetch_are_known() {
    // A port where nothing listens, or which browsers do not even try.
    let rejected = |script: &str| JsFuture::from(eval(script).unchecked_into::<Promise>());
    for (script, kind) in [
        ("return fetch('http://127.0.0.1:9/');", "network"),
        ("return fetch('http://127.0.0.1:9/', { signal: AbortSignal.abort() });", "cancelled"),
        (
            "const signal = AbortSignal.abort(new DOMException('took too long', 'TimeoutError'));
             return fetch('http://127.0.0.1:9/', { signal });",
            "timeout",
        ),
    ] {
        let error = rejected(script).await.expect_err("there is nobody to answer");
        assert_eq!(get(&classify_error(&error), "kind"), kind, "{script}: {error:?}");
    }
}
