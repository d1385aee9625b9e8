//! Mail of automation that waits until an agent approves it.

use maud::{Markup, html};
use serde_json::Value;

use crate::layout::part;
use crate::show::{self, choice, items, text};
use crate::{Viewer, problem};

/// What the page of drafts is made of.
pub struct Drafts<'a> {
    /// A page of drafts that wait: `items` with names, subjects and the mail each answers, and `nextCursor`.
    pub page: &'a Value,
    /// The query, as pairs.
    pub query: &'a [(String, String)],
    /// Agents whose mail it can become.
    pub agents: &'a [Value],
    /// Who looks.
    pub viewer: &'a Viewer,
    /// The refusal of what was asked for last.
    pub alert: Option<&'a Value>,
    /// What was written into a draft and not sent: its id and the words.
    pub unsent: Option<(&'a str, &'a str)>,
    /// What was just done.
    pub done: Option<&'a str>,
}

/// The page.
#[must_use]
pub fn page(of: &Drafts<'_>) -> Markup {
    let found = items(of.page, "items");
    let rows = html! {
        @if found.is_empty() { (show::empty("No draft waits for you.")) }
        @for draft in found { (one(of, draft)) }
        (show::next("/drafts", of.query, &of.page["nextCursor"]))
    };
    html! {
        @if let Some(refused) = of.alert { (problem::alert(refused)) }
        (show::done(of.done))
        h1 { "Drafts" }
        p.help { "What automation would write, until somebody approves it. The oldest comes first." }
        (part("list", "To approve", &rows))
    }
}

fn one(of: &Drafts<'_>, draft: &Value) -> Markup {
    let answered = &draft["answered"];
    html! {
        article.message.draft data-draft=(text(draft, "id")) {
            header {
                strong { (show::conversation(text(draft, "conversationId"), text(draft, "conversationSubject"))) }
                " to " (show::lead(draft)) " " (show::time(&draft["createdAt"]))
                " " span.flag { (show::name(text(draft, "purpose"))) }
            }
            @if answered.is_object() {
                blockquote.answered cite={ "/conversations/" (text(draft, "conversationId")) "#m-" (text(answered, "id")) } {
                    p.help { "It answers the mail of " (show::time(&answered["createdAt"])) }
                    pre.words { bdi { (show::said(words(answered))) } }
                }
            }
            @if of.viewer.may_act { (approve(of, draft)) (discard(of.viewer, draft)) }
            @else {
                @if draft["subject"].is_string() { div.subject { bdi { (show::line(text(draft, "subject"), "")) } } }
                pre.words { bdi { (show::said(text(draft, "text"))) } }
            }
        }
    }
}

/// The lead's own words; the whole mail where it has none.
fn words(message: &Value) -> &str {
    let own = text(message, "replyText");
    if own.trim().is_empty() {
        text(message, "content")
    } else {
        own
    }
}

fn approve(of: &Drafts<'_>, draft: &Value) -> Markup {
    let (id, own) = (text(draft, "id"), of.viewer.agent.as_deref());
    let unsent = of.unsent.filter(|(other, _)| *other == id);
    let shown = unsent.map_or_else(|| text(draft, "text"), |(_, text)| text);
    html! {
        form.approve method="post" action={ "/drafts/" (id) "/approve" } {
            (show::guarded(of.viewer))
            label { "Subject" input name="subject" maxlength="998" value=(text(draft, "subject")) placeholder="As the conversation's" required[!text(draft, "subject").is_empty()]; }
            label { "Text" textarea name="text" rows="7" required maxlength="100000" { (shown) } }
            @if draft["html"].is_string() { p.help { "It has an HTML form too, which is sent only with the text as it is." } }
            div.inline {
                @if own.is_none() {
                    label { "In the name of " select name="agentId" {
                        option value="" { "our automation" }
                        @for agent in of.agents { (choice(text(agent, "id"), &show::line(text(agent, "name"), "without a name"), "")) }
                    } }
                }
                button type="submit" data-act="approve" { @if own.is_some() { "Approve and send as you" } @else { "Approve and send" } }
            }
        }
    }
}

fn discard(viewer: &Viewer, draft: &Value) -> Markup {
    html! {
        form.inline method="post" action={ "/drafts/" (text(draft, "id")) "/discard" } {
            (show::guarded(viewer))
            label { span.hidden { "Why it is discarded" } input name="reason" maxlength="1000" placeholder="Why not"; }
            button.quiet type="submit" data-act="discard" { "Discard" }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(viewer: &Viewer, unsent: Option<(&str, &str)>) -> String {
        let list = json!({"items": [{"id": "d1", "conversationId": "c1", "conversationSubject": "<b>Car", "leadId": "l1",
            "leadName": "Ada", "purpose": "reply", "text": "</textarea><script>1</script>", "subject": "\"><i>", "html": "<p>x",
            "answered": {"id": "m1", "replyText": "<img src=x>"}}]});
        let agents = [json!({"id": "a1", "name": "Grace"})];
        page(&Drafts {
            page: &list,
            query: &[],
            agents: &agents,
            viewer,
            alert: None,
            unsent,
            done: None,
        })
        .into_string()
    }

    #[test]
    fn a_draft_is_text_and_is_approved_by_those_who_may() {
        let agent = Viewer {
            may_act: true,
            agent: Some("a1".to_owned()),
            ..Viewer::default()
        };
        let html = shown(&agent, None);
        for word in ["<script", "<img", "<i>", "<b>", "<p>x"] {
            assert!(!html.contains(word), "{word}: {html}");
        }
        assert!(html.contains("data-act=\"approve\"") && html.contains("data-act=\"discard\""));
        assert!(html.contains("as you") && !html.contains("name=\"agentId\""));
        let admin = Viewer {
            may_act: true,
            ..Viewer::default()
        };
        let html = shown(&admin, Some(("d1", "what was written")));
        assert!(html.contains("name=\"agentId\"") && html.contains(">what was written</textarea>"));
        let reader = shown(&Viewer::default(), None);
        assert!(
            !reader.contains("<form") && reader.contains("&lt;/textarea&gt;"),
            "{reader}"
        );
    }
}
