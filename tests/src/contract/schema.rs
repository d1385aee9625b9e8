//! JSON against a schema, strictly: a member the schema does not name is a fault, and so is a keyword that is
//! not known here, so that nothing passes because it was not looked at.
//!
//! Source: JSON Schema 2020-12, as far as OpenAPI 3.1 documents of ours use it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate};
use regex::Regex;
use serde_json::Value;
use uuid::Uuid;

/// Keywords that say nothing about whether a value fits.
const REMARKS: [&str; 5] = [
    "description",
    "title",
    "example",
    "examples",
    "discriminator",
];

/// What does not fit, with the JSON pointer of its place.
pub type Fault = String;

/// Checks a value against a schema of the document; the named schemas it met, and their members that
/// were not null, as `Name` and `Name.member`.
///
/// # Errors
/// The first fault.
pub fn check(document: &Value, schema: &Value, value: &Value) -> Result<BTreeSet<String>, Fault> {
    let walk = Walk {
        document,
        met: RefCell::default(),
    };
    walk.value(schema, value, "", false)?;
    Ok(walk.met.into_inner())
}

/// What a `$ref` of the document stands for; anything else is itself.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(name) => document
            .pointer(name.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{name} names nothing")),
        None => value,
    }
}

struct Walk<'a> {
    document: &'a Value,
    met: RefCell<BTreeSet<String>>,
}

impl Walk<'_> {
    /// `partial`: others of an `allOf` name further members.
    fn value(&self, schema: &Value, value: &Value, at: &str, partial: bool) -> Result<(), Fault> {
        let fault = |said: String| Err(format!("{}: {said}", if at.is_empty() { "/" } else { at }));
        let Value::Object(keywords) = schema else {
            return if *schema == Value::Bool(true) {
                Ok(())
            } else {
                fault("nothing fits here".to_owned())
            };
        };
        for (keyword, wanted) in keywords {
            let said = match keyword.as_str() {
                "$ref" => {
                    let meant = resolve(self.document, schema);
                    self.value(meant, value, at, partial)?;
                    self.note(wanted, meant, value);
                    None
                }
                "type" => differs(is_of_type(wanted, value), "type", wanted),
                "enum" => {
                    let among = wanted.as_array().is_some_and(|all| all.contains(value));
                    differs(among, "one of", wanted)
                }
                "format" => differs(has_format(wanted, value), "format", wanted),
                "pattern" => differs(matches(wanted, value), "pattern", wanted),
                "minimum" => differs(number(value) >= number(wanted), "at least", wanted),
                "maximum" => differs(
                    value.is_null() || number(value) <= number(wanted),
                    "at most",
                    wanted,
                ),
                "minLength" | "minItems" => differs(
                    value.is_null() || size(value) >= number(wanted),
                    "at least",
                    wanted,
                ),
                "maxLength" | "maxItems" => differs(
                    value.is_null() || size(value) <= number(wanted),
                    "at most",
                    wanted,
                ),
                "required" => self.absent(wanted, value),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(wanted, item, &format!("{at}/{index}"), false)?;
                    }
                    None
                }
                "properties" => {
                    for (name, property) in members(wanted) {
                        if let Some(member) = value.get(name) {
                            self.value(property, member, &format!("{at}/{name}"), false)?;
                        }
                    }
                    None
                }
                "additionalProperties" => {
                    let named = &schema["properties"];
                    for (name, member) in members(value) {
                        if named.get(name).is_none() {
                            self.value(wanted, member, &format!("{at}/{name}"), false)?;
                        }
                    }
                    None
                }
                "propertyNames" => {
                    for (name, _) in members(value) {
                        self.value(wanted, &Value::from(name), at, false)?;
                    }
                    None
                }
                "allOf" => {
                    for part in branches(wanted) {
                        self.value(part, value, at, true)?;
                    }
                    None
                }
                "oneOf" | "anyOf" => self.alternatives(keyword, wanted, value, at, partial)?,
                other if REMARKS.contains(&other) => None,
                other => Some(format!("the keyword {other} is not known to this check")),
            };
            if let Some(said) = said {
                return fault(said);
            }
        }
        if partial || keywords.contains_key("additionalProperties") {
            return Ok(());
        }
        match self.unknown(schema, value) {
            Some(name) => Err(format!("{at}/{name}: not in the document")),
            None => Ok(()),
        }
    }

    fn note(&self, reference: &Value, meant: &Value, value: &Value) {
        let name = reference.as_str().and_then(|name| name.rsplit('/').next());
        let name = name.unwrap_or_default();
        let said = members(value).filter(|(_, member)| !member.is_null());
        let said = said.filter(|(member, _)| meant["properties"].get(*member).is_some());
        let mut met = self.met.borrow_mut();
        met.extend(said.map(|(member, _)| format!("{name}.{member}")));
        met.insert(name.to_owned());
    }

    fn absent(&self, wanted: &Value, value: &Value) -> Option<String> {
        let names = wanted.as_array().into_iter().flatten();
        let mut absent = names
            .filter_map(Value::as_str)
            .filter(|name| value.is_object() && value.get(*name).is_none());
        absent.next().map(|name| format!("{name} is missing"))
    }

    fn alternatives(
        &self,
        keyword: &str,
        wanted: &Value,
        value: &Value,
        at: &str,
        partial: bool,
    ) -> Result<Option<String>, Fault> {
        let tried: Vec<_> = branches(wanted)
            .map(|one| self.value(one, value, at, partial))
            .collect();
        let fitting = tried.iter().filter(|one| one.is_ok()).count();
        if fitting == 1 || (fitting > 1 && keyword == "anyOf") {
            return Ok(None);
        }
        let faults: Vec<String> = tried.into_iter().filter_map(Result::err).collect();
        Ok(Some(format!(
            "{fitting} of {keyword} fit: {}",
            faults.join("; ")
        )))
    }

    /// A member that an object schema does not name. Alternatives judge their own members.
    fn unknown<'v>(&self, schema: &Value, value: &'v Value) -> Option<&'v str> {
        let names = self.names(schema)?;
        let mut members = members(value);
        members
            .find(|(name, _)| !names.contains(name))
            .map(|(name, _)| name)
    }

    /// Names an object schema and all parts of it have; `None` for what describes no object itself.
    fn names<'s>(&'s self, schema: &'s Value) -> Option<BTreeSet<&'s str>> {
        if let Some(parts) = schema.get("allOf") {
            let parts = branches(parts).filter_map(|part| self.names(resolve(self.document, part)));
            return Some(parts.flatten().collect());
        }
        let is_object = schema.get("properties").is_some() || schema["type"] == "object";
        is_object.then(|| {
            members(&schema["properties"])
                .map(|(name, _)| name)
                .collect()
        })
    }
}

fn differs(fits: bool, what: &str, wanted: &Value) -> Option<String> {
    (!fits).then(|| format!("not {what} {wanted}"))
}

fn is_of_type(wanted: &Value, value: &Value) -> bool {
    match wanted {
        Value::Array(any) => any.iter().any(|one| is_of_type(one, value)),
        one => match one.as_str() {
            Some("null") => value.is_null(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("string") => value.is_string(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            _ => false,
        },
    }
}

/// Times are in UTC with milliseconds, ids hyphenated and in lower case.
fn has_format(wanted: &Value, value: &Value) -> bool {
    let text = value.as_str();
    match wanted.as_str() {
        Some("int32") => value
            .as_i64()
            .is_none_or(|n| i32::try_from(n).is_ok() || n >= 0),
        Some("int64" | "double" | "float") => text.is_none(),
        Some("uuid") => text.is_none_or(|text| {
            Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text)
        }),
        Some("date-time") => text.is_none_or(|text| {
            text.len() == "2026-01-01T00:00:00.000Z".len()
                && text.ends_with('Z')
                && DateTime::parse_from_rfc3339(text).is_ok()
        }),
        Some("date") => text.is_none_or(|text| text.parse::<NaiveDate>().is_ok()),
        _ => false,
    }
}

fn matches(wanted: &Value, value: &Value) -> bool {
    let pattern = wanted.as_str().and_then(|text| Regex::new(text).ok());
    let text = value.as_str();
    pattern.is_some_and(|pattern| text.is_none_or(|text| pattern.is_match(text)))
}

/// A number to compare with; below all of them for what is none.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::INFINITY)
}

#[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
fn size(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.chars().count() as f64,
        Value::Array(items) => items.len() as f64,
        _ => 0.0,
    }
}

fn branches(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.as_str(), member))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(schema: Value, value: Value) -> String {
        let document = json!({"schemas": {
            "Node": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 0}, "below": {"type": "array", "items": {"$ref": "#/schemas/Node"}}}},
            "More": {"type": "object", "properties": {"more": {"type": ["string", "null"], "format": "date-time"}}},
        }});
        check(&document, &schema, &value).err().unwrap_or_default()
    }

    #[test]
    fn what_fits_passes() {
        let node = json!({"$ref": "#/schemas/Node"});
        assert_eq!(fault(node, json!({"n": 1, "below": [{"n": 2}]})), "");
        let both = json!({"allOf": [{"$ref": "#/schemas/Node"}, {"$ref": "#/schemas/More"}]});
        assert_eq!(fault(both.clone(), json!({"n": 1, "more": null})), "");
        let time = json!({"n": 1, "more": "2026-01-05T09:00:00.123Z"});
        assert_eq!(fault(both, time), "");
        let free = json!({"type": "object", "additionalProperties": true});
        assert_eq!(fault(free, json!({"any": [1]})), "");
        let perhaps = json!({"oneOf": [{"type": "null"}, {"$ref": "#/schemas/Node"}]});
        assert_eq!(fault(perhaps, Value::Null), "");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let node = || json!({"$ref": "#/schemas/Node"});
        let both = || json!({"allOf": [{"$ref": "#/schemas/Node"}, {"$ref": "#/schemas/More"}]});
        let perhaps = json!({"oneOf": [{"type": "null"}, {"$ref": "#/schemas/Node"}]});
        for (schema, value, place) in [
            (node(), json!({"n": 1, "x": 2}), "/x: not in the document"),
            (node(), json!({"below": []}), "/: n is missing"),
            (
                node(),
                json!({"n": 1, "below": [{"n": -1}]}),
                "/below/0/n: not at least 0",
            ),
            (
                node(),
                json!({"n": 1, "below": [{"n": 1, "y": 1}]}),
                "/below/0/y: not in",
            ),
            (node(), json!({"n": 1.5}), "/n: not type"),
            (both(), json!({"n": 1, "z": 1}), "/z: not in the document"),
            (
                both(),
                json!({"n": 1, "more": "2026-01-05T09:00:00Z"}),
                "/more: not format",
            ),
            (perhaps, json!({"n": 1, "x": 1}), "0 of oneOf fit"),
            (
                json!({"type": "object"}),
                json!({"a": 1}),
                "/a: not in the document",
            ),
            (json!({"enum": ["a"]}), json!("b"), "/: not one of"),
            (json!({"pattern": "^a$"}), json!("ab"), "/: not pattern"),
            (json!({"patternProperties": {}}), json!({}), "is not known"),
        ] {
            let said = fault(schema, value);
            assert!(said.contains(place), "{said} does not name {place}");
        }
    }
}
