//! The calls of the Files API and the Batch API.

use serde_json::Value;

/// The part of a list that is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListPage {
    pub(crate) size: Option<usize>,
    pub(crate) token: Option<String>,
}

/// The announcement of an upload.
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

/// The source of a job's rows.
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

    /// Whether the address itself is the secret, as that of an upload is.
    pub(crate) fn needs_no_key(&self) -> bool {
        matches!(self, Self::Upload(_))
    }
}

/// A row as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct RowRequest {
    pub(crate) key: Option<String>,
    /// Of an inline row, as it was given.
    pub(crate) metadata: Option<Value>,
    pub(crate) request: Value,
}
