//! Resumable uploads: how one starts, goes on and ends.

use std::sync::Arc;

use serde_json::json;

use crate::batch::context::Context;
use crate::batch::file::{StoredFile, describe};
use crate::batch::files::{Files, Upload};
use crate::parse::call::{UploadChunk, UploadStart};
use crate::settings::files::FilesConfig;
use crate::wire::json::pretty;
use crate::wire::reply::Reply;
use crate::wire::{error, quota_error};

const FINALIZED: &str = "Upload has already been finalized.";

/// The longest id of a file.
const ID_LENGTH: usize = 40;

fn with_status(mut reply: Reply, status: &str) -> Reply {
    reply.set("x-goog-upload-status", status);
    reply
}

fn refused(status: u16, sentence: &str) -> Reply {
    Reply::error(status, sentence)
}

/// A refusal of a chunk, after which the upload goes on.
fn active(sentence: &str) -> Reply {
    with_status(refused(400, sentence), "active")
}

/// Starts an upload, and tells the address to which its chunks go.
pub(crate) fn start(files: &mut Files, context: &Context<'_>, start: &UploadStart) -> Reply {
    let rules = &context.config.files;
    if let Some(reply) = wrong_start(files, rules, context.project(), start) {
        return reply;
    }
    let upload_id = context.new_id(32);
    let host = format!("{}://{}", start.scheme, context.parsed.host);
    let mut reply = with_status(Reply::json(200, String::new()), "active");
    let url = format!(
        "{host}/upload/{}/files?upload_id={upload_id}&upload_protocol=resumable",
        start.version
    );
    reply.set("x-goog-upload-url", &url);
    let upload = Upload {
        start: start.clone(),
        project: context.project().to_owned(),
        host,
        data: Vec::new(),
        expires: context.now.saturating_add(rules.lifetime),
        file: None,
        cancelled: false,
    };
    files.uploads.insert(upload_id, upload);
    reply
}

/// The refusal of an upload that is too large or whose name cannot be given.
fn wrong_start(
    files: &Files,
    rules: &FilesConfig,
    project: &str,
    start: &UploadStart,
) -> Option<Reply> {
    if start.bytes > rules.max_bytes {
        return Some(refused(400, &format!("A file has at most {} bytes.", rules.max_bytes)));
    }
    if files.stored(project).saturating_add(start.bytes) > rules.store_bytes {
        return Some(refused(429, quota_error::BARE_429));
    }
    let id = start.id.as_deref()?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.is_empty() || id.len() > ID_LENGTH || !id.bytes().all(plain) {
        return Some(refused(400, &format!("The name files/{id} is not valid.")));
    }
    files.find(project, id)?;
    Some(Reply::json(409, error::already_exists(&format!("files/{id} exists."))))
}

/// Takes a chunk of an upload, or another command about it.
pub(crate) fn go_on(files: &mut Files, context: &mut Context<'_>, chunk: &UploadChunk) -> Reply {
    let has = |word: &str| chunk.command.split(',').any(|part| part.trim() == word);
    if let Some(file) = files.of_upload(&chunk.upload) {
        // The same as before, since that answer may have been lost.
        let again = has("query") || has("finalize");
        let told = pretty(&json!({ "file": describe(file) }));
        let reply = if again { Reply::json(200, told) } else { refused(400, FINALIZED) };
        return with_status(reply, "final");
    }
    let Some(upload) = files.uploads.get_mut(&chunk.upload) else {
        return Reply::not_found();
    };
    // The request has no key: the address itself tells the project.
    let project = upload.project.clone();
    context.ledger.edit(context.sequence, |record| record.project = project);
    if upload.file.is_some() {
        return with_status(refused(400, FINALIZED), "final");
    }
    if upload.cancelled {
        return with_status(refused(400, "Upload has been cancelled."), "cancelled");
    }
    if has("query") {
        return received(upload);
    }
    if has("cancel") {
        upload.cancelled = true;
        upload.data = Vec::new();
        return with_status(Reply::json(200, String::new()), "cancelled");
    }
    if has("upload") {
        if let Some(reply) = append(upload, chunk) {
            return reply;
        }
    } else if !has("finalize") {
        return active("The upload command is not known.");
    }
    if !has("finalize") {
        return received(upload);
    }
    if upload.data.len() as u64 != upload.start.bytes {
        return active("Fewer bytes than were announced.");
    }
    let file = finalize(upload, context);
    let told = pretty(&json!({ "file": describe(&file) }));
    files.files.insert(context.sequence, file);
    with_status(Reply::json(200, told), "final")
}

/// Says how many bytes have come.
fn received(upload: &Upload) -> Reply {
    let mut reply = Reply::json(200, String::new());
    reply.set("x-goog-upload-size-received", &upload.data.len().to_string());
    with_status(reply, "active")
}

/// Appends the bytes of a chunk; the refusal, where they do not follow on.
fn append(upload: &mut Upload, chunk: &UploadChunk) -> Option<Reply> {
    let reached = upload.data.len() as u64;
    if chunk.offset != Some(reached) {
        return Some(active(&format!("Upload offset is not {reached}.")));
    }
    let longer = reached.saturating_add(chunk.data.len() as u64);
    if longer > upload.start.bytes {
        return Some(active("More bytes than were announced."));
    }
    upload.data.extend_from_slice(&chunk.data);
    None
}

/// Makes a file of an upload whose bytes are all there.
fn finalize(upload: &mut Upload, context: &Context<'_>) -> StoredFile {
    let id = upload.start.id.clone().unwrap_or_else(|| context.new_id(12));
    upload.file = Some(id.clone());
    StoredFile {
        id,
        project: upload.project.clone(),
        display_name: upload.start.display_name.clone(),
        mime_type: upload.start.mime_type.clone(),
        version: upload.start.version.clone(),
        host: upload.host.clone(),
        created: context.now,
        expires: context.now.saturating_add(context.config.files.lifetime),
        content: Arc::new(std::mem::take(&mut upload.data)),
    }
}
