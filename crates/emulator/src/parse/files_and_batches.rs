//! The addresses of the Files API and the Batch API.

use serde_json::Value;

use crate::parse::call::{Call, ListPage, UploadChunk, UploadStart};
use crate::parse::new_batch::field;
use crate::parse::request::Request;
use crate::wire::refusal::{Refusal, refuse};

/// The call of an address, but for `batchGenerateContent`; nothing where it is of another API.
pub(crate) fn find(request: &Request, path: &str, query: &str) -> Option<Result<Call, Refusal>> {
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let known = |version: &str| matches!(version, "v1" | "v1beta" | "v1alpha");
    let method = request.method.to_ascii_uppercase();
    let id = |text: &str| text.to_owned();
    let call = match (method.as_str(), steps.as_slice()) {
        ("POST", ["upload", version, "files"]) if known(version) => {
            return Some(upload(request, version, query));
        }
        ("GET", ["download", version, "files", file]) if known(version) => {
            return Some(download(file.strip_suffix(":download")?, query));
        }
        (_, [version, ..]) if !known(version) => return None,
        ("GET", [_, "files"]) => Call::ListFiles(page(query)),
        ("GET", [_, "files", file]) => match file.strip_suffix(":download") {
            Some(file) => return Some(download(file, query)),
            None => Call::GetFile(id(file)),
        },
        ("DELETE", [_, "files", file]) => Call::DeleteFile(id(file)),
        ("GET", [_, "batches"]) => Call::ListBatches(page(query)),
        ("GET", [_, "batches", batch]) => Call::GetBatch(id(batch)),
        ("DELETE", [_, "batches", batch]) => Call::DeleteBatch(id(batch)),
        ("POST", [_, "batches", batch]) => Call::CancelBatch(id(batch.strip_suffix(":cancel")?)),
        _ => return None,
    };
    Some(Ok(call))
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn page(query: &str) -> ListPage {
    ListPage {
        size: parameter(query, "pageSize").and_then(|size| size.parse().ok()),
        token: parameter(query, "pageToken").filter(|t| !t.is_empty()).map(str::to_owned),
    }
}

fn download(file: &str, query: &str) -> Result<Call, Refusal> {
    if parameter(query, "alt") == Some("media") {
        Ok(Call::Download(file.to_owned()))
    } else {
        refuse(400, "Media download is only served with the parameter alt=media.")
    }
}

fn upload(request: &Request, version: &str, query: &str) -> Result<Call, Refusal> {
    let command = request.header("x-goog-upload-command").unwrap_or("").to_ascii_lowercase();
    if let Some(upload) = parameter(query, "upload_id") {
        return Ok(Call::Upload(UploadChunk {
            upload: upload.to_owned(),
            command,
            offset: request.header("x-goog-upload-offset").and_then(|at| at.trim().parse().ok()),
            data: request.body.clone(),
        }));
    }
    let protocol = request.header("x-goog-upload-protocol").unwrap_or("");
    if !protocol.eq_ignore_ascii_case("resumable") || command != "start" {
        return refuse(400, "An upload begins with the protocol resumable and the command start.");
    }
    let length = request.header("x-goog-upload-header-content-length");
    let Some(bytes) = length.and_then(|length| length.trim().parse().ok()) else {
        return refuse(400, "X-Goog-Upload-Header-Content-Length is missing or no number.");
    };
    let body: Value = if request.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&request.body)
            .or_else(|_| refuse(400, "Invalid JSON payload received. Unexpected token."))?
    };
    let told = |name: &str| Some(field(body.get("file")?, name)?.as_str()?.to_owned());
    let mime_type = request.header("x-goog-upload-header-content-type").map(str::to_owned);
    let id = told("name").map(|name| name.strip_prefix("files/").unwrap_or(&name).to_owned());
    Ok(Call::StartUpload(UploadStart {
        version: version.to_owned(),
        scheme: request.header("x-forwarded-proto").unwrap_or("http").to_owned(),
        id,
        display_name: told("displayName"),
        mime_type: mime_type
            .or_else(|| told("mimeType"))
            .unwrap_or_else(|| "application/octet-stream".into()),
        bytes,
    }))
}
