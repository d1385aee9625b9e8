//! What went wrong, from a problem document (RFC 9457).

use maud::{Markup, html};
use serde_json::Value;

use crate::show::{self, items, text};

/// A refusal above the page it concerns: every rule that failed, every reason, every field.
#[must_use]
pub fn alert(problem: &Value) -> Markup {
    html! {
        div #alert.alert role="alert" tabindex="-1" data-code=(text(problem, "code")) {
            p { strong { (show::said(text(problem, "title"))) } ": " (show::said(text(problem, "detail"))) }
            @if !items(problem, "unmet").is_empty() { ul { @for rule in items(problem, "unmet") { (unmet(rule)) } } }
            @if !items(problem, "reasons").is_empty() {
                ul {
                    @for reason in items(problem, "reasons") {
                        li data-reason=(text(reason, "code")) {
                            strong { (show::name(text(reason, "code"))) } " – " (show::said(text(reason, "detail")))
                            @if reason["until"].is_string() { " (until " (show::time(&reason["until"])) ")" }
                        }
                    }
                }
            }
            @if !items(problem, "violations").is_empty() {
                ul {
                    @for one in items(problem, "violations") {
                        li { code { (text(one, "field")) } " " (show::said(text(one, "message"))) }
                    }
                }
            }
        }
    }
}

/// A rule that failed: what was seen, what is needed, what would mend it.
#[must_use]
pub fn unmet(rule: &Value) -> Markup {
    let id = [text(rule, "rule"), text(rule, "id")]
        .into_iter()
        .find(|id| !id.is_empty());
    let fix = [text(rule, "fix"), text(rule, "message")]
        .into_iter()
        .find(|fix| !fix.is_empty());
    html! {
        li data-rule=(id.unwrap_or_default()) {
            strong { (show::name(id.unwrap_or_default())) }
            ": is " (plain(&rule["actual"])) ", needs " (plain(&rule["expected"]))
            @if let Some(fix) = fix { " – " (show::said(fix)) }
        }
    }
}

/// A value seen or wanted by a rule.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => show::said(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(all) if all.is_empty() => "nothing".to_owned(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A whole page for what cannot be shown.
#[must_use]
pub fn page(problem: &Value) -> Markup {
    html! {
        h1 { (show::said(text(problem, "title"))) }
        (alert(problem))
        p.help { "Request " code { (text(problem, "requestId")) } }
        p { a href="/" { "To the overview" } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_explained() {
        let problem = json!({"code": "rules_not_met", "title": "Rules", "detail": "1 rule", "unmet": [
            {"rule": "engagement_threshold", "required": true, "actual": 12, "expected": 40, "fix": "<wait>"}]});
        let html = alert(&problem).into_string();
        assert!(
            html.contains("data-rule=\"engagement_threshold\""),
            "{html}"
        );
        assert!(
            html.contains("Engagement</strong>: is 12, needs 40 – &lt;wait&gt;"),
            "{html}"
        );
    }
}
