//! The boundary as JavaScript sees it, in Node and in browsers: what goes in, what comes out.

mod global_fetch;
mod host;

use host::{client, eval, get, host, options, promise};
use js_sys::{Array, Object, Promise, Reflect};
use unexhausted::wasm::{Core, classify_error, get_retry_delay};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

const CASES: [&str; 3] = [
    include_str!("../cases/public.jsonl"),
    include_str!("../cases/extra.jsonl"),
    include_str!("../cases/blind.jsonl"),
];

#[wasm_bindgen_test]
fn every_labelled_case_is_read_the_same_through_the_boundary() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in CASES.iter().flat_map(|cases| cases.lines()).filter(|line| !line.is_empty()) {
        let case = options(line);
        let (id, expected) = (get(&case, "id"), get(&case, "expect"));
        let info = classify_error(&get(&case, "input"));
        count += 1;
        let kind = get(&info, "kind");
        let also = Array::from(&get(&expected, "also"));
        if kind != get(&expected, "kind") && !also.includes(&kind, 0) {
            wrong.push(format!("{id:?}: {kind:?}"));
        }
        let wait = get(&info, "retryAfter").as_f64();
        // A date is as far away as the clock says, which here is the real one.
        let header = Reflect::get(&get(&get(&case, "input"), "headers"), &"Retry-After".into());
        let is_date = header.is_ok_and(|header| header.is_string());
        if !is_date && wait != get(&expected, "wait_ms").as_f64() {
            wrong.push(format!("{id:?}: waits {wait:?}"));
        }
        if get(&info, "retry") != get(&expected, "retry") && kind == get(&expected, "kind") {
            wrong.push(format!("{id:?}: retry {:?}", get(&info, "retry")));
        }
    }
    assert!(count >= 523, "only {count} cases were read");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[wasm_bindgen_test]
fn hostile_values_are_read_in_bounds_and_never_throw() {
    let hostile = Array::from(&eval(
        "const cyclic = { message: 'fetch failed' }; cyclic.cause = cyclic;
         const wide = {}; for (let i = 0; i < 1e5; i += 1) wide['k' + i] = { wide };
         let deep = '429'; for (let i = 0; i < 1e4; i += 1) deep = { deep };
         const throws = new Proxy({}, {
             get() { throw new Error('no'); }, has() { throw new Error('no'); },
             ownKeys() { throw new Error('no'); },
             getOwnPropertyDescriptor() { throw new Error('no'); },
         });
         const { proxy, revoke } = Proxy.revocable({}, {}); revoke();
         const getter = { get message() { throw new Error('no'); }, status: 503 };
         return [undefined, null, 0, NaN, true, 10n, Symbol('s'), () => 1, cyclic, wide, deep, throws,
             proxy, getter, 'x'.repeat(1e7), '['.repeat(1e5), Object.create(null),
             new Array(1e6).fill({ code: 1 }), new Date(NaN), new Map([[1, 2]])];",
    ));
    for value in hostile.iter() {
        let kind = get(&classify_error(&value), "kind").as_string();
        assert!(kind.is_some(), "no kind for {value:?}");
    }
    let getter = hostile.get(13);
    assert_eq!(get(&classify_error(&getter), "kind"), "overloaded", "the rest is still read");
}

#[wasm_bindgen_test]
fn a_delay_is_a_number_or_null() {
    let info = options(r#"{ "status": 429, "headers": { "retry-after": "17" } }"#);
    let delay = get_retry_delay(&info, &1.into()).expect("it is a count").as_f64();
    assert!(delay.is_some_and(|ms| (17_000.0..=20_400.0).contains(&ms)), "{delay:?}");
    let bad_key = options(r#"{ "status": 401 }"#);
    assert!(get_retry_delay(&bad_key, &1.into()).expect("it is a count").is_null());
    for attempt in [JsValue::from(0), 1.5.into(), "1".into(), JsValue::NULL] {
        assert!(get_retry_delay(&info, &attempt).is_err(), "{attempt:?} is no attempt");
    }
}

#[wasm_bindgen_test]
async fn a_function_is_called_until_it_succeeds() {
    let host = host();
    let core = client(&JsValue::UNDEFINED, &host);
    let function = eval(
        "return (context) => context.attempt < 3
            ? Promise.reject(Object.assign(new Error('busy'), { status: 500 }))
            : Promise.resolve('done on ' + context.attempt);",
    );
    let fast = options(r#"{ "baseDelay": 1, "jitter": 0 }"#);
    let answer = JsFuture::from(promise(|caller| core.retry(caller, &function, &fast))).await;
    assert_eq!(answer.expect("the third attempt succeeds"), "done on 3");
}

#[wasm_bindgen_test]
async fn the_very_error_is_rethrown_and_what_is_known_of_it_is_remembered() {
    let host = host();
    let core = client(&JsValue::UNDEFINED, &host);
    let pair = Array::from(&eval(
        "const thrown = Object.assign(new Error('bad'), { status: 400 });
         return [thrown, () => { throw thrown; }];",
    ));
    let (thrown, function) = (pair.get(0), pair.get(1));
    let call = promise(|caller| core.retry(caller, &function, &JsValue::UNDEFINED));
    let error = JsFuture::from(call).await.expect_err("400 is not retried");
    assert!(Object::is(&error, &thrown), "it is another error: {error:?}");
    assert_eq!(get(&get(&host, "remembered"), "kind"), "invalid_request");
}

#[wasm_bindgen_test]
async fn overlapping_calls_and_the_end_of_the_client_leave_nobody_waiting() {
    let host = host();
    let core = client(&JsValue::UNDEFINED, &host);
    let waits = eval("return () => new Promise(() => {});");
    let answers = eval("return () => Promise.resolve(1);");
    let open: Vec<Promise> = (0..100)
        .map(|_| promise(|caller| core.retry(caller, &waits, &JsValue::UNDEFINED)))
        .collect();
    let call = promise(|caller| core.retry(caller, &answers, &JsValue::UNDEFINED));
    assert_eq!(JsFuture::from(call).await.expect("it succeeds"), 1);
    core.close();
    for call in open {
        let error = JsFuture::from(call).await.expect_err("the client was closed");
        assert_eq!(get(&error, "kind"), "closed");
    }
}

#[wasm_bindgen_test]
async fn a_picture_is_asked_for_with_fetch_and_given_back_untouched() {
    let host = host();
    let settings = eval(
        "return { apiKey: 'a-key-of-nobody', fetch: (url, init) => {
            globalThis.asked = { url, init };
            const parts = [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }];
            return Promise.resolve(new Response(JSON.stringify({ candidates: [{ content: { parts } }] })));
        } };",
    );
    let core = client(&settings, &host);
    let call = promise(|caller| {
        core.generate(caller, &"a boat".into(), &JsValue::UNDEFINED, &JsValue::UNDEFINED)
    });
    let result = JsFuture::from(call).await.expect("it succeeds");
    let asked = eval("return globalThis.asked;");
    assert_eq!(
        get(&asked, "url"),
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro-image:generateContent"
    );
    let headers = get(&get(&asked, "init"), "headers");
    assert_eq!(get(&headers, "x-goog-api-key"), "a-key-of-nobody");
    assert_eq!(get(&result, "model"), "gemini-3-pro-image");
    assert_eq!(get(&result, "cost"), 0.134);
}

#[wasm_bindgen_test]
fn a_wrong_option_is_refused_by_name() {
    for (json, said) in [
        (r#"{ "retries": 3 }"#, "unknown option `retries`"),
        (r#"{ "retry": { "maxAttempts": 0 } }"#, "`maxAttempts` must be a whole number from 1"),
        (r#"{ "retry": { "overloaded": { "cap": 1 } } }"#, "unknown option `cap`"),
        (r#"{ "apiKey": "" }"#, "`apiKey` must be a text that is not empty"),
        (r#"{ "models": [] }"#, "`models` must be a list that is not empty"),
    ] {
        let error = Core::new(&options(json), host()).err().expect("it is wrong");
        let message = get(&error, "message").as_string().unwrap_or_default();
        assert!(message.contains(said), "{json}: {message}");
    }
}
