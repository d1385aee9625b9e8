//! The list of conversations, with its filters.

use convo_core::machine::State;
use convo_core::vocabulary::Outcome;
use maud::{Markup, html};
use serde_json::Value;

use crate::layout::part;
use crate::show::{self, asked, choice, items, text};

/// The list: a page of rows with names, the query it was asked with, and what can be chosen from.
pub struct List<'a> {
    /// The page: `items` and `nextCursor`.
    pub page: &'a Value,
    /// The query, as pairs.
    pub query: &'a [(String, String)],
    /// Agents to choose from.
    pub agents: &'a [Value],
    /// Campaigns to choose from.
    pub campaigns: &'a [Value],
}

/// The page.
#[must_use]
pub fn page(list: &List<'_>) -> Markup {
    html! {
        h1 { "Conversations" }
        (filters(list))
        (part("list", "Found", &rows(list)))
    }
}

fn filters(list: &List<'_>) -> Markup {
    let of = |name| asked(list.query, name);
    let waiting = [("us", "Us"), ("lead", "The lead"), ("nobody", "Nobody")];
    html! {
        form #filters.filters method="get" action="/conversations" role="search" {
            label { "Lead begins with" input type="search" name="q" value=(of("q")) maxlength="254"; }
            label { "State" select name="state" {
                (choice("", "Any", of("state")))
                @for state in State::ALL { (choice(state.as_str(), &show::name(state.as_str()), of("state"))) }
            } }
            label { "Whose turn" select name="awaiting" {
                (choice("", "Any", of("awaiting")))
                @for (code, shown) in waiting { (choice(code, shown, of("awaiting"))) }
            } }
            label { "Outcome" select name="outcome" {
                (choice("", "Any", of("outcome")))
                @for outcome in Outcome::ALL { (choice(outcome.as_str(), &show::name(outcome.as_str()), of("outcome"))) }
            } }
            (picked("Agent", "agentId", list.agents, of("agentId")))
            (picked("Campaign", "campaignId", list.campaigns, of("campaignId")))
            label { "Order" select name="sort" {
                (choice("", "Last activity", of("sort")))
                (choice("created", "Newest", of("sort")))
            } }
            button type="submit" { "Show" }
            a href="/conversations" { "Clear" }
        }
    }
}

/// A choice among records; one that is asked for and not among them stays.
fn picked(label: &str, name: &str, records: &[Value], chosen: &str) -> Markup {
    let known = chosen.is_empty() || records.iter().any(|record| text(record, "id") == chosen);
    html! {
        label { (label) select name=(name) {
            (choice("", "Any", chosen))
            @if !known { (choice(chosen, "Another one", chosen)) }
            @for record in records { (choice(text(record, "id"), &show::line(text(record, "name"), "without a name"), chosen)) }
        } }
    }
}

fn rows(list: &List<'_>) -> Markup {
    let found = items(list.page, "items");
    html! {
        @if found.is_empty() { (show::empty("No conversation is like that.")) }
        @else { (table(found)) }
        (show::next("/conversations", list.query, &list.page["nextCursor"]))
        @if !found.is_empty() { (show::saved("/conversations/export", list.query, &[])) }
    }
}

/// Conversations as a table.
#[must_use]
pub fn table(rows: &[Value]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Conversations" {
            table.list {
                thead { tr {
                    th scope="col" { "Lead" } th scope="col" { "Subject" } th scope="col" { "State" }
                    th scope="col" { "Turn" } th scope="col" { "Agent" } th.number scope="col" { "Engagement" }
                    th.number scope="col" { "Messages" } th scope="col" { "Last activity" }
                } }
                tbody {
                    @for row in rows {
                        tr data-conversation=(text(row, "id")) data-state=(text(row, "currentState")) {
                            td { (show::lead(row)) }
                            td { (show::conversation(text(row, "id"), text(row, "subject"))) }
                            td { (show::state(text(row, "currentState"))) @if row["outcome"].is_string() { " " (show::words(text(row, "outcome"))) } }
                            td { (turn(text(row, "awaiting"))) @if row["held"] == true { " (held)" } }
                            td { bdi { (show::line(text(row, "agentName"), "–")) } }
                            td.number { (show::figure(&row["engagementScore"])) }
                            td.number { (show::figure(&row["messageCount"])) }
                            td { (show::time(&row["lastActivityAt"])) }
                        }
                    }
                }
            }
        }
    }
}

/// Whose turn it is.
#[must_use]
pub fn turn(awaiting: &str) -> &'static str {
    match awaiting {
        "us" => "ours",
        "lead" => "the lead's",
        _ => "nobody's",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_keep_what_was_asked_for() {
        let query = [
            ("state".to_owned(), "ENGAGED".to_owned()),
            ("q".to_owned(), "\"><script>".to_owned()),
        ];
        let rows = json!({"items": [{"id": "c1", "leadId": "l1", "leadName": "<i>", "subject": "S", "currentState": "ENGAGED"}], "nextCursor": "abc"});
        let html = page(&List {
            page: &rows,
            query: &query,
            agents: &[],
            campaigns: &[],
        })
        .into_string();
        assert!(
            html.contains("<option value=\"ENGAGED\" selected>"),
            "{html}"
        );
        assert!(
            html.contains("value=\"&quot;&gt;&lt;script&gt;\"")
                && !html.contains("<script")
                && !html.contains("<i>")
        );
        assert!(html.contains("cursor=abc") && html.contains("data-conversation=\"c1\""));
    }
}
