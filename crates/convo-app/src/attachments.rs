//! Attachments: bytes in a content-addressed folder, written before the commit that names them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use convo_email::Attachment;

/// A file this old belongs to no mail that is just being taken.
const SETTLED: Duration = Duration::from_secs(3600);

/// The folder of attachments; a file's name is the SHA-256 of its bytes.
#[derive(Debug, Clone)]
pub struct Attachments {
    folder: PathBuf,
}

impl Attachments {
    /// The attachments under `folder`, which is made when the first one comes.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Makes the folder where it is missing, and sees whether a file can be made in it.
    ///
    /// # Errors
    /// Those of the file system, but for a disk that is full: that may end by itself.
    pub fn check(&self) -> io::Result<()> {
        let made = fs::create_dir_all(&self.folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(&self.folder));
        match made {
            Err(error) if error.kind() != io::ErrorKind::StorageFull => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes the files of a mail to disk, durable when this returns.
    ///
    /// # Errors
    /// Those of the file system; the mail must then not be acknowledged.
    pub fn keep(&self, files: &[Attachment]) -> io::Result<()> {
        for attachment in files {
            self.write(&attachment.sha256, &attachment.bytes)?;
        }
        Ok(())
    }

    fn write(&self, sha256: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        let path = self.path(sha256);
        // One that is there already is written anew: its age is that of the last mail it came with.
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        // Written beside and renamed, so that a crash never leaves half a file under a good name.
        let mut draft = tempfile::NamedTempFile::new_in(parent)?;
        draft.write_all(bytes)?;
        draft.as_file().sync_all()?;
        draft.persist(&path).map_err(|failed| failed.error)?;
        fs::File::open(parent)?.sync_all()
    }

    /// Writes a file whose name is the digest of its bytes, durable when this returns.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn put(&self, sha256: &[u8], bytes: &[u8]) -> io::Result<()> {
        match sha256.try_into() {
            Ok(digest) => self.write(digest, bytes),
            Err(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Where an attachment lies, by its digest in hexadecimal.
    pub(crate) fn path_of(&self, digest: &str) -> PathBuf {
        let (folder, _) = digest.split_at(2.min(digest.len()));
        self.folder.join(folder).join(digest)
    }

    /// The bytes of an attachment.
    ///
    /// # Errors
    /// `NotFound` when it was erased, else those of the file system.
    pub fn read(&self, sha256: &[u8]) -> io::Result<Vec<u8>> {
        fs::read(self.path(sha256))
    }

    /// Removes an attachment, unless it may belong to a mail under way: the next sweep takes that.
    ///
    /// # Errors
    /// Those of the file system; one that is gone already is none.
    pub fn remove(&self, sha256: &[u8]) -> io::Result<()> {
        let path = self.path(sha256);
        let removed = match fs::metadata(&path) {
            Ok(file) if is_settled(&file)? => fs::remove_file(path),
            other => other.map(|_| ()),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Digests of the files written more than an hour ago.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn settled(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut digests = Vec::new();
        let folders = match fs::read_dir(&self.folder) {
            Ok(folders) => folders,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(digests),
            Err(error) => return Err(error),
        };
        for folder in folders {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                let settled = is_settled(&file.metadata()?)?;
                let name = file.file_name();
                let digest = name.to_str().and_then(|name| hex::decode(name).ok());
                digests.extend(digest.filter(|_| settled));
            }
        }
        Ok(digests)
    }

    fn path(&self, sha256: &[u8]) -> PathBuf {
        self.path_of(&hex::encode(sha256))
    }
}

fn is_settled(file: &fs::Metadata) -> io::Result<bool> {
    Ok(file.modified()?.elapsed().unwrap_or_default() > SETTLED)
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn what_is_written_is_read_and_removed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let attachments = Attachments::new(folder.path());
        attachments.write(&[7; 32], b"bytes")?;
        attachments.write(&[7; 32], b"bytes")?;
        assert_eq!(attachments.read(&[7; 32])?, b"bytes");
        let age = || -> io::Result<()> {
            let file = fs::File::options()
                .append(true)
                .open(attachments.path(&[7; 32]))?;
            file.set_modified(file.metadata()?.modified()? - 2 * SETTLED)
        };
        age()?;
        assert_eq!(attachments.settled()?, [[7; 32]]);
        // The same bytes come with another mail, which is not stored yet.
        attachments.write(&[7; 32], b"bytes")?;
        assert_eq!(attachments.settled()?, [[0; 0]; 0]);
        attachments.remove(&[7; 32])?;
        assert_eq!(attachments.read(&[7; 32])?, b"bytes");
        age()?;
        attachments.remove(&[7; 32])?;
        attachments.remove(&[7; 32])?;
        assert_eq!(
            attachments.read(&[7; 32]).map_err(|e| e.kind()),
            Err(io::ErrorKind::NotFound)
        );
        Ok(())
    }
}
