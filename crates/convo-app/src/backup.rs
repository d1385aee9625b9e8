//! Backups: every row of one state of the database as files, with the attachments they name; and back.
//!
//! A backup is a folder: `manifest.json` with its digest beside it, `tables/NAME.jsonl` with one row a line, and
//! `attachments/` by digest. It is the same for both databases, so one of SQLite can be restored into PostgreSQL.
//! It is made beside its place and renamed when it is whole and on disk: a folder of its name is a backup.

mod files;
mod give;
mod take;

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use convo_store::StoreError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use give::backup;
pub use take::{RestoreReport, check, restore};

/// The form of backups that this program writes and reads.
pub const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
const MANIFEST_DIGEST: &str = "manifest.sha256";
const TABLES: &str = "tables";
const ATTACHMENTS: &str = "attachments";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// The event log's epoch.
    pub epoch: Uuid,
    /// The last number of the event log: everything committed up to it is there, and nothing else.
    pub head: i64,
    /// The migrations that had run.
    pub migrations: Vec<String>,
    /// The tables, in the order they are restored.
    pub tables: Vec<TableFile>,
    /// The attachments.
    pub attachments: AttachmentFiles,
}

/// One table of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableFile {
    /// The table.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

/// The attachments of a backup; which they are, the table of attachments says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentFiles {
    /// Files that were copied.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Digests of files that an erasure or the retention removed while the backup was made.
    pub gone: Vec<String>,
}

/// Why a backup could not be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error("database: {0}")]
    Database(#[from] StoreError),
    /// A file of the backup, or an attachment.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the backup is not what was written.
    #[error("{file} of the backup is damaged: {reason}")]
    Damaged {
        /// Which, in the backup.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was asked for is not done.
    #[error("{0}")]
    Refused(String),
}

/// The path of a table's file in a backup.
fn table_path(name: &str) -> PathBuf {
    Path::new(TABLES).join(format!("{name}.jsonl"))
}

/// The path of an attachment in a backup, by its digest in hexadecimal.
fn attachment_path(digest: &str) -> PathBuf {
    let (folder, _) = digest.split_at(2.min(digest.len()));
    Path::new(ATTACHMENTS).join(folder).join(digest)
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, BackupError> {
    result.map_err(|source| BackupError::File {
        path: path.display().to_string(),
        source,
    })
}
