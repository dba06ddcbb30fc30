//! A caller under simulated time.

use serde_json::Value;
use unexhausted_emulator::{Config, Input, Output, Request, Service};

/// 2026-11-24 12:00:00 UTC, a whole minute.
pub(crate) const NOON: u64 = 1_795_521_600_000;

/// The answer to one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The message of an error.
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }

    /// The RetryInfo of an error, in whole seconds.
    pub(crate) fn retry_delay(&self) -> u64 {
        let details = self.json()["error"]["details"].as_array().unwrap().clone();
        let delay = details.iter().find_map(|detail| detail["retryDelay"].as_str()).unwrap();
        delay.strip_suffix('s').unwrap().parse().unwrap()
    }

    /// The first violation's quotaId.
    pub(crate) fn quota_id(&self) -> String {
        let details = self.json()["error"]["details"].as_array().unwrap().clone();
        let id = details.iter().find_map(|detail| detail["violations"][0]["quotaId"].as_str());
        id.unwrap().to_owned()
    }
}

/// A service that answers at once unless told otherwise, on a clock that is right.
pub(crate) fn service(config: Value) -> Service {
    let mut all = serde_json::json!({ "transit": 0, "latency": 0, "clockOffset": 0 });
    all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    Service::new(Config::from_json(&all.to_string()).unwrap()).unwrap()
}

/// Sends a request at `now` and waits for its answer, whenever that comes.
pub(crate) fn send(service: &mut Service, now: u64, request: Request) -> Answer {
    let id = request.id;
    service.handle(now, Input::Request(request));
    loop {
        while let Some(output) = service.poll() {
            if output.id() != id {
                continue;
            }
            let Output::Reply { status, headers, body, .. } = output else {
                panic!("no reply: {output:?}");
            };
            let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
            return Answer { status, headers, text };
        }
        let wakeup = service.next_wakeup().expect("an answer is on its way");
        service.handle(wakeup, Input::Tick);
    }
}

pub(crate) const PRO: &str = "gemini-3-pro-image";

/// Asks for a picture.
pub(crate) fn ask(service: &mut Service, now: u64) -> Answer {
    send(service, now, Request::generate(1, PRO, "a paper boat on a pond, in the rain"))
}

/// Asks, and tells the status alone.
pub(crate) fn status(service: &mut Service, now: u64) -> u16 {
    ask(service, now).status
}

/// A request with a body of one's own.
pub(crate) fn posted(path: &str, body: &Value) -> Request {
    Request {
        path: path.into(),
        body: body.to_string().into_bytes(),
        ..Request::generate(1, "", "")
    }
}

/// A request without a body.
pub(crate) fn called(method: &str, path: &str) -> Request {
    Request {
        method: method.into(),
        path: path.into(),
        body: Vec::new(),
        ..Request::generate(1, "", "")
    }
}

/// Uploads a file in one piece, and gives its name back.
pub(crate) fn upload(service: &mut Service, now: u64, content: &str) -> String {
    let url = start_upload(service, now, content.len() as u64)
        .header("x-goog-upload-url")
        .unwrap()
        .to_owned();
    let answer = chunk(service, now, &url, 0, "upload, finalize", content);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["file"]["name"].as_str().unwrap().to_owned()
}

/// Announces an upload of so many bytes.
pub(crate) fn start_upload(service: &mut Service, now: u64, bytes: u64) -> Answer {
    let mut request =
        posted("/upload/v1beta/files", &serde_json::json!({ "file": { "display_name": "rows" } }));
    request.headers.extend([
        ("Host".into(), "emulator.test".into()),
        ("X-Goog-Upload-Protocol".into(), "resumable".into()),
        ("X-Goog-Upload-Command".into(), "start".into()),
        ("X-Goog-Upload-Header-Content-Length".into(), bytes.to_string()),
        ("X-Goog-Upload-Header-Content-Type".into(), "application/jsonl".into()),
    ]);
    send(service, now, request)
}

/// Sends a piece of an upload, without a key.
pub(crate) fn chunk(
    service: &mut Service,
    now: u64,
    url: &str,
    offset: u64,
    command: &str,
    content: &str,
) -> Answer {
    let path = url.strip_prefix("http://emulator.test").unwrap();
    let mut request = called("POST", path);
    request.headers = vec![
        ("X-Goog-Upload-Offset".into(), offset.to_string()),
        ("X-Goog-Upload-Command".into(), command.into()),
    ];
    request.body = content.as_bytes().to_vec();
    send(service, now, request)
}
