//! Files as the service describes them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::calendar::rfc3339;
use crate::batch::job::Job;

/// A file that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) display_name: Option<String>,
    pub(crate) mime_type: String,
    pub(crate) version: String,
    pub(crate) host: String,
    pub(crate) created: u64,
    pub(crate) expires: u64,
    pub(crate) content: Arc<Vec<u8>>,
}

fn address(scheme_host: &str, version: &str, id: &str) -> String {
    format!("{scheme_host}/{version}/files/{id}")
}

pub(crate) fn describe(file: &StoredFile) -> Value {
    let mut value = json!({
        "name": format!("files/{}", file.id),
        "mimeType": file.mime_type,
        "sizeBytes": file.content.len().to_string(),
        "createTime": rfc3339(file.created),
        "updateTime": rfc3339(file.created),
        "expirationTime": rfc3339(file.expires),
        "uri": address(&file.host, &file.version, &file.id),
        "state": "ACTIVE",
        "source": "UPLOADED",
    });
    if let (Some(name), Some(fields)) = (&file.display_name, value.as_object_mut()) {
        fields.insert("displayName".into(), json!(name));
    }
    value
}

pub(crate) fn describe_results(job: &Job, ended: u64, host: &str) -> Value {
    let uri = address(&format!("https://{host}"), "v1beta", &job.results_id());
    json!({
        "name": format!("files/{}", job.results_id()),
        "mimeType": "application/jsonl",
        "createTime": rfc3339(ended),
        "updateTime": rfc3339(ended),
        "expirationTime": rfc3339(ended.saturating_add(job.kept)),
        "uri": uri,
        "downloadUri": format!("{uri}:download?alt=media"),
        "state": "ACTIVE",
        "source": "GENERATED",
    })
}
