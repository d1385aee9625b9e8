//! Log lines: one JSON object each, on standard error.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Record};
use serde_json::json;

use crate::clock;
use crate::http::request_id;
use crate::settings::{Log, LogFormat};

/// Starts logging, and logs panics without their text, which may quote a mail.
///
/// # Errors
/// [`log::SetLoggerError`] when a logger is there already.
pub fn install(settings: Log) -> Result<(), log::SetLoggerError> {
    let others = settings.level.min(LevelFilter::Warn);
    env_logger::Builder::new()
        .filter_level(others)
        .filter_module("convo", settings.level)
        // What a client sends that is no HTTP is no error of ours.
        .filter_module("actix_http", LevelFilter::Off)
        .format(move |out, record| match settings.format {
            LogFormat::Json => writeln!(out, "{}", json_line(record)),
            LogFormat::Text => text_line(out, record),
        })
        .try_init()?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        log::error!(place = place.as_str(); "a panic");
    }));
    Ok(())
}

/// The record as a JSON object: `at`, `level`, `target`, `message`, `requestId`, then its own fields.
fn json_line(record: &Record<'_>) -> serde_json::Value {
    let mut line = json!({
        "at": clock::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "level": record.level().as_str().to_ascii_lowercase(),
        "target": record.target(),
        "message": record.args().to_string(),
    });
    if let serde_json::Value::Object(members) = &mut line {
        if let Some(id) = request_id::current() {
            members.insert("requestId".to_owned(), id.into());
        }
        members.extend(fields(record));
    }
    line
}

fn text_line(out: &mut dyn io::Write, record: &Record<'_>) -> io::Result<()> {
    let at = clock::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    write!(
        out,
        "{at} {:5} {}: {}",
        record.level(),
        record.target(),
        record.args()
    )?;
    if let Some(id) = request_id::current() {
        write!(out, " requestId={id}")?;
    }
    for (name, value) in fields(record) {
        write!(out, " {name}={value}")?;
    }
    writeln!(out)
}

fn fields(record: &Record<'_>) -> BTreeMap<String, serde_json::Value> {
    struct Fields(BTreeMap<String, serde_json::Value>);
    impl<'kvs> VisitSource<'kvs> for Fields {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            let value = serde_json::to_value(&value).unwrap_or_else(|_| value.to_string().into());
            self.0.insert(key.as_str().to_owned(), value);
            Ok(())
        }
    }
    let mut fields = Fields(BTreeMap::new());
    // Our visitor never fails.
    let _ = record.key_values().visit(&mut fields);
    fields.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with_record(test: impl Fn(&Record<'_>)) {
        let pairs = [
            ("status", Value::from(200u16)),
            ("route", Value::from("/api/{id}")),
        ];
        test(
            &Record::builder()
                .args(format_args!("request \"done\"\n"))
                .level(log::Level::Info)
                .target("convo")
                .key_values(&pairs)
                .build(),
        );
    }

    #[test]
    fn a_line_is_one_object_with_typed_fields() {
        with_record(|record| {
            let line = json_line(record).to_string();
            assert!(!line.contains('\n'));
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(
                (&line["status"], &line["route"], &line["level"]),
                (&json!(200), &json!("/api/{id}"), &json!("info"))
            );
            assert_eq!(line["message"], "request \"done\"\n");
            assert!(line.get("requestId").is_none());
        });
    }

    #[actix_web::test]
    async fn the_line_of_a_request_names_it() {
        request_id::scope("r-1".into(), async {
            with_record(|record| {
                assert_eq!(json_line(record)["requestId"], "r-1");
                let mut out = Vec::new();
                text_line(&mut out, record).unwrap();
                assert!(String::from_utf8(out).unwrap().contains(" requestId=r-1 "));
            });
        })
        .await;
    }

    #[test]
    fn text_is_for_people() {
        with_record(|record| {
            let mut out = Vec::new();
            text_line(&mut out, record).unwrap();
            assert!(
                String::from_utf8(out)
                    .unwrap()
                    .contains("INFO  convo: request \"done\"\n route=\"/api/{id}\" status=200")
            );
        });
    }
}
