//! Messages and the thread tree. What a mail says is text here; its own HTML only ever stands in a frame of its own.

use maud::{Markup, html};
use serde_json::Value;

use super::Conversation;
use crate::layout::heading;
use crate::show::{self, items, number, text};

/// Deepest indentation that is shown.
const DEEPEST: i64 = 12;

/// A page of messages, newest first.
pub fn list(of: &Conversation<'_>) -> Markup {
    let all = items(of.messages, "items");
    html! {
        @if all.is_empty() { (show::empty("Nothing was written yet.")) }
        @for message in all { (one(message)) }
        @if let Some(older) = of.messages["older"].as_i64() {
            p { a rel="next" href={ "/conversations/" (of.id()) "?before=" (older) "#messages" } { "Older messages" } }
        }
    }
}

fn one(message: &Value) -> Markup {
    let id = text(message, "id");
    let (whole, words) = (text(message, "content"), text(message, "replyText"));
    let shown = if words.trim().is_empty() {
        whole
    } else {
        words
    };
    html! {
        article.message.(text(message, "direction")) data-message=(id) id={ "m-" (id) } {
            header {
                strong { (who(message)) } " " (show::time(&message["createdAt"]))
                @if text(message, "kind") != "human" { " " span.flag { (show::name(text(message, "kind"))) } }
                @for flag in items(message, "flags") { " " span.flag { (show::name(flag.as_str().unwrap_or_default())) } }
                @if message["sending"].is_object() { " " span.help { (show::name(text(&message["sending"], "status"))) } }
                div.subject { bdi { (show::line(text(message, "subject"), "")) } }
            }
            @if message["erased"] == true { p.empty { "Its text was erased." } }
            @else if shown.trim().is_empty() { p.empty { "No text." } }
            @else { pre.words { bdi { (show::said(shown)) } } }
            @if whole.trim() != shown.trim() {
                details { summary { "With quotes" } pre.words { bdi { (show::said(whole)) } } }
            }
            @if message["html"].is_string() {
                details.original {
                    summary { "As it was formatted" }
                    iframe title="The mail as it was formatted" sandbox="" loading="lazy" referrerpolicy="no-referrer" src={ "/messages/" (id) "/html" } {}
                }
            }
            (files(message, id))
            (why(message, id))
        }
    }
}

fn who(message: &Value) -> Markup {
    html! {
        @match (text(message, "direction"), text(message, "author")) {
            ("inbound", "lead") => { "The lead" },
            ("inbound", _) => { "Somebody else" },
            (_, "ai") => { "Our automation" },
            (_, "agent") => { "Our agent" },
            _ => { "Our system" },
        }
        @if message["from"].is_string() { " " bdi.help { (show::line(text(message, "from"), "")) } }
        @if message["note"] == true { " (note)" }
    }
}

fn files(message: &Value, id: &str) -> Markup {
    let files = items(message, "attachments");
    html! {
        @if !files.is_empty() {
            ul.files {
                @for file in files {
                    li {
                        a href={ "/messages/" (id) "/attachments/" (number(file, "n")) } download { bdi { (show::line(text(file, "name"), "attachment")) } }
                        " " span.help { (show::grouped(number(file, "size"))) " bytes" }
                    }
                }
            }
        }
    }
}

/// Why it is here: the rung of the ladder with its evidence.
fn why(message: &Value, id: &str) -> Markup {
    html! {
        details.evidence {
            summary { "Why it is here" }
            dl.facts {
                dt { "Rung" } dd { (show::line(&show::words(text(message, "rung")), "–")) }
                dt { "Evidence" } dd { code { (show::said(&message["evidence"].to_string())) } }
                dt { "Message-ID" } dd { code { (show::said(text(message, "messageId"))) } }
                dt { "Came" } dd { (show::time(&message["receivedAt"])) }
            }
            p { a href={ "/messages/" (id) "/raw" } download { "The mail as it came" } }
        }
    }
}

/// The tree, or where it is.
pub fn thread(of: &Conversation<'_>) -> Markup {
    html! {
        @match of.tree {
            Some(nodes) => (tree(nodes)),
            None => p { a href={ "/conversations/" (of.id()) "/thread" } { "The thread is long: it has a page of its own" } },
        }
    }
}

/// A page of a long thread: nodes in pre-order, and from which the next page goes on.
#[must_use]
pub fn thread_page(id: &str, subject: &str, nodes: &[Value], next: Option<usize>) -> Markup {
    html! {
        (heading(&show::line(subject, "(no subject)")))
        p { a href={ "/conversations/" (id) } { "Back to the conversation" } }
        section #thread aria-label="Thread" { (tree(nodes)) }
        @if let Some(from) = next { p { a rel="next" href={ "/conversations/" (id) "/thread?from=" (from) } { "The rest of the thread" } } }
    }
}

fn tree(nodes: &[Value]) -> Markup {
    html! {
        @if nodes.is_empty() { (show::empty("Nothing was written yet.")) }
        ol.tree {
            @for node in nodes {
                @let depth = number(node, "threadDepth");
                li.{ "depth-" (depth.min(DEEPEST)) } data-depth=(depth) data-missing=[(node["missing"] == true).then_some("true")] {
                    @if node["missing"] == true { span.none { "a message we never saw" } }
                    @else {
                        a href={ "#m-" (text(node, "id")) } { (who(node)) } " " (show::time(&node["createdAt"])) " "
                        bdi.help { (show::line(text(node, "snippet"), "")) }
                    }
                }
            }
        }
    }
}
