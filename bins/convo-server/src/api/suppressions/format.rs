//! Lists of suppressions as files: CSV with a head, or one JSON object a line. What is written can be read.

use convo_app::Violation;
use convo_app::wire::{ImportLine, ImportedSuppression};
use convo_store::rows::SuppressionRow;
use serde_json::{Map, Value};

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, the names in the first line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// The columns, in order; a list from elsewhere may have them in any order, and others beside them.
const COLUMNS: [&str; 11] = [
    "type",
    "address",
    "reason",
    "scope",
    "source",
    "evidence",
    "externalId",
    "at",
    "expiresAt",
    "liftedAt",
    "createdAt",
];

impl Format {
    /// The form by the name that `format` takes.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// The form by its media type.
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
    pub fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    /// The name a browser saves it under.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "suppressions.csv",
            Self::JsonLines => "suppressions.jsonl",
        }
    }

    /// What a list begins with.
    pub fn head(self) -> String {
        match self {
            Self::Csv => format!("{}\r\n", COLUMNS.join(",")),
            Self::JsonLines => String::new(),
        }
    }

    /// One line; none for the suppression of an address that was forgotten, which nobody elsewhere could use.
    pub fn line(self, row: &SuppressionRow) -> Option<String> {
        row.address.as_ref()?;
        let mut shown = convo_app::views::suppression(row);
        shown["type"] = "suppression".into();
        let cell = |name: &&str| shown[*name].as_str().unwrap_or_default();
        match self {
            Self::Csv => {
                let mut writer = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(Vec::new());
                writer.write_record(COLUMNS.iter().map(cell)).ok()?;
                String::from_utf8(writer.into_inner().ok()?).ok()
            }
            Self::JsonLines => {
                let fields = COLUMNS.iter().map(|name| {
                    let value = shown.get(*name).cloned().unwrap_or_default();
                    ((*name).to_owned(), value)
                });
                let object: Map<String, Value> = fields.collect();
                Some(format!("{}\n", Value::Object(object)))
            }
        }
    }

    /// The lines of a list, each with its number; empty ones are left out.
    pub fn read(self, text: &str) -> Vec<ImportLine> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        match self {
            Self::Csv => table(text),
            Self::JsonLines => objects(text),
        }
    }
}

fn objects(text: &str) -> Vec<ImportLine> {
    let lines = (1..).zip(text.lines());
    let full = lines.filter(|(_, line)| !line.trim().is_empty());
    full.map(|(number, line)| {
        let row = match serde_json::from_str(line) {
            Ok(Value::Object(object)) => row(object),
            _ => Err(vec![Violation::new("", "is no JSON object")]),
        };
        (number, row)
    })
    .collect()
}

fn table(text: &str) -> Vec<ImportLine> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let names: Vec<Option<&str>> = match reader.headers() {
        Ok(head) => head.iter().map(column).collect(),
        Err(_) => Vec::new(),
    };
    let mut lines = Vec::new();
    let mut place = Place {
        text,
        at: 0,
        line: 1,
    };
    for record in reader.records() {
        let (number, row) = match record {
            Ok(record) => {
                let number = place.line_of(record.position());
                let cells = names.iter().zip(record.iter());
                let cells = cells.filter(|(_, cell)| !cell.is_empty());
                let object: Map<String, Value> = cells
                    .filter_map(|(name, cell)| Some(((*name)?.to_owned(), cell.into())))
                    .collect();
                if object.is_empty() {
                    continue;
                }
                (number, row(object))
            }
            Err(error) => {
                let number = place.line_of(error.position());
                (number, Err(vec![Violation::new("", "is no line of CSV")]))
            }
        };
        lines.push((number, row));
    }
    lines
}

/// Counts lines as editors do: the reader itself counts those that end with CRLF one late.
struct Place<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Place<'_> {
    fn line_of(&mut self, position: Option<&csv::Position>) -> u64 {
        let byte = position.and_then(|position| usize::try_from(position.byte()).ok());
        let bytes = self.text.as_bytes();
        let mut to = byte.unwrap_or(self.at).clamp(self.at, bytes.len());
        while bytes.get(to).is_some_and(|byte| b"\r\n".contains(byte)) {
            to += 1;
        }
        let passed = bytes.get(self.at..to).unwrap_or_default();
        let ends = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += u64::try_from(ends).unwrap_or(u64::MAX);
        self.at = to;
        self.line
    }
}

/// Our name of a column: `External ID`, `external_id` and `externalId` are one.
fn column(given: &str) -> Option<&'static str> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_ascii_alphanumeric());
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let given = match plain(given) {
        email if email == "email" => "address".to_owned(),
        other => other,
    };
    COLUMNS.into_iter().find(|known| plain(known) == given)
}

fn row(object: Map<String, Value>) -> Result<ImportedSuppression, Vec<Violation>> {
    let nul = object.iter().find(|(_, value)| {
        let text = value.as_str();
        text.is_some_and(|text| text.contains('\0'))
    });
    if let Some((name, _)) = nul {
        let name = name.replace('\0', "");
        return Err(vec![Violation::new(name, "must not hold U+0000")]);
    }
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let found = crate::http::json::violation(error.path(), &error.inner().to_string());
        vec![Violation::new(found.field, found.message)]
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    fn suppression() -> SuppressionRow {
        SuppressionRow {
            id: Uuid::nil(),
            address_key: Some("ada@customer.example".to_owned()),
            address: Some("Ada@Customer.example".to_owned()),
            lead_id: None,
            reason: "opt_out".to_owned(),
            scope: "automation".to_owned(),
            source: "person".to_owned(),
            evidence: Some("said \"no more\", twice,\nand again".to_owned()),
            keyed_hash: None,
            external_id: None,
            at: DateTime::UNIX_EPOCH,
            expires_at: None,
            lifted_at: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let given = suppression();
        for format in [Format::Csv, Format::JsonLines] {
            let text = format.head() + &format.line(&given).unwrap();
            let mut lines = format.read(&text);
            let (_, read) = lines.pop().unwrap();
            let read = read.unwrap();
            assert!(lines.is_empty());
            assert_eq!(read.address, "Ada@Customer.example");
            assert_eq!(read.reason.as_deref(), Some("opt_out"));
            assert_eq!(read.evidence, given.evidence);
            assert_eq!(read.at, Some(given.at));
            assert_eq!((read.external_id, read.lifted_at), (None, None));
        }
        let forgotten = SuppressionRow {
            address: None,
            ..given
        };
        assert_eq!(Format::Csv.line(&forgotten), None);
    }

    fn check(format: Format, text: &str, expected: &[(u64, Result<&str, &str>)]) {
        let lines = format.read(text);
        let found: Vec<(u64, Result<&str, &str>)> = lines
            .iter()
            .map(|(line, row)| {
                let row = row.as_ref();
                let row = row.map(|row| row.address.as_str());
                (*line, row.map_err(|wrong| wrong[0].field.as_str()))
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn lists_from_elsewhere_are_read_tolerantly() {
        use Format::{Csv, JsonLines};
        check(Csv, "", &[]);
        check(Csv, "address\n", &[]);
        check(
            Csv,
            "\u{FEFF}E-Mail;x,External ID\na@x.example,7\n",
            &[(2, Err("address"))],
        );
        check(
            Csv,
            "Email,Reason,Note\r\na@x.example,manual,hm\r\n,,\r\nb@x.example\r\n",
            &[(2, Ok("a@x.example")), (4, Ok("b@x.example"))],
        );
        check(
            Csv,
            "address,at\na@x.example,yesterday\n",
            &[(2, Err("at"))],
        );
        check(
            JsonLines,
            "{\"address\":\"a@x.example\",\"more\":1}\n\n[]\n{\"reason\":\"manual\"}\n{\"address\":\"a\\u0000\"}\n",
            &[
                (1, Ok("a@x.example")),
                (3, Err("")),
                (4, Err("address")),
                (5, Err("address")),
            ],
        );
    }
}
