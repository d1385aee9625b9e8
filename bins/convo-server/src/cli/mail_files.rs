//! Mail files as a stream of mails: mbox, Maildir, a folder of `*.eml`, or one mail.
//!
//! A folder is read in the order of its file names. No more than one mail, or a few megabytes of a
//! mailbox file, are in memory at a time.

mod mbox;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

pub(super) use mbox::MboxFile;

/// One mail as its file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawMail {
    /// The file's path; in a mailbox file with `:` and the mail's number, from 1.
    pub file: String,
    /// The bytes, without mailbox quoting.
    pub bytes: Vec<u8>,
}

/// A file that could not be read; the others still are.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {source}")]
pub struct MailFileError {
    /// The file or folder.
    pub file: String,
    /// What the system says.
    pub source: io::Error,
}

impl MailFileError {
    fn of(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self {
            file: path.display().to_string(),
            source,
        }
    }
}

/// The mails of some files and folders, in file order.
pub struct MailFiles {
    waiting: VecDeque<PathBuf>,
    mailbox: Option<MboxFile>,
    bytes_read: u64,
    bytes_total: u64,
}

impl MailFiles {
    /// Looks at the files and lists the folders.
    ///
    /// # Errors
    /// [`MailFileError`] when one of them is not there or cannot be listed.
    pub fn open(paths: &[PathBuf]) -> Result<Self, MailFileError> {
        let waiting = files(paths)?;
        let size = |file: &PathBuf| fs::metadata(file).map_or(0, |facts| facts.len());
        let bytes_total = waiting.iter().map(size).sum();
        Ok(Self {
            waiting: waiting.into(),
            mailbox: None,
            bytes_read: 0,
            bytes_total,
        })
    }

    /// Bytes read so far and bytes there are, for a progress bar.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (
            self.bytes_read + self.mailbox.as_ref().map_or(0, MboxFile::bytes_read),
            self.bytes_total,
        )
    }

    fn next_of_mailbox(&mut self) -> Option<Result<RawMail, MailFileError>> {
        let mailbox = self.mailbox.as_mut()?;
        let mail = mailbox.next();
        if !matches!(mail, Some(Ok(_))) {
            self.bytes_read += mailbox.bytes_read();
            self.mailbox = None;
        }
        mail
    }

    fn open_next(&mut self, path: &Path) -> io::Result<Option<RawMail>> {
        let mut file = File::open(path)?;
        let mut start = [0; 5];
        let read = read_start(&mut file, &mut start)?;
        if is_mailbox(path, &start[..read]) {
            self.mailbox = Some(MboxFile::new(path.display().to_string(), file, &start));
            return Ok(None);
        }
        let mut bytes = start[..read].to_vec();
        file.read_to_end(&mut bytes)?;
        self.bytes_read += bytes.len() as u64;
        Ok(Some(RawMail {
            file: path.display().to_string(),
            bytes,
        }))
    }
}

impl Iterator for MailFiles {
    type Item = Result<RawMail, MailFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(mail) = self.next_of_mailbox() {
                return Some(mail);
            }
            let path = self.waiting.pop_front()?;
            match self.open_next(&path) {
                Ok(None) => {}
                Ok(Some(mail)) => return Some(Ok(mail)),
                Err(source) => {
                    return Some(Err(MailFileError {
                        file: path.display().to_string(),
                        source,
                    }));
                }
            }
        }
    }
}

/// The files themselves and those that folders hold, in order.
///
/// # Errors
/// [`MailFileError`] when one of them is not there or cannot be listed.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, MailFileError> {
    let mut files = Vec::new();
    for path in paths {
        let facts = fs::metadata(path).map_err(MailFileError::of(path))?;
        if facts.is_dir() {
            files.extend(list(path).map_err(MailFileError::of(path))?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// Whether a file with these first bytes holds several mails.
pub(super) fn is_mailbox(path: &Path, start: &[u8]) -> bool {
    start.starts_with(b"From ") && !has_ending(path, &["eml"])
}

/// Whether a file's name ends in one of these, in any letter case.
pub(super) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .is_some_and(|found| endings.iter().any(|one| found.eq_ignore_ascii_case(one)))
}

/// Fills `start` as far as the file goes.
pub(super) fn read_start(file: &mut File, start: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < start.len() {
        match file.read(&mut start[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

/// The mails of a folder by name: of a Maildir those in `cur` and `new`, else `*.eml` and `*.mbox`.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (cur, new) = (folder.join("cur"), folder.join("new"));
    let mut files = Vec::new();
    if cur.is_dir() || new.is_dir() {
        for part in [cur, new].iter().filter(|part| part.is_dir()) {
            files.extend(
                plain_files(part)?
                    .into_iter()
                    .filter(|file| !is_hidden(file)),
            );
        }
        // A mail that moved from `new` to `cur` keeps its place: flags after `:` do not count.
        files.sort_by_cached_key(|file| {
            file_name(file)
                .split(':')
                .next()
                .unwrap_or_default()
                .to_owned()
        });
    } else {
        let known = |file: &PathBuf| has_ending(file, &["eml", "mbox"]);
        files.extend(plain_files(folder)?.into_iter().filter(known));
        files.sort();
    }
    Ok(files)
}

fn plain_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn is_hidden(path: &Path) -> bool {
    file_name(path).starts_with('.')
}

#[cfg(test)]
mod tests;
