//! Lists of suppressions as files: CSV with a head, or one JSON object a line. What is written can be read.

use convo_app::Violation;
use convo_app::wire::{ImportLine, ImportedSuppression};
use convo_store::rows::SuppressionRow;
use serde_json::{Map, Value};

use crate::export::{Form, meant};

/// The columns, in order; a list from elsewhere may have them in any order, and others beside them.
pub(super) const COLUMNS: [&str; 11] = [
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

/// Lines of a list; none for the suppression of an address that was forgotten, which nobody elsewhere could use.
pub(super) fn lines(form: Form, rows: &[SuppressionRow]) -> Vec<u8> {
    let known = rows.iter().filter(|row| row.address.is_some());
    let cells = known.map(|row| {
        let mut shown = convo_app::views::suppression(row);
        shown["type"] = "suppression".into();
        let value = |name: &&str| shown.get(*name).cloned().unwrap_or_default();
        COLUMNS.iter().map(value).collect()
    });
    form.lines(&COLUMNS, cells.collect())
}

/// The lines of a list, each with its number; empty ones are left out.
pub(super) fn read(form: Form, text: &str) -> Vec<ImportLine> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match form {
        Form::Csv => table(text),
        Form::JsonLines => objects(text),
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
                    .filter_map(|(name, cell)| Some(((*name)?.to_owned(), meant(cell).into())))
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
            evidence: Some("=said \"no more\", twice,\nand again".to_owned()),
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
        for form in [Form::Csv, Form::JsonLines] {
            let mut text = form.head(&COLUMNS);
            text.extend(lines(form, std::slice::from_ref(&given)));
            let mut lines = read(form, std::str::from_utf8(&text).unwrap());
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
        assert!(lines(Form::Csv, &[forgotten]).is_empty());
    }

    fn check(form: Form, text: &str, expected: &[(u64, Result<&str, &str>)]) {
        let lines = read(form, text);
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
        use Form::{Csv, JsonLines};
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
