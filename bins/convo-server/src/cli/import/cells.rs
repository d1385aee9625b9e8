//! Cells of CSV as JSON values: an empty cell is an absent field.

use serde_json::{Map, Value};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
    Flag,
    /// A flag that the wire writes as 0 or 1.
    Bit,
    /// Several texts, between `;`, `|` or commas.
    List,
    Object,
}

/// Every field of every type of row.
const FIELDS: &[(&str, Holds)] = &[
    ("type", Holds::Text),
    ("externalId", Holds::Text),
    ("name", Holds::Text),
    ("email", Holds::Text),
    ("aliases", Holds::List),
    ("active", Holds::Flag),
    ("awayUntil", Holds::Text),
    ("capacity", Holds::Number),
    ("hours", Holds::Object),
    ("paused", Holds::Flag),
    ("policy", Holds::Object),
    ("lexicon", Holds::Object),
    ("tracking", Holds::Object),
    ("firstName", Holds::Text),
    ("lastName", Holds::Text),
    ("phone", Holds::Text),
    ("interest", Holds::Text),
    ("source", Holds::Text),
    ("campaignId", Holds::Text),
    ("campaignExternalId", Holds::Text),
    ("language", Holds::Text),
    ("timeZone", Holds::Text),
    ("attributes", Holds::Object),
    ("consent", Holds::Object),
    ("createdAt", Holds::Text),
    ("updatedAt", Holds::Text),
    ("lead", Holds::Text),
    ("leadExternalId", Holds::Text),
    ("leadEmail", Holds::Text),
    ("subject", Holds::Text),
    ("state", Holds::Text),
    ("outcome", Holds::Text),
    ("agent", Holds::Text),
    ("conversationExternalId", Holds::Text),
    ("senderId", Holds::Text),
    ("direction", Holds::Text),
    ("content", Holds::Text),
    ("messageType", Holds::Text),
    ("isFromAI", Holds::Bit),
    ("emailHeaders", Holds::Object),
    ("sentAt", Holds::Text),
    ("address", Holds::Text),
    ("reason", Holds::Text),
    ("scope", Holds::Text),
    ("evidence", Holds::Text),
];

/// A column's name as compared: `External ID`, `external_id` and `externalId` are one.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.collect::<String>().to_lowercase()
}

/// Where the columns of a file go.
pub(super) struct Columns(Vec<Option<Column>>);

struct Column {
    field: &'static str,
    holds: Holds,
    /// `attributes.colour` fills a member of the object.
    member: Option<String>,
}

impl Columns {
    /// Reads the first line; columns that name no field are not read, and said so in the log.
    pub(super) fn new(header: &csv::ByteRecord) -> Self {
        let columns = header.iter().map(|name| {
            let name = String::from_utf8_lossy(name);
            let name = name.trim();
            let (first, member) = match name.split_once('.') {
                Some((first, member)) => (first, Some(member.to_owned())),
                None => (name, None),
            };
            let known = FIELDS
                .iter()
                .find(|(field, _)| plain(field) == plain(first))
                .filter(|(_, holds)| member.is_none() || *holds == Holds::Object);
            if known.is_none() {
                log::warn!(column = name; "a column names no field and is not read");
            }
            known.map(|(field, holds)| Column {
                field,
                holds: *holds,
                member,
            })
        });
        Self(columns.collect())
    }

    /// A line as an object.
    ///
    /// # Errors
    /// A sentence, when the line is no text.
    pub(super) fn object(
        &self,
        record: &csv::ByteRecord,
    ) -> Result<Map<String, Value>, &'static str> {
        let mut object = Map::new();
        for (column, cell) in self.0.iter().zip(record) {
            let Some(column) = column else { continue };
            let cell = std::str::from_utf8(cell).map_err(|_| "the line is not UTF-8")?;
            if cell.trim().is_empty() {
                continue;
            }
            match &column.member {
                None => {
                    object.insert(column.field.to_owned(), value(cell, column.holds));
                }
                Some(member) => {
                    let members = object
                        .entry(column.field)
                        .or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(members) = members {
                        members.insert(member.clone(), clean(cell).into());
                    }
                }
            }
        }
        Ok(object)
    }
}

/// A cell; one that cannot be what its field holds stays a text and is refused there.
fn value(cell: &str, holds: Holds) -> Value {
    let word = cell.trim();
    let flag = match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    };
    let text = || Value::from(clean(cell));
    match holds {
        Holds::Text => text(),
        Holds::Number => word.parse::<i64>().map_or_else(|_| text(), Value::from),
        Holds::Flag => flag.map_or_else(text, Value::from),
        Holds::Bit => flag.map_or_else(text, |flag| u8::from(flag).into()),
        Holds::List => {
            let each = word.split([';', '|', ',']).map(str::trim);
            each.filter(|one| !one.is_empty()).map(clean).collect()
        }
        Holds::Object => serde_json::from_str(word).map_or_else(|_| text(), only),
    }
}

/// An object of JSON Lines with what other systems write a little differently: numbers as ids,
/// `true` for 1.
pub(super) fn loosened(mut object: Map<String, Value>) -> Map<String, Value> {
    for (name, held) in &mut object {
        let held_by = FIELDS.iter().find(|(field, _)| field == name);
        match (held_by.map(|(_, holds)| *holds), &*held) {
            (Some(Holds::Text), Value::Number(number)) => *held = number.to_string().into(),
            (Some(Holds::Bit), Value::Bool(flag)) => *held = u8::from(*flag).into(),
            _ => *held = only(held.take()),
        }
    }
    object
}

/// A value without U+0000, which no database keeps.
fn only(value: Value) -> Value {
    match value {
        Value::String(text) => clean(&text).into(),
        Value::Array(all) => all.into_iter().map(only).collect(),
        // Its depth is bounded by the reader of JSON.
        Value::Object(all) => {
            let all = all
                .into_iter()
                .map(|(name, value)| (clean(&name), only(value)));
            Value::Object(all.collect())
        }
        other => other,
    }
}

fn clean(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(header: &[&str], cells: &[&str], expected: Value) {
        let columns = Columns::new(&csv::ByteRecord::from(header.to_vec()));
        let object = columns.object(&csv::ByteRecord::from(cells.to_vec()));
        assert_eq!(Value::Object(object.unwrap_or_default()), expected);
    }

    #[test]
    fn cells_become_what_their_fields_hold() {
        check(
            &["External ID", "email"],
            &["17", "a@b"],
            json!({"externalId": "17", "email": "a@b"}),
        );
        check(
            &["first_name", "phone"],
            &["Ann", " "],
            json!({"firstName": "Ann"}),
        );
        check(
            &["aliases"],
            &["a@b; c@d"],
            json!({"aliases": ["a@b", "c@d"]}),
        );
        check(
            &["isFromAI", "active", "capacity"],
            &["true", "no", "5"],
            json!({"isFromAI": 1, "active": false, "capacity": 5}),
        );
        check(&["capacity"], &["many"], json!({"capacity": "many"}));
        check(
            &["attributes", "attributes.Size"],
            &["{\"a\": 1}", "L"],
            json!({"attributes": {"a": 1, "Size": "L"}}),
        );
        check(
            &["emailHeaders.Message-ID"],
            &["<1@x>"],
            json!({"emailHeaders": {"Message-ID": "<1@x>"}}),
        );
        check(&["nonsense", "email.x", "email"], &["1", "2"], json!({}));
        check(&["content"], &["a\0b"], json!({"content": "a\u{FFFD}b"}));
    }

    #[test]
    fn json_lines_may_say_it_a_little_differently() {
        let given = json!({"externalId": 17, "isFromAI": true, "attributes": {"n": 1, "t": "\0"}, "capacity": 3});
        let Value::Object(given) = given else {
            unreachable!()
        };
        let expected = json!({"externalId": "17", "isFromAI": 1, "attributes": {"n": 1, "t": "\u{FFFD}"}, "capacity": 3});
        assert_eq!(Value::Object(loosened(given)), expected);
    }
}
