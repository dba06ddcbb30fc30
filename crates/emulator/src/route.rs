//! The addresses of the Files API and the Batch API.

use serde_json::Value;

use crate::fields::camel;
use crate::request::{Refusal, Request, refuse};
use crate::rows::RowRequest;

/// Inline requests have to be smaller than this, in bytes.
const INLINE_BYTES: u64 = 20_000_000;

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListPage {
    pub(crate) size: Option<usize>,
    pub(crate) token: Option<String>,
}

/// What an upload is to become.
#[derive(Clone, Debug)]
pub(crate) struct UploadStart {
    pub(crate) version: String,
    /// `http` or `https`, as the caller knows the service.
    pub(crate) scheme: String,
    pub(crate) id: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) mime_type: String,
    pub(crate) bytes: u64,
}

/// A piece of an upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadChunk {
    pub(crate) upload: String,
    pub(crate) command: String,
    pub(crate) offset: Option<u64>,
    pub(crate) data: Vec<u8>,
}

/// Where the rows of a job are.
#[derive(Clone, Debug)]
pub(crate) enum RowSource {
    Inline(Vec<RowRequest>),
    File(String),
}

/// A job to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewBatch {
    pub(crate) version: String,
    pub(crate) display_name: String,
    pub(crate) source: RowSource,
}

/// A call of files or jobs.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    StartUpload(UploadStart),
    Upload(UploadChunk),
    GetFile(String),
    ListFiles(ListPage),
    DeleteFile(String),
    Download(String),
    Create(Box<NewBatch>),
    GetBatch(String),
    ListBatches(ListPage),
    CancelBatch(String),
    DeleteBatch(String),
}

impl Call {
    /// The name in the ledger.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::StartUpload(_) => "startUpload",
            Self::Upload(_) => "upload",
            Self::GetFile(_) => "getFile",
            Self::ListFiles(_) => "listFiles",
            Self::DeleteFile(_) => "deleteFile",
            Self::Download(_) => "downloadFile",
            Self::Create(_) => "createBatch",
            Self::GetBatch(_) => "getBatch",
            Self::ListBatches(_) => "listBatches",
            Self::CancelBatch(_) => "cancelBatch",
            Self::DeleteBatch(_) => "deleteBatch",
        }
    }

    /// Whether the address itself is the secret: of an upload nobody else knows it.
    pub(crate) fn needs_no_key(&self) -> bool {
        matches!(self, Self::Upload(_))
    }
}

/// Whether a page may send the headers of an upload there.
pub(crate) fn is_upload(path: &str) -> bool {
    path.starts_with("/upload/")
}

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

/// A field by its name in camelCase, or in snake_case.
fn field<'v>(message: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = message.as_object()?;
    fields.iter().find(|(known, value)| camel(known) == name && !value.is_null()).map(|(_, v)| v)
}

/// Reads the body of `batchGenerateContent`.
pub(crate) fn create(request: &Request, version: &str) -> Result<Call, Refusal> {
    if request.size.unwrap_or(request.body.len() as u64) >= INLINE_BYTES {
        return refuse(
            400,
            &format!("Request payload size exceeds the limit: {INLINE_BYTES} bytes."),
        );
    }
    let root = Value::Object(crate::fields::read_json(request)?);
    let Some(batch) = field(&root, "batch") else {
        return refuse(400, "* BatchGenerateContentRequest.batch: batch is not specified\n");
    };
    let known = ["displayName", "inputConfig", "priority", "webhookConfig", "model", "name"];
    let unknown = batch
        .as_object()
        .and_then(|fields| fields.keys().find(|name| !known.contains(&camel(name).as_str())));
    if let Some(name) = unknown {
        return refuse(
            400,
            &format!(
                "Invalid JSON payload received. Unknown name \"{name}\" at 'batch': Cannot find \
                 field."
            ),
        );
    }
    let input = field(batch, "inputConfig").cloned().unwrap_or_default();
    let file = field(&input, "fileName").and_then(Value::as_str);
    let listed = field(&input, "requests").and_then(|requests| field(requests, "requests"));
    let source = match (file, listed.and_then(Value::as_array)) {
        (Some(file), None) => {
            RowSource::File(file.strip_prefix("files/").unwrap_or(file).to_owned())
        }
        (None, Some(list)) if !list.is_empty() => {
            RowSource::Inline(list.iter().map(inline).collect::<Result<_, _>>()?)
        }
        _ => return refuse(400, "* batch.input_config: one of file_name and requests is needed\n"),
    };
    let name = field(batch, "displayName").and_then(Value::as_str).unwrap_or_default();
    Ok(Call::Create(Box::new(NewBatch {
        version: version.to_owned(),
        display_name: name.to_owned(),
        source,
    })))
}

fn inline(row: &Value) -> Result<RowRequest, Refusal> {
    let Some(request) = field(row, "request").filter(|request| request.is_object()) else {
        return refuse(400, "* batch.input_config.requests.requests: request is not specified\n");
    };
    let metadata = field(row, "metadata").cloned();
    let key = metadata.as_ref().and_then(|metadata| metadata.get("key")?.as_str());
    Ok(RowRequest { key: key.map(str::to_owned), request: request.clone(), metadata })
}

/// Reads a JSONL file; the number of the first line that is none, counted from 1.
pub(crate) fn lines(content: &[u8]) -> Result<Vec<RowRequest>, usize> {
    let mut rows = Vec::new();
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read: Option<Value> = serde_json::from_slice(line).ok();
        let row = read.and_then(|row| {
            let request = field(&row, "request")?.clone();
            let key = field(&row, "key").and_then(Value::as_str).map(str::to_owned);
            request.is_object().then_some(RowRequest { key, metadata: None, request })
        });
        rows.push(row.ok_or(index.saturating_add(1))?);
    }
    Ok(rows)
}
