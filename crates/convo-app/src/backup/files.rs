//! Files that are hashed as they are written and read, and are on disk when they are done.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{BackupError, TableFile, at, table_path};

/// The file of a table, being written.
pub(super) struct TableWriter {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    rows: u64,
}

impl TableWriter {
    /// Begins the file of a table.
    pub fn begin(folder: &Path, name: &str) -> Result<Self, BackupError> {
        let path = folder.join(table_path(name));
        let file = BufWriter::new(at(&path, File::create_new(&path))?);
        Ok(Self {
            name: name.to_owned(),
            path,
            file,
            hash: Sha256::new(),
            rows: 0,
        })
    }

    /// Adds a row.
    pub fn add(&mut self, line: &str) -> Result<(), BackupError> {
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        self.rows += 1;
        let written = self.file.write_all(line.as_bytes());
        at(
            &self.path,
            written.and_then(|()| self.file.write_all(b"\n")),
        )
    }

    /// Ends it: it is on disk then.
    pub fn end(mut self) -> Result<TableFile, BackupError> {
        let flushed = self.file.flush();
        at(
            &self.path,
            flushed.and_then(|()| self.file.get_ref().sync_all()),
        )?;
        Ok(TableFile {
            name: self.name,
            rows: self.rows,
            sha256: hex::encode(self.hash.finalize()),
        })
    }
}

/// Writes a file that is not there yet, and has it on disk.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file = at(path, File::create_new(path))?;
    at(path, file.write_all(bytes).and_then(|()| file.sync_all()))
}

/// Makes what was renamed or made in a folder last.
pub(super) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    at(path, File::open(path).and_then(|folder| folder.sync_all()))
}

/// The digest of a file in hexadecimal and its lines.
pub(super) fn digest(path: &Path) -> Result<(String, u64), BackupError> {
    let mut file = at(path, File::open(path))?;
    let (mut hash, mut lines) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let read = at(path, file.read(&mut buffer))?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok((hex::encode(hash.finalize()), lines));
        }
        hash.update(bytes);
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        lines += u64::try_from(ends).unwrap_or(u64::MAX);
    }
}

/// Reads a whole attachment, and its digest in hexadecimal; one mail's files are bounded.
pub(super) fn attachment(path: &Path) -> std::io::Result<(Vec<u8>, String)> {
    let bytes = fs::read(path)?;
    let digest = hex::encode(Sha256::digest(&bytes));
    Ok((bytes, digest))
}

/// The part of a row of the table of attachments that names the file.
#[derive(Deserialize)]
struct Named {
    sha256: String,
}

/// Goes through the digests, in hexadecimal, of the attachments that the rows of a backup name, each once.
pub(super) fn named(
    folder: &Path,
    mut each: impl FnMut(&str) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let path = folder.join(table_path(super::ATTACHMENTS));
    let file = BufReader::new(at(&path, File::open(&path))?);
    let mut seen: HashSet<[u8; 32]> = HashSet::new();
    for line in file.lines() {
        let line = at(&path, line)?;
        let damaged = || BackupError::Damaged {
            file: table_path(super::ATTACHMENTS).display().to_string(),
            reason: "a row names no file".to_owned(),
        };
        let row: Named = serde_json::from_str(&line).map_err(|_| damaged())?;
        let digest = STANDARD.decode(row.sha256).map_err(|_| damaged())?;
        let digest: [u8; 32] = digest.try_into().map_err(|_| damaged())?;
        if seen.insert(digest) {
            each(&hex::encode(digest))?;
        }
    }
    Ok(())
}
