//! From bytes to a request type, with the field that is wrong named as the wire names it.

use std::collections::HashMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value, json};
use serde_path_to_error::{Path, Segment};

use crate::problem::{Code, Problem, Violation};

const NUL: &str = "must not hold U+0000";
const MISSING: &str = "is missing";

/// Reads a JSON object.
///
/// # Errors
/// 400 `malformed_json` when the bytes are no JSON; else 422 `validation_failed` for U+0000 in any
/// text, anything but an object, a missing field or a wrong type.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("the body is not UTF-8"))?;
    if text.contains("\\u0000") {
        refuse_nul(text)?;
    }
    let parsed = typed(text);
    match parsed {
        Ok(value) if text.trim_start().starts_with('{') => Ok(value),
        // Whether it is JSON at all is asked first: a wrong type may stand before a broken end.
        parsed => {
            serde_json::from_str::<IgnoredAny>(text).map_err(|error| not_json(&error))?;
            match parsed {
                Err(violation) if text.trim_start().starts_with('{') => Err(violation),
                _ => Err(Problem::invalid_field("", "the body must be a JSON object")),
            }
        }
    }
}

fn typed<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            let first = violation(error.path(), &error.inner().to_string());
            let all = if first.message == MISSING {
                missing::<T>(text)
            } else {
                Vec::new()
            };
            Problem::invalid(if all.contains(&first) {
                all
            } else {
                vec![first]
            })
        } else {
            not_json(error.inner())
        }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// Every required member that the body's object does not have, in the order they are declared in.
///
/// serde names the first one only, so one after another gets a value that its type takes.
fn missing<T: DeserializeOwned>(text: &str) -> Vec<Violation> {
    const ID: &str = "00000000-0000-0000-0000-000000000000";
    let given: HashMap<String, IgnoredAny> = serde_json::from_str(text).unwrap_or_default();
    let values = [
        json!(""),
        json!(ID),
        json!(0),
        json!(false),
        json!([]),
        json!({}),
    ];
    let mut probe = Map::new();
    let mut found = Vec::new();
    let mut left = values.iter();
    loop {
        let Err(error) = serde_path_to_error::deserialize::<_, T>(Value::Object(probe.clone()))
        else {
            return found;
        };
        let next = violation(error.path(), &error.inner().to_string());
        if next.message == MISSING && !next.field.contains('.') {
            left = values.iter();
            probe.insert(next.field.clone(), Value::Null);
            if !given.contains_key(&next.field) {
                found.push(next);
            }
        } else {
            match (probe.get_mut(&next.field), left.next()) {
                (Some(tried), Some(value)) => *tried = value.clone(),
                _ => return found,
            }
        }
    }
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(Code::MalformedJson, detail)
}

fn not_json(error: &serde_json::Error) -> Problem {
    malformed(format!(
        "the body is not JSON (line {}, column {})",
        error.line(),
        error.column()
    ))
}

/// A violation from what serde says; a missing field is named itself, not the object it is missing in.
pub(crate) fn violation(path: &Path, said: &str) -> Violation {
    let message = said.split(" at line ").next().unwrap_or(said);
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    let mut field = dotted(path);
    if let Some(name) = missing {
        if !field.is_empty() {
            field.push('.');
        }
        field.push_str(name);
    }
    Violation::new(field, if missing.is_some() { MISSING } else { message })
}

fn dotted(path: &Path) -> String {
    let mut field = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        if !field.is_empty() {
            field.push('.');
        }
        field.push_str(&name);
    }
    field
}

/// Names every text with U+0000, which PostgreSQL cannot store. The escape may also stand for a
/// backslash and four digits, so the value decides, not the bytes.
fn refuse_nul(text: &str) -> Result<(), Problem> {
    let document: Value = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    let mut violations = Vec::new();
    let mut open = vec![(String::new(), &document)];
    while let Some((field, value)) = open.pop() {
        let below = |name: &str| {
            if field.is_empty() {
                name.to_owned()
            } else {
                format!("{field}.{name}")
            }
        };
        match value {
            Value::String(text) if text.contains('\0') => {
                violations.push(Violation::new(field, NUL))
            }
            Value::Array(items) => open.extend(
                items
                    .iter()
                    .enumerate()
                    .rev()
                    .map(|(index, item)| (below(&index.to_string()), item)),
            ),
            Value::Object(members) => {
                if members.keys().any(|name| name.contains('\0')) {
                    violations.push(Violation::new(
                        field.clone(),
                        "must not hold U+0000 in a name",
                    ));
                }
                open.extend(
                    members
                        .iter()
                        .rev()
                        .filter(|(name, _)| !name.contains('\0'))
                        .map(|(name, item)| (below(name), item)),
                );
            }
            _ => {}
        }
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(violations))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read by serde")]
    struct Request {
        triggered_by: String,
        expected_version: Option<u64>,
        metadata: Option<Value>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read by serde")]
    struct Inner {
        agent_id: Vec<uuid::Uuid>,
    }

    fn refused(body: &str) -> (Code, Vec<String>) {
        let problem = read::<Request>(body.as_bytes()).expect_err(body);
        let document = problem.document();
        let fields = document["violations"].as_array().into_iter().flatten();
        (
            problem.code(),
            fields
                .map(|v| v["field"].as_str().unwrap().to_owned())
                .collect(),
        )
    }

    fn check(body: &str, code: Code, fields: &[&str]) {
        assert_eq!(
            refused(body),
            (code, fields.iter().map(|&f| f.to_owned()).collect()),
            "{body}"
        );
    }

    #[test]
    fn what_fits_is_read() {
        for body in [
            r#"{"triggeredBy":"me"}"#,
            r#" {"triggeredBy":"me","unknown":[[[1]]],"expectedVersion":null} "#,
            r#"{"triggeredBy":"\\u0000"}"#,
        ] {
            assert!(read::<Request>(body.as_bytes()).is_ok(), "{body}");
        }
    }

    #[test]
    fn every_missing_field_is_named() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only read by serde")]
        struct Many {
            name: String,
            id: uuid::Uuid,
            count: u8,
            sure: bool,
            list: Vec<String>,
            note: Option<String>,
        }
        for (body, missing) in [
            ("{}", "name id count sure list"),
            (r#"{"count":1,"note":null,"n\u0061me":"x"}"#, "id sure list"),
            (r#"{"id":null}"#, "id"),
            (r#"{"count":"x"}"#, "count"),
        ] {
            let problem = read::<Many>(body.as_bytes()).expect_err(body).document();
            let named = problem["violations"].as_array().unwrap().iter();
            let named: Vec<&str> = named.map(|v| v["field"].as_str().unwrap()).collect();
            assert_eq!(named.join(" "), missing, "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in [
            "",
            "{",
            "nonsense",
            r#"{"triggeredBy":5"#,
            r#"{"triggeredBy":"me"} x"#,
            r#"[1"#,
            "{\"triggeredBy\":\"a\u{0}b\"}",
            r#"{"triggeredBy":"\ud800"}"#,
            "\u{feff}{}",
        ] {
            check(body, Code::MalformedJson, &[]);
        }
        assert_eq!(
            read::<Request>(b"{\"triggeredBy\":\"\xff\"}")
                .expect_err("no UTF-8")
                .code(),
            Code::MalformedJson
        );
        check(
            &format!("{}{}", r#"{"metadata":"#, "[".repeat(100_000)),
            Code::MalformedJson,
            &[],
        );
    }

    #[test]
    fn the_wrong_field_is_named() {
        check("{}", Code::ValidationFailed, &["triggeredBy"]);
        check("[]", Code::ValidationFailed, &[""]);
        check("5", Code::ValidationFailed, &[""]);
        check(r#"["me"]"#, Code::ValidationFailed, &[""]);
        check(
            r#"{"triggeredBy":5}"#,
            Code::ValidationFailed,
            &["triggeredBy"],
        );
        check(
            r#"{"triggeredBy":null}"#,
            Code::ValidationFailed,
            &["triggeredBy"],
        );
        check(
            r#"{"triggeredBy":"me","expectedVersion":-1}"#,
            Code::ValidationFailed,
            &["expectedVersion"],
        );
        check(
            r#"{"triggeredBy":"me","inner":{"agentId":["x"]}}"#,
            Code::ValidationFailed,
            &["inner.agentId.0"],
        );
        check(
            r#"{"triggeredBy":"me","inner":{}}"#,
            Code::ValidationFailed,
            &["inner.agentId"],
        );
    }

    #[test]
    fn u_0000_is_refused_wherever_it_stands() {
        check(
            r#"{"triggeredBy":"a\u0000b"}"#,
            Code::ValidationFailed,
            &["triggeredBy"],
        );
        check(
            r#"{"triggeredBy":"\u0000","metadata":{"a":[1,"\u0000"]}}"#,
            Code::ValidationFailed,
            &["triggeredBy", "metadata.a.1"],
        );
        check(
            r#"{"triggeredBy":"me","metadata":{"a\u0000":1}}"#,
            Code::ValidationFailed,
            &["metadata"],
        );
        check(
            r#"{"unknown":"\u0000"}"#,
            Code::ValidationFailed,
            &["unknown"],
        );
        check(r#"{"unknown":"\u0000""#, Code::MalformedJson, &[]);
    }
}
