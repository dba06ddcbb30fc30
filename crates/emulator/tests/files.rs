//! The Files API: uploads, lists, limits, and what can be downloaded.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use common::{NOON, called, chunk, send, service, start_upload, upload};
use serde_json::json;

const HOUR: u64 = 3_600_000;

#[test]
fn an_upload_goes_on_where_it_was_left() {
    let mut service = service(json!({}));
    let start = start_upload(&mut service, NOON, 10);
    assert_eq!((start.status, start.header("x-goog-upload-status")), (200, Some("active")));
    let url = start.header("x-goog-upload-url").unwrap().to_owned();
    let first = chunk(&mut service, NOON, &url, 0, "upload", "01234");
    assert_eq!((first.status, first.header("x-goog-upload-status")), (200, Some("active")));
    // The same piece again, as after a lost answer, is told apart by its offset.
    assert_eq!(chunk(&mut service, NOON, &url, 0, "upload", "01234").status, 400);
    let query = chunk(&mut service, NOON, &url, 0, "query", "");
    assert_eq!(query.header("x-goog-upload-size-received"), Some("5"));
    assert_eq!(chunk(&mut service, NOON, &url, 5, "upload", "567890").status, 400, "too many");
    assert_eq!(chunk(&mut service, NOON, &url, 5, "finalize", "").status, 400, "too few");
    let last = chunk(&mut service, NOON, &url, 5, "upload, finalize", "56789");
    assert_eq!((last.status, last.header("x-goog-upload-status")), (200, Some("final")));
    let file = last.json()["file"].clone();
    assert_eq!(file["sizeBytes"], "10");
    assert_eq!((&file["state"], &file["displayName"]), (&json!("ACTIVE"), &json!("rows")));
    assert_eq!(file["expirationTime"], "2026-11-26T12:00:00.000Z");
    let again = chunk(&mut service, NOON, &url, 0, "query", "");
    assert_eq!(again.header("x-goog-upload-status"), Some("final"));
    assert_eq!(again.json()["file"], file);
    assert_eq!(chunk(&mut service, NOON, &url, 10, "upload", "x").status, 400);
    assert_eq!(service.ledger().files.bytes, 10);

    let other = start_upload(&mut service, NOON, 10);
    let url = other.header("x-goog-upload-url").unwrap().to_owned();
    let gone = chunk(&mut service, NOON, &url, 0, "cancel", "");
    assert_eq!(gone.header("x-goog-upload-status"), Some("cancelled"));
    assert_eq!(chunk(&mut service, NOON, &url, 0, "upload", "x").status, 400);
    let nowhere = "http://emulator.test/upload/v1beta/files?upload_id=none";
    assert_eq!(chunk(&mut service, NOON, nowhere, 0, "upload", "x").status, 404);
}

#[test]
fn files_are_listed_found_deleted_and_expire() {
    let mut service = service(json!({ "keys": { "other": "theirs" } }));
    let names: Vec<String> =
        (0..5).map(|day| upload(&mut service, NOON + day * HOUR, "content")).collect();
    let now = NOON + 5 * HOUR;
    let mut page = |query: &str| send(&mut service, now, called("GET", query)).json();
    let first = page("/v1beta/files?pageSize=2");
    let listed = |page: &serde_json::Value| -> Vec<String> {
        let files = page["files"].as_array().unwrap();
        files.iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&first), [names[4].clone(), names[3].clone()], "the newest first");
    let token = first["nextPageToken"].as_str().unwrap();
    let second = page(&format!("/v1beta/files?pageSize=2&pageToken={token}"));
    assert_eq!(listed(&second), [names[2].clone(), names[1].clone()]);
    let token = second["nextPageToken"].as_str().unwrap();
    let third = page(&format!("/v1beta/files?pageSize=2&pageToken={token}"));
    assert_eq!((listed(&third), third.get("nextPageToken")), (vec![names[0].clone()], None));

    let path = format!("/v1beta/{}", names[4]);
    assert_eq!(send(&mut service, now, called("GET", &path)).json()["name"], names[4]);
    let mut theirs = called("GET", &path);
    theirs.headers = vec![("x-goog-api-key".into(), "other".into())];
    assert_eq!(send(&mut service, now, theirs).status, 403, "of another project");
    let media = format!("{path}:download?alt=media");
    let refused = send(&mut service, now, called("GET", &media));
    assert_eq!(refused.status, 400, "uploads cannot be downloaded: {}", refused.text);
    assert_eq!(send(&mut service, now, called("DELETE", &path)).status, 200);
    assert_eq!(send(&mut service, now, called("GET", &path)).status, 403);
    assert_eq!(send(&mut service, now, called("DELETE", &path)).status, 403);

    let path = format!("/v1beta/{}", names[3]);
    let expiry = NOON + 3 * HOUR + 48 * HOUR;
    assert_eq!(send(&mut service, expiry - 1, called("GET", &path)).status, 200);
    assert_eq!(send(&mut service, expiry, called("GET", &path)).status, 403);
    assert_eq!(send(&mut service, expiry, called("GET", "/v1beta/files")).text, "{}\n");
}

#[test]
fn a_file_and_the_store_have_limits() {
    let mut service = service(json!({}));
    let most = 2 << 30;
    assert_eq!(start_upload(&mut service, NOON, most + 1).status, 400);
    for _ in 0..10 {
        assert_eq!(start_upload(&mut service, NOON, most).status, 200);
    }
    let full = start_upload(&mut service, NOON, 1);
    assert_eq!((full.status, full.json()["error"].get("details")), (429, None));
    assert_eq!(full.message(), "Resource has been exhausted (e.g. check quota).");

    let mut request = common::posted("/upload/v1/files", &json!({}));
    request.headers.push(("X-Goog-Upload-Command".into(), "start".into()));
    assert_eq!(send(&mut service, NOON, request).status, 400, "the protocol is missing");
}

#[test]
fn a_fault_may_lose_the_answer_to_what_was_done() {
    let mut service = service(json!({
        "script": [{ "fault": "503", "call": "upload", "applied": true }, "429-bare"],
    }));
    let start = start_upload(&mut service, NOON, 4);
    let url = start.header("x-goog-upload-url").unwrap().to_owned();
    assert_eq!(chunk(&mut service, NOON, &url, 0, "upload", "ab").status, 503);
    let query = chunk(&mut service, NOON, &url, 0, "query", "");
    assert_eq!(query.header("x-goog-upload-size-received"), Some("2"), "it was taken in");
    assert_eq!(common::status(&mut service, NOON), 429, "the other one was not used up");
}

#[test]
fn a_page_may_upload() {
    let mut service = service(json!({}));
    let mut preflight = |path: &str| {
        let mut request = called("OPTIONS", path);
        request.headers = vec![
            ("origin".into(), "https://page.example".into()),
            ("access-control-request-headers".into(), "x-goog-upload-command,content-type".into()),
        ];
        send(&mut service, NOON, request)
    };
    assert_eq!(preflight("/upload/v1beta/files").status, 200);
    assert_eq!(preflight("/v1beta/files").status, 403);
}
