//! Whole tables as files: CSV with a head (RFC 4180), or one JSON object a line.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and what leads wrote stands in these
//! cells. In CSV a text that begins so, or with a tab or a line break that a spreadsheet drops, gets an apostrophe before
//! it, which a spreadsheet shows as text. JSON Lines hold everything as it is.

use chrono::{DateTime, NaiveDate, Utc};
use convo_app::export::Rows;
use convo_app::wire::is_storable;
use serde_json::{Map, Value};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated, the names in the first line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Form {
    /// The form by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// The form of a body of this media type.
    #[must_use]
    pub fn of_media(media: &str) -> Option<Self> {
        let essence = media.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "text/csv" => Some(Self::Csv),
            "application/x-ndjson" | "application/jsonl" | "application/x-jsonlines" => {
                Some(Self::JsonLines)
            }
            _ => None,
        }
    }

    /// The media type it is sent as.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    /// The name a browser saves it under.
    #[must_use]
    pub fn file_name(self, what: &str) -> String {
        let end = match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        };
        format!("{what}.{end}")
    }

    /// What the file begins with.
    #[must_use]
    pub fn head<C: AsRef<str>>(self, columns: &[C]) -> Vec<u8> {
        match self {
            Self::Csv => table(|writer| {
                writer.write_record(columns.iter().map(|name| harmless(name.as_ref())))
            }),
            Self::JsonLines => Vec::new(),
        }
    }

    /// Rows as they stand in the file, each in the order of the columns.
    #[must_use]
    pub fn lines<C: AsRef<str>>(self, columns: &[C], rows: Rows) -> Vec<u8> {
        match self {
            Self::Csv => table(|writer| {
                let mut rows = rows.iter();
                rows.try_for_each(|row| writer.write_record(row.iter().map(cell)))
            }),
            Self::JsonLines => {
                let mut text = Vec::new();
                for row in rows {
                    let names = columns.iter().map(|name| name.as_ref().to_owned());
                    let object: Map<String, Value> = names.zip(row).collect();
                    text.extend(Value::Object(object).to_string().into_bytes());
                    text.push(b'\n');
                }
                text
            }
        }
    }
}

fn table(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // A list of bytes takes everything, and every row has the columns' length.
    let written = write(&mut writer);
    debug_assert!(written.is_ok());
    writer.into_inner().unwrap_or_default()
}

/// A value as a cell: nothing for null, JSON for lists and objects.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

/// What a spreadsheet takes for a formula, or drops to find one behind it.
const BEGINS_A_FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

fn harmless(text: &str) -> String {
    if text.starts_with(BEGINS_A_FORMULA) {
        return format!("'{text}");
    }
    text.to_owned()
}

/// The text of a cell that may have been made harmless.
#[must_use]
pub fn meant(cell: &str) -> &str {
    let text = cell.strip_prefix('\'');
    text.filter(|text| text.starts_with(BEGINS_A_FORMULA))
        .unwrap_or(cell)
}

/// A time of the years 1 to 9999, or the beginning of a day in UTC.
#[must_use]
pub fn time(text: &str) -> Option<DateTime<Utc>> {
    let day = || {
        let day: NaiveDate = text.parse().ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc())
    };
    let read = text.parse::<DateTime<Utc>>().ok();
    read.or_else(day).filter(|at| is_storable(*at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use convo_app::export::Export;
    use serde_json::json;

    use super::*;

    fn row(first: Value) -> Vec<Value> {
        let mut row = vec![Value::Null; Export::Events.columns().len()];
        row[0] = first;
        row
    }

    #[test]
    fn no_cell_is_a_formula() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "=HYPERLINK(\"http://x.example\",\"y\")",
        ] {
            let lines = Form::Csv.lines(Export::Events.columns(), vec![row(json!(text))]);
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(&*lines);
            let record = reader.records().next().unwrap().unwrap();
            assert_eq!(record.get(0), Some(&*format!("'{text}")));
            assert_eq!(meant(&record[0]), text);
        }
        for text in ["", "'=1", "a=1", "1-1", " =1"] {
            assert_eq!(harmless(text), text);
        }
        for text in ["", "'", "'a", "a=1"] {
            assert_eq!(meant(text), text);
        }
    }

    #[test]
    fn cells_are_quoted_as_rfc_4180_says() {
        let lines = Form::Csv.lines(
            Export::Events.columns(),
            vec![row(json!("a,\"b\"\r\nc")), row(json!({"x": [1, null]}))],
        );
        let text = String::from_utf8(lines).unwrap();
        assert_eq!(
            text,
            "\"a,\"\"b\"\"\r\nc\",,,,,,\r\n\"{\"\"x\"\":[1,null]}\",,,,,,\r\n"
        );
    }

    #[test]
    fn json_lines_hold_everything_as_it_is() {
        let lines = Form::JsonLines.lines(
            Export::Events.columns(),
            vec![row(json!("=1\n")), row(json!(7))],
        );
        let text = String::from_utf8(lines).unwrap();
        let read: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            (&read[0]["seq"], &read[1]["seq"]),
            (&json!("=1\n"), &json!(7))
        );
        assert!(read[0]["data"].is_null());
        assert!(Form::JsonLines.head(Export::Events.columns()).is_empty());
        assert!(
            Form::Csv
                .head(Export::Leads.columns())
                .starts_with(b"id,email,")
        );
    }

    #[test]
    fn times_and_days_are_read() {
        assert_eq!(
            time("2026-03-01").unwrap().to_rfc3339(),
            "2026-03-01T00:00:00+00:00"
        );
        assert!(time("2026-03-01T08:00:00+02:00").is_some());
        for wrong in ["", "yesterday", "2026-13-01", "0000-01-01"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
