//! Checking a backup, and taking it into an empty database.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use chrono::{DateTime, Utc};
use convo_store::{Restoring, Store, StoreError};
use serde::Serialize;
use uuid::Uuid;

use super::{
    BackupError, FORMAT, MANIFEST, MANIFEST_DIGEST, Manifest, at, attachment_path, files,
    table_path,
};
use crate::attachments::Attachments;
use crate::outbox::Status;

/// Rows, and about as many bytes, taken in by one statement.
const CHUNK: (usize, usize) = (500, 4 << 20);

/// What a restore came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreReport {
    /// The last number of the event log.
    pub head: i64,
    /// Its new epoch.
    pub epoch: Uuid,
    /// Rows taken in, without the outgoing mails that were dropped.
    pub rows: u64,
    /// Attachments taken in.
    pub attachments: u64,
    /// Outgoing mails that were on their way, or could have been sent again: they are not sent.
    pub dropped_outgoing: Vec<Uuid>,
}

/// Checks that every file of a backup is what was written.
///
/// # Errors
/// [`BackupError::Damaged`] names the first file that is not; [`BackupError::Refused`] for a form this program does
/// not know.
pub fn check(from: &Path) -> Result<Manifest, BackupError> {
    let manifest = manifest(from)?;
    for table in &manifest.tables {
        let file = table_path(&table.name);
        let (digest, rows) = files::digest(&from.join(&file))?;
        if digest != table.sha256 || rows != table.rows {
            return Err(damaged(&file, "its digest is not that of the manifest"));
        }
    }
    let mut found = 0;
    files::named(from, |digest| {
        if manifest.attachments.gone.iter().any(|gone| gone == digest) {
            return Ok(());
        }
        let file = attachment_path(digest);
        let (_, is) = at(&from.join(&file), files::attachment(&from.join(&file)))?;
        found += 1;
        match is == digest {
            true => Ok(()),
            false => Err(damaged(&file, "its bytes are not those of its name")),
        }
    })?;
    match found == manifest.attachments.files {
        true => Ok(manifest),
        false => Err(damaged(
            Path::new(MANIFEST),
            "its number of attachments is another",
        )),
    }
}

fn manifest(from: &Path) -> Result<Manifest, BackupError> {
    let path = from.join(MANIFEST);
    let (digest, _) = files::digest(&path)?;
    let told = from.join(MANIFEST_DIGEST);
    let told = at(&told, fs::read_to_string(&told))?;
    if told.trim() != digest {
        return Err(damaged(
            Path::new(MANIFEST),
            "its digest is not the one beside it",
        ));
    }
    let text = at(&path, fs::read_to_string(&path))?;
    let members: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    if members["format"] != FORMAT {
        return Err(BackupError::Refused(format!(
            "the backup has form {}, this program reads {FORMAT}",
            members["format"]
        )));
    }
    let manifest: Manifest = serde_json::from_value(members)
        .map_err(|_| damaged(Path::new(MANIFEST), "it cannot be read"))?;
    let names = manifest.tables.iter().map(|table| table.name.as_str());
    if !names.eq(Store::tables().iter().copied()) {
        return Err(BackupError::Refused(
            "the backup has other tables than this program: restore it with the version that made it".to_owned(),
        ));
    }
    Ok(manifest)
}

/// Takes a backup that [`check`] found whole into an empty, migrated database and its attachments into `storage`:
/// paused, in a new epoch, without the mails that may have left since.
///
/// # Errors
/// [`BackupError`]; the database is still empty then.
pub fn restore(
    store: &Store,
    storage: &Path,
    from: &Path,
    manifest: &Manifest,
    epoch: Uuid,
    now: DateTime<Utc>,
) -> Result<RestoreReport, BackupError> {
    store.must_be_empty().map_err(|error| match error {
        StoreError::Config(why) => BackupError::Refused(why),
        other => other.into(),
    })?;
    let migrations = store.migrations()?;
    if migrations != manifest.migrations {
        return Err(BackupError::Refused(format!(
            "the backup has schema {}, this program {}: restore it with convo-server {} and migrate then",
            last(&manifest.migrations),
            last(&migrations),
            manifest.program
        )));
    }
    let attachments = take_files(&Attachments::new(storage), from, manifest)?;
    let mut rows = 0;
    let mut open: Option<(&'static str, BufReader<File>)> = None;
    // What was on its way may have left after the backup was made, and what was given up may have been tried again.
    let dropped = [Status::Queued, Status::Leased, Status::Dead].map(Status::as_str);
    let with = Restoring {
        epoch,
        at: now,
        dropped: &dropped,
    };
    let restored = store.restore(&with, |table| -> Result<_, BackupError> {
        let path = from.join(table_path(table));
        let reader = match &mut open {
            Some((of, reader)) if *of == table => reader,
            _ => {
                let file = BufReader::new(at(&path, File::open(&path))?);
                &mut open.insert((table, file)).1
            }
        };
        let lines = at(&path, chunk(reader))?;
        rows += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        Ok(lines)
    })?;
    let dropped = u64::try_from(restored.dropped.len()).unwrap_or(u64::MAX);
    Ok(RestoreReport {
        head: restored.head.seq,
        epoch: restored.head.epoch,
        rows: rows - dropped,
        attachments,
        dropped_outgoing: restored.dropped,
    })
}

fn last(migrations: &[String]) -> &str {
    migrations.last().map_or("none", String::as_str)
}

/// The next lines of a table.
fn chunk(reader: &mut BufReader<File>) -> std::io::Result<Vec<String>> {
    let (mut lines, mut bytes) = (Vec::new(), 0);
    while lines.len() < CHUNK.0 && bytes < CHUNK.1 {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            break;
        }
        bytes += line.len();
        lines.push(line);
    }
    Ok(lines)
}

/// Copies the attachments, before any row names one.
fn take_files(stored: &Attachments, from: &Path, manifest: &Manifest) -> Result<u64, BackupError> {
    let mut taken = 0;
    files::named(from, |digest| {
        if manifest.attachments.gone.iter().any(|gone| gone == digest) {
            return Ok(());
        }
        let path = from.join(attachment_path(digest));
        let (bytes, _) = at(&path, files::attachment(&path))?;
        let key = hex::decode(digest).unwrap_or_default();
        at(&path, stored.put(&key, &bytes))?;
        taken += 1;
        Ok(())
    })?;
    Ok(taken)
}

fn damaged(file: &Path, reason: &str) -> BackupError {
    BackupError::Damaged {
        file: file.display().to_string(),
        reason: reason.to_owned(),
    }
}
