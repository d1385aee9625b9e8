//! People we write to: the list, and one of them.

use convo_core::vocabulary::Stage;
use maud::{Markup, html};
use serde_json::Value;

use crate::conversation::timeline;
use crate::layout::{heading, part};
use crate::show::{self, asked, choice, items, text};
use crate::{conversations, suppressions};

/// The list: a page of leads, and the query it was asked with.
#[must_use]
pub fn page(list: &Value, query: &[(String, String)]) -> Markup {
    let of = |name: &str| asked(query, name);
    let found = items(list, "items");
    let rows = html! {
        @if found.is_empty() { (show::empty("No lead is like that.")) } @else { (table(found)) }
        (show::next("/leads", query, &list["nextCursor"]))
        @if !found.is_empty() { (show::saved("/leads/export", query, &[])) }
    };
    html! {
        h1 { "Leads" }
        form #filters.filters method="get" action="/leads" role="search" {
            label { "Begins with" input type="search" name="q" value=(of("q")) maxlength="254"; }
            label { "Stage" select name="stage" {
                (choice("", "Any", of("stage")))
                @for stage in Stage::ALL { (choice(stage.as_str(), &show::name(stage.as_str()), of("stage"))) }
            } }
            button type="submit" { "Show" }
            a href="/leads" { "Clear" }
        }
        (part("list", "Found", &rows))
    }
}

fn table(rows: &[Value]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Leads" {
            table.list {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Address" } th scope="col" { "Stage" }
                    th scope="col" { "Source" } th scope="col" { "Since" }
                } }
                tbody {
                    @for row in rows {
                        tr data-lead=(text(row, "id")) {
                            td { a href={ "/leads/" (text(row, "id")) } { bdi { (named(row)) } } }
                            td { bdi { (show::said(text(row, "email"))) } }
                            td { (show::line(&show::name(text(row, "currentStage")), "–")) }
                            td { bdi { (show::line(text(row, "source"), "–")) } }
                            td { (show::time(&row["createdAt"])) }
                        }
                    }
                }
            }
        }
    }
}

fn named(lead: &Value) -> String {
    let name = format!("{} {}", text(lead, "firstName"), text(lead, "lastName"));
    let address = show::line(text(lead, "email"), "(forgotten)");
    show::line(&name, &address)
}

/// One lead: the record, the journey, the conversations, what is suppressed.
pub struct Lead<'a> {
    /// The record.
    pub record: &'a Value,
    /// `GET /lead/{id}/journey`.
    pub journey: &'a Value,
    /// Its conversations, with names beside ids.
    pub conversations: &'a [Value],
    /// Suppressions of its addresses.
    pub suppressions: &'a [Value],
}

/// The page of one lead.
#[must_use]
pub fn one(lead: &Lead<'_>) -> Markup {
    let held = html! {
        @if lead.suppressions.is_empty() { (show::empty("Nothing is suppressed.")) }
        @else { (suppressions::table(lead.suppressions, None)) }
    };
    let talks = html! {
        @if lead.conversations.is_empty() { (show::empty("No conversation yet.")) }
        @else { (conversations::table(lead.conversations)) }
    };
    html! {
        (heading(&named(lead.record)))
        (part("record", "Who", &record(lead.record)))
        (part("conversations", "Conversations", &talks))
        (part("journey", "Journey", &timeline(lead.journey)))
        (part("suppressions", "Suppressions", &held))
    }
}

fn record(lead: &Value) -> Markup {
    let all = [
        ("email", "Address"),
        ("phone", "Phone"),
        ("interest", "Interest"),
        ("source", "Source"),
        ("language", "Language"),
        ("timeZone", "Time zone"),
        ("externalId", "Your id"),
    ];
    html! {
        dl.facts {
            @for (member, shown) in all {
                @if lead[member].is_string() { dt { (shown) } dd { bdi { (show::said(text(lead, member))) } } }
            }
            @if !items(lead, "aliases").is_empty() {
                dt { "Also" } dd { @for alias in items(lead, "aliases") { bdi { (show::said(alias.as_str().unwrap_or_default())) } " " } }
            }
            @for (name, value) in lead["attributes"].as_object().into_iter().flatten() {
                dt { bdi { (show::line(name, "–")) } }
                dd { bdi { (show::said(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))) } }
            }
            @for (name, value) in lead["consent"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
                dt { "Consent: " (show::line(name, "–")) }
                dd { bdi { (show::said(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))) } }
            }
            dt { "Since" } dd { (show::time(&lead["createdAt"])) }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lead_is_shown_as_text() {
        let record = json!({"id": "l1", "firstName": "<i>Ada", "email": "ada@x.example", "attributes": {"<u>": {"a": "<s>"}}});
        let html = one(&Lead {
            record: &record,
            journey: &Value::Null,
            conversations: &[],
            suppressions: &[],
        })
        .into_string();
        for word in ["<i>", "<u>", "<s>"] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains("&lt;i&gt;Ada") && html.contains("Nothing is suppressed"));
        let list = page(&json!({"items": [record]}), &[]).into_string();
        assert!(list.contains("href=\"/leads/l1\""));
    }
}
