//! Where each mail lies and when it was written: all that is in memory of the mailboxes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use convo_email::mime::split_mbox;

use super::super::CommandError;
use super::super::mail_files::{MboxFile, is_mailbox, read_start};
use super::head::Head;
use super::pipeline::Pipeline;
use super::report::Origin;
use crate::clock;

/// Bytes of a mail of its own file that its head is looked for in.
const HEAD: u64 = 256 << 10;
/// Mailbox files kept open.
const OPEN: usize = 64;

/// All mails of the import in the order they are taken in.
pub(super) struct Index {
    files: Vec<PathBuf>,
    entries: Vec<Entry>,
    open: RefCell<HashMap<u32, File>>,
}

/// One mail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Seconds since 1970; of a mail that names no time, those of its neighbour.
    at: i64,
    ancestors: u32,
    file: u32,
    /// In a mailbox file, from 1; 0 for a file that is one mail.
    number: u32,
    tie: u64,
    start: u64,
    length: u64,
}

impl Index {
    /// Looks at every mail's head.
    ///
    /// # Errors
    /// Those of the error file; a mail file that cannot be read is rejected there.
    pub(super) fn build(
        paths: &[PathBuf],
        pipeline: &mut Pipeline<'_>,
    ) -> Result<Self, CommandError> {
        let now = clock::now();
        let mut index = Self {
            files: paths.to_vec(),
            entries: Vec::new(),
            open: RefCell::default(),
        };
        let mut dates: Vec<Option<i64>> = Vec::new();
        let bar = pipeline.bar("looking", paths.len());
        for (file, path) in (0_u32..).zip(paths) {
            if let Err(error) = index.look_into(file, path, &mut dates) {
                let origin = Origin::file(path);
                pipeline.reject(&origin, "unreadable", &error.kind().to_string())?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        fill(&mut dates, now.timestamp());
        for (entry, at) in index.entries.iter_mut().zip(dates) {
            entry.at = at.unwrap_or_default();
        }
        index.entries.sort_by_key(|entry| {
            (
                entry.at,
                entry.ancestors,
                entry.tie,
                entry.file,
                entry.start,
            )
        });
        Ok(index)
    }

    /// The mails in the order they are taken in.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where a mail came from, for people.
    pub(super) fn origin(&self, entry: &Entry) -> Origin {
        let file = self.files.get(entry.file as usize);
        let path = file.map_or(Path::new(""), PathBuf::as_path);
        Origin {
            mail: (entry.number > 0).then_some(entry.number),
            ..Origin::file(path)
        }
    }

    /// The bytes of a mail, without mailbox quoting.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn read(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        let path = self
            .files
            .get(entry.file as usize)
            .ok_or(io::ErrorKind::NotFound)?;
        if entry.number == 0 {
            return std::fs::read(path);
        }
        let mut open = self.open.borrow_mut();
        if open.len() >= OPEN && !open.contains_key(&entry.file) {
            open.clear();
        }
        let file = match open.entry(entry.file) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(File::open(path)?),
        };
        file.seek(SeekFrom::Start(entry.start))?;
        let mut bytes = Vec::with_capacity(usize::try_from(entry.length).unwrap_or(0));
        file.take(entry.length).read_to_end(&mut bytes)?;
        let mail = split_mbox(&bytes).next();
        Ok(mail.map(std::borrow::Cow::into_owned).unwrap_or_default())
    }

    fn look_into(
        &mut self,
        file: u32,
        path: &Path,
        dates: &mut Vec<Option<i64>>,
    ) -> io::Result<()> {
        let mut opened = File::open(path)?;
        let mut start = [0; 5];
        let read = read_start(&mut opened, &mut start)?;
        let mut add = |head: Head, number: u32, start: u64, length: u64| {
            dates.push(head.at.map(|at| at.timestamp()));
            self.entries.push(Entry {
                at: 0,
                ancestors: head.ancestors,
                file,
                number,
                tie: head.tie,
                start,
                length,
            });
        };
        if !is_mailbox(path, &start[..read]) {
            let mut bytes = start[..read].to_vec();
            opened.take(HEAD).read_to_end(&mut bytes)?;
            add(Head::read(&bytes), 0, 0, 0);
            return Ok(());
        }
        let mut mailbox = MboxFile::new(path.display().to_string(), opened, &start);
        let mut number = 0;
        while let Some((span, mail)) = mailbox.read()? {
            number += 1;
            add(Head::read(&mail), number, span.start, span.end - span.start);
        }
        Ok(())
    }
}

impl Entry {
    /// The time the mail is taken as of where it names none itself.
    pub(super) fn at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.at, 0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Gives mails without a time that of the one before in file order, else of the one behind.
fn fill(dates: &mut [Option<i64>], now: i64) {
    let mut last = dates.iter().copied().flatten().next();
    for at in dates {
        last = at.or(last);
        *at = Some(last.unwrap_or(now));
    }
}
