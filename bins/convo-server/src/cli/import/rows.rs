//! Rows of an import: read, typed, and handed over in file order.

use chrono::{DateTime, Utc};
use convo_app::Command;
use convo_app::import::{ImportLead, ImportRow};
use convo_app::wire::NewLead;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::CommandError;
use super::mails::clamped;
use super::pipeline::Pipeline;
use super::records::{Row, RowFile, Type};
use super::report::Origin;

/// Takes every row.
///
/// # Errors
/// When the database is away, or those of the error file; a file that cannot be read is rejected
/// there.
pub(super) fn import(pipeline: &mut Pipeline<'_>, files: &[RowFile]) -> Result<(), CommandError> {
    let bar = pipeline.bar("rows", 0);
    for file in files {
        let origin = Origin::file(&file.path);
        let read = file.read(|row| {
            bar.inc(1);
            take(pipeline, file, &origin, row).map_err(Stopped::Import)
        });
        match read {
            Ok(()) => {}
            Err(Stopped::Import(error)) => return Err(error),
            Err(Stopped::File(error)) => {
                pipeline.reject(&origin, "unreadable", &error.kind().to_string())?;
            }
        }
    }
    pipeline.drain()?;
    bar.finish_and_clear();
    Ok(())
}

/// Why a file was not read to its end.
enum Stopped {
    File(std::io::Error),
    Import(CommandError),
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

fn take(
    pipeline: &mut Pipeline<'_>,
    file: &RowFile,
    of: &Origin,
    row: Row,
) -> Result<(), CommandError> {
    pipeline.report.rows += 1;
    let origin = Origin {
        line: Some(row.line),
        ..of.clone()
    };
    let object = match row.object {
        Ok(object) => object,
        Err(message) => return pipeline.reject(&origin, "malformed", message),
    };
    match typed(object, file.named) {
        Ok(typed) => {
            let at = match &typed {
                ImportRow::Lead(lead) => lead.created_at.map(clamped),
                _ => None,
            };
            pipeline.push(origin, row.bytes, Command::ImportRow(Box::new(typed)), at)
        }
        Err(message) => pipeline.reject(&origin, "validation_failed", &message),
    }
}

/// What an imported lead has beside a lead's own fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Beside {
    campaign_external_id: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

/// The row of the type it names itself, else its file.
fn typed(object: Map<String, Value>, named: Option<Type>) -> Result<ImportRow, String> {
    let of_type = match object.get("type").map(Value::as_str) {
        Some(name) => name.and_then(Type::named),
        None => named,
    };
    let of_type = of_type
        .ok_or("type must be agent, campaign, lead, conversation, message or suppression")?;
    Ok(match of_type {
        Type::Agent => ImportRow::Agent(fields(object)?),
        Type::Campaign => ImportRow::Campaign(fields(object)?),
        Type::Lead => {
            let beside: Beside = fields(object.clone())?;
            ImportRow::Lead(ImportLead {
                lead: fields::<NewLead>(object)?,
                campaign_external_id: beside.campaign_external_id,
                created_at: beside.created_at,
            })
        }
        Type::Conversation => ImportRow::Conversation(fields(object)?),
        Type::Message => ImportRow::Message(fields(object)?),
        Type::Suppression => ImportRow::Suppression(fields(object)?),
    })
}

fn fields<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, String> {
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let path = error.path().to_string();
        without_values(&path, &error.inner().to_string())
    })
}

/// What serde says without the value it says it of.
fn without_values(path: &str, said: &str) -> String {
    if let Some(rest) = said.strip_prefix("missing field `")
        && let Some((field, _)) = rest.split_once('`')
    {
        return format!("{field} must not be absent");
    }
    match said.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{path} must be {expected}"),
        None => format!("{path} cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use serde_json::json;

    fn check(object: Value, named: Option<Type>, expected: &str) {
        let Value::Object(object) = object else {
            panic!("an object")
        };
        let said = match typed(object, named) {
            Ok(row) => format!("{row:?}").split('(').next().unwrap().to_owned(),
            Err(message) => message,
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn a_row_is_of_the_type_it_names_or_its_file() {
        check(
            json!({"type": "lead", "email": "a@b"}),
            Some(Type::Agent),
            "Lead",
        );
        check(
            json!({"email": "a@b", "name": "A"}),
            Some(Type::Agent),
            "Agent",
        );
        let unknown = "type must be agent, campaign, lead, conversation, message or suppression";
        check(json!({"email": "a@b"}), None, unknown);
        check(json!({"type": "person"}), Some(Type::Lead), unknown);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        check(json!({"type": "lead"}), None, "email must not be absent");
        check(
            json!({"type": "agent", "name": "A", "email": "a@b", "capacity": "secret"}),
            None,
            "capacity must be i32",
        );
        check(
            json!({"type": "lead", "email": "a@b", "createdAt": "secret"}),
            None,
            "createdAt cannot be read",
        );
        check(
            json!({"type": "lead", "email": ["secret"]}),
            None,
            "email must be a string",
        );
    }
}
