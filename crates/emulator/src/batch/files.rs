//! The uploads of all projects: finished ones, which are files, and those under way.

use std::collections::BTreeMap;

use crate::batch::file::StoredFile;
use crate::parse::call::UploadStart;

/// An upload that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) start: UploadStart,
    pub(crate) project: String,
    pub(crate) host: String,
    pub(crate) data: Vec<u8>,
    /// When its address is forgotten.
    pub(crate) expires: u64,
    /// The id of the file that it has become.
    pub(crate) file: Option<String>,
    pub(crate) cancelled: bool,
}

/// All files and uploads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// By the sequence numbers of the requests that finished them.
    pub(crate) files: BTreeMap<u64, StoredFile>,
    /// By their ids.
    pub(crate) uploads: BTreeMap<String, Upload>,
}

impl Files {
    /// Forgets files and uploads that have expired.
    pub(crate) fn expire(&mut self, now: u64) {
        self.files.retain(|_, file| now < file.expires);
        self.uploads.retain(|_, upload| now < upload.expires);
    }

    pub(crate) fn find(&self, project: &str, id: &str) -> Option<&StoredFile> {
        self.files.values().find(|file| file.id == id && file.project == project)
    }

    /// The file that an upload has become.
    pub(crate) fn of_upload(&self, upload_id: &str) -> Option<&StoredFile> {
        let upload = self.uploads.get(upload_id)?;
        self.find(&upload.project, upload.file.as_deref()?)
    }

    /// The bytes that a project has uploaded, and those that it has announced.
    pub(crate) fn stored(&self, project: &str) -> u64 {
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
