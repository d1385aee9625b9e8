//! Bounds are those the policy is checked with.

#![allow(clippy::unwrap_used)]

use convo_core::policy;
use serde_json::{Value, json};

use super::*;

/// Each number of a schema with its path.
fn numbers(schema: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        if member["type"] == "integer" {
            found.push((path.clone(), member.clone()));
        }
        let part = member["oneOf"].as_array().map_or(member, |all| &all[0]);
        numbers(part, &path, found);
    }
}

/// Whether the field itself is said to be out of its bounds.
fn is_out(path: &str, value: &Value) -> bool {
    let mut policy = serde_json::to_value(policy::Policy::default()).unwrap();
    *policy.pointer_mut(path).unwrap() = value.clone();
    let policy: policy::Policy = serde_json::from_value(policy).unwrap();
    let field = path.trim_start_matches('/').replace('/', ".");
    let problems = policy.validate().err().unwrap_or_default();
    problems
        .iter()
        .any(|problem| problem.field == field && problem.message.starts_with("must be at "))
}

#[test]
fn bounds_are_those_of_the_policy() {
    let schema = serde_json::to_value(PolicyChange::schema()).unwrap();
    let mut found = Vec::new();
    numbers(&schema, "", &mut found);
    assert!(found.len() > 60, "{}", found.len());
    for (path, member) in found {
        let (least, most) = (&member["minimum"], &member["maximum"]);
        let (least, most) = (least.as_u64().unwrap(), most.as_u64().unwrap());
        for (value, out) in [(least, false), (most, false), (most + 1, true)] {
            assert_eq!(is_out(&path, &json!(value)), out, "{path} {value}");
        }
        if least > 0 {
            assert!(is_out(&path, &json!(least - 1)), "{path} {least}");
        }
    }
}
