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
    id: u64,
    parent: u64,
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
            if let Err(error) = index.look_into(file, path, now, &mut dates) {
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
        let entries = &mut index.entries;
        entries.sort_by_key(|entry| (entry.at, entry.tie, entry.file, entry.start));
        for same in entries.chunk_by_mut(|one, next| one.at == next.at) {
            parents_first(same);
        }
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
        now: DateTime<Utc>,
        dates: &mut Vec<Option<i64>>,
    ) -> io::Result<()> {
        let mut opened = File::open(path)?;
        let mut start = [0; 5];
        let read = read_start(&mut opened, &mut start)?;
        let mut add = |head: Head, number: u32, start: u64, length: u64| {
            dates.push(head.at.map(|at| at.timestamp()));
            self.entries.push(Entry {
                at: 0,
                id: head.id,
                parent: head.parent,
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
            add(Head::read(&bytes, now), 0, 0, 0);
            return Ok(());
        }
        let mut mailbox = MboxFile::new(path.display().to_string(), opened, &start);
        let mut number = 0;
        while let Some((span, mail)) = mailbox.read()? {
            number += 1;
            add(
                Head::read(&mail, now),
                number,
                span.start,
                span.end - span.start,
            );
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

/// Of mails of one second, what is answered goes before the answer.
fn parents_first(entries: &mut [Entry]) {
    if entries.len() < 2 {
        return;
    }
    let named = (0..).zip(&*entries).filter(|(_, one)| one.id != 0);
    let places: HashMap<u64, usize> = named.map(|(at, one)| (one.id, at)).collect();
    let parent = |at: usize| {
        let answered = entries.get(at)?.parent;
        let found = places.get(&answered).copied();
        found.filter(|parent| *parent != at)
    };
    let mut depths: Vec<Option<u32>> = vec![None; entries.len()];
    let mut path = Vec::new();
    for start in 0..entries.len() {
        let mut at = Some(start);
        let mut below = 0;
        while let Some(one) = at {
            if let Some(depth) = depths[one] {
                below = depth + 1;
                break;
            }
            // Noted on the way up, so that a loop ends where it began.
            depths[one] = Some(0);
            path.push(one);
            at = parent(one);
        }
        while let Some(one) = path.pop() {
            depths[one] = Some(below);
            below += 1;
        }
    }
    let mut sorted: Vec<(u32, Entry)> = depths
        .into_iter()
        .map(Option::unwrap_or_default)
        .zip(entries.iter().copied())
        .collect();
    sorted.sort_by_key(|(depth, _)| *depth);
    for (place, (_, entry)) in entries.iter_mut().zip(sorted) {
        *place = entry;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mails: &[(u64, u64)], expected: &[u64]) {
        let entry = |&(id, parent): &(u64, u64)| Entry {
            at: 0,
            id,
            parent,
            file: 0,
            number: 0,
            tie: 0,
            start: 0,
            length: 0,
        };
        let mut entries: Vec<Entry> = mails.iter().map(entry).collect();
        parents_first(&mut entries);
        let ids: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, expected, "{mails:?}");
    }

    #[test]
    fn of_one_second_the_answered_goes_first() {
        check(&[(1, 0), (2, 0)], &[1, 2]);
        check(&[(0, 1), (0, 0), (1, 0)], &[0, 1, 0]);
        check(&[(2, 1), (1, 9)], &[1, 2]);
        check(&[(3, 2), (2, 1), (4, 1), (1, 0)], &[1, 2, 4, 3]);
        check(&[(1, 1), (2, 2)], &[1, 2]);
        let deep: Vec<(u64, u64)> = (1..=50_000).rev().map(|id| (id, id - 1)).collect();
        let sorted: Vec<u64> = (1..=50_000).collect();
        check(&deep, &sorted);
    }

    #[test]
    fn a_loop_ends() {
        let mut entries = [(1, 2), (2, 3), (3, 1), (4, 3)];
        entries.rotate_left(1);
        check(&entries, &[1, 3, 2, 4]);
    }

    #[test]
    fn undated_mail_goes_beside_its_neighbour() {
        let mut dates = [None, Some(5), None, Some(3), None];
        fill(&mut dates, 9);
        assert_eq!(dates.map(Option::unwrap_or_default), [5, 5, 5, 3, 3]);
        let mut dates = [None, None];
        fill(&mut dates, 9);
        assert_eq!(dates, [Some(9), Some(9)]);
    }
}
