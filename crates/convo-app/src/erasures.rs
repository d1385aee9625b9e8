//! The ledger of erasures: which leads were forgotten, in a file outside the database.
//!
//! A database that is restored from a backup knows again whom it had forgotten since. The ledger lies in the folder
//! of the attachments, holds ids and times only, and is written to disk before an erasure is committed.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::error::AppError;

/// The name of the file.
pub const FILE: &str = "erasures.jsonl";

/// The ledger.
#[derive(Debug, Clone)]
pub struct Erasures {
    path: PathBuf,
}

/// One line of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    lead_id: Uuid,
    at: DateTime<Utc>,
}

/// What applying a ledger came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Leads that were there again, and are forgotten again.
    pub erased: u64,
    /// Lines that name a lead.
    pub named: u64,
    /// Lines that say nothing: a crash left half of one.
    pub unreadable: u64,
}

impl Erasures {
    /// The ledger in a folder, which is made when the first line comes.
    #[must_use]
    pub fn within(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
        }
    }

    /// The ledger at a path.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Adds a lead; on disk when this returns.
    ///
    /// # Errors
    /// Those of the file system; nothing must be erased then.
    pub fn add(&self, lead_id: Uuid, at: DateTime<Utc>) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&self.path)?;
        let mut line = serde_json::to_string(&Line { lead_id, at })? + "\n";
        if ends_within_a_line(&mut file)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    }

    /// Goes through its leads, none when there is no such file; how many lines say nothing.
    ///
    /// # Errors
    /// That of `each`, or [`AppError::Fault`] when it cannot be read.
    fn read(&self, mut each: impl FnMut(Uuid) -> Result<(), AppError>) -> Result<u64, AppError> {
        let wrong = |error: &io::Error| AppError::Fault(format!("{FILE}: {}", error.kind()));
        let file = match File::open(&self.path) {
            // What is erased meanwhile adds lines, also whom these lines have forgotten again.
            Ok(file) => {
                let length = file.metadata().map_err(|error| wrong(&error))?.len();
                BufReader::new(file.take(length))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(wrong(&error)),
        };
        let mut unreadable = 0;
        for line in file.split(b'\n') {
            let line = line.map_err(|error| wrong(&error))?;
            match serde_json::from_slice::<Line>(&line) {
                Ok(line) => each(line.lead_id)?,
                Err(_) if line.is_empty() => {}
                Err(_) => unreadable += 1,
            }
        }
        Ok(unreadable)
    }
}

/// A crash may have left half a line, which must not swallow the next.
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0_u8; 1];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

impl App {
    /// Forgets again everybody a ledger names who is there: the lead of a database that was restored. Blocks the
    /// thread; again changes nothing.
    ///
    /// # Errors
    /// The database's, or a fault when the ledger cannot be read.
    pub fn apply_erasures(&self, ledger: &Erasures) -> Result<Applied, AppError> {
        let mut applied = Applied::default();
        applied.unreadable = ledger.read(|lead| {
            applied.named += 1;
            match self.erase(lead) {
                Ok(()) => {
                    applied.erased += 1;
                    Ok(())
                }
                // Never there, or forgotten already.
                Err(AppError::NotFound) => Ok(()),
                Err(error) => Err(error),
            }
        })?;
        Ok(applied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_swallows_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Erasures::within(&folder.path().join("deep"));
        let read = || {
            let mut found = Vec::new();
            let unreadable = ledger.read(|lead| {
                found.push(lead.as_u128());
                Ok(())
            });
            (found, unreadable.unwrap())
        };
        assert_eq!(read(), (vec![], 0));
        ledger
            .add(Uuid::from_u128(1), DateTime::UNIX_EPOCH)
            .unwrap();
        let mut file = File::options().append(true).open(&ledger.path).unwrap();
        file.write_all(b"{\"leadId\":\"00").unwrap();
        ledger
            .add(Uuid::from_u128(2), DateTime::UNIX_EPOCH)
            .unwrap();
        ledger
            .add(Uuid::from_u128(3), DateTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(read(), (vec![1, 2, 3], 1));
    }
}
