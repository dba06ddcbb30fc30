//! The settings of the Files API.

use serde::{Deserialize, Serialize};

use crate::settings::batch::HOUR;

/// The Files API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FilesConfig {
    /// Bytes of one file (2 GB).
    pub max_bytes: u64,
    /// Bytes of all files that a project has uploaded (20 GB).
    pub store_bytes: u64,
    /// How long an upload is kept, in milliseconds (48 hours).
    pub lifetime: u64,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self { max_bytes: 2 << 30, store_bytes: 20 << 30, lifetime: 48 * HOUR }
    }
}
