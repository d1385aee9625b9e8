//! Who is asked, who waits, and which clocks run.

use maud::{Markup, html};
use serde_json::Value;

use crate::layout::part;
use crate::show::{self, items, text};

/// Rows of each list that the overview shows.
const SHORT: usize = 5;

/// The queue on the overview.
#[must_use]
pub fn short(queue: &Value) -> Markup {
    let (offers, waiting, clocks) = (
        items(queue, "offers"),
        items(queue, "waiting"),
        items(queue, "clocks"),
    );
    html! {
        @if offers.is_empty() && waiting.is_empty() && clocks.is_empty() { (show::empty("Nobody waits for an agent.")) }
        ul.stream {
            @for row in offers.iter().take(SHORT) { li.offer data-conversation=(text(row, "conversationId")) { (offer_line(row)) } }
            @for row in waiting.iter().take(SHORT) { li.waiting data-conversation=(text(row, "conversationId")) { (waiting_line(row)) } }
            @for row in clocks.iter().take(SHORT) { li.owed data-conversation=(text(row, "conversationId")) { (clock_line(row)) } }
        }
        p { a href="/handover" { "The whole queue" } }
    }
}

/// The page: offers, conversations that wait, and what agents owe.
#[must_use]
pub fn page(queue: &Value) -> Markup {
    html! {
        h1 { "Handover" }
        (part("offers", "Offered", &list(items(queue, "offers"), "No offer is open.", offer_line)))
        (part("waiting", "Waiting for an agent", &list(items(queue, "waiting"), "Nobody waits for an agent.", waiting_line)))
        (part("clocks", "Owed by agents", &list(items(queue, "clocks"), "No clock runs.", clock_line)))
    }
}

fn list(rows: &[Value], nothing: &str, line: fn(&Value) -> Markup) -> Markup {
    html! {
        @if rows.is_empty() { (show::empty(nothing)) }
        ol.stream { @for row in rows { li data-conversation=(text(row, "conversationId")) { (line(row)) } } }
    }
}

fn agent(row: &Value) -> Markup {
    html! { bdi { (show::line(text(row, "agentName"), "an agent")) } }
}

fn offer_line(row: &Value) -> Markup {
    html! {
        (show::conversation(text(row, "conversationId"), text(row, "summary")))
        " offered to " (agent(row)) @if row["escalated"] == true { " (manager)" }
        ", answer due " (show::clock(&row["dueAt"]))
    }
}

fn waiting_line(row: &Value) -> Markup {
    html! {
        (show::lead(row)) " · " (show::conversation(text(row, "conversationId"), text(row, "subject")))
        " waits since " (show::time(&row["queuedSince"]))
    }
}

fn clock_line(row: &Value) -> Markup {
    let owed = match text(row, "kind") {
        "first_touch" => "first touch",
        _ => "reply",
    };
    html! {
        (show::lead(row)) " · " (show::conversation(text(row, "conversationId"), text(row, "subject")))
        " – " (agent(row)) " owes the " (owed) ", due " (show::clock(&row["dueAt"]))
    }
}
