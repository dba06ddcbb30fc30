//! Requests are read as strictly as the service reads them.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{Answer, NOON, PRO, posted, send, service};
use serde_json::{Value, json};
use unexhausted_emulator::Request;

fn post(path: &str, body: &Value) -> Answer {
    send(&mut service(json!({})), NOON, posted(path, body))
}

fn with_config(model: &str, config: Value) -> Answer {
    let contents = json!([{ "role": "user", "parts": [{ "text": "a fjord" }] }]);
    let body = json!({ "contents": contents, "generationConfig": config });
    post(&format!("/v1beta/models/{model}:generateContent"), &body)
}

/// The fields that a 400 complains about.
fn fields(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(answer.json()["error"]["status"], "INVALID_ARGUMENT");
    let detail = answer.json()["error"]["details"][0].clone();
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.BadRequest");
    let violations = detail["fieldViolations"].as_array().unwrap().clone();
    assert!(violations.iter().all(|v| v["description"].is_string()));
    violations.iter().map(|v| v["field"].as_str().unwrap_or("").to_owned()).collect()
}

#[test]
fn unknown_fields_are_named_with_their_place() {
    let answer = with_config(PRO, json!({ "imageResolution": "1024x1024" }));
    assert_eq!(fields(&answer), ["generation_config"]);
    assert_eq!(
        answer.message(),
        "Invalid JSON payload received. Unknown name \"imageResolution\" at 'generation_config': \
         Cannot find field."
    );
    let image = with_config(PRO, json!({ "imageConfig": { "personGeneration": "ALLOW_ALL" } }));
    assert_eq!(fields(&image), ["generation_config.image_config"]);
    let path = format!("/v1beta/models/{PRO}:generateContent");
    let root = json!({ "contents": [{ "parts": [{ "text": "x", "txt": 1 }] }], "labels": {} });
    let answer = post(&path, &root);
    assert_eq!(fields(&answer), ["", "contents[0].parts[0]"]);
    assert!(answer.message().contains("Unknown name \"labels\": Cannot find field."));
}

#[test]
fn sizes_ratios_and_sampling_depend_on_the_model() {
    let image = |model: &str, config: Value| with_config(model, json!({ "imageConfig": config }));
    let size = "generation_config.image_config.image_size";
    for wrong in ["1k", "8K", "1024x1024", "512"] {
        assert_eq!(fields(&image(PRO, json!({ "imageSize": wrong }))), [size], "{wrong}");
    }
    assert_eq!(fields(&image(PRO, json!({ "imageSize": 1024 }))), [size]);
    let lite = "gemini-3.1-flash-lite-image";
    assert_eq!(fields(&image(lite, json!({ "imageSize": "2K" }))), [size]);
    for (model, right) in [
        (PRO, "4K"),
        ("gemini-3.1-flash-image", "512"),
        ("gemini-3.1-flash-image", "512PX"),
        ("gemini-2.5-flash-image", "4K"),
    ] {
        assert_eq!(image(model, json!({ "imageSize": right })).status, 200, "{model} {right}");
    }
    let ratio = "generation_config.image_config.aspect_ratio";
    assert_eq!(fields(&image(PRO, json!({ "aspectRatio": "1:8" }))), [ratio]);
    assert_eq!(image("gemini-nano-banana-2.1", json!({ "aspect_ratio": "1:8" })).status, 200);

    for field in ["temperature", "topP", "seed"] {
        let config = json!({ field: 1 });
        let answer = with_config("gemini-nano-banana-2.1", config.clone());
        assert_eq!(fields(&answer).len(), 1, "{field}");
        assert_eq!(with_config(PRO, config).status, 200);
    }
    assert_eq!(fields(&with_config(PRO, json!({ "candidateCount": 2 }))).len(), 1);
    assert_eq!(fields(&with_config(PRO, json!({ "responseModalities": ["PICTURE"] }))).len(), 1);
    let think = json!({ "thinkingConfig": { "thinkingLevel": "high" } });
    assert_eq!(with_config(PRO, think.clone()).status, 200);
    assert_eq!(fields(&with_config("gemini-2.5-flash-image", think)).len(), 1);
}

#[test]
fn modalities_and_prompts_decide_what_comes() {
    let parts = |config: Value| {
        with_config(PRO, config).json()["candidates"][0]["content"]["parts"].clone()
    };
    let image = parts(json!({ "responseModalities": ["IMAGE"] }));
    assert!(image[0].get("inlineData").is_some() && image.get(1).is_none());
    let both = parts(json!({ "responseModalities": ["TEXT", "IMAGE"] }));
    assert!(both[0]["text"].is_string() && both[1].get("inlineData").is_some());
    let text = parts(json!({ "responseModalities": ["TEXT"] }));
    assert!(text[0]["text"].is_string() && text.get(1).is_none());
    let path = format!("/v1beta/models/{PRO}:generateContent");
    let empty = post(&path, &json!({ "contents": [{ "parts": [{ "text": "" }] }] }));
    assert_eq!(empty.json()["candidates"][0]["finishReason"], "NO_IMAGE");
}

#[test]
fn pictures_in_the_request_cost_input_tokens() {
    let blob = json!({ "inline_data": { "mime_type": "image/png", "data": "AAAA" } });
    let body = json!({ "contents": { "parts": [blob, { "text": "again, at night" }] } });
    let answer = post(&format!("/v1beta/models/{PRO}:generateContent"), &body).json();
    let details = &answer["usageMetadata"]["promptTokensDetails"];
    assert_eq!(details[1], json!({ "modality": "IMAGE", "tokenCount": 560 }));
}

#[test]
fn broken_and_empty_bodies() {
    let path = format!("/v1beta/models/{PRO}:generateContent");
    let mut request = posted(&path, &json!({}));
    request.body = b"{ \"contents\": ".to_vec();
    let broken = send(&mut service(json!({})), NOON, request.clone());
    assert_eq!(broken.status, 400);
    assert!(broken.message().starts_with("Invalid JSON payload received."));
    assert!(post(&path, &json!({})).message().contains("contents is not specified"));
    assert_eq!(post(&path, &json!([1])).status, 400);
    request.size = Some(104_857_601);
    let large = send(&mut service(json!({})), NOON, request);
    assert_eq!(large.message(), "Request payload size exceeds the limit: 104857600 bytes.");
}

#[test]
fn models_are_listed_found_and_missed() {
    let mut service = service(json!({
        "retired": ["gemini-2.5-flash-image"], "models": { "mine": PRO },
    }));
    let mut get = |path: &str| {
        let request =
            Request { method: "GET".into(), path: path.into(), ..Request::generate(1, "", "") };
        send(&mut service, NOON, request)
    };
    let list = get("/v1beta/models?pageSize=50").json();
    let names: Vec<&str> =
        list["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"models/gemini-3-pro-image"));
    assert!(!names.contains(&"models/gemini-2.5-flash-image"));
    assert_eq!(get(&format!("/v1alpha/models/{PRO}")).json()["inputTokenLimit"], 65_536);
    assert_eq!(get("/v1beta/models/imagen-4-fast").status, 404);
    assert_eq!(get("/nowhere").status, 404);

    let mut ask = |model: &str| send(&mut service, NOON, Request::generate(1, model, "a fjord"));
    let gone = ask("gemini-3-pro-image-preview");
    assert_eq!(gone.status, 404);
    assert!(gone.message().contains("is not found for API version v1beta"), "{}", gone.text);
    assert!(ask("gemini-2.5-flash-image").message().contains("no longer available to new users"));
    assert_eq!(ask("mine").json()["modelVersion"], "mine");
    assert_eq!(ask("nano-banana-pro-preview").json()["modelVersion"], PRO);
    let predict =
        Request { path: format!("/v1beta/models/{PRO}:predict"), ..posted("", &json!({})) };
    assert!(send(&mut service, NOON, predict).message().contains("not supported for predict"));
}

#[test]
fn keys_come_by_header_query_or_bearer() {
    let mut service = service(json!({ "keys": { "good": "p" }, "unknownKeys": "reject" }));
    let mut with = |headers: &[(&str, &str)], query: &str| {
        let mut request = Request::generate(1, PRO, "a fjord");
        request.path.push_str(query);
        request.headers = headers.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        send(&mut service, NOON, request)
    };
    assert_eq!(with(&[("X-Goog-Api-Key", "good")], "").status, 200);
    assert_eq!(with(&[], "?key=good").status, 200);
    assert_eq!(with(&[("Authorization", "Bearer good")], "").status, 200);
    let bad = with(&[("x-goog-api-key", "bad")], "");
    assert_eq!(
        (bad.status, &bad.json()["error"]["details"][0]["reason"]),
        (400, &json!("API_KEY_INVALID"))
    );
    let none = with(&[], "");
    assert_eq!((none.status, &none.json()["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let seen = serde_json::to_string(&service.ledger()).unwrap();
    assert!(!seen.contains("good") && !seen.contains("bad\""), "no key is kept");
    assert!(!seen.contains("fjord"), "no prompt is kept");
}

#[test]
fn a_page_may_send_four_headers_and_no_other() {
    let mut service = service(json!({}));
    let mut preflight = |headers: &str| {
        let asked = [
            ("origin", "https://page.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", headers),
        ];
        send(
            &mut service,
            NOON,
            Request {
                method: "OPTIONS".into(),
                headers: asked.map(|(k, v)| (k.into(), v.into())).to_vec(),
                ..Request::generate(1, PRO, "")
            },
        )
    };
    let allowed = preflight("content-type,x-goog-api-key, X-Goog-Api-Client,authorization");
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://page.example"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("x-goog-api-key"));
    for refused in ["x-server-timeout", "content-type,api-revision", "x-stainless-os"] {
        let answer = preflight(refused);
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None));
    }
    for script in [json!([]), json!(["503"]), json!(["429-bare"])] {
        service.configure(NOON, &json!({ "script": script }).to_string()).unwrap();
        let mut request = Request::generate(1, PRO, "a fjord");
        request.headers.push(("Origin".into(), "https://page.example".into()));
        let answer = send(&mut service, NOON, request);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://page.example"));
    }
}
