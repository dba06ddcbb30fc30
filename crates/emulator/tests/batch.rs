//! The Batch API: jobs from their making to their results.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{Answer, NOON, PRO, called, posted, send, service, upload};
use serde_json::{Value, json};
use unexhausted_emulator::{Input, JobState, Output, RowOutcome, Service};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
/// When a job is done that takes its usual time.
const DONE: u64 = NOON + 11 * MINUTE;

fn request(prompt: &str) -> Value {
    json!({
        "contents": [{ "parts": [{ "text": prompt }] }],
        "generationConfig": { "responseModalities": ["IMAGE"] },
    })
}

fn jsonl(count: usize) -> String {
    let line = |n: usize| {
        format!("{}\n", json!({ "key": format!("k{n}"), "request": request(&format!("boat {n}")) }))
    };
    (0..count).map(line).collect()
}

fn create_with(service: &mut Service, now: u64, model: &str, input: Value) -> Answer {
    let body = json!({ "batch": { "displayName": "a job", "inputConfig": input } });
    send(service, now, posted(&format!("/v1beta/models/{model}:batchGenerateContent"), &body))
}

fn inline(count: usize) -> Value {
    let row = |n: usize| json!({ "request": request(&format!("boat {n}")), "metadata": { "key": format!("k{n}") } });
    json!({ "requests": { "requests": (0..count).map(row).collect::<Vec<Value>>() } })
}

/// Makes a job of a file, and gives its name back.
fn create(service: &mut Service, now: u64, count: usize) -> String {
    let file = upload(service, now, &jsonl(count));
    let answer = create_with(service, now, PRO, json!({ "file_name": file }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["name"].as_str().unwrap().to_owned()
}

fn get(service: &mut Service, now: u64, name: &str) -> Value {
    let answer = send(service, now, called("GET", &format!("/v1beta/{name}")));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn state(service: &mut Service, now: u64, name: &str) -> String {
    get(service, now, name)["metadata"]["state"].as_str().unwrap().to_owned()
}

fn results(service: &mut Service, now: u64, operation: &Value) -> Vec<Value> {
    let file = operation["response"]["responsesFile"].as_str().unwrap();
    let path = format!("/v1beta/{file}:download?alt=media");
    let answer = send(service, now, called("GET", &path));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_job_of_a_file_goes_from_pending_to_its_results() {
    let mut service = service(json!({}));
    let name = create(&mut service, NOON, 10);
    let made = get(&mut service, NOON, &name);
    assert_eq!(made["metadata"]["state"], "BATCH_STATE_PENDING");
    assert_eq!(made["metadata"]["model"], format!("models/{PRO}"));
    assert_eq!(made["metadata"]["displayName"], "a job");
    assert_eq!(made["metadata"]["createTime"], "2026-11-24T12:00:00.000Z");
    let stats = json!({ "requestCount": "10", "pendingRequestCount": "10" });
    assert_eq!((&made["metadata"]["batchStats"], made.get("done")), (&stats, None));

    let half = get(&mut service, NOON + 6 * MINUTE, &name);
    assert_eq!(half["metadata"]["state"], "BATCH_STATE_RUNNING");
    assert_eq!(half["metadata"]["batchStats"]["successfulRequestCount"], "5");
    assert_eq!(service.ledger().jobs[0].billed_rows, 5);

    assert_eq!(state(&mut service, DONE - 1, &name), "BATCH_STATE_RUNNING");
    let done = get(&mut service, DONE, &name);
    assert_eq!(
        (&done["metadata"]["state"], &done["done"]),
        (&json!("BATCH_STATE_SUCCEEDED"), &json!(true))
    );
    assert_eq!(done["metadata"]["endTime"], "2026-11-24T12:11:00.000Z");
    assert_eq!(done["metadata"]["output"], done["response"]);
    let stats = json!({ "requestCount": "10", "successfulRequestCount": "10" });
    assert_eq!(done["metadata"]["batchStats"], stats);

    let rows = results(&mut service, DONE, &done);
    let keys: Vec<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9"]);
    let mut pictures = std::collections::BTreeSet::new();
    for row in &rows {
        let part = &row["response"]["candidates"][0]["content"]["parts"][0]["inlineData"];
        assert_eq!(part["mimeType"], "image/png");
        pictures.insert(part["data"].as_str().unwrap().to_owned());
    }
    assert_eq!(pictures.len(), 10, "each prompt has its own picture");
    assert_eq!(results(&mut service, DONE, &done), rows, "twice the same");

    // Half the price of the same picture at once.
    let usage = &rows[0]["response"]["usageMetadata"];
    let count = |name: &str| usage[name].as_f64().unwrap();
    let full = count("promptTokenCount") * 2.0
        + count("thoughtsTokenCount") * 12.0
        + usage["candidatesTokensDetails"][0]["tokenCount"].as_f64().unwrap() * 120.0;
    let job = &service.ledger().jobs[0];
    assert!((job.rows[0].billed - full / 2e6).abs() < 1e-9, "{} {full}", job.rows[0].billed);
    assert!((job.billed - job.rows.iter().map(|row| row.billed).sum::<f64>()).abs() < 1e-9);
    assert_eq!((job.state, job.billed_rows, job.images), (JobState::Succeeded, 10, 10));
    assert_eq!(service.totals().billed, 0.0, "what is made at once is counted apart");

    // The results are a file like any other, and go after six weeks.
    let file = done["response"]["responsesFile"].as_str().unwrap().to_owned();
    let about = send(&mut service, DONE, called("GET", &format!("/v1/{file}"))).json();
    assert_eq!(about["source"], "GENERATED");
    let weeks = DONE + 42 * 24 * HOUR;
    assert_eq!(state(&mut service, weeks - 1, &name), "BATCH_STATE_SUCCEEDED");
    assert_eq!(send(&mut service, weeks, called("GET", &format!("/v1/{name}"))).status, 404);
}

#[test]
fn inline_rows_come_back_inside_the_answer_and_not_in_a_list() {
    let mut service = service(json!({ "batch": { "statePrefix": "JOB_STATE" } }));
    let made = create_with(&mut service, NOON, PRO, inline(3)).json();
    let name = made["name"].as_str().unwrap();
    let done = get(&mut service, DONE, name);
    assert_eq!(done["metadata"]["state"], "JOB_STATE_SUCCEEDED");
    let rows = done["response"]["inlinedResponses"]["inlinedResponses"].as_array().unwrap();
    let keys: Vec<&str> = rows.iter().map(|row| row["metadata"]["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["k0", "k1", "k2"]);
    assert!(rows.iter().all(|row| {
        row["response"]["candidates"][0]["content"]["parts"][0]["inlineData"].is_object()
    }));
    assert_eq!(done["metadata"]["output"], done["response"], "they stand there twice");

    let file_job = create(&mut service, NOON, 1);
    let late = DONE + 11 * MINUTE;
    let list = send(&mut service, late, called("GET", "/v1beta/batches")).json();
    let operations = list["operations"].as_array().unwrap();
    assert_eq!((operations.len(), &operations[0]["name"]), (2, &json!(file_job)));
    assert!(operations[0]["response"]["responsesFile"].is_string());
    assert_eq!(operations[1].get("response"), None);
    let page = send(&mut service, late, called("GET", "/v1beta/batches?pageSize=1")).json();
    let next =
        format!("/v1beta/batches?pageSize=1&pageToken={}", page["nextPageToken"].as_str().unwrap());
    let page = send(&mut service, late, called("GET", &next)).json();
    assert_eq!((&page["operations"][0]["name"], page.get("nextPageToken")), (&json!(name), None));
}

#[test]
fn a_job_can_be_cancelled_and_deleted_and_pays_for_what_was_done() {
    let mut service = service(json!({}));
    let name = create(&mut service, NOON, 10);
    let half = NOON + 6 * MINUTE;
    let path = format!("/v1beta/{name}:cancel");
    assert_eq!(send(&mut service, half, posted(&path, &json!({}))).text, "{}\n");
    let cancelled = get(&mut service, half + HOUR, &name);
    assert_eq!(cancelled["metadata"]["state"], "BATCH_STATE_CANCELLED");
    assert_eq!((&cancelled["done"], cancelled.get("response")), (&json!(true), None));
    let job = &service.ledger().jobs[0];
    assert_eq!((job.billed_rows, job.rows[9].outcome), (5, RowOutcome::Dropped));

    let ended = create(&mut service, NOON + 2 * HOUR, 1);
    let later = NOON + 3 * HOUR;
    send(&mut service, later, posted(&format!("/v1beta/{ended}:cancel"), &json!({})));
    assert_eq!(state(&mut service, later, &ended), "BATCH_STATE_SUCCEEDED", "too late");
    assert_eq!(
        send(&mut service, later, called("DELETE", &format!("/v1beta/{ended}"))).status,
        200
    );
    assert_eq!(send(&mut service, later, called("GET", &format!("/v1beta/{ended}"))).status, 404);
    assert_eq!(
        send(&mut service, later, called("DELETE", &format!("/v1beta/{ended}"))).status,
        404
    );
    let job = &service.ledger().jobs[1];
    assert_eq!((job.deleted, job.billed_rows, job.state), (true, 1, JobState::Succeeded));
}

#[test]
fn rows_fail_by_key_and_by_chance() {
    let mut service = service(json!({ "seed": 3, "batch": {
        "keyFaults": { "k1": "503", "k2": "image-safety", "k3": { "fault": "429-detailed", "billed": true } },
        "rowFaults": [{ "fault": "500", "probability": 0.2 }],
    } }));
    let name = create(&mut service, NOON, 200);
    let done = get(&mut service, DONE, &name);
    assert_eq!(done["metadata"]["state"], "BATCH_STATE_SUCCEEDED");
    let rows = results(&mut service, DONE, &done);
    assert_eq!(rows[1]["error"]["code"], 14);
    assert_eq!(rows[1]["error"]["message"], "The model is overloaded. Please try again later.");
    assert_eq!(rows[2]["response"]["candidates"][0]["finishReason"], "IMAGE_SAFETY");
    assert_eq!(rows[3]["error"]["code"], 8);
    assert!(rows[3]["error"]["details"].is_array());
    let failed = rows.iter().filter(|row| row.get("error").is_some()).count();
    assert!((25..=60).contains(&failed), "{failed}");
    let stats = &done["metadata"]["batchStats"];
    assert_eq!(stats["failedRequestCount"], failed.to_string());
    assert_eq!(stats["successfulRequestCount"], (200 - failed).to_string());
    assert!(stats.get("pendingRequestCount").is_none());
    let job = &service.ledger().jobs[0];
    assert_eq!((job.rows[1].billed, job.rows[2].billed), (0.0, 0.0));
    assert!(job.rows[3].billed > 0.0);
    assert_eq!(job.billed_rows, 200 - failed - 1 + 1, "the refused one is free, one error is not");
}

#[test]
fn wrong_rows_fail_alone_and_wrong_files_as_a_whole() {
    let mut service = service(json!({}));
    let mut other = request("a boat");
    other["model"] = json!("models/gemini-2.5-flash-image");
    let mut size = request("a boat");
    size["generationConfig"]["imageConfig"] = json!({ "imageSize": "8K" });
    let content = format!(
        "{}\n{}\n\n{}\n",
        json!({ "key": "model", "request": other }),
        json!({ "key": "size", "request": size }),
        json!({ "key": "good", "request": request("a boat") })
    );
    let file = upload(&mut service, NOON, &content);
    let made = create_with(&mut service, NOON, PRO, json!({ "fileName": file })).json();
    let done = get(&mut service, DONE, made["name"].as_str().unwrap());
    let rows = results(&mut service, DONE, &done);
    let codes: Vec<&Value> = rows.iter().map(|row| &row["error"]["code"]).collect();
    assert_eq!(codes, [&json!(3), &json!(3), &Value::Null]);

    let file = upload(&mut service, NOON, "{\"key\":\"a\",\"request\":{}}\nno json\n");
    let made = create_with(&mut service, DONE, PRO, json!({ "fileName": file })).json();
    let failed = get(&mut service, DONE + HOUR, made["name"].as_str().unwrap());
    assert_eq!(failed["metadata"]["state"], "BATCH_STATE_FAILED");
    assert_eq!(failed["error"]["message"], "Line 2 of the input file is no request.");
}

#[test]
fn what_is_no_job_is_refused() {
    let mut service = service(json!({ "models": { "imagen-4": PRO } }));
    let mut refused =
        |model: &str, input: Value| create_with(&mut service, NOON, model, input).status;
    assert_eq!(refused(PRO, json!({ "fileName": "files/none" })), 404);
    assert_eq!(refused(PRO, json!({})), 400);
    assert_eq!(refused(PRO, json!({ "requests": { "requests": [] } })), 400);
    assert_eq!(refused(PRO, json!({ "requests": { "requests": [{ "metadata": {} }] } })), 400);
    assert_eq!(refused("imagen-4.0-generate-001", inline(1)), 404);
    assert_eq!(refused("imagen-4", inline(1)), 404);
    assert_eq!(refused("gemini-3-pro-image-preview", inline(1)), 404);
    let mut other = inline(2);
    other["requests"]["requests"][1]["request"]["model"] = json!("models/gemini-2.5-flash-image");
    assert_eq!(refused(PRO, other), 400, "one model a job");
    let mut unknown = inline(1);
    unknown["requests"]["requests"][0]["request"]["imageResolution"] = json!("1K");
    assert_eq!(refused(PRO, unknown), 400);
    let mut large = posted(&format!("/v1beta/models/{PRO}:batchGenerateContent"), &json!({}));
    large.size = Some(20_000_000);
    assert_eq!(send(&mut service, NOON, large).status, 400);
    let vertex = "/v1/projects/p/locations/global/publishers/google/models/x:batchGenerateContent";
    let mut vertex = posted(vertex, &json!({}));
    vertex.headers = vec![("authorization".into(), "Bearer t".into())];
    assert_eq!(send(&mut service, NOON, vertex).status, 404, "not on Vertex AI");
    assert!(service.ledger().jobs.is_empty());
}

#[test]
fn jobs_at_once_and_enqueued_tokens_are_limited() {
    let mut few = service(json!({ "batch": { "maxJobs": 2 } }));
    create(&mut few, NOON, 1);
    let second = create(&mut few, NOON, 1);
    let full = create_with(&mut few, NOON, PRO, inline(1));
    assert_eq!((full.status, full.json()["error"].get("details")), (429, None));
    assert_eq!(full.message(), "Resource has been exhausted (e.g. check quota).");
    let limited = few.records().last().unwrap().fault.clone();
    assert_eq!(limited.as_deref(), Some("limit:batch"));
    send(&mut few, NOON, posted(&format!("/v1beta/{second}:cancel"), &json!({})));
    assert_eq!(create_with(&mut few, NOON, PRO, inline(1)).status, 200);

    let mut service = service(json!({}));
    create_with(&mut service, NOON, PRO, inline(4));
    let tokens = service.ledger().jobs[0].prompt_tokens;
    let limit = json!({ "batch": { "enqueuedTokens": { PRO: tokens + 1 } } });
    service.configure(NOON, &limit.to_string()).unwrap();
    assert_eq!(create_with(&mut service, NOON, PRO, inline(4)).status, 429);
    let flash = "gemini-2.5-flash-image";
    assert_eq!(create_with(&mut service, NOON, flash, inline(4)).status, 200, "its own limit");
    assert_eq!(create_with(&mut service, DONE, PRO, inline(4)).status, 200, "room again");
}

#[test]
fn jobs_get_stuck_expire_and_fail() {
    let mut service = service(json!({ "batch": { "jobs": [
        "stuckPending", "stuckRunning", { "fate": "fails", "message": "no luck" },
        { "pending": 0, "running": 1000 },
    ] } }));
    let names: Vec<String> = (0..5).map(|_| create(&mut service, NOON, 4)).collect();
    let states = |service: &mut Service, now: u64| -> Vec<String> {
        let short =
            |name: &String| state(service, now, name).trim_start_matches("BATCH_STATE_").to_owned();
        names.iter().map(short).collect()
    };
    assert_eq!(
        states(&mut service, NOON + 1_000),
        ["PENDING", "PENDING", "PENDING", "SUCCEEDED", "PENDING"]
    );
    let day = NOON + 47 * HOUR;
    assert_eq!(
        states(&mut service, day),
        ["PENDING", "RUNNING", "FAILED", "SUCCEEDED", "SUCCEEDED"]
    );
    let end = NOON + 48 * HOUR;
    assert_eq!(
        states(&mut service, end),
        ["EXPIRED", "EXPIRED", "FAILED", "SUCCEEDED", "SUCCEEDED"]
    );
    let failed = get(&mut service, end, &names[2]);
    assert_eq!((&failed["error"]["message"], failed.get("response")), (&json!("no luck"), None));
    let expired = get(&mut service, end, &names[1]);
    assert_eq!((expired["error"].is_object(), expired.get("response")), (true, None));
    let billed: Vec<usize> = service.ledger().jobs.iter().map(|job| job.billed_rows).collect();
    assert_eq!(billed, [0, 0, 0, 4, 4]);
}

#[test]
fn the_answer_to_a_creation_can_be_lost_and_creating_again_makes_two() {
    let mut service = service(json!({
        "script": [{ "fault": "reset", "call": "createBatch", "applied": true }, { "fault": "reset", "call": "createBatch" }],
    }));
    for expected in [1, 1, 2] {
        let body = json!({ "batch": { "displayName": "once", "inputConfig": inline(1) } });
        let path = format!("/v1beta/models/{PRO}:batchGenerateContent");
        service.handle(NOON, Input::Request(posted(&path, &body)));
        let output = service.poll().unwrap();
        let lost = matches!(output, Output::Reset { .. });
        assert_eq!((service.ledger().jobs.len(), lost), (expected, expected == 1));
    }
    let list = send(&mut service, NOON, called("GET", "/v1beta/batches")).json();
    assert_eq!(list["operations"].as_array().unwrap().len(), 2);
    assert_eq!(list["operations"][1]["metadata"]["displayName"], "once");
}

#[test]
fn large_inline_results_cannot_be_read() {
    let mut service = service(json!({ "imageBytes": 8_000_000, "batch": {} }));
    let small = create_with(&mut service, NOON, PRO, inline(3)).json();
    let large = create_with(&mut service, NOON, PRO, inline(60)).json();
    let path = format!("/v1beta/{}", large["name"].as_str().unwrap());
    assert_eq!(send(&mut service, NOON, called("GET", &path)).status, 200, "while it is pending");
    let mut statuses = Vec::new();
    for hour in 1..4 {
        statuses.push(send(&mut service, NOON + hour * HOUR, called("GET", &path)).status);
        let record = service.records().last().unwrap().clone();
        assert_eq!(record.finished.unwrap() - record.arrived.unwrap(), 60_000);
    }
    assert_eq!(statuses, [503, 504, 504]);
    let list = send(&mut service, NOON + 5 * HOUR, called("GET", "/v1beta/batches")).json();
    assert_eq!(list["operations"][0]["metadata"]["state"], "BATCH_STATE_SUCCEEDED");
    assert_eq!(service.ledger().jobs[1].billed_rows, 60, "it was billed all the same");
    let readable = format!("/v1beta/{}", small["name"].as_str().unwrap());
    service.handle(NOON + 6 * HOUR, Input::Request(called("GET", &readable)));
    let Some(Output::Reply { status: 200, body, .. }) = service.poll() else { panic!("no reply") };
    assert!(body.is_long());
}

#[test]
fn a_download_can_be_cut_and_is_made_row_by_row() {
    let mut service =
        service(json!({ "script": [{ "fault": "cut", "call": "downloadFile", "fraction": 0.5 }] }));
    let name = create(&mut service, NOON, 10_000);
    let done = get(&mut service, DONE, &name);
    let file = done["response"]["responsesFile"].as_str().unwrap();
    let path = format!("/download/v1beta/{file}:download?alt=media");
    let mut bodies = Vec::new();
    for _ in 0..2 {
        service.handle(DONE, Input::Request(called("GET", &path)));
        let Some(Output::Reply { status: 200, body, .. }) = service.poll() else {
            panic!("no reply")
        };
        bodies.push(body);
    }
    let (cut, whole) = (&bodies[0], &bodies[1]);
    assert!(cut.breaks_off() && cut.is_long() && !whole.breaks_off());
    assert_eq!(cut.piece(4_999), whole.piece(4_999));
    let (part, row) = (cut.piece(5_000).unwrap(), whole.piece(5_000).unwrap());
    assert_eq!(part, row[..row.len() / 2]);
    assert_eq!((cut.piece(5_001), whole.piece(10_000)), (None, None));
    let row: Value = serde_json::from_slice(&whole.piece(9_999).unwrap()).unwrap();
    assert_eq!(row["key"], "k9999");
    let without = called("GET", &format!("/v1beta/{file}:download"));
    assert_eq!(send(&mut service, DONE, without).status, 400, "alt=media is missing");
}

#[test]
fn calls_of_jobs_have_faults_by_schedule_and_others_do_not_meet_them() {
    let mut service = service(json!({
        "batch": { "pending": 0, "running": 0 },
        "faults": [
            { "fault": "503", "call": "getBatch", "from": 1000, "to": 2000 },
            { "fault": "cut", "call": "getBatch", "from": 2000, "to": 3000 },
            { "fault": "429-bare", "call": "createBatch", "from": 3000, "model": PRO },
            { "fault": "500" },
        ],
    }));
    let made = create_with(&mut service, NOON, PRO, inline(2)).json();
    let path = format!("/v1beta/{}", made["name"].as_str().unwrap());
    assert_eq!(send(&mut service, NOON + 999, called("GET", &path)).status, 200);
    assert_eq!(send(&mut service, NOON + 1_000, called("GET", &path)).status, 503);
    service.handle(NOON + 2_000, Input::Request(called("GET", &path)));
    let Some(Output::Reply { status: 200, body, .. }) = service.poll() else { panic!("no reply") };
    assert!(body.breaks_off());
    assert!(serde_json::from_slice::<Value>(&body.to_bytes()).is_err());
    assert_eq!(send(&mut service, NOON + 3_000, called("GET", &path)).status, 200);
    assert_eq!(create_with(&mut service, NOON + 3_000, PRO, inline(1)).status, 429);
    assert_eq!(
        create_with(&mut service, NOON + 3_000, "gemini-2.5-flash-image", inline(1)).status,
        200
    );
    assert_eq!(
        common::status(&mut service, NOON + 3_000),
        500,
        "a fault without a call is for pictures"
    );
    let (faults, jobs) =
        (service.records().filter_map(|record| record.fault.clone()), service.ledger().jobs.len());
    assert_eq!(
        (faults.collect::<Vec<_>>(), jobs),
        (vec!["503".into(), "cut".into(), "429-bare".into(), "500".to_string()], 2)
    );
}

#[test]
fn jobs_and_files_belong_to_a_project() {
    let mut service = service(json!({ "keys": { "other": "theirs" }, "batch": { "maxJobs": 1 } }));
    let name = create(&mut service, NOON, 1);
    let file =
        get(&mut service, DONE, &name)["response"]["responsesFile"].as_str().unwrap().to_owned();
    let mut theirs = |mut request: unexhausted_emulator::Request| {
        request.headers = vec![("x-goog-api-key".into(), "other".into())];
        send(&mut service, DONE, request)
    };
    assert_eq!(theirs(called("GET", &format!("/v1beta/{name}"))).status, 404);
    assert_eq!(theirs(called("GET", &format!("/v1beta/{file}:download?alt=media"))).status, 403);
    assert_eq!(theirs(called("GET", "/v1beta/batches")).text, "{}\n");
    let mut nobody = called("GET", &format!("/v1beta/{name}"));
    nobody.headers = Vec::new();
    assert_eq!(send(&mut service, DONE, nobody).status, 403);
}
