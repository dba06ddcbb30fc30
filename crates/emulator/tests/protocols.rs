//! The other protocols: Vertex AI, `:predict`, and OpenAI's two, with the same limits and faults.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{Answer, NOON, PRO as MODEL, send, service};
use serde_json::{Value, json};
use unexhausted_emulator::{FaultKind, Request, Service};

struct World {
    service: Service,
    now: u64,
}

fn text(answer: &Answer, pointer: &str) -> String {
    answer.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl World {
    fn new(config: Value) -> Self {
        Self { service: service(config), now: NOON }
    }

    fn ask(&mut self, method: &str, path: &str, header: (&str, &str), body: &Value) -> Answer {
        let headers = [header, ("host", "emulator.test"), ("content-type", "application/json")];
        let request = Request {
            id: 1,
            method: method.into(),
            path: path.into(),
            headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
            body: body.to_string().into_bytes(),
            size: None,
        };
        send(&mut self.service, self.now, request)
    }

    fn chat(&mut self) -> Answer {
        let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "a boat" }] });
        self.ask("POST", "/v1/chat/completions", ("authorization", "Bearer key"), &body)
    }

    fn images(&mut self) -> Answer {
        let body = json!({ "model": MODEL, "prompt": "a boat", "size": "2048x2048" });
        self.ask("POST", "/v1/images/generations", ("authorization", "Bearer key"), &body)
    }

    fn vertex(&mut self, token: &str) -> Answer {
        let path = format!(
            "/v1beta1/projects/p/locations/global/publishers/google/models/{MODEL}:generateContent"
        );
        let bearer = format!("Bearer {token}");
        self.ask("POST", &path, ("authorization", &bearer), &gemini())
    }
}

fn gemini() -> Value {
    json!({ "contents": [{ "role": "user", "parts": [{ "text": "a boat" }] }] })
}

const PNG: &str = "iVBORw0KGgo";

#[test]
fn chat_has_a_picture_in_each_of_its_places() {
    let places = [
        ("base64", "/choices/0/message/images/0/image_url/url", "data:image/png;base64,iVBOR"),
        ("part", "/choices/0/message/content/1/image_url/url", "data:image/png;base64,iVBOR"),
        ("markdown", "/choices/0/message/content", "![image](data:image/png;base64,iVBOR"),
        ("link", "/choices/0/message/content", "![image](http://emulator.test/pictures/"),
    ];
    for (picture_as, pointer, begins) in places {
        let answer = World::new(json!({ "pictureAs": picture_as })).chat();
        assert_eq!(answer.status, 200);
        assert!(
            text(&answer, pointer).starts_with(begins),
            "{picture_as}: {}",
            text(&answer, pointer)
        );
        assert_eq!(text(&answer, "/model"), MODEL);
        let tokens = answer.json()["usage"]["completion_tokens_details"]["image_tokens"].clone();
        assert_eq!(tokens, json!(1_120));
    }
}

#[test]
fn images_are_base64_or_a_link_that_leads_to_them() {
    let mut world = World::new(json!({}));
    let answer = world.images();
    assert!(text(&answer, "/data/0/b64_json").starts_with(PNG));
    assert!((world.service.ledger().totals.billed - 0.134).abs() < 0.02, "2K costs as 1K");
    let mut world = World::new(json!({ "pictureAs": "link" }));
    let link = text(&world.images(), "/data/0/url");
    let path = link.strip_prefix("http://emulator.test").unwrap();
    let picture = world.ask("GET", path, ("accept", "*/*"), &Value::Null);
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert!(picture.text.contains("PNG"));
    let totals = world.service.ledger().totals;
    assert_eq!((totals.requests, totals.other), (1, 1), "a link is no request for a picture");
}

#[test]
fn links_can_be_dead_or_lead_to_a_page() {
    let mut world = World::new(json!({ "script": ["dead-link", "html-link"] }));
    for (status, kind) in [(404, "text/html"), (200, "text/html")] {
        let link = text(&world.images(), "/data/0/url");
        let path = link.strip_prefix("http://emulator.test").unwrap();
        let page = world.ask("GET", path, ("accept", "*/*"), &Value::Null);
        assert_eq!(page.status, status);
        assert!(page.header("content-type").unwrap().starts_with(kind));
    }
    assert_eq!(world.service.ledger().totals.images, 2, "they were made, and billed");
}

#[test]
fn limits_are_told_in_openai_s_words() {
    let mut world = World::new(json!({ "limits": { "*": { "rpm": 1 } } }));
    assert_eq!(world.chat().status, 200);
    let refused = world.images();
    assert_eq!(
        (refused.status, text(&refused, "/error/code").as_str()),
        (429, "rate_limit_exceeded")
    );
    assert!(text(&refused, "/error/message").contains("requests per min (RPM): Limit 1."));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&seconds));
}

#[test]
fn refusals_are_told_in_openai_s_words() {
    let rows = [
        ("402", 429, "insufficient_quota"),
        ("bad-key", 401, "invalid_api_key"),
        ("model-not-found", 404, "model_not_found"),
        ("blocked", 400, "content_policy_violation"),
    ];
    for (fault, status, code) in rows {
        let answer = World::new(json!({ "script": [fault] })).images();
        assert_eq!(
            (answer.status, text(&answer, "/error/code").as_str()),
            (status, code),
            "{fault}"
        );
    }
    let answer = World::new(json!({ "script": ["503"] })).chat();
    assert_eq!((answer.status, text(&answer, "/error/type").as_str()), (503, "server_error"));
    let answer = World::new(json!({ "script": ["blocked"] })).chat();
    assert_eq!(text(&answer, "/choices/0/finish_reason"), "content_filter");
}

#[test]
fn vertex_takes_tokens_until_they_end() {
    let mut world = World::new(json!({ "tokens": { "short": NOON + 1_000, "long": null } }));
    assert_eq!(world.vertex("short").status, 200);
    world.now += 1_000;
    let refused = world.vertex("short");
    assert_eq!(text(&refused, "/error/details/0/reason"), "ACCESS_TOKEN_EXPIRED");
    assert_eq!(refused.status, 401);
    assert_eq!(world.vertex("other").status, 401);
    assert_eq!(world.vertex("").status, 401);
    assert_eq!(world.vertex("long").status, 200);
    let usage = &world.service.ledger().usage;
    assert_eq!(usage.iter().map(|row| row.project.as_str()).collect::<Vec<_>>(), ["p"]);
    let express = format!("/v1beta1/publishers/google/models/{MODEL}:generateContent");
    let answer = world.ask("POST", &express, ("x-goog-api-key", "key"), &gemini());
    assert_eq!(answer.status, 200);
}

#[test]
fn predict_makes_pictures_and_filters_them() {
    let imagen = "imagen-4.0-fast-generate-001";
    let config = json!({ "models": { imagen: "gemini-2.5-flash-image" } });
    let mut world = World::new(config);
    let path = format!("/v1beta/models/{imagen}:predict");
    let body = json!({ "instances": [{ "prompt": "a boat" }], "parameters": { "sampleCount": 1 } });
    let key = ("x-goog-api-key", "key");
    let answer = world.ask("POST", &path, key, &body);
    assert!(text(&answer, "/predictions/0/bytesBase64Encoded").starts_with(PNG));
    world.service.script(vec![FaultKind::ImageSafety.into()]).unwrap();
    let answer = world.ask("POST", &path, key, &body);
    assert!(text(&answer, "/predictions/0/raiFilteredReason").contains("filtered out"));
    let wrong =
        json!({ "instances": [{ "prompt": "a boat" }], "parameters": { "aspectRatio": "2:1" } });
    assert_eq!(world.ask("POST", &path, key, &wrong).status, 400);
    let retired = World::new(json!({})).ask("POST", &path, key, &body);
    assert_eq!(retired.status, 404, "as at Google's own address");
}
