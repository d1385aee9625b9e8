//! What providers told us and did not get through.

use maud::{Markup, html};
use serde_json::Value;

use crate::Viewer;
use crate::layout::part;
use crate::show::{self, asked, choice, items, text};

/// Statuses to choose from: what went wrong first.
const STATUSES: [&str; 5] = ["failed", "dead", "unmatched", "ignored", "done"];

/// The list of receipts of a status.
#[must_use]
pub fn page(
    list: &Value,
    query: &[(String, String)],
    viewer: &Viewer,
    done: Option<&str>,
) -> Markup {
    let (found, status) = (items(list, "items"), asked(query, "status"));
    let rows = html! {
        @if found.is_empty() { (show::empty("No receipt is like that.")) } @else { (table(found, viewer)) }
        (show::next("/receipts", query, &list["nextCursor"]))
    };
    html! {
        (show::done(done))
        h1 { "Webhook receipts" }
        p.help { "Failed ones are tried again by themselves; dead ones wait for you." }
        form #filters.filters method="get" action="/receipts" role="search" {
            label { "Status" select name="status" {
                (choice("", "All", status))
                @for code in STATUSES { (choice(code, &show::name(code), status)) }
            } }
            button type="submit" { "Show" }
        }
        (part("list", "Found", &rows))
    }
}

fn table(rows: &[Value], viewer: &Viewer) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Receipts" {
            table.list {
                thead { tr {
                    th scope="col" { "Came" } th scope="col" { "Provider" } th scope="col" { "Kind" } th scope="col" { "Status" }
                    th.number scope="col" { "Tries" } th scope="col" { "Next try" } th scope="col" { "Note" } th scope="col" { "Went to" }
                    @if viewer.may_administer { th scope="col" { "Replay" } }
                } }
                tbody { @for row in rows { (one(row, viewer)) } }
            }
        }
    }
}

fn one(row: &Value, viewer: &Viewer) -> Markup {
    let again = matches!(text(row, "status"), "failed" | "dead");
    html! {
        tr data-receipt=(text(row, "id")) data-status=(text(row, "status")) {
            td { (show::time(&row["receivedAt"])) }
            td { (text(row, "provider")) }
            td { (show::name(text(row, "kind"))) }
            td { (show::name(text(row, "status"))) }
            td.number { (show::figure(&row["attempts"])) }
            td { (show::clock(&row["nextAttemptAt"])) }
            td { (show::line(&show::name(text(row, "errorCode")), "–")) }
            td {
                @if let Some(id) = row["conversationId"].as_str() { a href={ "/conversations/" (id) } { "a conversation" } }
                @else { span.none { "–" } }
            }
            @if viewer.may_administer {
                td {
                    @if again {
                        form.inline method="post" action={ "/receipts/" (text(row, "id")) "/replay" } {
                            (show::guarded(viewer))
                            button type="submit" data-act="replay" { "Replay" }
                        }
                    }
                }
            }
        }
    }
}
