//! The Files API: resumable uploads, what is kept, and what can be downloaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::Body;
use crate::arrival::Work;
use crate::body;
use crate::clock::rfc3339;
use crate::jobs::{Job, JobState};
use crate::plan::{Action, Reply};
use crate::random::Purpose;
use crate::request::pretty;
use crate::route::{ListPage, UploadChunk, UploadStart};
use crate::rows::RowRef;
use crate::service::{OpenRequest, Service};

/// Files in a page of a list: usual and most.
const FILES_PAGE: (usize, usize) = (10, 100);

const FINALIZED: &str = "Upload has already been finalized.";

/// The longest id of a file.
const ID_LENGTH: usize = 40;

/// A file that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) id: String,
    pub(crate) project: String,
    display_name: Option<String>,
    mime_type: String,
    version: String,
    host: String,
    created: u64,
    expires: u64,
    pub(crate) content: Arc<Vec<u8>>,
}

/// An upload that is under way.
#[derive(Clone, Debug)]
struct Upload {
    start: UploadStart,
    project: String,
    host: String,
    data: Vec<u8>,
    /// When its address is forgotten.
    expires: u64,
    /// The file that became of it.
    file: Option<String>,
    cancelled: bool,
}

/// All files, by the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    files: BTreeMap<u64, StoredFile>,
    uploads: BTreeMap<String, Upload>,
}

impl Files {
    /// Forgets what has expired.
    pub(crate) fn expire(&mut self, now: u64) {
        self.files.retain(|_, file| now < file.expires);
        self.uploads.retain(|_, upload| now < upload.expires);
    }

    pub(crate) fn find(&self, project: &str, id: &str) -> Option<&StoredFile> {
        self.files.values().find(|file| file.id == id && file.project == project)
    }

    /// The file that an upload has become.
    fn of_upload(&self, upload_id: &str) -> Option<&StoredFile> {
        let upload = self.uploads.get(upload_id)?;
        self.find(&upload.project, upload.file.as_deref()?)
    }

    /// Bytes that a project has uploaded, and what it has announced.
    fn stored(&self, project: &str) -> u64 {
        let kept = self.files.values().filter(|file| file.project == project);
        let kept = kept.fold(0, |sum: u64, file| sum.saturating_add(file.content.len() as u64));
        let under_way = self.uploads.values().filter(|upload| {
            upload.project == project && upload.file.is_none() && !upload.cancelled
        });
        under_way.fold(kept, |sum, upload| sum.saturating_add(upload.start.bytes))
    }

    /// Files that are kept, and their bytes.
    pub(crate) fn sums(&self) -> (usize, u64) {
        let bytes = self.files.values().map(|file| file.content.len() as u64);
        (self.files.len(), bytes.fold(0, u64::saturating_add))
    }
}

fn with_status(mut reply: Reply, status: &str) -> Reply {
    reply.set("x-goog-upload-status", status);
    reply
}

/// The sentence about a file of somebody else, or of nobody.
fn no_file(id: &str) -> Reply {
    let sentence =
        format!("You do not have permission to access the StoredFile {id} or it may not exist.");
    Reply::json(403, body::plain(403, &sentence))
}

fn refused(status: u16, sentence: &str) -> Reply {
    Reply::json(status, body::plain(status, sentence))
}

fn address(scheme_host: &str, version: &str, id: &str) -> String {
    format!("{scheme_host}/{version}/files/{id}")
}

fn describe(file: &StoredFile) -> Value {
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

fn describe_results(job: &Job, ended: u64, host: &str) -> Value {
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

/// One page of a list that is newest first; a token is the number of the last item before it.
pub(crate) fn page_of(
    page: &ListPage,
    (usual, most): (usize, usize),
    all: impl Iterator<Item = (u64, Value)>,
) -> (Vec<Value>, Option<String>) {
    let size = page.size.filter(|size| *size > 0).unwrap_or(usual).min(most);
    let before = page.token.as_deref().and_then(|token| token.parse::<u64>().ok());
    let mut listed = Vec::new();
    let mut last = 0;
    for (number, value) in all.filter(|(number, _)| before.is_none_or(|before| *number < before)) {
        if listed.len() == size {
            return (listed, Some(last.to_string()));
        }
        last = number;
        listed.push(value);
    }
    (listed, None)
}

impl Service {
    /// Some letters and digits that nobody else has.
    pub(crate) fn new_id(&self, sequence: u64, length: usize) -> String {
        const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut random = self.random(sequence, Purpose::Identity);
        let letter = |_| {
            let drawn = random.between(0, 35) as usize;
            char::from(LETTERS.get(drawn).copied().unwrap_or(b'a'))
        };
        (0..length).map(letter).collect()
    }

    pub(crate) fn start_upload(
        &mut self,
        sequence: u64,
        open: &OpenRequest,
        start: &UploadStart,
    ) -> Reply {
        let project = &open.parsed.project;
        let rules = &self.config.files;
        if start.bytes > rules.max_bytes {
            return refused(400, &format!("A file has at most {} bytes.", rules.max_bytes));
        }
        if self.files.stored(project).saturating_add(start.bytes) > rules.store_bytes {
            return refused(429, body::BARE_429);
        }
        if let Some(id) = &start.id {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if id.is_empty() || id.len() > ID_LENGTH || !id.bytes().all(plain) {
                return refused(400, &format!("The name files/{id} is not valid."));
            }
            if self.files.find(project, id).is_some() {
                return Reply::json(409, body::already_exists(&format!("files/{id} exists.")));
            }
        }
        let upload_id = self.new_id(sequence, 32);
        let host = format!("{}://{}", start.scheme, open.parsed.host);
        let mut reply = with_status(Reply::json(200, String::new()), "active");
        let url = format!(
            "{host}/upload/{}/files?upload_id={upload_id}&upload_protocol=resumable",
            start.version
        );
        reply.set("x-goog-upload-url", &url);
        let upload = Upload {
            start: start.clone(),
            project: project.clone(),
            host,
            data: Vec::new(),
            expires: self.time.saturating_add(self.config.files.lifetime),
            file: None,
            cancelled: false,
        };
        self.files.uploads.insert(upload_id, upload);
        reply
    }

    pub(crate) fn upload(&mut self, sequence: u64, chunk: &UploadChunk) -> Reply {
        let file_id = self.new_id(sequence, 12);
        let now = self.time;
        let expires = now.saturating_add(self.config.files.lifetime);
        let has = |word: &str| chunk.command.split(',').any(|part| part.trim() == word);
        if let Some(file) = self.files.of_upload(&chunk.upload) {
            // As told before: the answer may have been lost.
            let again = has("query") || has("finalize");
            let told = pretty(&json!({ "file": describe(file) }));
            let reply = if again { Reply::json(200, told) } else { refused(400, FINALIZED) };
            return with_status(reply, "final");
        }
        let Some(upload) = self.files.uploads.get_mut(&chunk.upload) else {
            return refused(404, "Requested entity was not found.");
        };
        let received = |upload: &Upload| {
            let mut reply = Reply::json(200, String::new());
            reply.set("x-goog-upload-size-received", &upload.data.len().to_string());
            reply
        };
        // The address itself tells whose it is.
        let project = upload.project.clone();
        self.ledger.edit(sequence, |record| record.project = project);
        if upload.file.is_some() {
            return with_status(refused(400, FINALIZED), "final");
        }
        if upload.cancelled {
            return with_status(refused(400, "Upload has been cancelled."), "cancelled");
        }
        if has("query") {
            return with_status(received(upload), "active");
        }
        if has("cancel") {
            upload.cancelled = true;
            upload.data = Vec::new();
            return with_status(Reply::json(200, String::new()), "cancelled");
        }
        if has("upload") {
            let reached = upload.data.len() as u64;
            if chunk.offset != Some(reached) {
                return with_status(
                    refused(400, &format!("Upload offset is not {reached}.")),
                    "active",
                );
            }
            let longer = reached.saturating_add(chunk.data.len() as u64);
            if longer > upload.start.bytes {
                return with_status(refused(400, "More bytes than were announced."), "active");
            }
            upload.data.extend_from_slice(&chunk.data);
        } else if !has("finalize") {
            return with_status(refused(400, "The upload command is not known."), "active");
        }
        if !has("finalize") {
            return with_status(received(upload), "active");
        }
        if upload.data.len() as u64 != upload.start.bytes {
            return with_status(refused(400, "Fewer bytes than were announced."), "active");
        }
        let id = upload.start.id.clone().unwrap_or(file_id);
        upload.file = Some(id.clone());
        let file = StoredFile {
            id,
            project: upload.project.clone(),
            display_name: upload.start.display_name.clone(),
            mime_type: upload.start.mime_type.clone(),
            version: upload.start.version.clone(),
            host: upload.host.clone(),
            created: now,
            expires,
            content: Arc::new(std::mem::take(&mut upload.data)),
        };
        let told = pretty(&json!({ "file": describe(&file) }));
        self.files.files.insert(sequence, file);
        with_status(Reply::json(200, told), "final")
    }

    /// The results that are there, under the numbers of their jobs.
    fn results<'s>(&'s self, project: &'s str) -> impl Iterator<Item = (u64, &'s Job, u64)> {
        self.jobs.iter().rev().filter_map(move |(number, job)| {
            let ended = job.results_at(self.time)?;
            (job.project == project && !job.rows.inline).then_some((*number, job, ended))
        })
    }

    pub(crate) fn get_file(&self, open: &OpenRequest, id: &str) -> Reply {
        let project = &open.parsed.project;
        if let Some(file) = self.files.find(project, id) {
            return Reply::json(200, pretty(&describe(file)));
        }
        match self.results(project).find(|(_, job, _)| job.results_id() == id) {
            Some((_, job, ended)) => {
                Reply::json(200, pretty(&describe_results(job, ended, &open.parsed.host)))
            }
            None => no_file(id),
        }
    }

    pub(crate) fn list_files(&self, open: &OpenRequest, page: &ListPage) -> Reply {
        let project = &open.parsed.project;
        let own = self.files.files.iter().filter(|(_, file)| file.project == *project);
        let mut all: Vec<(u64, Value)> =
            own.map(|(number, file)| (*number, describe(file))).collect();
        all.extend(
            self.results(project).map(|(number, job, ended)| {
                (number, describe_results(job, ended, &open.parsed.host))
            }),
        );
        all.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let (files, next) = page_of(page, FILES_PAGE, all.into_iter());
        let mut answer = json!({});
        if let Some(fields) = answer.as_object_mut() {
            if !files.is_empty() {
                fields.insert("files".into(), files.into());
            }
            if let Some(token) = next {
                fields.insert("nextPageToken".into(), token.into());
            }
        }
        Reply::json(200, pretty(&answer))
    }

    pub(crate) fn delete_file(&mut self, open: &OpenRequest, id: &str) -> Reply {
        let project = &open.parsed.project;
        let before = self.files.files.len();
        self.files.files.retain(|_, file| !(file.id == id && file.project == *project));
        let number = self
            .results(project)
            .find(|(_, job, _)| job.results_id() == id)
            .map(|(number, ..)| number);
        match number.and_then(|number| self.jobs.get_mut(&number)) {
            Some(job) => job.results_deleted = true,
            None if self.files.files.len() == before => return no_file(id),
            None => {}
        }
        Reply::json(200, "{}\n".into())
    }

    pub(crate) fn download(&self, open: &OpenRequest, id: &str) -> Work {
        let project = &open.parsed.project;
        let due = self.time;
        if self.files.find(project, id).is_some() {
            let sentence =
                format!("The StoredFile {id} cannot be downloaded: only generated files can.");
            return Work::reply(due, refused(400, &sentence));
        }
        let Some((_, job, _)) = self.results(project).find(|(_, job, _)| job.results_id() == id)
        else {
            return Work::reply(due, no_file(id));
        };
        let mut body = Body::default();
        for index in 0..job.rows.rows.len() {
            body.push_row(RowRef { rows: job.rows.clone(), index });
        }
        let reply = Reply::typed(200, "application/jsonl", String::new());
        Work::unbilled(Some(due), Action::Send(reply, body))
    }
}

impl Job {
    /// When its results came, where they can be had.
    pub(crate) fn results_at(&self, now: u64) -> Option<u64> {
        let view = self.view(now);
        let there = view.state == JobState::Succeeded && self.is_there(now);
        view.ended.filter(|_| there && !self.results_deleted)
    }
}
