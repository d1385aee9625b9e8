//! Files of rows: JSON Lines and CSV, one object at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::mail_files::has_ending;
use super::cells::{self, Columns};

/// Longest line of a file of rows, in bytes.
const LINE: u64 = 16 << 20;
/// What is said of a longer one.
const TOO_LONG: &str = "the line is too long";
/// Bytes looked at to see what a file holds.
const START: u64 = 4 << 10;

/// The types of rows, in the order in which they need each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Type {
    Agent,
    Campaign,
    Lead,
    Conversation,
    Message,
    Suppression,
}

impl Type {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::Agent, "agent"),
        (Self::Campaign, "campaign"),
        (Self::Lead, "lead"),
        (Self::Conversation, "conversation"),
        (Self::Message, "message"),
        (Self::Suppression, "suppression"),
    ];

    /// The type with this name, in any letter case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter();
        known
            .copied()
            .find(|(_, known)| name.eq_ignore_ascii_case(known))
            .map(|(found, _)| found)
    }

    /// What a file's name says it holds: `campaign_leads.csv` holds leads.
    fn of_file(path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_string_lossy().to_ascii_lowercase();
        let found = Self::NAMES
            .iter()
            .filter_map(|(found, name)| Some((stem.rfind(name)?, *found)));
        found.max_by_key(|(at, _)| *at).map(|(_, found)| found)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowFile {
    pub(super) path: PathBuf,
    /// The type its name tells; rows that name one themselves are of that.
    pub(super) named: Option<Type>,
    format: Format,
}

/// A row, or what is wrong with it.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) bytes: usize,
    pub(super) object: Result<Map<String, Value>, &'static str>,
}

impl RowFile {
    /// The file as rows, or `None` when it holds mail; its ending says so, else its beginning.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn recognise(path: &Path) -> io::Result<Option<Self>> {
        let format = if has_ending(path, &["csv", "tsv"]) {
            Some(Format::Csv)
        } else if has_ending(path, &["jsonl", "ndjson", "json"]) {
            Some(Format::JsonLines)
        } else if has_ending(path, &["eml", "mbox"]) {
            None
        } else {
            let mut start = Vec::new();
            File::open(path)?.take(START).read_to_end(&mut start)?;
            by_content(&start)
        };
        Ok(format.map(|format| Self {
            path: path.to_owned(),
            named: Type::of_file(path),
            format,
        }))
    }

    /// Hands every row over.
    ///
    /// # Errors
    /// Those of the file system, and of `each`.
    pub(super) fn read<E: From<io::Error>>(
        &self,
        each: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = File::open(&self.path)?;
        match self.format {
            Format::Csv => csv_rows(file, each),
            Format::JsonLines => json_lines(BufReader::new(file), each),
        }
    }
}

fn by_content(start: &[u8]) -> Option<Format> {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    if start.trim_ascii_start().starts_with(b"{") {
        return Some(Format::JsonLines);
    }
    let line = start.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut cells = line.split([',', ';', '\t']);
    let telling = ["type", "externalid", "email", "address"];
    let names = cells.any(|cell| telling.contains(&cells::plain(cell).as_str()));
    (names && !line.contains(':')).then_some(Format::Csv)
}

fn json_lines<E: From<io::Error>>(
    mut file: impl BufRead,
    mut each: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if (&mut file).take(LINE).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let object = if bytes.len() as u64 == LINE && !bytes.ends_with(b"\n") {
            file.skip_until(b'\n')?;
            Err(TOO_LONG)
        } else {
            let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
            if text.trim_ascii().is_empty() {
                continue;
            }
            serde_json::from_slice(text).map_err(|_| "the line is no JSON object")
        };
        let object = object.map(cells::loosened);
        each(Row {
            line,
            bytes: bytes.len(),
            object,
        })?;
    }
    Ok(())
}

fn csv_rows<E: From<io::Error>>(
    file: impl io::Read,
    mut each: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut file = BufReader::new(file);
    let delimiter = delimiter(file.fill_buf()?);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(file);
    let columns = Columns::new(reader.byte_headers().map_err(io::Error::from)?);
    let mut record = csv::ByteRecord::new();
    while reader
        .read_byte_record(&mut record)
        .map_err(io::Error::from)?
    {
        each(Row {
            line: record.position().map_or(0, csv::Position::line),
            bytes: record.as_slice().len(),
            object: match record.as_slice().len() as u64 {
                ..LINE => columns.object(&record),
                _ => Err(TOO_LONG),
            },
        })?;
    }
    Ok(())
}

/// The character between the names of the first line: a comma, or what spreadsheets put for it.
fn delimiter(start: &[u8]) -> u8 {
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let most = [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|one| count(*one));
    most.unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_beginning() {
        let check =
            |start: &str, expected| assert_eq!(by_content(start.as_bytes()), expected, "{start:?}");
        check("{\"type\": \"lead\"}", Some(Format::JsonLines));
        check("\u{FEFF}\n {", Some(Format::JsonLines));
        check("external_id;Email\n", Some(Format::Csv));
        check("type,email\n", Some(Format::Csv));
        check("From: type,email\n", None);
        check("Subject: x\n\n{}", None);
        check("", None);
    }

    #[test]
    fn a_name_tells_the_type() {
        let check =
            |name: &str, expected| assert_eq!(Type::of_file(Path::new(name)), expected, "{name}");
        check("/x/Leads.csv", Some(Type::Lead));
        check("campaign_leads.csv", Some(Type::Lead));
        check("2024-messages-final.jsonl", Some(Type::Message));
        check("leads/dump.jsonl", None);
    }

    /// Line and what is wrong with it, of each row.
    fn told(
        read: impl FnOnce(&mut Vec<(u64, Option<&'static str>)>) -> io::Result<()>,
    ) -> Vec<(u64, Option<&'static str>)> {
        let mut rows = Vec::new();
        assert!(read(&mut rows).is_ok());
        rows
    }

    #[test]
    fn a_line_has_a_length() {
        const MOST: usize = 16 << 20;
        for (length, wrong) in [(MOST, None), (MOST + 1, Some(TOO_LONG))] {
            let around = "{\"email\":\"\"}\n".len();
            let line = format!("{{\"email\":\"{}\"}}\n", "x".repeat(length - around));
            assert_eq!(line.len(), length);
            let file = format!("{line}{{}}\n");
            let rows = told(|rows| {
                json_lines(file.as_bytes(), |row| {
                    rows.push((row.line, row.object.err()));
                    Ok::<_, io::Error>(())
                })
            });
            assert_eq!(rows, [(1, wrong), (2, None)], "{length}");
        }
        for (length, wrong) in [(MOST - 1, None), (MOST, Some(TOO_LONG))] {
            let file = format!("email\n{}\na@b.example\n", "x".repeat(length));
            let rows = told(|rows| {
                csv_rows(file.as_bytes(), |row| {
                    rows.push((row.line, row.object.err()));
                    Ok::<_, io::Error>(())
                })
            });
            assert_eq!(rows, [(2, wrong), (3, None)], "{length}");
        }
    }

    #[test]
    fn the_delimiter_is_the_most_frequent() {
        for (line, expected) in [
            ("a,b,c\n;;;;", b','),
            ("a;b;c,d", b';'),
            ("a\tb", b'\t'),
            ("a", b','),
        ] {
            assert_eq!(delimiter(line.as_bytes()), expected, "{line:?}");
        }
    }
}
