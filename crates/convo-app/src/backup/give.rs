//! Making a backup while others go on writing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use convo_store::{Reader, Store, StoreError};

use super::files::{self, TableWriter, sync_folder, write};
use super::{
    ATTACHMENTS, AttachmentFiles, BackupError, FORMAT, MANIFEST, MANIFEST_DIGEST, Manifest, TABLES,
    TableFile, at, attachment_path,
};
use crate::attachments::Attachments;

/// Writes a backup of the database and of the attachments in `storage` to the folder `to`, which must not exist.
///
/// # Errors
/// [`BackupError`]; nothing is at `to` then.
pub fn backup(
    store: &Store,
    storage: &Path,
    to: &Path,
    program: &str,
    now: DateTime<Utc>,
) -> Result<Manifest, BackupError> {
    if to.exists() {
        let there = format!("{} exists already: nothing is overwritten", to.display());
        return Err(BackupError::Refused(there));
    }
    let parent = match to.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    at(&parent, fs::create_dir_all(&parent))?;
    // Beside its place, on the same disk; what is not finished is taken away.
    let mut place = tempfile::Builder::new();
    place.prefix(".convo-backup-");
    // All mail and the instance's keys are in it.
    #[cfg(unix)]
    place.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let draft = place.tempdir_in(&parent);
    let draft = at(&parent, draft)?;
    let folder = draft.path();
    let tables = folder.join(TABLES);
    at(&tables, fs::create_dir(&tables))?;
    let (dumped, tables) = rows(store, folder)?;
    // The files come after the rows: a file is there before a row names it.
    let attachments = attachments(store, &Attachments::new(storage), folder)?;
    let manifest = Manifest {
        format: FORMAT,
        program: program.to_owned(),
        created_at: now,
        epoch: dumped.head.epoch,
        head: dumped.head.seq,
        migrations: dumped.migrations,
        tables,
        attachments,
    };
    seal(folder, &manifest)?;
    at(to, fs::rename(folder, to))?;
    let _ = draft.keep();
    sync_folder(&parent)?;
    Ok(manifest)
}

/// Writes the tables.
fn rows(
    store: &Store,
    folder: &Path,
) -> Result<(convo_store::Dumped, Vec<TableFile>), BackupError> {
    let mut done = Vec::new();
    let mut open: Option<TableWriter> = None;
    let dumped = store.dump(|table, line| -> Result<(), BackupError> {
        match (line, &mut open) {
            (Some(line), Some(writer)) => writer.add(line),
            (Some(_), None) => Ok(()),
            (None, _) => {
                let before = open.replace(TableWriter::begin(folder, table)?);
                done.extend(before.map(TableWriter::end).transpose()?);
                Ok(())
            }
        }
    })?;
    done.extend(open.map(TableWriter::end).transpose()?);
    sync_folder(&folder.join(TABLES))?;
    Ok((dumped, done))
}

/// Copies the attachments that the rows name.
fn attachments(
    store: &Store,
    stored: &Attachments,
    folder: &Path,
) -> Result<AttachmentFiles, BackupError> {
    let mut copied = AttachmentFiles::default();
    let root = folder.join(ATTACHMENTS);
    at(&root, fs::create_dir(&root))?;
    files::named(folder, |digest| {
        let from = stored.path_of(digest);
        match files::attachment(&from) {
            Ok((bytes, found)) if found == digest => {
                let to = folder.join(attachment_path(digest));
                let parent = to.parent().unwrap_or(&root);
                at(parent, fs::create_dir_all(parent))?;
                write(&to, &bytes)?;
                copied.files += 1;
                copied.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                Ok(())
            }
            Ok(_) => Err(BackupError::Refused(format!(
                "attachment {digest} is damaged: its bytes are not those of its name"
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                is_gone(store, digest)?;
                copied.gone.push(digest.to_owned());
                Ok(())
            }
            Err(error) => at(&from, Err(error)),
        }
    })?;
    for one in at(&root, fs::read_dir(&root))? {
        sync_folder(&at(&root, one)?.path())?;
    }
    sync_folder(&root)?;
    Ok(copied)
}

/// A file that is not there was removed with its rows after their state was read, or it is lost.
fn is_gone(store: &Store, digest: &str) -> Result<(), BackupError> {
    let digest = hex::decode(digest).unwrap_or_default();
    let used = store.read(|reader: &mut Reader<'_>| -> Result<_, StoreError> {
        reader.attachment_digests_in_use(std::slice::from_ref(&digest))
    })?;
    match used.is_empty() {
        true => Ok(()),
        false => Err(BackupError::Refused(format!(
            "attachment {} is missing, and a message names it: is storage.path right?",
            hex::encode(digest)
        ))),
    }
}

/// Writes the manifest with its digest, and has all of it on disk.
fn seal(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let path = folder.join(MANIFEST);
    let text = serde_json::to_string_pretty(manifest).map_err(io::Error::from);
    let text = at(&path, text)? + "\n";
    write(&path, text.as_bytes())?;
    let (digest, _) = files::digest(&path)?;
    write(
        &folder.join(MANIFEST_DIGEST),
        format!("{digest}\n").as_bytes(),
    )?;
    sync_folder(folder)
}
