//! Mail and holds that a person decides.

use maud::{Markup, html};
use serde_json::Value;

use crate::layout::part;
use crate::show::{self, items, text};
use crate::{Viewer, problem};

/// The list: a page of open items with likely matches, the query, who looks, and the last refusal.
#[must_use]
pub fn page(
    list: &Value,
    query: &[(String, String)],
    viewer: &Viewer,
    alert: Option<&Value>,
    done: Option<&str>,
) -> Markup {
    let found = items(list, "items");
    let rows = html! {
        @if found.is_empty() { (show::empty("Nothing waits for a decision.")) }
        @for item in found { (one(item, viewer)) }
        (show::next("/review", query, &list["nextCursor"]))
    };
    html! {
        @if let Some(refused) = alert { (problem::alert(refused)) }
        (show::done(done))
        h1 { "Review" }
        p.help { "Mail that could not be placed, or that holds automation. Nothing of it is lost; the oldest comes first." }
        (part("list", "To decide", &rows))
    }
}

/// Why an item is here, in a sentence.
fn why(reason: &str) -> &'static str {
    match reason {
        "unknown_sender" => "Nobody we know wrote this, and it answers nothing of ours.",
        "automated_from_unknown_sender" => "A machine of somebody we do not know wrote this.",
        "no_sender" => "It does not say who wrote it.",
        "own_mail_without_lead" => "It is from an address of ours, to nobody we know.",
        "unmatched_report" => "A bounce or complaint about a mail that is not stored here.",
        "automated_without_conversation" => "Automatic mail of a lead without a conversation.",
        "opt_out_without_conversation" => {
            "A lead without a conversation wants no more mail; the address is suppressed already."
        }
        "conversation_gone" => "The conversation it belonged to is gone.",
        "doubtful_opt_out" => {
            "It may be an opt-out: the words stand inside a longer text. Automation is held."
        }
        "other_author" => {
            "Somebody else than the lead wrote into the conversation. Automation is held."
        }
        "unverified" => "The lead's host says that this mail is forged. Automation is held.",
        "unverified_sender" | "unverified_report" | "unverified_own_mail" => {
            "The host of the sender says that this mail is forged."
        }
        "report_of_another_recipient" => "A report about somebody the mail was not sent to.",
        "agent_mail_empty" => {
            "An agent's answer by mail without a word of their own: it was not sent."
        }
        "agent_not_owner" => {
            "An answer of an agent who does not have the conversation: it was not sent."
        }
        "agent_mail_held" => "An agent's answer that may not be sent now.",
        _ => "A person has to decide.",
    }
}

fn one(item: &Value, viewer: &Viewer) -> Markup {
    let (id, mail) = (text(item, "id"), &item["mail"]);
    html! {
        article.message data-review=(id) data-reason=(text(item, "reason")) {
            header {
                strong { (show::name(text(item, "reason"))) } " " (show::time(&item["createdAt"]))
                p { (why(text(item, "reason"))) }
            }
            @if mail.is_object() {
                p {
                    "From " bdi { (show::line(&format!("{} {}", text(mail, "fromName"), text(mail, "from")), "nobody")) }
                    @if mail["kind"].is_string() && mail["kind"] != "human" { " " span.flag { (show::name(text(mail, "kind"))) } }
                    @if mail["date"].is_string() { ", written " (show::time(&mail["date"])) }
                }
                div.subject { bdi { (show::line(text(mail, "subject"), "(no subject)")) } }
                pre.words { bdi { (show::said(words(mail))) } }
                @if !items(mail, "attachments").is_empty() {
                    p.help { "With " @for name in items(mail, "attachments") { bdi { (show::line(name.as_str().unwrap_or_default(), "a file")) } " " } }
                }
            }
            (context(item))
            @if viewer.may_write { (decide(item, viewer)) }
        }
    }
}

fn words(mail: &Value) -> &str {
    let own = text(mail, "replyText");
    if own.trim().is_empty() {
        text(mail, "text")
    } else {
        own
    }
}

/// The conversation it is held in, and those it could belong to, with what speaks for each.
fn context(item: &Value) -> Markup {
    let matches = items(item, "likelyMatches");
    html! {
        @if let Some(id) = item["conversationId"].as_str() {
            p { "In " a href={ "/conversations/" (id) } { "this conversation" } @if item["leadId"].is_string() { " of " (show::lead(item)) } }
        }
        @if !matches.is_empty() {
            h3 { "Likely matches" }
            ul.matches {
                @for one in matches {
                    li {
                        (show::lead(one)) " "
                        @if let Some(id) = one["conversationId"].as_str() { a href={ "/conversations/" (id) } { bdi { (show::line(text(one, "subject"), "the conversation")) } } }
                        " – " span.help { (evidence(one)) }
                    }
                }
            }
        }
    }
}

fn evidence(one: &Value) -> String {
    match text(one, "why") {
        "same_name" => "a lead of the same name".to_owned(),
        "same_mailbox" => "a lead with the same mailbox elsewhere".to_owned(),
        _ if one["messageId"].is_string() => format!(
            "it answers {}",
            show::line(text(one, "messageId"), "a mail of ours")
        ),
        _ => "likely".to_owned(),
    }
}

/// One click for each decision that this item can have.
fn decide(item: &Value, viewer: &Viewer) -> Markup {
    let parked = item["messageId"].is_null() && item["mail"].is_object();
    let held = item["conversationId"].as_str();
    html! {
        div.decide {
            @if parked {
                @for one in items(item, "likelyMatches") {
                    @if let Some(conversation) = one["conversationId"].as_str() {
                        (button(item, viewer, "attach", &[("conversationId", conversation)], &format!("Attach to {}", named(one))))
                    }
                    @if let Some(lead) = one["leadId"].as_str() {
                        (button(item, viewer, "alias", &[("leadId", lead)], &format!("Also an address of {}", named(one))))
                    }
                }
                (button(item, viewer, "create_lead", &[], "Make a lead of it"))
                (attach(item, viewer))
            }
            @if let (false, Some(conversation)) = (parked, held) {
                @if text(item, "reason") == "unverified" { (button(item, viewer, "attach", &[("conversationId", conversation)], "It is the lead's")) }
                (button(item, viewer, "release_hold", &[], "Let automation go on"))
            }
            (button(item, viewer, "opt_out", &[], "It is an opt-out"))
            (button(item, viewer, "discard", &[], "Discard"))
        }
    }
}

fn named(one: &Value) -> String {
    show::line(text(one, "leadName"), "the lead")
}

fn button(
    item: &Value,
    viewer: &Viewer,
    action: &str,
    fields: &[(&str, &str)],
    shown: &str,
) -> Markup {
    html! {
        form.inline method="post" action={ "/review/" (text(item, "id")) } {
            (show::guarded(viewer))
            input type="hidden" name="action" value=(action);
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button.quiet[matches!(action, "opt_out" | "discard")] type="submit" data-resolve=(action) { bdi { (shown) } }
        }
    }
}

/// Attaching to a conversation that nothing speaks for but the person who looks.
fn attach(item: &Value, viewer: &Viewer) -> Markup {
    html! {
        form.inline method="post" action={ "/review/" (text(item, "id")) } {
            (show::guarded(viewer))
            input type="hidden" name="action" value="attach";
            label { span.hidden { "Conversation id" } input name="conversationId" required pattern="[0-9a-fA-F\\-]{36}" placeholder="Conversation id"; }
            button.quiet type="submit" data-resolve="attach" { "Attach" }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_shows_evidence_and_one_click_each() {
        let list = json!({"items": [{"id": "r1", "reason": "unknown_sender", "messageId": null, "conversationId": null,
            "mail": {"from": "x@y.example", "subject": "<script>1</script>", "replyText": "<img src=x>"},
            "likelyMatches": [{"conversationId": "c1", "leadId": "l1", "leadName": "<b>", "messageId": "m@x"}]}]});
        let html = page(
            &list,
            &[],
            &Viewer {
                may_write: true,
                ..Viewer::default()
            },
            None,
            None,
        )
        .into_string();
        for action in ["attach", "alias", "create_lead", "discard", "opt_out"] {
            assert!(
                html.contains(&format!("data-resolve=\"{action}\"")),
                "{action}"
            );
        }
        assert!(html.contains("it answers m@x"), "{html}");
        for word in ["<script", "<img", "<b>"] {
            assert!(!html.contains(word), "{word}");
        }
        let html = page(&list, &[], &Viewer::default(), None, None).into_string();
        assert!(!html.contains("<button type=\"submit\" data-resolve"));
    }
}
