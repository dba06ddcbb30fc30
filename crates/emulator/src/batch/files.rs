//! The Files API: resumable uploads, what is kept, and what can be downloaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::random::Purpose;
use crate::batch::file::{StoredFile, describe, describe_results};
use crate::batch::job::Job;
use crate::batch::list_page::page_of;
use crate::parse::call::{ListPage, UploadChunk, UploadStart};
use crate::plan::action::Action;
use crate::plan::work::Work;
use crate::service::{OpenRequest, Service};
use crate::wire::body::Body;
use crate::wire::json::pretty;
use crate::wire::reply::Reply;
use crate::wire::results::RowRef;
use crate::wire::{error, quota_error};

/// Files in a page of a list: usual and most.
const FILES_PAGE: (usize, usize) = (10, 100);

const FINALIZED: &str = "Upload has already been finalized.";

/// The longest id of a file.
const ID_LENGTH: usize = 40;

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
    Reply::json(403, error::plain(403, &sentence))
}

fn refused(status: u16, sentence: &str) -> Reply {
    Reply::json(status, error::plain(status, sentence))
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
            return refused(429, quota_error::BARE_429);
        }
        if let Some(id) = &start.id {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if id.is_empty() || id.len() > ID_LENGTH || !id.bytes().all(plain) {
                return refused(400, &format!("The name files/{id} is not valid."));
            }
            if self.files.find(project, id).is_some() {
                return Reply::json(409, error::already_exists(&format!("files/{id} exists.")));
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
