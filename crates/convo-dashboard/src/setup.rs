//! What is to be done before there is anything to see; the server looks at each item, every time.

use maud::{Markup, html};
use serde_json::Value;

use crate::layout::part;
use crate::show::{items, text};

/// What each item is called, and how it is done.
fn told(code: &str) -> (&'static str, &'static str) {
    match code {
        "public_address" => (
            "Public address",
            "Set CONVO_SERVER__PUBLIC_URL to the address under which the provider and your people reach this server.",
        ),
        "provider_key" => (
            "Provider key",
            "Set CONVO_MAILGUN__SIGNING_KEY to the webhook signing key of your Mailgun account.",
        ),
        "first_event" => (
            "First signed event",
            "Let Mailgun post events to /api/webhooks/mailgun/events; its test button is enough.",
        ),
        "first_mail" => (
            "First inbound mail",
            "Add a Mailgun route that forwards to /api/webhooks/mailgun/inbound, and write to that address.",
        ),
        "leads" => (
            "Leads",
            "POST /api/leads, or convo-server import with your people or your mail archive.",
        ),
        "agents" => ("Agents", "POST /api/agents: those who take hot leads over."),
        _ => ("", ""),
    }
}

/// The page.
#[must_use]
pub fn page(list: &Value) -> Markup {
    html! {
        h1 { "Getting started" }
        (part("checklist", "What is to be done first", &checklist(list)))
    }
}

/// The checklist, with what is done ticked off.
#[must_use]
pub fn checklist(list: &Value) -> Markup {
    let done = |item: &&Value| item["done"].as_bool() == Some(true);
    let all = items(list, "items");
    html! {
        p { (all.iter().filter(done).count()) " of " (all.len()) " done. This page looks again by itself." }
        ol.checklist {
            @for item in all {
                @let (title, how) = told(text(item, "code"));
                li data-item=(text(item, "code")) data-done=(done(&item)) {
                    strong { (title) } " "
                    span.mark { @if done(&item) { "done" } @else { "to do" } }
                    @if !done(&item) { p.help { (how) } }
                }
            }
        }
        p {
            "Only looking? " code { "convo-server demo" } " in an empty folder fills a database of its own with a week of a campaign. "
            a href="/docs/" { "The API" } " says everything else."
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_say_whether_they_are_done() {
        let list =
            json!({"items": [{"code": "leads", "done": true}, {"code": "agents", "done": false}]});
        let html = checklist(&list).into_string();
        assert!(html.contains("1 of 2 done"), "{html}");
        assert!(
            html.contains("data-item=\"agents\" data-done=\"false\""),
            "{html}"
        );
    }
}
