//! Outgoing mail: what was given up and why, and trying it again.

use maud::{Markup, html};
use serde_json::Value;

use crate::layout::part;
use crate::show::{self, asked, choice, items, text};
use crate::{Viewer, problem};

/// Statuses to choose from: what waits for a person first.
const STATUSES: [&str; 6] = ["dead", "queued", "leased", "sent", "void", "shadow"];

/// The list of mails of a status: a page with names and subjects, the query, who looks, the last refusal, what was done.
#[must_use]
pub fn page(
    list: &Value,
    query: &[(String, String)],
    viewer: &Viewer,
    alert: Option<&Value>,
    done: Option<&str>,
) -> Markup {
    let (found, status) = (items(list, "items"), asked(query, "status"));
    let rows = html! {
        @if found.is_empty() {
            (show::empty(if status == "dead" { "No mail was given up." } else { "No mail is like that." }))
        } @else { (table(found, viewer)) }
        (show::next("/outbox", query, &list["nextCursor"]))
    };
    html! {
        @if let Some(refused) = alert { (problem::alert(refused)) }
        (show::done(done))
        h1 { "Outgoing mail" }
        p.help { "What was given up waits here until somebody has seen to the cause. Tried again, it goes under the same Message-ID." }
        form #filters.filters method="get" action="/outbox" role="search" {
            label { "Status" select name="status" {
                @for code in STATUSES { (choice(code, &show::name(code), status)) }
                (choice("all", "All", status))
            } }
            button type="submit" { "Show" }
        }
        (part("causes", "Causes", &causes(found, viewer)))
        (part("list", "Found", &rows))
    }
}

/// Why the mails on this page were given up, with one button for all that share a cause.
fn causes(rows: &[Value], viewer: &Viewer) -> Markup {
    let dead = || rows.iter().filter(|row| text(row, "status") == "dead");
    let mut codes: Vec<&str> = dead().map(|row| text(row, "code")).collect();
    codes.sort_unstable();
    codes.dedup();
    html! {
        @if codes.is_empty() { (show::empty("Nothing on this page was given up.")) }
        ul.stream {
            @for code in codes {
                li data-code=(code) {
                    strong { (why(code)) } " – " (dead().filter(|row| text(row, "code") == code).count()) " on this page "
                    @if viewer.may_administer && !code.is_empty() {
                        form.inline method="post" action="/outbox/retry" {
                            (show::guarded(viewer))
                            input type="hidden" name="code" value=(code);
                            button type="submit" data-act="retry-all" { "Try all of them again" }
                        }
                    }
                }
            }
        }
    }
}

/// Why, in words: the provider's status, or a name of ours.
fn why(code: &str) -> String {
    match code.strip_prefix("status_") {
        Some(status) => format!("The provider answered {}", show::said(status)),
        None => show::line(&show::name(code), "No reason is known"),
    }
}

fn table(rows: &[Value], viewer: &Viewer) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Outgoing mail" {
            table.list {
                thead { tr {
                    th scope="col" { "Made" } th scope="col" { "To" } th scope="col" { "About" } th scope="col" { "What" }
                    th scope="col" { "Status" } th scope="col" { "Why" } th.number scope="col" { "Tries" } th scope="col" { "Next try" }
                    @if viewer.may_administer { th scope="col" { "Again" } }
                } }
                tbody { @for row in rows { (one(row, viewer)) } }
            }
        }
    }
}

fn one(row: &Value, viewer: &Viewer) -> Markup {
    html! {
        tr data-mail=(text(row, "id")) data-status=(text(row, "status")) {
            td { (show::time(&row["createdAt"])) }
            td {
                @if text(row, "kind") == "notice" { bdi { (show::line(text(row, "agentName"), "an agent")) } } @else { (show::lead(row)) }
            }
            td {
                @if let Some(id) = row["conversationId"].as_str() { (show::conversation(id, text(row, "conversationSubject"))) }
                @else { span.none { "–" } }
            }
            td { (show::name(text(row, "kind"))) }
            td { (show::name(text(row, "status"))) }
            td { @if row["code"].is_string() { (why(text(row, "code"))) } @else { span.none { "–" } } }
            td.number { (show::figure(&row["attempts"])) }
            td { (show::clock(&row["nextAttemptAt"])) }
            @if viewer.may_administer {
                td {
                    @if text(row, "status") == "dead" {
                        form.inline method="post" action={ "/outbox/" (text(row, "id")) "/retry" } {
                            (show::guarded(viewer))
                            button type="submit" data-act="retry" { "Try again" }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_given_up_says_why_and_is_tried_again_by_admins() {
        let list = json!({"items": [
            {"id": "o1", "kind": "message", "status": "dead", "code": "status_401", "attempts": 5, "conversationId": "c1", "conversationSubject": "<b>", "leadId": "l1"},
            {"id": "o2", "kind": "notice", "status": "sent", "code": null, "attempts": 1, "agentName": "<i>"}]});
        let query = [("status".to_owned(), "dead".to_owned())];
        let admin = Viewer {
            may_administer: true,
            ..Viewer::default()
        };
        let html = page(&list, &query, &admin, None, None).into_string();
        assert!(
            html.contains("The provider answered 401")
                && !html.contains("<b>")
                && !html.contains("<i>")
        );
        assert_eq!(html.matches("data-act=\"retry\"").count(), 1);
        assert_eq!(html.matches("data-act=\"retry-all\"").count(), 1);
        let html = page(&list, &query, &Viewer::default(), None, None).into_string();
        assert!(!html.contains("data-act"), "{html}");
        let html = page(&json!({"items": []}), &query, &admin, None, None).into_string();
        assert!(html.contains("No mail was given up"));
    }
}
