//! A mailbox file, read in pieces.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;

use convo_email::mime::split_mbox;

use super::{MailFileError, RawMail};

/// Bytes read at a time.
const PIECE: usize = 4 << 20;
/// Bytes that must follow a mail's end before it is believed: a separator line that is cut off at
/// the end of what was read could be taken for text.
const LOOK_AHEAD: usize = 4 << 10;

/// The mails of a mailbox file, in order.
pub(in crate::cli) struct MboxFile {
    name: String,
    file: File,
    /// What was read; mails before `at` are handed out.
    buffer: Vec<u8>,
    at: usize,
    /// Bytes of the file before the buffer.
    before: u64,
    /// Bytes to read before looking for an end again; doubles within one long mail.
    piece: usize,
    ended: bool,
    handed_out: usize,
    bytes_read: u64,
}

impl MboxFile {
    /// A file of which `start` was read already.
    pub(in crate::cli) fn new(name: String, file: File, start: &[u8]) -> Self {
        Self {
            name,
            file,
            buffer: start.to_vec(),
            at: 0,
            before: 0,
            piece: PIECE,
            ended: false,
            handed_out: 0,
            bytes_read: start.len() as u64,
        }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next mail and the bytes of the file it takes, or `None` when the file has no more.
    pub(in crate::cli) fn read(&mut self) -> io::Result<Option<(Range<u64>, Vec<u8>)>> {
        loop {
            let mut mails = split_mbox(&self.buffer[self.at..]);
            let mail = mails.next();
            let end = self.at + mails.offset();
            if self.ended || end + LOOK_AHEAD < self.buffer.len() {
                let Some(mail) = mail else { return Ok(None) };
                let mail = mail.into_owned();
                let span = self.before + self.at as u64..self.before + end as u64;
                self.at = end;
                self.piece = PIECE;
                return Ok(Some((span, mail)));
            }
            self.refill()?;
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.at);
        self.before += self.at as u64;
        self.at = 0;
        let read = (&mut self.file)
            .take(self.piece as u64)
            .read_to_end(&mut self.buffer)?;
        self.bytes_read += read as u64;
        self.ended = read == 0;
        self.piece *= 2;
        Ok(())
    }
}

impl Iterator for MboxFile {
    type Item = Result<RawMail, MailFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(mail) => {
                let (_, bytes) = mail?;
                self.handed_out += 1;
                Some(Ok(RawMail {
                    file: format!("{}:{}", self.name, self.handed_out),
                    bytes,
                }))
            }
            Err(source) => Some(Err(MailFileError {
                file: self.name.clone(),
                source,
            })),
        }
    }
}
